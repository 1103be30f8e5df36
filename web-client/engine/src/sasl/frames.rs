//! Our side of an exchange as frames, in either profile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use xmpp_parsers::ns;

use super::{Offer, Profile, Purpose};
use crate::xml::{self, build};

/// How the token comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// There is none, and one would be of use.
    Wanted,
    /// It is what we sign in with, for this time (XEP-0484 3.4).
    Used { count: u32 },
}

/// The frame that begins an exchange.
pub(super) fn begin(
    offer: &Offer,
    device: &str,
    mechanism: &str,
    initial: &[u8],
    token: Token,
) -> String {
    let Profile::Extensible { fast, inline } = &offer.profile else {
        return xml::write(&auth(mechanism, initial));
    };
    let agent = build("user-agent", ns::SASL2)
        .attr("id", device)
        .child(build("software", ns::SASL2).text("Couplet").done());
    let initial = build("initial-response", ns::SASL2).text(STANDARD.encode(initial));
    let token = match token {
        Token::Used { count } => {
            let invalidate = (offer.purpose == Purpose::Revoke).then_some("true");
            let used = build("fast", ns::FAST).attr("count", count);
            Some(used.attr("invalidate", invalidate).done())
        }
        Token::Wanted => {
            let offered = fast.iter().any(|name| name == super::TOKEN_MECHANISM);
            let wanted = || {
                build("request-token", ns::FAST)
                    .attr("mechanism", super::TOKEN_MECHANISM)
                    .done()
            };
            (offered && offer.confidential).then(wanted)
        }
    };
    let authenticate = build("authenticate", ns::SASL2)
        .attr("mechanism", mechanism)
        .child(initial.done())
        .child(agent.done())
        .children(token);
    let mut frame = xml::write(&authenticate.done());
    // It has children, so it has an end tag.
    let end = frame.rfind("</").unwrap_or(frame.len());
    frame.insert_str(end, inline);
    frame
}

fn auth(mechanism: &str, initial: &[u8]) -> Element {
    // RFC 6120 6.4.2: an empty initial response is a single `=`.
    let text = if initial.is_empty() {
        "=".to_owned()
    } else {
        STANDARD.encode(initial)
    };
    build("auth", ns::SASL)
        .attr("mechanism", mechanism)
        .text(text)
        .done()
}

/// The frame that answers a challenge.
pub(super) fn response(profile: &Profile, data: &[u8]) -> String {
    let namespace = match profile {
        Profile::Classic => ns::SASL,
        Profile::Extensible { .. } => ns::SASL2,
    };
    let response = build("response", namespace).text(STANDARD.encode(data));
    xml::write(&response.done())
}

/// The bytes of `<challenge/>`, of `<success/>` or of `<additional-data/>`.
pub(crate) fn data(element: &Element) -> Option<Vec<u8>> {
    let text = element.text();
    let text = text.trim();
    if text.is_empty() || text == "=" {
        return Some(Vec::new());
    }
    STANDARD.decode(text).ok()
}
