//! The listening side: accepts connections, speaks HTTP on them, and lets those
//! that turn into sessions go on as sessions.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::Instrument;

use crate::config::Config;
use crate::http;
use crate::proxy::Proxy;
use crate::session;
use crate::shutdown::{self, Shutdown};
use crate::socket::{Socket, tune};
use crate::tls::{self, CertificateError};
use crate::upgrade::{Gate, Handoff};
use crate::upstream::ConnectorError;

/// A proxy that has its address and serves it once it [runs](Server::run).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    proxy: Arc<Proxy>,
}

/// Why a proxy can't start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Its address can't be had.
    #[error("listen: {address} can't be listened at: {error}. Choose another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// Its own certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The way to a domain's server can't be tried.
    #[error("domain {domain}: {error}")]
    Connector {
        /// The domain.
        domain: String,
        /// What is wrong.
        error: ConnectorError,
    },
    /// There are no files to serve.
    #[error("static_dir: {} can't be served: {error}. Name a directory that this user may read", path.display())]
    StaticDir {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
}

impl Server {
    /// Takes the address that `config` names and prepares everything that can fail.
    ///
    /// # Errors
    /// What in the configuration can't be done on this machine.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let proxy = Arc::new(Proxy::new(&config)?);
        let router = http::router(&config)?;
        let fail = |error| BindError::Listen {
            address: config.listen,
            error,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        Ok(Self {
            listener,
            address,
            acceptor,
            router,
            proxy,
        })
    }

    /// Where it listens; the port is a real one even if the configuration said 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` completes. Then no connection is accepted any more,
    /// sessions leave with 1012 and without `</stream:stream>`, so that clients
    /// resume them elsewhere, and the call returns when all have left.
    ///
    /// Dropping the future instead closes every connection at once, without a word.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (trigger, learner) = shutdown::channel();
        let connections = Arc::new(Semaphore::new(self.proxy.limits.max_connections));
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let permit = tokio::select! {
                permit = connections.clone().acquire_owned() => permit,
                () = &mut shutdown => break,
                Some(_) = tasks.join_next() => continue,
            };
            let stream = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut shutdown => break,
                Some(_) = tasks.join_next() => continue,
            };
            match stream {
                Ok((stream, peer)) => {
                    let connection = Connection {
                        proxy: self.proxy.clone(),
                        acceptor: self.acceptor.clone(),
                        router: self.router.clone(),
                        shutdown: learner.clone(),
                    };
                    tasks.spawn(async move {
                        connection.serve(stream, peer).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: sessions that end free some.
                    tracing::error!("no connection can be accepted: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        tracing::info!("shutting down");
        trigger.begin();
        while tasks.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What one connection needs.
struct Connection {
    proxy: Arc<Proxy>,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    shutdown: Shutdown,
}

impl Connection {
    /// Each phase is boxed, so that an open session doesn't keep the memory that
    /// the TLS handshake and HTTP needed.
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        let mut shutdown = self.shutdown.clone();
        let accepted = tokio::select! {
            accepted = Box::pin(self.accept(stream)) => accepted,
            () = shutdown.begun() => None,
        };
        let Some(socket) = accepted else {
            return;
        };
        let gate = Gate::default();
        Box::pin(self.http(socket, gate.clone())).await;
        let Some(Handoff {
            upgrade,
            id,
            permit,
        }) = gate.take()
        else {
            return;
        };
        let Self {
            proxy, shutdown, ..
        } = self;
        let span = tracing::info_span!("session", %id, client = %peer.ip());
        let session = async move {
            let parts = match upgrade
                .await
                .map(|upgraded| upgraded.downcast::<TokioIo<Socket>>())
            {
                Ok(Ok(parts)) => parts,
                Ok(Err(_)) => return tracing::error!("the connection isn't ours"),
                Err(error) => return tracing::info!("the client left in the handshake: {error}"),
            };
            session::run(proxy, parts.io.into_inner(), parts.read_buf, shutdown).await;
            drop(permit);
        };
        Box::pin(session.instrument(span)).await;
    }

    async fn accept(&self, stream: TcpStream) -> Option<Socket> {
        if let Err(error) = tune(&stream) {
            tracing::debug!("the client left at once: {error}");
            return None;
        }
        let Some(acceptor) = &self.acceptor else {
            return Some(Socket::Tcp(stream));
        };
        match timeout(self.proxy.limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Socket::Tls(Box::new(stream.into()))),
            Ok(Err(error)) => {
                tracing::debug!("no TLS with a client: {error}");
                None
            }
            Err(_) => {
                tracing::debug!("a client did not finish the TLS handshake in time");
                None
            }
        }
    }

    async fn http(&self, socket: Socket, gate: Gate) {
        let router = self.router.clone().layer(Extension(gate));
        let mut shutdown = self.shutdown.clone();
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.proxy.limits.handshake)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
            .with_upgrades();
        let mut connection = pin!(connection);
        let served = tokio::select! {
            served = &mut connection => served,
            () = shutdown.begun() => {
                connection.as_mut().graceful_shutdown();
                timeout(self.proxy.limits.close, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = served {
            tracing::debug!("an HTTP connection ended early: {error}");
        }
    }
}
