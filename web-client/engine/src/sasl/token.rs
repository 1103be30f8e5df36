//! XEP-0484 Fast Authentication Streamlining Tokens 0.2.0, and the mechanism that takes
//! one (draft-schmaus-kitten-sasl-ht).

use minidom::Element;
use xmpp_parsers::ns;

use super::scram::equal;
use crate::now::Timestamp;
use crate::store::Trouble;
use crate::xep0082;
use crate::xml::{self, Frame};

/// Without channel binding: a browser can't see the TLS channel.
pub(crate) const MECHANISM: &str = "HT-SHA-256-NONE";

/// What a token is turned into. The first half is as good as the token, so it doesn't
/// get into the engine either.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenProof {
    /// HMAC-SHA-256 of `Initiator`, with the token as its key.
    pub initiator: Vec<u8>,
    /// The same of `Responder`, which the server has to come up with too.
    pub responder: Vec<u8>,
}

impl TokenProof {
    /// What is signed for the first half.
    pub const INITIATOR: &'static [u8] = b"Initiator";
    /// And for the second.
    pub const RESPONDER: &'static [u8] = b"Responder";

    pub(super) fn message(&self, username: &str) -> Vec<u8> {
        [username.as_bytes(), b"\0", &self.initiator].concat()
    }
}

/// Whether the server knows the token too.
pub(super) fn verify(expected: &[u8], data: &[u8]) -> Result<(), Trouble> {
    match equal(expected, data) {
        true => Ok(()),
        false => Err(Trouble::ServerNotVerified),
    }
}

/// A token that the server gives.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenToken {
    /// The token itself.
    pub secret: String,
    /// When it expires.
    pub expiry: Timestamp,
}

/// Takes the token out of a frame. Whoever holds the secrets does this with all frames
/// of an exchange before the engine sees them.
pub fn lift_token(frame: String) -> (String, Option<GivenToken>) {
    // Tokens come with the server's consent only, and no name of an element can be
    // written in another way.
    if !frame.contains("success") {
        return (frame, None);
    }
    let Ok(Frame::Element(mut element)) = xml::parse(&frame) else {
        return (frame, None);
    };
    if !element.is("success", ns::SASL2) {
        return (frame, None);
    }
    let Some(token) = element.remove_child("token", ns::FAST) else {
        return (frame, None);
    };
    // Who says two things says nothing.
    let alone = element.remove_child("token", ns::FAST).is_none();
    while element.remove_child("token", ns::FAST).is_some() {}
    let given = read(&token).filter(|_| alone);
    (xml::write(&element), given)
}

fn read(token: &Element) -> Option<GivenToken> {
    let secret = token.attr("token").filter(|secret| !secret.is_empty())?;
    let expiry = xep0082::read(token.attr("expiry")?)?;
    let secret = secret.to_owned();
    Some(GivenToken { secret, expiry })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "<token xmlns='urn:xmpp:fast:0' expiry='2020-03-12T14:36:15Z' \
                         token='WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm'/>";

    fn success(children: &str) -> String {
        format!(
            "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>user@example.com\
             </authorization-identifier>{children}</success>"
        )
    }

    #[test]
    fn the_token_is_taken_out_and_the_rest_stays() {
        let (rest, token) = lift_token(success(TOKEN));
        let token = token.unwrap();
        assert_eq!(token.secret, "WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm");
        assert_eq!(token.expiry, xep0082::read("2020-03-12T14:36:15Z").unwrap());
        assert!(!rest.contains("WXZz") && !rest.contains("token"), "{rest}");
        let rest: Element = rest.parse().unwrap();
        let identifier = rest.get_child("authorization-identifier", ns::SASL2);
        assert_eq!(identifier.unwrap().text(), "user@example.com");
    }

    #[test]
    fn a_namespace_may_be_written_in_many_ways() {
        let (rest, token) = lift_token(success(&TOKEN.replace("fast:0", "fas&#x74;:0")));
        assert!(token.is_some() && !rest.contains("WXZz"), "{rest}");
        let prefixed = success(TOKEN)
            .replace("<success xmlns=", "<s:success xmlns:s=")
            .replace("</success>", "</s:success>");
        let (rest, token) = lift_token(prefixed);
        assert!(token.is_some() && !rest.contains("WXZz"), "{rest}");
    }

    #[test]
    fn of_two_tokens_and_of_broken_ones_nothing_is_left() {
        let no_expiry = TOKEN.replace("expiry", "expires");
        for children in [
            [TOKEN, TOKEN].concat(),
            [TOKEN, TOKEN, TOKEN].concat(),
            no_expiry,
            TOKEN.replace("2020-03", "2020-13"),
        ] {
            let (rest, token) = lift_token(success(&children));
            assert!(token.is_none() && !rest.contains("WXZz"), "{rest}");
        }
    }

    #[test]
    fn what_has_no_token_is_left_as_it_is() {
        for frame in [
            success(""),
            format!("<message xmlns='jabber:client'><body>success</body>{TOKEN}</message>"),
            "<success".to_owned(),
            String::new(),
        ] {
            let (rest, token) = lift_token(frame.clone());
            assert!(rest == frame && token.is_none(), "{rest}");
        }
    }
}
