//! RFC 7395 framing: `<open/>` and `<close/>` on the WebSocket's side,
//! `<stream:stream>` on the TCP side, and the declarations that an element needs
//! when it leaves its stream.

use std::collections::BTreeMap;

pub use self::parse::{parse_frame, parse_stream_header};
pub use self::write::{write_close, write_element, write_open, write_stream_header};
use crate::scanner::ScanError;
use crate::stream_error::StreamErrorCondition;

mod parse;
mod write;

/// The closing message, byte for byte what Strophe and Converse expect.
pub const CLOSE: &str = r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />"#;

/// The header of an XML stream, values unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// `from`, the domain that answers.
    pub from: Option<String>,
    /// `to`.
    pub to: Option<String>,
    /// `id`, the stream's name.
    pub id: Option<String>,
    /// `version`; absent means a server older than RFC 3920.
    pub version: Option<String>,
    /// `xml:lang`, the default language of the stanzas.
    pub lang: Option<String>,
    /// Prefix to namespace; the empty prefix is the default namespace.
    pub namespaces: BTreeMap<String, String>,
}

/// The attributes that `<open/>` and `<stream:stream>` share (RFC 7395 3.4),
/// values unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenAttributes {
    /// `from`.
    pub from: Option<String>,
    /// `to`, the domain that the client wants to talk to.
    pub to: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `version`.
    pub version: Option<String>,
    /// `xml:lang`.
    pub lang: Option<String>,
}

/// One WebSocket message (RFC 7395 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `<open/>`: a stream begins, or begins anew (RFC 7395 3.4, 3.7).
    Open(OpenAttributes),
    /// `<close/>` (RFC 7395 3.6).
    Close {
        /// Where to reconnect (RFC 7395 3.6.1).
        see_other_uri: Option<String>,
    },
    /// A stanza or nonza, without the XML declaration or the white space around
    /// it.
    Element(&'a str),
}

/// Why a message or a stream header isn't one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// It isn't one element of the XML that XMPP allows.
    #[error(transparent)]
    Xml(#[from] ScanError),
    /// `<open/>` or `<close/>` outside the framing namespace (RFC 7395 3.3.2).
    #[error("<open/> and <close/> are in the namespace urn:ietf:params:xml:ns:xmpp-framing")]
    FrameNamespace,
    /// Something else inside the framing namespace.
    #[error("the framing namespace has only <open/> and <close/>")]
    UnknownFrame,
    /// `<open/>` or `<close/>` with something inside.
    #[error("<open/> and <close/> are empty")]
    FrameContent,
    /// A `<stream:stream>` where RFC 7395 has `<open/>`.
    #[error("a WebSocket message opens a stream with <open/>, not with <stream:stream>")]
    StreamInFrame,
    /// The start tag that should open a stream is some other element.
    #[error("a stream starts with <stream> in the namespace http://etherx.jabber.org/streams")]
    NotAStream,
}

impl FramingError {
    /// The stream error that the peer should get.
    pub fn condition(&self) -> StreamErrorCondition {
        match self {
            Self::Xml(error) => error.condition(),
            Self::FrameNamespace | Self::StreamInFrame | Self::NotAStream => {
                StreamErrorCondition::InvalidNamespace
            }
            Self::UnknownFrame | Self::FrameContent => StreamErrorCondition::BadFormat,
        }
    }
}

#[cfg(test)]
mod tests;
