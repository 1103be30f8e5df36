//! The WebSocket handshake (RFC 6455 4.2, RFC 7395 3.1): who is let in, and what
//! the others are told.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::addresses::Connected;
use crate::client_address::ClientAddress;
use crate::config::{Config, Network, Origin};
use crate::limits::Limits;
use crate::live::Shared;
use crate::metrics::OpenSession;
use crate::random;

/// Where clients connect.
pub(crate) const PATH: &str = "/xmpp-websocket";

/// Whom the handshake admits.
#[derive(Debug)]
pub(crate) struct Admission {
    allow_origin: Vec<Origin>,
    allow_missing_origin: bool,
    trusted_proxies: Vec<Network>,
    limits: Limits,
    shared: Shared,
}

impl Admission {
    pub(crate) fn new(config: &Config, shared: &Shared) -> Self {
        let mut allow_origin = config.allow_origin.clone();
        allow_origin.extend(
            config
                .public_url
                .as_ref()
                .map(|url| Origin::Page(url.to_string())),
        );
        Self {
            allow_origin,
            allow_missing_origin: config.allow_missing_origin,
            trusted_proxies: config.trusted_proxies.clone(),
            limits: config.limits.clone(),
            shared: shared.clone(),
        }
    }

    /// Other websites' pages run in browsers whose networks and habits aren't
    /// theirs: only pages of this host, and those that the configuration names.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return if self.allow_missing_origin {
                Ok(())
            } else {
                Err(Refusal::MissingOrigin)
            };
        };
        let origin = origin.to_str().map_err(|_| Refusal::ForeignOrigin)?;
        let own = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .zip(origin.split_once("://"))
            .is_some_and(|(host, (_, authority))| host.eq_ignore_ascii_case(authority));
        if own
            || self
                .allow_origin
                .iter()
                .any(|allowed| allowed.admits(origin))
        {
            Ok(())
        } else {
            Err(Refusal::ForeignOrigin)
        }
    }
}

/// What becomes of a connection whose handshake succeeded.
pub(crate) struct Handoff {
    /// The connection, once the response has left.
    pub(crate) upgrade: OnUpgrade,
    /// The session's name in the log.
    pub(crate) id: String,
    /// Where the client is.
    pub(crate) address: ClientAddress,
    /// Counts the session.
    pub(crate) open: OpenSession,
    /// Counts the session with others of its address, if the connection isn't.
    pub(crate) connected: Option<Connected>,
}

/// Brings the connection's address to the request's handler, and the [`Handoff`] back.
#[derive(Clone)]
pub(crate) struct Gate {
    address: ClientAddress,
    handoff: Arc<Mutex<Option<Handoff>>>,
}

impl Gate {
    pub(crate) fn new(address: ClientAddress) -> Self {
        Self {
            address,
            handoff: Arc::default(),
        }
    }

    /// The session that the connection turns into, if it does.
    pub(crate) fn take(&self) -> Option<Handoff> {
        self.handoff
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn put(&self, handoff: Handoff) {
        *self.handoff.lock().unwrap_or_else(PoisonError::into_inner) = Some(handoff);
    }
}

/// Why a request is not a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    WrongMethod,
    NotWebSocket,
    WrongVersion,
    NoKey,
    NoSubprotocol,
    ForeignOrigin,
    MissingOrigin,
    TooManyOfAddress,
    TooManySessions,
}

impl Refusal {
    pub(crate) const ALL: [Self; 9] = [
        Self::WrongMethod,
        Self::NotWebSocket,
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
                "This is a WebSocket endpoint: it is opened with GET.",
            ),
            Self::NotWebSocket => (
                StatusCode::UPGRADE_REQUIRED,
                Some((header::UPGRADE, "websocket")),
                "This is a WebSocket endpoint for XMPP (RFC 7395): a browser's page connects to \
                 it, a person can't.",
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

/// Answers a request for [`PATH`].
pub(crate) async fn upgrade(
    State(admission): State<Arc<Admission>>,
    Extension(gate): Extension<Gate>,
    request: Request,
) -> Result<Response, Refusal> {
    admission.admit(&gate, request).inspect_err(|refusal| {
        admission.shared.metrics.refused(*refusal);
    })
}

impl Admission {
    fn admit(&self, gate: &Gate, mut request: Request) -> Result<Response, Refusal> {
        let accept = check_handshake(request.method(), request.headers())?;
        self.check_origin(request.headers())?;
        let upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or(Refusal::NotWebSocket)?;
        let metrics = &self.shared.metrics;
        let address = gate
            .address
            .behind(&self.trusted_proxies, request.headers());
        let connected = if address == gate.address {
            None
        } else {
            let admitted = self
                .shared
                .addresses
                .admit(address.client.ip(), &self.limits);
            Some(admitted.map_err(|limit| {
                metrics.limit_hit(limit);
                Refusal::TooManyOfAddress
            })?)
        };
        let open = metrics
            .open_session(self.limits.max_sessions)
            .ok_or_else(|| {
                metrics.limit_hit("max_sessions");
                Refusal::TooManySessions
            })?;
        gate.put(Handoff {
            upgrade,
            id: random::name::<4>(),
            address,
            open,
            connected,
        });

        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("xmpp"),
        );
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        Ok(response)
    }
}

/// The value of `Sec-WebSocket-Accept`, if the request is a handshake for XMPP.
fn check_handshake(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if method != Method::GET {
        return Err(Refusal::WrongMethod);
    }
    if !has_token(headers, &header::CONNECTION, "upgrade")
        || !has_token(headers, &header::UPGRADE, "websocket")
    {
        return Err(Refusal::NotWebSocket);
    }
    if headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(Refusal::WrongVersion);
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or(Refusal::NoKey)?;
    // Tokens of this header are compared with case (RFC 6455 11.3.4).
    let offers_xmpp = tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|token| token == "xmpp");
    if !offers_xmpp {
        return Err(Refusal::NoSubprotocol);
    }
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Refusal::NoKey)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

/// The comma-separated tokens of all headers called `name`.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}
