//! What can go wrong with a session, and for each what the client gets and what
//! the log says. The crate's README has the same as a table, which a test compares.

use std::borrow::Cow;

use couplet_shared::framing::FramingError;
use couplet_shared::scanner::ScanError;
use couplet_shared::stream_error::{StreamErrorCondition, write_stream_error};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::Level;

/// The namespace of the elements that tell clients the backend's faults apart.
pub const FAULT_NAMESPACE: &str = "urn:couplet:proxy:0";

/// The names of all faults, as metrics and the log have them.
pub(crate) const NAMES: [&str; 20] = [
    "binary-message",
    "invalid-utf8",
    "websocket-protocol",
    "bad-frame",
    "stanza-too-big",
    "open-timeout",
    "auth-timeout",
    "unknown-domain",
    "not-opened",
    "client-left",
    "client-lost",
    "client-silent",
    "client-stalled",
    "backend-unreachable",
    "backend-certificate",
    "backend-timeout",
    "backend-protocol",
    "backend-refused",
    "backend-lost",
    "shutting-down",
];

/// Why a session ended before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    // The client's.
    #[error("the client sent a binary message")]
    BinaryMessage,
    #[error("the client sent text that isn't UTF-8")]
    InvalidUtf8,
    #[error("the client broke the WebSocket protocol: {0}")]
    WebSocketProtocol(String),
    #[error("the client sent what isn't one XMPP element: {0}")]
    BadFrame(#[from] FramingError),
    #[error("the client sent a message over {limit} bytes")]
    StanzaTooBig { limit: usize, authenticated: bool },
    #[error("the client sent no <open/> in time")]
    OpenTimeout,
    #[error("the client did not sign in in time")]
    AuthTimeout,
    #[error("the client asked for a domain that isn't configured: {domain}")]
    UnknownDomain { domain: String },
    #[error("the client sent something before <open/>")]
    NotOpened,
    #[error("the client closed the WebSocket without <close/>")]
    ClientLeft,
    #[error("the client's connection ended without <close/>: {0}")]
    ClientLost(Cow<'static, str>),
    #[error("the client answered no ping")]
    ClientSilent,
    #[error("the client took nothing of what was sent to it for too long")]
    ClientStalled,

    // The backend's.
    #[error("the backend can't be reached: {0}")]
    BackendUnreachable(String),
    #[error("the backend's certificate is not trusted: {reason} ({detail})")]
    BackendCertificate {
        reason: &'static str,
        detail: String,
    },
    #[error("the backend took too long: {what}")]
    BackendTimeout {
        what: &'static str,
        /// The key in `[limits]` that says how long is too long.
        limit: &'static str,
    },
    #[error("the backend sent a stanza over {limit} bytes")]
    BackendStanzaTooBig { limit: usize },
    #[error("the backend does not speak XMPP as it must: {0}")]
    BackendProtocol(String),
    #[error("the backend refused the stream: {condition}")]
    BackendRefused { condition: String, error: String },
    #[error("the backend's connection ended in the middle of the stream: {0}")]
    BackendLost(Cow<'static, str>),

    // Ours.
    #[error("the proxy is shutting down")]
    ShuttingDown,
}

/// What a fault looks like from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The fault's name in the log.
    pub(crate) name: &'static str,
    /// What to say in the stream before it ends.
    pub(crate) error: StreamError,
    /// The WebSocket's close code; `None` drops the connection.
    pub(crate) close: Option<CloseCode>,
    /// How loud the log is.
    pub(crate) level: Level,
}

/// The part of an answer that is XMPP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// No stream error and no `<close/>`: the stream may be resumed.
    Silent,
    /// The backend's own stream error.
    Relayed,
    /// A condition, perhaps with an application-specific one beside it.
    Condition(StreamErrorCondition, Option<Application>),
}

/// An application-specific condition (RFC 6120 4.9.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    name: &'static str,
    namespace: &'static str,
}

impl Fault {
    pub(crate) fn answer(&self) -> Answer {
        use StreamErrorCondition as Condition;
        let answer = |name, error, close, level| Answer {
            name,
            error,
            close,
            level,
        };
        let condition = |condition| StreamError::Condition(condition, None);
        let backend = |name| {
            let application = Application {
                name,
                namespace: FAULT_NAMESPACE,
            };
            let error =
                StreamError::Condition(Condition::RemoteConnectionFailed, Some(application));
            answer(name, error, Some(CloseCode::Error), Level::WARN)
        };
        let silent = StreamError::Silent;
        let policy = Some(CloseCode::Policy);
        match self {
            Self::BinaryMessage => answer(
                "binary-message",
                silent,
                Some(CloseCode::Unsupported),
                Level::INFO,
            ),
            Self::InvalidUtf8 => answer(
                "invalid-utf8",
                silent,
                Some(CloseCode::Invalid),
                Level::INFO,
            ),
            Self::WebSocketProtocol(_) => answer(
                "websocket-protocol",
                silent,
                Some(CloseCode::Protocol),
                Level::INFO,
            ),
            Self::BadFrame(error) => answer(
                "bad-frame",
                condition(error.condition()),
                policy,
                Level::INFO,
            ),
            Self::StanzaTooBig { .. } => {
                // XEP-0205 2.5 has the name: a client must not send that stanza again.
                let too_big = Application {
                    name: "stanza-too-big",
                    namespace: "urn:xmpp:errors",
                };
                let error = StreamError::Condition(Condition::PolicyViolation, Some(too_big));
                answer("stanza-too-big", error, policy, Level::INFO)
            }
            Self::OpenTimeout => answer(
                "open-timeout",
                condition(Condition::ConnectionTimeout),
                policy,
                Level::INFO,
            ),
            Self::AuthTimeout => answer(
                "auth-timeout",
                condition(Condition::ConnectionTimeout),
                policy,
                Level::INFO,
            ),
            Self::UnknownDomain { .. } => answer(
                "unknown-domain",
                condition(Condition::HostUnknown),
                policy,
                Level::INFO,
            ),
            // RFC 7395 3.3.2: until the stream is open, only the framing namespace is.
            Self::NotOpened => answer(
                "not-opened",
                condition(Condition::InvalidNamespace),
                policy,
                Level::INFO,
            ),
            Self::ClientLeft => answer("client-left", silent, Some(CloseCode::Normal), Level::INFO),
            Self::ClientLost(_) => answer("client-lost", silent, None, Level::INFO),
            Self::ClientSilent => answer("client-silent", silent, None, Level::INFO),
            Self::ClientStalled => answer("client-stalled", silent, None, Level::INFO),
            Self::BackendUnreachable(_) => backend("backend-unreachable"),
            Self::BackendCertificate { .. } => backend("backend-certificate"),
            Self::BackendTimeout { .. } => backend("backend-timeout"),
            Self::BackendProtocol(_) | Self::BackendStanzaTooBig { .. } => {
                backend("backend-protocol")
            }
            Self::BackendRefused { .. } => answer(
                "backend-refused",
                StreamError::Relayed,
                Some(CloseCode::Normal),
                Level::WARN,
            ),
            Self::BackendLost(_) => {
                answer("backend-lost", silent, Some(CloseCode::Away), Level::WARN)
            }
            Self::ShuttingDown => answer(
                "shutting-down",
                silent,
                Some(CloseCode::Restart),
                Level::INFO,
            ),
        }
    }

