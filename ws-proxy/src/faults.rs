//! What can go wrong with a session, and for each what the client gets and what
//! the log says. The crate's README has the same as a table, which a test compares.

mod answer;
mod words;

use std::borrow::Cow;

use couplet_shared::framing::FramingError;
use couplet_shared::scanner::ScanError;
use tracing::Level;

pub(crate) use self::answer::{Answer, StreamError};

/// The namespace of the elements that tell clients the backend's faults apart.
pub const FAULT_NAMESPACE: &str = "urn:couplet:proxy:0";

/// The names of all faults, as metrics and the log have them.
pub(crate) const NAMES: [&str; 23] = [
    "binary-message",
    "invalid-utf8",
    "websocket-protocol",
    "bad-frame",
    "stanza-too-big",
    "open-timeout",
    "auth-timeout",
    "unknown-domain",
    "too-many-of-address",
    "too-many-of-origin",
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
    "backend-redirected",
    "backend-lost",
    "shutting-down",
];

/// As much of an address as is looked at.
const MOST_HOST: usize = 265;

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
    #[error("{limit} sessions of the client's address are with the domain already")]
    TooManyOfAddress { limit: u32 },
    #[error("{limit} sessions of the page's origin are with the domain already")]
    TooManyOfOrigin { limit: u32 },
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
    #[error(
        "the backend sends its clients to {host}, which the domain's `backend` doesn't name: add \
         it there"
    )]
    BackendRedirected { host: String },
    #[error("the backend's connection ended in the middle of the stream: {0}")]
    BackendLost(Cow<'static, str>),

    // Ours.
    #[error("the proxy is shutting down")]
    ShuttingDown,
}

impl Fault {
    /// A server said that `host` is where to go.
    pub(crate) fn redirected(host: &str) -> Self {
        Self::BackendRedirected {
            // No longer than a domain name, brackets and a port.
            host: host.chars().take(MOST_HOST).collect(),
        }
    }

    /// The key in `[limits]`, or in a domain's table, of the limit that bit, if it was one.
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
            Self::TooManyOfAddress { .. } => "max_sessions_per_address",
            Self::TooManyOfOrigin { .. } => "max_sessions_per_origin",
            Self::ClientSilent => "pong_seconds",
            Self::ClientStalled => "stall_seconds",
            Self::BackendTimeout { limit, .. } => limit,
            _ => return None,
        })
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
    use super::answer::Application;
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
            assert!(fault.limit().is_none_or(
                |limit| limits::KEYS.contains(&limit) || limits::DOMAIN_KEYS.contains(&limit)
            ));
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
            Fault::TooManyOfAddress { limit: 1 },
            Fault::TooManyOfOrigin { limit: 1 },
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
            Fault::BackendRedirected {
                host: String::new(),
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
