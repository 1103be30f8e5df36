//! The listening side: accepts connections for as long as the process lives.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::acme;
use crate::admin;
use crate::config::Config;
use crate::connection::{ACCEPT_PAUSE, Connection};
use crate::live::Handle;
use crate::log::LogFilter;
use crate::shutdown::{self, Stop};
use crate::systemd::Inherited;
use crate::tls::CertificateError;
use crate::upstream::{ConnectorError, TlsSetupError};

/// A proxy that has its address and serves it once it [runs](Server::run).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admin: Option<TcpListener>,
    handle: Handle,
    log: Option<LogFilter>,
}

/// Why a proxy can't start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Its address can't be had.
    #[error("{key}: {address} can't be listened at: {error}. Choose another address or port")]
    Listen {
        /// The configuration key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// A socket that it was given can't be used.
    #[error(
        "{key}: the socket that was passed in its place can't be used: {error}. Pass a TCP socket \
         that listens"
    )]
    Inherited {
        /// The configuration key that the socket is in the place of.
        key: &'static str,
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
    /// No upload host could be trusted.
    #[error("relay: {0}")]
    Relay(TlsSetupError),
    /// There are no files to serve.
    #[error("static_dir: {} can't be served: {error}. Name a directory that this user may read", path.display())]
    StaticDir {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
}

impl BindError {
    /// The fault of a socket that was given to us in the place of what `key` says.
    fn inherited(key: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Inherited { key, error }
    }
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| BindError::Listen {
            key,
            address,
            error,
        })
}

fn inherit(key: &'static str, socket: std::net::TcpListener) -> Result<TcpListener, BindError> {
    TcpListener::from_std(socket).map_err(BindError::inherited(key))
}

impl Server {
    /// Takes the addresses that `config` names and prepares everything that can
    /// fail.
    ///
    /// # Errors
    /// What in the configuration can't be done on this machine.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        Self::bind_with(config, Inherited::default()).await
    }

    /// The same with sockets that somebody else has opened for us.
    ///
    /// # Errors
    /// What in the configuration can't be done on this machine.
    pub async fn bind_with(config: Config, sockets: Inherited) -> Result<Self, BindError> {
        let (at, admin_at) = (config.listen, config.admin_listen);
        let handle = Handle::new(config)?;
        let listener = match sockets.public {
            Some(socket) => inherit("listen", socket)?,
            None => listen("listen", at).await?,
        };
        let address = listener
            .local_addr()
            .map_err(BindError::inherited("listen"))?;
        let admin = match (sockets.admin, admin_at) {
            (Some(socket), _) => Some(inherit("admin_listen", socket)?),
            (None, Some(address)) => Some(listen("admin_listen", address).await?),
            (None, None) => None,
        };
        Ok(Self {
            listener,
            address,
            admin,
            handle,
            log: None,
        })
    }

    /// Lets whoever runs it change what is logged.
    #[must_use]
    pub fn with_log(self, log: LogFilter) -> Self {
        Self {
            log: Some(log),
            ..self
        }
    }

    /// Where it listens; the port is a real one even if the configuration said 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where health, readiness and metrics can be asked for.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// Changes the configuration while the server runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until `shutdown` completes. Then no connection is accepted any more,
    /// sessions leave with 1012 and without `</stream:stream>`, so that clients
    /// resume them elsewhere, and the call returns when all have left, or have had
    /// the time to.
    ///
    /// Dropping the future instead closes every connection at once, without a word.
    pub async fn run(self, shutdown: impl Future<Output = Stop>) {
        let Self {
            listener,
            admin,
            handle,
            log,
            ..
        } = self;
        let (trigger, learner) = shutdown::channel();
        let mut aside = JoinSet::new();
        aside.spawn(handle.clone().watch_certificate());
        let config = handle.live().config.clone();
        if let (Some(acme), Some(files)) = (config.acme.clone(), config.tls.clone()) {
            aside.spawn(acme::keep(acme, files, handle.shared().challenges.clone()));
        }
        if let Some(admin) = admin {
            aside.spawn(admin::serve(admin, handle.clone(), learner.clone(), log));
        }
        let shared = handle.shared();
        let mut changes = handle.changes();
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut full = false;
        let stop = loop {
            let was_full = full;
            full = tasks.len() >= handle.live().proxy.limits.max_connections;
            if full && !was_full {
                shared.metrics.limit_hit("max_connections");
            }
            let stream = tokio::select! {
                accepted = listener.accept(), if !full => accepted,
                stop = &mut shutdown => break stop,
                Some(_) = tasks.join_next() => continue,
                () = changes.next(), if full => continue,
            };
            match stream {
                Ok((stream, peer)) => {
                    shared.metrics.connection_accepted();
                    let connection = Connection {
                        live: handle.live(),
                        shared: shared.clone(),
                        shutdown: learner.clone(),
                        changes: handle.changes(),
                    };
                    tasks.spawn(connection.serve(stream, peer));
                }
                Err(error) => {
                    tracing::error!("no connection can be accepted: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        };
        drop(listener);
        let limits = handle.live().proxy.limits.clone();
        let window = match stop {
            Stop::Drain => limits.drain,
            Stop::Quick => Duration::ZERO,
        };
        tracing::info!("shutting down: {} connections leave", tasks.len());
        trigger.begin(window);
        // The parts of closing have a limit each, and there are no more than three.
        let all_left = async { while tasks.join_next().await.is_some() {} };
        if timeout(window + 3 * limits.close, all_left).await.is_err() {
            shared.metrics.limit_hit("drain_seconds");
            tracing::warn!("{} connections did not leave in time", tasks.len());
            tasks.shutdown().await;
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
