//! Who gets no WebSocket, and what they get instead.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::origins::NotAllowed;

/// Why a request is not a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    WrongMethod,
    NotWebSocket,
    OtherProtocol,
    WrongVersion,
    NoKey,
    NoSubprotocol,
    ForeignOrigin,
    MissingOrigin,
    TooManyOfAddress,
    TooManySessions,
}

impl Refusal {
    pub(crate) const ALL: [Self; 10] = [
        Self::WrongMethod,
        Self::NotWebSocket,
        Self::OtherProtocol,
        Self::WrongVersion,
        Self::NoKey,
        Self::NoSubprotocol,
        Self::ForeignOrigin,
        Self::MissingOrigin,
        Self::TooManyOfAddress,
        Self::TooManySessions,
    ];

    /// Its name in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WrongMethod => "wrong-method",
            Self::NotWebSocket => "not-websocket",
            Self::OtherProtocol => "other-protocol",
            Self::WrongVersion => "wrong-version",
            Self::NoKey => "no-key",
            Self::NoSubprotocol => "no-subprotocol",
            Self::ForeignOrigin => "foreign-origin",
            Self::MissingOrigin => "missing-origin",
            Self::TooManyOfAddress => "too-many-of-address",
            Self::TooManySessions => "too-many-sessions",
        }
    }

    /// The status, a header that goes with it, and the sentence.
    fn answer(self) -> (StatusCode, Option<(HeaderName, &'static str)>, &'static str) {
        match self {
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                Some((header::ALLOW, "GET")),
                "This is a WebSocket endpoint: it is opened with GET, over HTTP/2 with \
                 CONNECT.",
            ),
            Self::NotWebSocket => (
                StatusCode::UPGRADE_REQUIRED,
                Some((header::UPGRADE, "websocket")),
                "This is a WebSocket endpoint for XMPP (RFC 7395): a browser's page connects to \
                 it, a person can't.",
            ),
            Self::OtherProtocol => (
                StatusCode::NOT_IMPLEMENTED,
                None,
                "Of the protocols of RFC 8441, only \"websocket\" is spoken here.",
            ),
            Self::WrongVersion => (
                StatusCode::UPGRADE_REQUIRED,
                Some((header::SEC_WEBSOCKET_VERSION, "13")),
                "Only version 13 of the WebSocket protocol (RFC 6455) is spoken here.",
            ),
            Self::NoKey => (
                StatusCode::BAD_REQUEST,
                None,
                "The request lacks the Sec-WebSocket-Key of RFC 6455.",
            ),
            Self::NoSubprotocol => (
                StatusCode::BAD_REQUEST,
                None,
                "The client must offer the WebSocket subprotocol \"xmpp\" (RFC 7395 3.1).",
            ),
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                None,
                "Pages of this origin may not connect here. Whoever runs this server can allow \
                 it with allow_origin.",
            ),
            Self::MissingOrigin => (
                StatusCode::FORBIDDEN,
                None,
                "Only web pages may connect here: the request has no Origin.",
            ),
            Self::TooManyOfAddress => (
                StatusCode::TOO_MANY_REQUESTS,
                Some((header::RETRY_AFTER, "30")),
                "There are too many sessions of this address at the moment.",
            ),
            Self::TooManySessions => (
                StatusCode::SERVICE_UNAVAILABLE,
                Some((header::RETRY_AFTER, "30")),
                "There are too many sessions at the moment.",
            ),
        }
    }
}

impl From<NotAllowed> for Refusal {
    fn from(not_allowed: NotAllowed) -> Self {
        match not_allowed {
            NotAllowed::Foreign => Self::ForeignOrigin,
            NotAllowed::Missing => Self::MissingOrigin,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, extra, sentence) = self.answer();
        tracing::info!(status = status.as_u16(), "WebSocket refused: {sentence}");
        let mut response = (status, format!("{sentence}\n")).into_response();
        if let Some((name, value)) = extra {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
