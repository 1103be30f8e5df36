//! From text to elements and back, within limits.
//!
//! Payloads are read from and built as plain [`Element`]s. The typed parsers that
//! `xmpp-parsers` generates are a second opinion in the tests: in WebAssembly they
//! weigh four times as much as this whole engine.

mod tree;
mod writer;

use couplet_shared::framing;
use couplet_shared::limits::XmlLimits;
use jid::BareJid;
use minidom::rxml::NcName;
use minidom::{Element, IntoAttributeValue};
use xmpp_parsers::ns;

use crate::now::Timestamp;
use crate::stanza;
use crate::xep0082;

/// What a peer may send in one message. A tree this deep is safe to build and to drop.
fn limits() -> XmlLimits {
    XmlLimits {
        max_bytes: 4 << 20,
        max_depth: 128,
        max_elements: 65_536,
        ..XmlLimits::default()
    }
}

/// One WebSocket message, read (RFC 7395 3.3).
#[derive(Debug)]
pub(crate) enum Frame {
    /// `<open/>`.
    Open,
    /// `<close/>`.
    Close,
    /// A stanza or nonza.
    Element(Element),
}

pub(crate) fn parse(text: &str) -> Result<Frame, String> {
    match framing::parse_frame(text, &limits()).map_err(|error| error.to_string())? {
        framing::Frame::Open(_) => Ok(Frame::Open),
        framing::Frame::Close { .. } => Ok(Frame::Close),
        framing::Frame::Element(text) => match tree::build(text) {
            Some(element) => Ok(Frame::Element(element)),
            None => Err("no element that can be built".to_owned()),
        },
    }
}

pub(crate) fn write(element: &Element) -> String {
    writer::write(element)
}

/// Our stream header as a message (RFC 7395 3.3.1).
pub(crate) fn open(account: &BareJid) -> String {
    let open = build("open", couplet_shared::ns::FRAMING)
        // XEP-0388 2.1: a server may offer what fits whoever comes.
        .attr("from", account.node().map(|_| account.as_str()))
        .attr("to", account.domain().as_str())
        .attr("version", "1.0");
    write(&open.done())
}

/// An element in the making.
pub(crate) struct Builder(Element);

/// Begins an element.
pub(crate) fn build(name: &str, namespace: &str) -> Builder {
    Builder(Element::bare(name, namespace))
}

impl Builder {
    /// An attribute without a namespace; `None` is no attribute.
    pub(crate) fn attr(mut self, name: &'static str, value: impl IntoAttributeValue) -> Self {
        let name = NcName::try_from(name).expect("literal names are names");
        self.0.set_attr(minidom::rxml::Namespace::NONE, name, value);
        self
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.append_text(text);
        self
    }

    pub(crate) fn child(mut self, child: Element) -> Self {
        self.0.append_child(child);
        self
    }

    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        for child in children {
            self.0.append_child(child);
        }
        self
    }

    pub(crate) fn done(self) -> Element {
        self.0
    }
}

/// The message in `<forwarded/>` in `wrapper`, and when it was sent (XEP-0297).
pub(crate) fn forwarded(wrapper: &Element) -> Option<(stanza::Message, Option<Timestamp>)> {
    let forwarded = wrapper.get_child("forwarded", ns::FORWARD)?;
    let message = forwarded.get_child("message", ns::JABBER_CLIENT)?;
    let stamp = forwarded.get_child("delay", ns::DELAY).and_then(stamp);
    Some((stanza::Message::read(message).ok()?, stamp))
}

/// When a `<delay/>` says that it was (XEP-0203).
pub(crate) fn stamp(delay: &Element) -> Option<Timestamp> {
    xep0082::read(delay.attr("stamp")?)
}

/// What stands in the child `name` of the same namespace.
pub(crate) fn child_text(element: &Element, name: &str) -> Option<String> {
    let child = element.get_child(name, element.ns().as_str())?;
    Some(child.text().trim().to_owned())
}
