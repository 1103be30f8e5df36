//! Files of upload services (XEP-0363), which pages can't put and get where those services
//! don't allow it (CORS): `/relay/upload.example.org/…` is the same file on our own origin.
//!
//! Only for our own pages, and only at hosts that the configuration names. What comes of
//! there is made harmless, for it comes from our origin then.

mod body;
mod headers;
mod path;
mod places;
mod pump;
mod record;
mod trouble;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::body::{Piped, Sink, piped};
pub(crate) use self::path::of_host;
use self::places::Place;
pub(crate) use self::places::Places;
use self::pump::{Broken, Pump};
use self::record::Record;
pub(crate) use self::trouble::OUTCOMES;
use self::trouble::Trouble;
use crate::config::{Config, Network};
use crate::limits::Limits;
use crate::live::Shared;
use crate::metrics::{OpenRelay, RelayDirection};
use crate::origins::Origins;
use crate::server::BindError;
use crate::socket::{PIECE_BYTES, Socket};
use crate::upgrade::Gate;
use crate::upstream::WebServer;

/// Every path that is relayed.
pub(crate) const ROUTE: &str = "/relay/{*file}";

/// Carries files.
#[derive(Debug)]
pub(crate) struct Relay {
    servers: Vec<WebServer>,
    origins: Origins,
    trusted_proxies: Vec<Network>,
    limits: Arc<Limits>,
    shared: Shared,
}

impl Relay {
    /// # Errors
    /// Nobody is known who vouches for the hosts.
    pub(crate) fn new(config: &Config, shared: &Shared) -> Result<Self, BindError> {
        Ok(Self {
            servers: WebServer::all(config).map_err(BindError::Relay)?,
            origins: Origins::new(config),
            trusted_proxies: config.trusted_proxies.clone(),
            limits: Arc::new(config.limits.clone()),
            shared: shared.clone(),
        })
    }
}

/// Answers a request for [`ROUTE`].
pub(crate) async fn relay(
    State(relay): State<Arc<Relay>>,
    Extension(gate): Extension<Gate>,
    request: Request,
) -> Response {
    let client = gate.client(&relay.trusted_proxies, request.headers());
    let metrics = relay.shared.metrics.clone();
    let mut record = Record::new(metrics, client.client.ip(), request.method().clone());
    match relay.carry(&mut record, client.client.ip(), request).await {
        Ok(Answered { head, rest: None }) => {
            record.carried();
            head
        }
        Ok(Answered {
            head,
            rest: Some(rest),
        }) => {
            // It ends with the response's body, if not before.
            tokio::spawn(rest.carry(relay, record));
            head
        }
        Err(trouble) => {
            record.failed(&trouble);
            trouble.into_response()
        }
    }
}

/// What the browser gets: all of it, or the head and how to go on.
struct Answered {
    head: Response,
    rest: Option<Rest>,
}

/// The body of an answer, on its way.
struct Rest {
    from: Incoming,
    to: Sink,
    length: Option<u64>,
    held: Held,
}

/// What lasts as long as a request: its place among the others, and its connection, which
/// ends with it.
struct Held {
    _place: Place,
    _open: OpenRelay,
    _connection: JoinSet<()>,
}

impl Rest {
    async fn carry(mut self, relay: Arc<Relay>, mut record: Record) {
        let pump = relay.pump(RelayDirection::Down, &mut record.bytes);
        match pump.run(&mut self.from, self.to, self.length).await {
            Ok(()) => record.carried(),
            Err(broken) => record.failed(&coming_down(broken)),
        }
        drop(self.held);
    }
}

impl Relay {
    fn pump<'a>(&'a self, direction: RelayDirection, carried: &'a mut u64) -> Pump<'a> {
        Pump {
            limits: &self.limits,
            metrics: &self.shared.metrics,
            direction,
            carried,
        }
    }