    /// The key in `[limits]` of the limit that bit, if it was one.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        Some(match self {
            Self::StanzaTooBig { authenticated, .. } => {
                if *authenticated {
                    "max_stanza_bytes"
                } else {
                    "max_stanza_bytes_before_auth"
                }
            }
            Self::BadFrame(FramingError::Xml(ScanError::TooDeep)) => "max_stanza_depth",
            Self::BadFrame(FramingError::Xml(ScanError::TooManyElements)) => "max_stanza_elements",
            Self::BackendStanzaTooBig { .. } => "max_backend_stanza_bytes",
            Self::OpenTimeout => "open_seconds",
            Self::AuthTimeout => "auth_seconds",
            Self::ClientSilent => "pong_seconds",
            Self::ClientStalled => "stall_seconds",
            Self::BackendTimeout { limit, .. } => limit,
            _ => return None,
        })
    }

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

    /// Writes the fault's one log line.
    pub(crate) fn log(&self) {
        let Answer {
            name: fault, level, ..
        } = self.answer();
        match level {
            Level::WARN => tracing::warn!(fault, "session ended: {self}"),
            _ => tracing::info!(fault, "session ended: {self}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    fn timed_out() -> Fault {
        Fault::BackendTimeout {
            what: "",
            limit: "backend_open_seconds",
        }
    }

    #[test]
    fn every_name_can_be_counted() {
        for fault in all() {
            assert!(NAMES.contains(&fault.answer().name), "{fault}");
            assert!(
                fault
                    .limit()
                    .is_none_or(|limit| limits::KEYS.contains(&limit))
            );
        }
    }

    /// One of each.
    fn all() -> Vec<Fault> {
        vec![
            Fault::BinaryMessage,
            Fault::InvalidUtf8,
            Fault::WebSocketProtocol(String::new()),
            Fault::BadFrame(FramingError::Xml(ScanError::Unfinished)),
            Fault::StanzaTooBig {
                limit: 1,
                authenticated: true,
            },
            Fault::OpenTimeout,
            Fault::AuthTimeout,
            Fault::UnknownDomain {
                domain: String::new(),
            },
            Fault::NotOpened,
            Fault::ClientLeft,
            Fault::ClientLost("".into()),
            Fault::ClientSilent,
            Fault::ClientStalled,
            Fault::BackendUnreachable(String::new()),
            Fault::BackendCertificate {
                reason: "",
                detail: String::new(),
            },
            timed_out(),
            Fault::BackendProtocol(String::new()),
            Fault::BackendStanzaTooBig { limit: 1 },
            Fault::BackendRefused {
                condition: String::new(),
                error: String::new(),
            },
            Fault::BackendLost("".into()),
            Fault::ShuttingDown,
        ]
    }

    #[test]
    fn the_readme_has_every_fault_as_it_is() {
        let readme = include_str!("../README.md");
        for fault in all() {
            let answer = fault.answer();
            let error = match answer.error {
                StreamError::Silent => "none".to_owned(),
                StreamError::Relayed => "the backend's own".to_owned(),
                StreamError::Condition(..) if matches!(fault, Fault::BadFrame(_)) => {
                    "as the framing or XML error says".to_owned()
                }
                StreamError::Condition(condition, None) => format!("`{}`", condition.name()),
                StreamError::Condition(condition, Some(Application { name, .. })) => {
                    format!("`{}` + `{name}`", condition.name())
                }
            };
            let close = answer
                .close
                .map_or_else(|| "dropped".to_owned(), |code| u16::from(code).to_string());
            let level = answer.level.to_string().to_lowercase();
            let row = format!("| `{}` | {error} | {close} | {level} |", answer.name);
            assert!(
                readme.contains(&row),
                "ws-proxy/README.md lacks the row\n{row}"
            );
        }
    }

    #[test]
    fn an_application_condition_comes_last() {
        let mut error = String::new();
        timed_out().write_stream_error("example.org", &mut error);
        assert!(
            error.ends_with("<backend-timeout xmlns=\"urn:couplet:proxy:0\"/></stream:error>"),
            "{error}"
        );
    }
}
