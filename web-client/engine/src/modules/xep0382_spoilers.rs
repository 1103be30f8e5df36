//! XEP-0382 Spoiler Messages 0.2.0: what is shown only to those who want to see it.

use minidom::Element;

use crate::foreign::one_line;
use crate::module::{Module, Specification};
use crate::stanza;
use crate::xml::build;

const SPOILER: &str = "urn:xmpp:spoiler:0";

/// The longest hint that is kept, in characters.
const LONGEST_HINT: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Spoilers;

impl Module for Spoilers {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0382",
            title: "Spoiler Messages",
            version: "0.2.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[SPOILER]
    }
}

/// The hint, empty if there is none, of a message that is a spoiler: in the first of
/// `languages` there is one in, else any.
pub(super) fn hint(message: &stanza::Message, languages: &[String]) -> Option<String> {
    let payloads = message.payloads.iter();
    let hints: Vec<&Element> = payloads
        .filter(|hint| hint.is("spoiler", SPOILER))
        .collect();
    let in_language = |language: &String| {
        let spoken = |hint: &&&Element| {
            hint.attr_ns(couplet_shared::ns::XML, "lang") == Some(language.as_str())
        };
        hints.iter().find(spoken)
    };
    let hint = languages.iter().find_map(in_language).or(hints.first())?;
    Some(one_line(&hint.text(), LONGEST_HINT).unwrap_or_default())
}

/// Says that the message is one.
pub(super) fn spoiler(hint: &str) -> Element {
    build("spoiler", SPOILER).text(hint).done()
}
