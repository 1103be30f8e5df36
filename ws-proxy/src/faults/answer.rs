//! What each fault looks like from outside.

use couplet_shared::stream_error::StreamErrorCondition;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::Level;

use super::{FAULT_NAMESPACE, Fault};

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
    pub(super) name: &'static str,
    pub(super) namespace: &'static str,
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
        let crowded = |name| {
            let application = Application {
                name,
                namespace: FAULT_NAMESPACE,
            };
            let error = StreamError::Condition(Condition::ResourceConstraint, Some(application));
            answer(name, error, Some(CloseCode::Policy), Level::INFO)
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
            // Not the policy that is violated: another time the same session is welcome.
            Self::TooManyOfAddress { .. } => crowded("too-many-of-address"),
            Self::TooManyOfOrigin { .. } => crowded("too-many-of-origin"),
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
            Self::BackendRedirected { .. } => backend("backend-redirected"),
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
}
