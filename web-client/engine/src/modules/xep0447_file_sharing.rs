//! XEP-0447 Stateless file sharing 0.3.0: a message that is about a file.

use super::{xep0066_oob, xep0428_fallback, xep0446_file_metadata};
use crate::module::{Module, Specification};
use crate::stanza;
use crate::store::{File, FileKind, is_address};
use crate::xml::build;

const SHARING: &str = "urn:xmpp:sfs:0";
const URL_DATA: &str = "http://jabber.org/protocol/url-data";

#[derive(Debug, Default)]
pub(crate) struct FileSharing;

impl Module for FileSharing {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0447",
            title: "Stateless file sharing",
            version: "0.3.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[SHARING]
    }
}

/// Which file the message is about, if it is about one, and what it says besides: where there
/// is nothing, where the file is. `body` is all of its text.
pub(super) fn read(message: &stanza::Message, body: String) -> (Option<File>, String) {
    let file = shared(message)
        .or_else(|| xep0066_oob::read(message, &body))
        .or_else(|| sealed(&body));
    let Some(file) = file else {
        return (None, body);
    };
    let body = match xep0428_fallback::own_words(message, &[SHARING, xep0066_oob::OOB], &body) {
        own if own.trim().is_empty() => file.url.clone(),
        own => own,
    };
    (Some(file), body)
}

/// Has the stanza say that it is about the file.
pub(super) fn say(stanza: &mut stanza::Message, file: &File) {
    let disposition = match file.kind() {
        FileKind::Other | FileKind::Sealed => "attachment",
        _ => "inline",
    };
    let source = build("url-data", URL_DATA).attr("target", file.url.as_str());
    let sharing = build("file-sharing", SHARING)
        .attr("disposition", disposition)
        .child(xep0446_file_metadata::write(file))
        .child(build("sources", SHARING).child(source.done()).done());
    stanza.payloads.push(sharing.done());
    stanza.payloads.push(xep0066_oob::link(&file.url));
    stanza.payloads.push(xep0428_fallback::all_of_text(SHARING));
}

/// The first file that is somewhere on the web.
fn shared(message: &stanza::Message) -> Option<File> {
    let mut all = message
        .payloads
        .iter()
        .filter(|payload| payload.is("file-sharing", SHARING));
    all.find_map(|sharing| {
        let sources = sharing.get_child("sources", SHARING)?;
        let mut sources = sources
            .children()
            .filter(|source| source.is("url-data", URL_DATA));
        let url = sources.find_map(|source| source.attr("target").filter(|url| is_address(url)))?;
        let mut file = File::at(url)?;
        xep0446_file_metadata::read(sharing, &mut file);
        Some(file)
    })
}

/// An encrypted file, which is shared by an address alone that has the key in it; behind it
/// some tell of a thumbnail.
fn sealed(body: &str) -> Option<File> {
    let (url, rest) = body.split_once('\n').unwrap_or((body, ""));
    let only = rest.is_empty() || rest.starts_with("data:");
    let file = File::at(url.trim()).filter(|_| only)?;
    let plain = !url.trim().contains(char::is_whitespace);
    (plain && file.kind() == FileKind::Sealed).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_address_is_no_text() {
        let long = "aesgcm://files.example/a/b.jpg#0f\ndata:image/jpeg,/9j/4AAQ";
        assert_eq!(sealed(long).unwrap().name, "b.jpg");
        assert_eq!(sealed("see aesgcm://files.example/a"), None);
        assert_eq!(sealed("aesgcm://files.example/a is encrypted"), None);
        assert_eq!(sealed("aesgcm://files.example/a\nLook at this"), None);
        assert_eq!(sealed("https://files.example/a"), None);
    }
}