    async fn carry(
        &self,
        record: &mut Record,
        client: IpAddr,
        request: Request,
    ) -> Result<Answered, Trouble> {
        let (parts, mut body) = request.into_parts();
        let hosts = self.servers.iter().map(WebServer::host);
        let (place, at) = path::target(parts.uri.path(), hosts)?;
        let server = self.servers.get(place).ok_or(Trouble::NotRelayed)?;
        record.leads_to(server.host().authority());
        let length = self.check(&parts.method, &parts.headers, &body)?;
        let taken = self
            .shared
            .relay_places
            .take(client, self.limits.max_relays_per_address)
            .ok_or(Trouble::TooManyOfAddress)?;
        let open = self
            .shared
            .metrics
            .open_relay(self.limits.max_relays)
            .ok_or(Trouble::TooMany)?;

        let (sink, piped) = piped(length.or(Some(0)));
        let wanted = wanted(server, at, &parts, length, piped)?;
        let (mut requests, connection) =
            open_connection(server.connect(&self.limits).await?).await?;
        let answering = requests.send_request(wanted);
        let answer = match length {
            None => self.answer(answering).await?,
            Some(length) => {
                let upload = (&mut body, sink, length);
                self.upload(upload, &mut record.bytes, answering).await?
            }
        };
        record.answered(answer.status());
        let held = Held {
            _place: taken,
            _open: open,
            _connection: connection,
        };
        self.answered(&parts.method, answer, held)
    }

    /// What may be asked for, and by whom; of a file that is put, its length.
    fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: &Body,
    ) -> Result<Option<u64>, Trouble> {
        match *method {
            Method::GET | Method::HEAD => {
                self.origins.check_reading(headers)?;
                Ok(None)
            }
            Method::PUT => {
                self.origins.check(headers)?;
                let said = headers.contains_key(header::CONTENT_LENGTH);
                let length = body.size_hint().exact().filter(|_| said);
                let length = length.ok_or(Trouble::NoLength)?;
                match length > self.limits.max_relay_bytes {
                    true => Err(Trouble::TooLarge),
                    false => Ok(Some(length)),
                }
            }
            _ => Err(Trouble::WrongMethod),
        }
    }

    /// Carries a file up, until all of it is there or the host has heard enough.
    async fn upload(
        &self,
        (from, to, length): (&mut Body, Sink, u64),
        carried: &mut u64,
        answering: impl Future<Output = hyper::Result<Answer>>,
    ) -> Result<Answer, Trouble> {
        let mut answering = pin!(answering);
        let pump = self.pump(RelayDirection::Up, carried);
        let pumped = tokio::select! {
            answer = &mut answering => return answer.map_err(lost),
            pumped = pump.run(from, to, Some(length)) => pumped,
        };
        match pumped {
            Ok(()) | Err(Broken::SinkGone) => self.answer(answering).await,
            Err(broken) => Err(going_up(broken)),
        }
    }

    async fn answer(
        &self,
        answering: impl Future<Output = hyper::Result<Answer>>,
    ) -> Result<Answer, Trouble> {
        match timeout(self.limits.relay_answer, answering).await {
            Ok(answer) => answer.map_err(lost),
            Err(_) => Err(Trouble::HostTimeout {
                what: "it did not answer",
                limit: "relay_answer_seconds",
            }),
        }
    }

    /// What the browser gets of the host's answer.
    fn answered(&self, method: &Method, answer: Answer, held: Held) -> Result<Answered, Trouble> {
        let (parts, from) = answer.into_parts();
        let status = parts.status;
        let unchanged = status == StatusCode::NOT_MODIFIED;
        if status.is_redirection() && !unchanged {
            return Err(Trouble::HostRedirects(status.as_u16()));
        }
        if status.is_informational() {
            let what = "it changes the protocol".to_owned();
            return Err(Trouble::HostProtocol(what));
        }
        let coding = parts.headers.get(header::CONTENT_ENCODING);
        if coding.is_some_and(|coding| coding != "identity") {
            let what = "its file is compressed, which nobody asked for".to_owned();
            return Err(Trouble::HostProtocol(what));
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        *response.headers_mut() = headers::answer(&parts.headers);
        if *method == Method::HEAD || unchanged || from.is_end_stream() {
            if let Some(length) = parts.headers.get(header::CONTENT_LENGTH) {
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_LENGTH, length.clone());
            }
            return Ok(Answered {
                head: response,
                rest: None,
            });
        }
        let length = from.size_hint().exact();
        if length.is_some_and(|length| length > self.limits.max_relay_bytes) {
            return Err(Trouble::HostTooLarge);
        }
        let (to, piped) = piped(length);
        *response.body_mut() = Body::new(piped);
        Ok(Answered {
            head: response,
            rest: Some(Rest {
                from,
                to,
                length,
                held,
            }),
        })
    }
}

