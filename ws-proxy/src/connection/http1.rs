//! HTTP/1.1, and the WebSocket that a connection turns into.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::Connection;
use crate::socket::Socket;
use crate::upgrade::Gate;

impl Connection {
    /// Answers requests until the connection ends, or is somebody's session.
    pub(super) async fn http1(&self, socket: Socket, gate: Gate, begin: Instant) {
        let limits = &self.live.proxy.limits;
        // TLS has had its part of it.
        let read = limits.handshake.saturating_sub(begin.elapsed());
        let router = self.live.router.clone().layer(Extension(gate));
        let mut shutdown = self.shutdown.clone();
        let close = limits.close;
        // Who is in the middle of a file has as long as sessions have.
        let stop = async move {
            shutdown.begun().await;
            shutdown.left() + close
        };
        let served = http1(socket, router, read, stop).await;
        if let Err(error) = served {
            if error.is_timeout() {
                self.shared.metrics.limit_hit("handshake_seconds");
            }
            tracing::debug!("an HTTP connection ended early: {error}");
        }
    }
}

/// Serves HTTP/1.1 to whoever is at the other end, who has `read` for the head of each request,
/// until `stop`, which says how long what is under way then may take.
pub(crate) async fn http1(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    read: Duration,
    stop: impl Future<Output = Duration>,
) -> hyper::Result<()> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        served = &mut connection => served,
        left = stop => {
            connection.as_mut().graceful_shutdown();
            timeout(left, connection).await.unwrap_or(Ok(()))
        }
    }
}
