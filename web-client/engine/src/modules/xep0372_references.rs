//! XEP-0372 References 0.1: who is named in a text, by address.

use jid::Jid;
use minidom::Element;

use crate::module::{Module, Specification};
use crate::store::{Mention, decoded};
use crate::xml::build;

const REFERENCE: &str = "urn:xmpp:reference:0";
const SCHEME: &str = "xmpp:";
/// The longest address, in bytes, if all of it is escaped.
const LONGEST: usize = 9_300;

#[derive(Debug, Default)]
pub(crate) struct References;

impl Module for References {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0372",
            title: "References",
            version: "0.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[REFERENCE]
    }
}

/// Whom `payload` says that the text names, if it does.
pub(crate) fn read(payload: &Element) -> Option<Mention> {
    let is_mention = payload.is("reference", REFERENCE) && payload.attr("type") == Some("mention");
    let uri = payload.attr("uri").filter(|_| is_mention)?;
    let (begin, end) = range(payload);
    Some(Mention {
        begin,
        end,
        jid: Some(address(uri)?),
        ..Mention::default()
    })
}

/// From which code point up to which, as the examples have it; none, where it doesn't say.
pub(super) fn range(payload: &Element) -> (u32, u32) {
    let place = |name| payload.attr(name)?.trim().parse().ok();
    place("begin").zip(place("end")).unwrap_or_default()
}

/// Says that it names them; what is said begins so many code points into the text.
pub(super) fn reference(mention: &Mention, offset: u32) -> Option<Element> {
    let reference = build("reference", REFERENCE)
        .attr("begin", (mention.begin + offset).to_string())
        .attr("end", (mention.end + offset).to_string())
        .attr("type", "mention")
        .attr("uri", uri(mention.jid.as_ref()?));
    Some(reference.done())
}

/// Whose address the URI has (RFC 5122 2.2): what it asks for besides is of no interest.
pub(super) fn address(uri: &str) -> Option<Jid> {
    let path = uri.strip_prefix(SCHEME).filter(|_| uri.len() <= LONGEST)?;
    let path = path.split(['?', '#']).next()?;
    decoded(path).parse().ok()
}

fn uri(jid: &Jid) -> String {
    let mut uri = SCHEME.to_owned();
    for byte in jid.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@/".contains(&byte) {
            uri.push(byte as char);
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let digit = |digit: u8| DIGITS[usize::from(digit)] as char;
            uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_again() {
        for jid in [
            "tea@rooms.example/Zoë B. #1?",
            "a%b@example.org",
            "room@example/a/b",
        ] {
            let jid: Jid = jid.parse().unwrap();
            assert_eq!(address(&uri(&jid)), Some(jid));
        }
        assert_eq!(
            address("xmpp:juliet@capulet.lit?message#x"),
            "juliet@capulet.lit".parse().ok()
        );
        for none in ["", "xmpp:", "https://a.example", "xmpp:@@", "xmpp:?join"] {
            assert_eq!(address(none), None, "{none}");
        }
        assert_eq!(address(&["xmpp:a@b/", &"c".repeat(10_000)].concat()), None);
    }
}
