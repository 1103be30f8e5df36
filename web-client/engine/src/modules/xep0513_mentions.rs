//! XEP-0513 Explicit Mentions 0.1.0: who is named in a text, by occupant id. Groups, which are
//! optional, are nobody in particular.

use minidom::Element;

use super::xep0372_references::range;
use crate::module::{Module, Specification};
use crate::store::Mention;
use crate::xml::build;

const MENTIONS: &str = "urn:xmpp:mentions:0";

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
        &[MENTIONS]
    }
}

/// Whom `payload` says that the text names, if it does, and whether they aren't to be told
/// (XEP-0513 3.5.2).
pub(crate) fn read(payload: &Element) -> Option<(Mention, bool)> {
    let individual = payload.is("mention", MENTIONS) && payload.attr("mentions").is_none();
    let occupant = payload.attr("occupantid").map(str::to_owned);
    let jid = payload.attr("jid").and_then(|jid| jid.parse().ok());
    if !individual || occupant.is_none() && jid.is_none() {
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
    let element = build("mention", MENTIONS)
        .attr("begin", (mention.begin + offset).to_string())
        .attr("end", (mention.end + offset).to_string())
        .attr("occupantid", mention.occupant.as_deref()?);
    Some(element.done())
}
