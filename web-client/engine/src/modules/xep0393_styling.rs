//! XEP-0393 Message Styling 1.1.1: whether a text is to be taken as it is. What marks in it
//! mean is for whoever shows it.

use crate::module::{Module, Specification};
use crate::stanza;

const STYLING: &str = "urn:xmpp:styling:0";

#[derive(Debug, Default)]
pub(crate) struct Styling;

impl Module for Styling {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0393",
            title: "Message Styling",
            version: "1.1.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[STYLING]
    }
}

/// Whether its writer wants no marks to be seen in it (XEP-0393 6).
pub(super) fn is_unstyled(message: &stanza::Message) -> bool {
    message.payload("unstyled", STYLING).is_some()
}
