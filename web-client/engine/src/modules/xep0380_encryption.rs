//! XEP-0380 Explicit Message Encryption 0.4.0: with what a message is encrypted that we
//! can't read.

use crate::foreign::one_line;
use crate::module::{Module, Specification};
use crate::stanza;

const EME: &str = "urn:xmpp:eme:0";

/// The encryptions people may have heard of: the element that has the message, its
/// namespace, its name (XEP-0380 3).
const KNOWN: [(&str, &str, &str); 7] = [
    ("encrypted", "eu.siacs.conversations.axolotl", "OMEMO"),
    ("encrypted", "urn:xmpp:omemo:0", "OMEMO"),
    ("encrypted", "urn:xmpp:omemo:1", "OMEMO"),
    ("encrypted", "urn:xmpp:omemo:2", "OMEMO"),
    ("openpgp", "urn:xmpp:openpgp:0", "OpenPGP for XMPP"),
    ("x", "jabber:x:encrypted", "OpenPGP"),
    ("otr", "urn:xmpp:otr:0", "OTR"),
];

/// The longest name of one that is shown, in characters.
const LONGEST_NAME: usize = 40;

#[derive(Debug, Default)]
pub(crate) struct Encryption;

impl Module for Encryption {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0380",
            title: "Explicit Message Encryption",
            version: "0.4.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[EME]
    }
}

/// The name of what the message is encrypted with, if it is. One of OMEMO that only carries
/// keys says nothing to anybody (XEP-0384 5.4).
pub(super) fn read(message: &stanza::Message) -> Option<String> {
    let sealed = |(element, namespace, _): &&(&str, &str, &str)| {
        message.payload(element, namespace).is_some()
    };
    let sealed = KNOWN.iter().find(sealed);
    if let Some((element, namespace, "OMEMO")) = sealed {
        let envelope = message.payload(element, namespace)?;
        envelope.get_child("payload", *namespace)?;
    }
    let Some(said) = message.payload("encryption", EME) else {
        return sealed.map(|(_, _, name)| (*name).to_owned());
    };
    let namespace = said.attr("namespace").unwrap_or_default();
    let known = KNOWN.iter().find(|(_, known, _)| *known == namespace);
    let name = match known {
        Some((_, _, name)) => name,
        None => said.attr("name").unwrap_or(namespace).trim(),
    };
    Some(one_line(name, LONGEST_NAME).unwrap_or_default())
}
