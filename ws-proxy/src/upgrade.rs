//! The WebSocket handshake (RFC 6455 4.2, RFC 8441 5, RFC 7395 3.1): who is let in,
//! and what the others are told.

mod refusal;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub(crate) use self::refusal::Refusal;
use crate::addresses::Connected;
use crate::client_address::ClientAddress;
use crate::config::{Config, Network};
use crate::crowds::Whose;
use crate::limits::Limits;
use crate::live::Shared;
use crate::metrics::OpenSession;
use crate::origins::Origins;
use crate::random;

/// Where clients connect.
pub(crate) const PATH: &str = "/xmpp-websocket";

/// Whom the handshake admits.
#[derive(Debug)]
pub(crate) struct Admission {
    origins: Origins,
    trusted_proxies: Vec<Network>,
    counts_origins: bool,
    limits: Limits,
    shared: Shared,
}

impl Admission {
    pub(crate) fn new(config: &Config, shared: &Shared) -> Self {
        Self {
            origins: Origins::new(config),
            trusted_proxies: config.trusted_proxies.clone(),
            counts_origins: config
                .domains
                .iter()
                .any(|domain| domain.max_sessions_per_origin.is_some()),
            limits: config.limits.clone(),
            shared: shared.clone(),
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
    /// Whose page the client is.
    pub(crate) whose: Whose,
}

/// How many requests and sessions share a connection at most.
pub(crate) const MOST_STREAMS: u16 = 32;

/// Brings the connection's address to the request's handler, and the [`Handoff`] back.
#[derive(Clone)]
pub(crate) struct Gate {
    address: ClientAddress,
    /// The connection may have many sessions, each of which counts like a
    /// connection of its own.
    is_shared: bool,
    handoffs: mpsc::Sender<Handoff>,
}

impl Gate {
    /// For a connection that may turn into one session.
    pub(crate) fn http1(address: ClientAddress) -> (Self, mpsc::Receiver<Handoff>) {
        Self::new(address, false, 1)
    }

    /// For a connection whose streams may turn into sessions.
    pub(crate) fn http2(address: ClientAddress) -> (Self, mpsc::Receiver<Handoff>) {
        Self::new(address, true, MOST_STREAMS.into())
    }

    fn new(
        address: ClientAddress,
        is_shared: bool,
        room: usize,
    ) -> (Self, mpsc::Receiver<Handoff>) {
        let (handoffs, receiver) = mpsc::channel(room);
        let gate = Self {
            address,
            is_shared,
            handoffs,
        };
        (gate, receiver)
    }

    /// The client, behind a server in front if `trusted` has it.
    pub(crate) fn client(&self, trusted: &[Network], headers: &HeaderMap) -> ClientAddress {
        self.address.behind(trusted, headers)
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
        let response = accept(&request)?;
        self.origins.check(request.headers())?;
        let upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or(Refusal::NotWebSocket)?;
        let metrics = &self.shared.metrics;
        let address = gate.client(&self.trusted_proxies, request.headers());
        let connected = if address == gate.address && !gate.is_shared {
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
        let too_many = || {
            metrics.limit_hit("max_sessions");
            Refusal::TooManySessions
        };
        let open = metrics
            .open_session(self.limits.max_sessions)
            .ok_or_else(too_many)?;
        let handoff = Handoff {
            upgrade,
            id: random::name::<4>(),
            address,
            open,
            connected,
            whose: self.whose(&request),
        };
        // There is room for as many as may be under way.
        gate.handoffs.try_send(handoff).map_err(|_| too_many())?;
        Ok(response)
    }

    /// The site around it only a page of ours says truly: it has asked the browser.
    fn whose(&self, request: &Request) -> Whose {
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN);
        let Some(origin) = origin.and_then(|origin| origin.to_str().ok()) else {
            return Whose::default();
        };
        let query = request.uri().query().unwrap_or_default();
        let site = query.split('&').find_map(|field| field.strip_prefix(SITE));
        let site = site.filter(|_| self.origins.is_own(headers, origin));
        Whose {
            origin: self.counts_origins.then(|| origin.into()),
            site: site.map(Into::into),
        }
    }
}

/// What a page in another site's says of that in the query.
const SITE: &str = "site=";

/// The answer to a handshake for XMPP, if the request is one.
fn accept(request: &Request) -> Result<Response, Refusal> {
    let headers = request.headers();
    let mut response = Response::new(Body::empty());
    match request.extensions().get::<Protocol>() {
        Some(protocol) => check_connect(protocol, headers)?,
        None => {
            let accept = check_upgrade(request.method(), headers)?;
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
    // Tokens of this header are compared with case (RFC 6455 11.3.4).
    if !tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|token| token == "xmpp") {
        return Err(Refusal::NoSubprotocol);
    }
    response.headers_mut().insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static("xmpp"),
    );
    Ok(response)
}

/// RFC 8441 5: over HTTP/2 there is no key, and 200 is the answer.
fn check_connect(protocol: &Protocol, headers: &HeaderMap) -> Result<(), Refusal> {
    if protocol.as_str() != "websocket" {
        return Err(Refusal::OtherProtocol);
    }
    check_version(headers)
}

/// RFC 6455 4.2: the value of `Sec-WebSocket-Accept`.
fn check_upgrade(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if method != Method::GET {
        return Err(Refusal::WrongMethod);
    }
    if !has_token(headers, &header::CONNECTION, "upgrade")
        || !has_token(headers, &header::UPGRADE, "websocket")
    {
        return Err(Refusal::NotWebSocket);
    }
    check_version(headers)?;
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or(Refusal::NoKey)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Refusal::NoKey)
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .filter(|version| *version == "13")
        .map(|_| ())
        .ok_or(Refusal::WrongVersion)
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
