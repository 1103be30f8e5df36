//! XEP-0334 Message Processing Hints 1.0.0: what the server shall keep.

use minidom::Element;

use crate::module::{Module, Specification};
use crate::xml::build;

const HINTS: &str = "urn:xmpp:hints";

#[derive(Debug, Default)]
pub(crate) struct Hints;

impl Module for Hints {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0334",
            title: "Message Processing Hints",
            version: "1.0.0",
        }
    }
}

/// It belongs into the archive, though it has no text (XEP-0334 4.4).
pub(super) fn store() -> Element {
    build("store", HINTS).done()
}

/// It means nothing any more when it could be read there (XEP-0334 4.2).
pub(super) fn no_store() -> Element {
    build("no-store", HINTS).done()
}