/// What an upload host says.
type Answer = hyper::Response<Incoming>;

/// The request to the host, of one for `at` there; with the length of the file, if one comes
/// along.
fn wanted(
    server: &WebServer,
    at: &str,
    parts: &Parts,
    file: Option<u64>,
    body: Piped,
) -> Result<hyper::Request<Piped>, Trouble> {
    let target = match parts.uri.query() {
        Some(query) => [at, "?", query].concat(),
        None => at.to_owned(),
    };
    // Both were part of a request, and of the configuration.
    let uri = target.parse::<Uri>().map_err(|_| Trouble::BadPath)?;
    let authority = HeaderValue::try_from(server.host().authority());
    let authority = authority.map_err(|_| Trouble::NotRelayed)?;
    let mut request = hyper::Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers::request(&parts.headers, file, authority);
    Ok(request)
}

/// HTTP/1.1 on a connection for one request, which is closed when the second value goes.
async fn open_connection(socket: Socket) -> Result<(SendRequest<Piped>, JoinSet<()>), Trouble> {
    let (requests, connection) = http1::Builder::new()
        .max_buf_size(PIECE_BYTES)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(lost)?;
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        // Whoever waits for the answer is told.
        let _ = connection.await;
    });
    Ok((requests, driving))
}

fn lost(error: hyper::Error) -> Trouble {
    match error.is_parse() {
        true => Trouble::HostProtocol(error.to_string()),
        false => Trouble::HostLost(error.to_string()),
    }
}

fn going_up(broken: Broken) -> Trouble {
    match broken {
        Broken::SourceLost(why) => Trouble::ClientLost(why),
        Broken::SourceSlow => Trouble::ClientSlow,
        Broken::SinkGone => Trouble::HostLost("it took no more".to_owned()),
        Broken::SinkSlow => Trouble::HostSlow,
        Broken::TooLarge => Trouble::TooLarge,
    }
}

fn coming_down(broken: Broken) -> Trouble {
    match broken {
        Broken::SourceLost(why) => Trouble::HostLost(why),
        Broken::SourceSlow => Trouble::HostSlow,
        Broken::SinkGone => Trouble::ClientLost("it took no more".to_owned()),
        Broken::SinkSlow => Trouble::ClientSlow,
        Broken::TooLarge => Trouble::HostTooLarge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_can_be_counted() {
        let troubles = [
            Trouble::NotRelayed,
            Trouble::WrongMethod,
            Trouble::BadPath,
            Trouble::ForeignOrigin,
            Trouble::MissingOrigin,
            Trouble::NoLength,
            Trouble::TooMany,
            Trouble::TooManyOfAddress,
            Trouble::HostRedirects(302),
            Trouble::HostProtocol(String::new()),
            Trouble::HostUnreachable(crate::faults::Fault::NotOpened),
        ];
        let broken = || {
            [
                Broken::SourceLost(String::new()),
                Broken::SourceSlow,
                Broken::SinkGone,
                Broken::SinkSlow,
                Broken::TooLarge,
            ]
        };
        let ways = broken()
            .map(going_up)
            .into_iter()
            .chain(broken().map(coming_down));
        for trouble in ways.chain(troubles) {
            assert!(OUTCOMES.contains(&trouble.name()), "{trouble}");
            let limit = trouble.limit();
            assert!(limit.is_none_or(|limit| crate::limits::KEYS.contains(&limit)));
        }
    }

    #[test]
    fn the_route_is_below_the_prefix() {
        assert!(ROUTE.starts_with(path::PREFIX));
    }
}
