//! HTTP/2 (RFC 9113), and the WebSockets that its streams turn into (RFC 8441): many
//! sessions share a connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Connection, carry};
use crate::client_address::ClientAddress;
use crate::socket::{PIECE_BYTES, Socket};
use crate::upgrade::{Gate, MOST_STREAMS};

/// What a client may send in one stream before the proxy has read it.
const STREAM_BYTES: u32 = 32 * 1024;

/// The request's header fields, unpacked.
const HEADER_BYTES: u32 = 16 * 1024;

/// How long a connection without a session may stay without a request.
const IDLE: Duration = Duration::from_secs(60);

impl Connection {
    /// Answers requests and runs sessions until the client leaves, has nothing more
    /// to ask for, or the proxy stops.
    pub(super) async fn http2(self, socket: Socket, address: ClientAddress, begin: Instant) {
        let limits = &self.live.proxy.limits;
        let (gate, mut handoffs) = Gate::http2(address);
        let begun = Arc::new(Notify::new());
        let entry = Entry {
            begun: begun.clone(),
            router: TowerToHyperService::new(self.live.router.clone().layer(Extension(gate))),
        };
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .enable_connect_protocol()
            .max_concurrent_streams(u32::from(MOST_STREAMS))
            .max_header_list_size(HEADER_BYTES)
            .initial_stream_window_size(STREAM_BYTES)
            // No stream has to wait for the reader of another one.
            .initial_connection_window_size(STREAM_BYTES * u32::from(MOST_STREAMS))
            .max_send_buf_size(PIECE_BYTES)
            .serve_connection(TokioIo::new(socket), entry);
        let mut connection = pin!(connection);
        let mut sessions = JoinSet::new();
        let mut shutdown = self.shutdown.clone();
        let mut changes = self.changes.clone();
        let mut idle = pin!(sleep_until(begin + limits.handshake));
        let mut asked = false;
        let mut leaving = false;
        loop {
            tokio::select! {
                served = &mut connection => {
                    if let Err(error) = served {
                        tracing::debug!("an HTTP/2 connection ended early: {error}");
                    }
                    return all_left(&mut sessions).await;
                }
                Some(handoff) = handoffs.recv() => {
                    let session = carry(
                        handoff,
                        self.live.proxy.clone(),
                        self.shared.clone(),
                        self.shutdown.clone(),
                        Instant::now(),
                        |upgraded| Ok((Socket::Http2(TokioIo::new(upgraded)), Bytes::new())),
                    );
                    sessions.spawn(session);
                }
                Some(_) = sessions.join_next() => {
                    idle.as_mut().reset(Instant::now() + IDLE);
                }
                () = begun.notified() => {
                    asked = true;
                    idle.as_mut().reset(Instant::now() + IDLE);
                }
                () = &mut idle, if !leaving && sessions.is_empty() => {
                    if !asked {
                        self.shared.metrics.limit_hit("handshake_seconds");
                        tracing::debug!("a client asked for nothing over HTTP/2 in time");
                        return;
                    }
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                // What the connection was opened with is no longer in effect: what the
                // client wants next it asks for on another one.
                () = changes.next(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = shutdown.begun() => break,
            }
        }
        connection.as_mut().graceful_shutdown();
        // The sessions know when to leave; their last words need the connection.
        tokio::select! {
            _ = &mut connection => return all_left(&mut sessions).await,
            () = all_left(&mut sessions) => {}
        }
        // So do files on their way.
        let _ = timeout(shutdown.left() + limits.close, connection).await;
    }
}

async fn all_left(sessions: &mut JoinSet<()>) {
    while sessions.join_next().await.is_some() {}
}

/// Takes requests in as HTTP/1.1 has them.
struct Entry {
    /// A request has come.
    begun: Arc<Notify>,
    router: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for Entry {
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = TowerToHyperServiceFuture<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.begun.notify_one();
        // RFC 9113 8.3.1: `:authority` is what `Host` was.
        let authority = request.uri().authority().map(ToString::to_string);
        if let Some(host) = authority.and_then(|text| HeaderValue::try_from(text).ok()) {
            request.headers_mut().insert(header::HOST, host);
        }
        self.router.call(request)
    }
}
