//! One accepted connection: TLS, HTTP, and the sessions that come of it.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

pub(crate) use self::http1::http1;
use crate::addresses::Connected;
use crate::client_address::ClientAddress;
use crate::live::{Changes, Live, Shared};
use crate::proxy::Proxy;
use crate::session;
use crate::shutdown::Shutdown;
use crate::socket::{Socket, TlsStream, tune};
use crate::tls::ACME_TLS;
use crate::upgrade::{Gate, Handoff};

/// How long to wait when no connection can be accepted: out of file descriptors,
/// most likely, and sessions that end free some.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What one connection needs.
pub(crate) struct Connection {
    pub(crate) live: Arc<Live>,
    pub(crate) shared: Shared,
    pub(crate) shutdown: Shutdown,
    pub(crate) changes: Changes,
}

/// What the client speaks: by ALPN under TLS, else by what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
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
        match accepted {
            Some((socket, Version::Http1)) => self.one_session(socket, address, begin).await,
            Some((socket, Version::Http2)) => Box::pin(self.http2(socket, address, begin)).await,
            None => {}
        }
    }

    /// HTTP/1.1 (RFC 6455 4.2): the connection turns into the session.
    async fn one_session(self, socket: Socket, address: ClientAddress, begin: Instant) {
        let (gate, mut handoffs) = Gate::http1(address);
        Box::pin(self.http1(socket, gate, begin)).await;
        let handoff = handoffs.try_recv();
        // It has room for many more, and there will be none.
        drop(handoffs);
        let Ok(handoff) = handoff else {
            return;
        };
        let Self {
            live,
            shared,
            shutdown,
            ..
        } = self;
        let proxy = live.proxy.clone();
        drop(live);
        let session = carry(handoff, proxy, shared, shutdown, begin, |upgraded| {
            upgraded
                .downcast::<TokioIo<Socket>>()
                .map(|parts| (parts.io.into_inner(), parts.read_buf))
        });
        Box::pin(session).await;
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

    async fn accept(&self, stream: TcpStream) -> Option<(Socket, Version)> {
        if let Err(error) = tune(&stream) {
            tracing::debug!("the client left at once: {error}");
            return None;
        }
        let deadline = self.live.proxy.limits.handshake;
        match timeout(deadline, self.negotiate(stream)).await {
            Ok(accepted) => accepted,
            Err(_) => {
                self.shared.metrics.limit_hit("handshake_seconds");
                tracing::debug!("a client did not begin, or finish its TLS handshake, in time");
                None
            }
        }
    }

    async fn negotiate(&self, stream: TcpStream) -> Option<(Socket, Version)> {
        let Some(config) = &self.live.tls else {
            let version = version(&stream).await?;
            return Some((Socket::Tcp(stream), version));
        };
        match TlsStream::accept(config, stream).await {
            Ok(stream) => {
                let version = match stream.alpn_protocol() {
                    Some(b"h2") => Version::Http2,
                    // It has seen what it wanted to see (RFC 8737 3).
                    Some(ACME_TLS) => return None,
                    _ => Version::Http1,
                };
                Some((Socket::Tls(Box::new(stream)), version))
            }
            Err(error) => {
                tracing::debug!("no TLS with a client: {error}");
                None
            }
        }
    }
}

/// Looks, without taking it, at how a connection without TLS begins; `None` if it
/// ends. Only HTTP/2 begins with `PRI` (RFC 9113 3.4).
async fn version(stream: &TcpStream) -> Option<Version> {
    const PREFACE: &[u8] = b"PRI";
    let mut begin = [0; PREFACE.len()];
    loop {
        let peeked = stream
            .peek(&mut begin)
            .await
            .ok()
            .filter(|&peeked| peeked > 0)?;
        let begin = begin.get(..peeked)?;
        if begin == PREFACE {
            return Some(Version::Http2);
        }
        if !PREFACE.starts_with(begin) {
            return Some(Version::Http1);
        }
        // Nothing tells when there is more than what has been looked at.
        sleep(Duration::from_millis(20)).await;
    }
}

/// Runs the session of a handshake that succeeded at `begin` or since; `socket`
/// takes its connection, and what came with the request, out of HTTP.
async fn carry(
    handoff: Handoff,
    proxy: Arc<Proxy>,
    shared: Shared,
    shutdown: Shutdown,
    begin: Instant,
    socket: impl FnOnce(Upgraded) -> Result<(Socket, axum::body::Bytes), Upgraded>,
) {
    let Handoff {
        upgrade,
        id,
        address,
        open,
        connected,
        whose,
    } = handoff;
    let span = tracing::info_span!("session", %id, client = %address.client.ip());
    let session = async move {
        let (socket, leftover) = match upgrade.await.map(socket) {
            Ok(Ok(parts)) => parts,
            Ok(Err(_)) => return tracing::error!("the connection isn't ours"),
            Err(error) => return tracing::info!("the client left in the handshake: {error}"),
        };
        shared.metrics.handshake.observe(begin.elapsed());
        session::run(proxy, (address, whose), socket, leftover, shutdown).await;
        drop((open, connected));
    };
    session.instrument(span).await;
}
