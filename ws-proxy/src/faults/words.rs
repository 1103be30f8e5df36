//! What clients and people are told of a fault.

use std::borrow::Cow;

use couplet_shared::stream_error::write_stream_error;

use super::Fault;
use super::answer::{Application, StreamError};

impl Fault {
    /// Appends the stream error that the client gets, if any. `domain` is what it
    /// asked for.
    pub(crate) fn write_stream_error(&self, domain: &str, out: &mut String) {
        match self.answer().error {
            StreamError::Silent => {}
            StreamError::Relayed => {
                if let Self::BackendRefused { error, .. } = self {
                    out.push_str(error);
                }
            }
            StreamError::Condition(condition, application) => {
                write_stream_error(condition, Some(&self.text(domain)), out);
                if let Some(Application { name, namespace }) = application {
                    // RFC 6120 4.9.2: behind the condition and the text, so right
                    // in front of the end tag.
                    let end = out.rfind("</").unwrap_or(out.len());
                    out.insert_str(end, &format!("<{name} xmlns=\"{namespace}\"/>"));
                }
            }
        }
    }

    /// What a person is told. Addresses behind the proxy are not theirs to know.
    fn text(&self, domain: &str) -> Cow<'static, str> {
        match self {
            Self::BadFrame(error) => error.to_string().into(),
            Self::StanzaTooBig { limit, .. } => {
                format!("A stanza may have {limit} bytes here, and this one has more.").into()
            }
            Self::OpenTimeout => "No stream was opened in time.".into(),
            Self::AuthTimeout => "Nobody signed in in time.".into(),
            Self::UnknownDomain { .. } => {
                format!("This server does not connect to the XMPP domain {domain}.").into()
            }
            Self::TooManyOfAddress { limit } => format!(
                "From your network {limit} are connected to {domain}, and there may be no more. \
                 Close the chat where you don't need it, or try again later."
            )
            .into(),
            Self::TooManyOfOrigin { limit } => format!(
                "From this website {limit} are connected to {domain}, and there may be no more. \
                 Try again later."
            )
            .into(),
            Self::NotOpened => "The first message must be an <open/>.".into(),
            Self::BackendUnreachable(_) => {
                format!("The XMPP server of {domain} can't be reached.").into()
            }
            Self::BackendCertificate { reason, .. } => format!(
                "The XMPP server of {domain} could not prove who it is, so nothing was sent to it: \
                 {reason}."
            )
            .into(),
            Self::BackendTimeout { .. } => {
                format!("The XMPP server of {domain} does not answer.").into()
            }
            Self::BackendProtocol(_) | Self::BackendStanzaTooBig { .. } => {
                format!("The XMPP server of {domain} sent something that can't be understood.")
                    .into()
            }
            Self::BackendRedirected { .. } => {
                format!("The XMPP server of {domain} sends everybody elsewhere.").into()
            }
            // They have no stream error to put a text into.
            Self::BinaryMessage
            | Self::InvalidUtf8
            | Self::WebSocketProtocol(_)
            | Self::ClientLeft
            | Self::ClientLost(_)
            | Self::ClientSilent
            | Self::ClientStalled
            | Self::BackendRefused { .. }
            | Self::BackendLost(_)
            | Self::ShuttingDown => Cow::Borrowed(""),
        }
    }
}
