//! One accepted connection: TLS, HTTP, and perhaps a session.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use crate::addresses::Connected;
use crate::client_address::ClientAddress;
use crate::limits::Limits;
use crate::live::{Live, Shared};
use crate::session;
use crate::shutdown::Shutdown;
use crate::socket::{Socket, tune};
use crate::upgrade::{Gate, Handoff};

/// How long to wait when no connection can be accepted: out of file descriptors,
/// most likely, and sessions that end free some.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What one connection needs.
pub(crate) struct Connection {
    pub(crate) live: Arc<Live>,
    pub(crate) shared: Shared,
    pub(crate) shutdown: Shutdown,
}

impl Connection {
    /// Each phase is boxed, so that an open session doesn't keep the memory that
    /// the TLS handshake and HTTP needed.
    pub(crate) async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        let begin = Instant::now();
        let Some((address, _connected)) = self.admit(&stream, peer) else {
            return;
        };
        let mut shutdown = self.shutdown.clone();
        let accepted = tokio::select! {
            accepted = Box::pin(self.accept(stream)) => accepted,
            () = shutdown.begun() => None,
        };
        let Some(socket) = accepted else {
            return;
        };
        let gate = Gate::new(address);
        Box::pin(self.http(socket, gate.clone())).await;
        let Some(handoff) = gate.take() else {
            return;
        };
        let Handoff {
            upgrade,
            id,
            address,
            open,
            connected,
        } = handoff;
        let Self {
            live,
            shared,
            shutdown,
        } = self;
        let proxy = live.proxy.clone();
        drop(live);
        let span = tracing::info_span!("session", %id, client = %address.client.ip());
        let session = async move {
            let parts = match upgrade
                .await
                .map(|upgraded| upgraded.downcast::<TokioIo<Socket>>())
            {
                Ok(Ok(parts)) => parts,
                Ok(Err(_)) => return tracing::error!("the connection isn't ours"),
                Err(error) => return tracing::info!("the client left in the handshake: {error}"),
            };
            shared.metrics.handshake.observe(begin.elapsed());
            let socket = parts.io.into_inner();
            session::run(proxy, address, socket, parts.read_buf, shutdown).await;
            drop((open, connected));
        };
        Box::pin(session.instrument(span)).await;
    }

    /// Counts the connection with those of its address. Servers in front have many
    /// clients: theirs are counted one by one, once they say who they are.
    fn admit(
        &self,
        stream: &TcpStream,
        peer: SocketAddr,
    ) -> Option<(ClientAddress, Option<Connected>)> {
        let address = ClientAddress {
            client: peer,
            local: stream.local_addr().ok()?,
        };
        let Live { config, proxy, .. } = &*self.live;
        if config.trusts(peer.ip()) {
            return Some((address, None));
        }
        match self.shared.addresses.admit(peer.ip(), &proxy.limits) {
            Ok(connected) => Some((address, Some(connected))),
            Err(limit) => {
                self.shared.metrics.limit_hit(limit);
                tracing::debug!(
                    "{} has connected more often than {limit} allows. If that is a server in \
                     front, name it in trusted_proxies",
                    peer.ip()
                );
                None
            }
        }
    }

    async fn accept(&self, stream: TcpStream) -> Option<Socket> {
        if let Err(error) = tune(&stream) {
            tracing::debug!("the client left at once: {error}");
            return None;
        }
        let Some(acceptor) = &self.live.acceptor else {
            return Some(Socket::Tcp(stream));
        };
        let deadline = self.live.proxy.limits.handshake;
        match timeout(deadline, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Socket::Tls(Box::new(stream.into()))),
            Ok(Err(error)) => {
                tracing::debug!("no TLS with a client: {error}");
                None
            }
            Err(_) => {
                self.shared.metrics.limit_hit("handshake_seconds");
                tracing::debug!("a client did not finish the TLS handshake in time");
                None
            }
        }
    }

    async fn http(&self, socket: Socket, gate: Gate) {
        let limits = &self.live.proxy.limits;
        let router = self.live.router.clone().layer(Extension(gate));
        let mut shutdown = self.shutdown.clone();
        let stop = async move { shutdown.begun().await };
        let served = http(socket, router, limits, stop).await;
        if let Err(error) = served {
            if error.is_timeout() {
                self.shared.metrics.limit_hit("handshake_seconds");
            }
            tracing::debug!("an HTTP connection ended early: {error}");
        }
    }
}

/// Serves HTTP/1.1 to whoever is at the other end, until `stop`.
pub(crate) async fn http(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) -> hyper::Result<()> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        served = &mut connection => served,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            timeout(limits.close, connection).await.unwrap_or(Ok(()))
        }
    }
}
