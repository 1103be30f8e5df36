//! XEP-0513 Explicit Mentions 0.1.0: who is named in a text, by occupant id, or everybody in the
//! room. Other groups, which are optional, are nobody in particular.

use jid::BareJid;
use minidom::Element;

use super::xep0372_references::{address, range};
use crate::module::{Module, Specification};
use crate::store::Mention;
use crate::xml::{Builder, build};

const MENTIONS: &str = "urn:xmpp:mentions:0";
const CHANNEL: &str = "urn:xmpp:mentions:0#channel";

#[derive(Debug, Default)]
pub(crate) struct ExplicitMentions;

impl Module for ExplicitMentions {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0513",
            title: "Explicit Mentions",
            version: "0.1.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[MENTIONS, CHANNEL]
    }
}

/// Whom `payload` says that the text names, if it does, and whether they aren't to be told
/// (XEP-0513 3.5.2). Everybody in `room` has its address.
pub(crate) fn read(payload: &Element, room: &BareJid) -> Option<(Mention, bool)> {
    if !payload.is("mention", MENTIONS) {
        return None;
    }
    let (occupant, jid) = match payload.attr("mentions") {
        None => {
            let jid = payload.attr("jid").and_then(|jid| jid.parse().ok());
            (payload.attr("occupantid").map(str::to_owned), jid)
        }
        // Of this room, unless it says another one (3.2.1.1).
        Some(CHANNEL) => match payload.attr("uri") {
            None => (None, Some(room.clone().into())),
            Some(uri) => (None, address(uri).filter(|jid| *jid == *room)),
        },
        Some(_) => (None, None),
    };
    if occupant.is_none() && jid.is_none() {
        return None;
    }
    let (begin, end) = range(payload);
    let mention = Mention {
        begin,
        end,
        jid,
        occupant,
        us: false,
    };
    Some((mention, payload.has_child("noping", MENTIONS)))
}

/// Says that it names them, if their room knows them by an id: only where it doesn't, their
/// address would have to be told. What is said begins so many code points into the text.
pub(super) fn mention(mention: &Mention, offset: u32) -> Option<Element> {
    let element = element(mention, offset);
    Some(
        element
            .attr("occupantid", mention.occupant.as_deref()?)
            .done(),
    )
}

/// Says that it names everybody.
pub(super) fn everybody(mention: &Mention, offset: u32) -> Element {
    element(mention, offset).attr("mentions", CHANNEL).done()
}

fn element(mention: &Mention, offset: u32) -> Builder {
    build("mention", MENTIONS)
        .attr("begin", (mention.begin + offset).to_string())
        .attr("end", (mention.end + offset).to_string())
}
