//! XEP-0066 Out of Band Data 1.5.1: a text that is nothing but where a file is.

use minidom::Element;

use crate::module::{Module, Specification};
use crate::stanza;
use crate::store::File;
use crate::xml::{build, child_text};

pub(super) const OOB: &str = "jabber:x:oob";

#[derive(Debug, Default)]
pub(crate) struct OutOfBand;

impl Module for OutOfBand {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0066",
            title: "Out of Band Data",
            version: "1.5.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[OOB]
    }
}

/// The file, if `body` is its address and the message says that it is one.
pub(super) fn read(message: &stanza::Message, body: &str) -> Option<File> {
    let mut all = message.payloads.iter().filter(|x| x.is("x", OOB));
    let url = all.find_map(|x| child_text(x, "url"))?;
    (url == body.trim()).then(|| File::at(&url)).flatten()
}

/// Says that the text is the address of a file.
pub(super) fn link(url: &str) -> Element {
    let url = build("url", OOB).text(url);
    build("x", OOB).child(url.done()).done()
}
