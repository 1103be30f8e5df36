//! The way to an XMPP server: find it, connect, protect the connection, open a
//! stream.

mod health;
mod opening;
mod proxy_header;
mod starttls;
mod stream;
mod tcp;
mod tls;
mod web_server;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use couplet_shared::framing::OpenAttributes;
use hickory_resolver::net::NetError;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWrite;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

use self::health::Health;
pub(crate) use self::opening::{Backend, header_of, write_fault};
use self::opening::{lost_before_open, open_stream};
pub(crate) use self::stream::{StreamReader, Token, is_element};
use self::tcp::Rule;
pub use self::tls::TlsSetupError;
use self::tls::{ClientTls, TrustedRoots};
pub(crate) use self::web_server::WebServer;
use crate::client_address::ClientAddress;
use crate::config::{BackendAddress, BackendTls, Domain, ProxyHeader};
use crate::discovery::{Resolver, Target, usual_port};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::socket::{Socket, write_all};

/// How often servers may send a session on to each other.
const MOST_REDIRECTIONS: usize = 3;

/// Knows the way to the server of one domain.
#[derive(Debug)]
pub(crate) struct Connector {
    domain: Domain,
    way: Way,
    /// Absent where the configuration says that there is no TLS.
    tls: Option<ClientTls>,
    limits: Arc<Limits>,
    health: Health,
    metrics: Arc<Metrics>,
}

/// Why the way to a server can't even be tried.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// No name server is known.
    #[error(
        "the system's name servers are not known: {0}. Set dns_server, or the domain's backend"
    )]
    Resolver(#[from] NetError),
}

#[derive(Debug)]
enum Way {
    /// The configuration names the servers.
    Named(Vec<Target>),
    /// DNS does.
    Discovered(Box<Resolver>),
}

impl Connector {
    /// Prepares the way to `domain`'s server without taking it.
    ///
    /// # Errors
    /// The certificate authorities or the name servers can't be learned.
    pub(crate) fn new(
        domain: Domain,
        dns_server: Option<SocketAddr>,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ConnectorError> {
        let way = if domain.backends.is_empty() {
            Way::Discovered(Box::new(Resolver::new(dns_server)?))
        } else {
            let tls = domain.tls.unwrap_or(BackendTls::Starttls);
            Way::Named(
                domain
                    .backends
                    .iter()
                    .map(|backend| named(backend, tls))
                    .collect(),
            )
        };
        let tls = match domain.tls {
            Some(BackendTls::None) => None,
            Some(BackendTls::Starttls | BackendTls::Direct) | None => {
                let name = ServerName::try_from(domain.name.ascii().to_owned())
                    .map_err(|_| TlsSetupError::Name(domain.name.to_string()))?;
                Some(ClientTls::new(
                    name,
                    &TrustedRoots::load(domain.ca.as_deref())?,
                )?)
            }
        };
        Ok(Self {
            domain,
            way,
            tls,
            health: Health::new(limits.backend_retry),
            limits,
            metrics,
        })
    }

    /// The domain that this is the way to.
    pub(crate) fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Connects to the first server that can be reached, those that failed lately
    /// last, and opens a stream with the client's attributes. Without a `client` the
    /// connection is our own.
    ///
    /// # Errors
    /// A fault of the backend.
    pub(crate) async fn open(
        &self,
        open: &OpenAttributes,
        client: Option<ClientAddress>,
    ) -> Result<Backend, Fault> {
        let begin = Instant::now();
        let opened = self.open_somewhere(open, client).await;
        match &opened {
            Ok(_) => self.metrics.backend_open.observe(begin.elapsed()),
            Err(fault) => self.metrics.backend_failed(fault.answer().name),
        }
        // Whoever refuses the stream is there.
        let reachable = matches!(opened, Ok(_) | Err(Fault::BackendRefused { .. }));
        self.health.note_domain(reachable);
        opened
    }

    async fn open_somewhere(
        &self,
        open: &OpenAttributes,
        client: Option<ClientAddress>,
    ) -> Result<Backend, Fault> {
        let mut unreachable = Fault::BackendUnreachable("it has no address".to_owned());
        let mut targets = VecDeque::from(self.health.ordered(self.targets().await?));
        let mut redirections = 0;
        while let Some(target) = targets.pop_front() {
            match self.open_at(&target, open, client).await {
                // RFC 6120 4.9.3.19
                Err(Fault::BackendRedirected { host }) => {
                    self.health.note(&target, true);
                    let named = self
                        .named(&host)
                        .filter(|_| redirections < MOST_REDIRECTIONS);
                    let Some(named) = named else {
                        return Err(Fault::BackendRedirected { host });
                    };
                    tracing::debug!("{target} sends its clients to {named}");
                    redirections += 1;
                    targets.push_front(named);
                }
                // The next server of the domain may be up (RFC 6120 3.2.1).
                Err(fault @ (Fault::BackendUnreachable(_) | Fault::BackendTimeout { .. })) => {
                    tracing::debug!("{target}: {fault}");
                    self.health.note(&target, false);
                    unreachable = fault;
                }
                opened => {
                    self.health.note(&target, true);
                    return opened;
                }
            }
        }
        Err(unreachable)
    }

    /// The server that the configuration names, if it is at `host`; a host without a
    /// port is at any.
    fn named(&self, host: &str) -> Option<Target> {
        let Way::Named(targets) = &self.way else {
            return None;
        };
        let BackendAddress::Host { host, port } = host.parse().ok()? else {
            return None;
        };
        let is_there = |target: &&Target| match target {
            Target::Tcp {
                host: named,
                port: at,
                ..
            } => named.eq_ignore_ascii_case(&host) && port.is_none_or(|port| port == *at),
            Target::Unix(_) => false,
        };
        targets.iter().find(is_there).cloned()
    }

    /// Whether the domain has a server that answers: what sessions have found out
    /// lately, or else an attempt.
    pub(crate) async fn is_reachable(&self) -> bool {
        if let Some(known) = self.health.domain_lately() {
            return known;
        }
        let open = OpenAttributes {
            to: Some(self.domain.name.to_string()),
            version: Some("1.0".to_owned()),
            ..OpenAttributes::default()
        };
        match self.open(&open, None).await {
            Ok(mut backend) => {
                // It may be gone again already.
                let _ =
                    write_all(&mut backend.writer, b"</stream:stream>", self.limits.close).await;
                true
            }
            Err(fault) => matches!(fault, Fault::BackendRefused { .. }),
        }
    }

    /// What is known without an attempt.
    pub(crate) fn was_reachable(&self) -> Option<bool> {
        self.health.domain()
    }

    async fn open_at(
        &self,
        target: &Target,
        open: &OpenAttributes,
        client: Option<ClientAddress>,
    ) -> Result<Backend, Fault> {
        let socket = self.reach(target, open, client).await?;
        let opening = open_stream(socket, open, &self.limits);
        timeout(self.limits.backend_open, opening)
            .await
            .unwrap_or(Err(Fault::BackendTimeout {
                what: "it opened no stream",
                limit: "backend_open_seconds",
            }))
            .map_err(lost_before_open)
    }

    async fn targets(&self) -> Result<Vec<Target>, Fault> {
        match &self.way {
            Way::Named(targets) => Ok(targets.clone()),
            Way::Discovered(resolver) => {
                timeout(self.limits.backend_connect, resolver.targets(&self.domain))
                    .await
                    .unwrap_or(Err(Fault::BackendTimeout {
                        what: "the lookup of its servers",
                        limit: "backend_connect_seconds",
                    }))
            }
        }
    }

    async fn reach(
        &self,
        target: &Target,
        open: &OpenAttributes,
        client: Option<ClientAddress>,
    ) -> Result<Socket, Fault> {
        let (host, port, security) = match target {
            Target::Unix(path) => {
                let mut stream = unix_connect(path, self.limits.backend_connect).await?;
                self.introduce(&mut stream, client).await?;
                return Ok(Socket::Unix(stream));
            }
            Target::Tcp { host, port, tls } => (host, *port, tls),
        };
        let rule = match self.way {
            _ if self.domain.allow_private_addresses => Rule::Private,
            Way::Named(_) => Rule::Named,
            Way::Discovered(_) => Rule::Discovered,
        };
        let mut stream = tcp::connect(host, port, rule, self.limits.backend_connect).await?;
        self.introduce(&mut stream, client).await?;
        let Some(tls) = &self.tls else {
            return Ok(Socket::Tcp(stream));
        };
        if *security == BackendTls::Starttls {
            timeout(
                self.limits.backend_open,
                starttls::negotiate(&mut stream, open, &self.limits),
            )
            .await
            .unwrap_or(Err(Fault::BackendTimeout {
                what: "it did not finish STARTTLS",
                limit: "backend_open_seconds",
            }))
            .map_err(lost_before_open)?;
        }
        timeout(self.limits.backend_tls, tls.handshake(stream, *security))
            .await
            .unwrap_or(Err(Fault::BackendTimeout {
                what: "it did not finish the TLS handshake",
                limit: "backend_tls_seconds",
            }))
    }

    /// Tells the server the client's address, if it wants to know.
    async fn introduce(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        client: Option<ClientAddress>,
    ) -> Result<(), Fault> {
        let Some(version) = self.domain.proxy_protocol else {
            return Ok(());
        };
        let ends = client.map(|ClientAddress { client, local }| (client, local));
        let header = match version {
            ProxyHeader::V1 => proxy_header::v1(ends),
            ProxyHeader::V2 => proxy_header::v2(ends),
        };
        write_all(stream, &header, self.limits.stall)
            .await
            .map_err(|error| lost_before_open(write_fault(error)))
    }
}

async fn unix_connect(path: &Path, deadline: Duration) -> Result<UnixStream, Fault> {
    match timeout(deadline, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            let path = path.display();
            Err(Fault::BackendUnreachable(format!("{path}: {error}")))
        }
        Err(_) => Err(Fault::BackendTimeout {
            what: "it did not accept the connection",
            limit: "backend_connect_seconds",
        }),
    }
}

/// Where the configuration says that a server is.
fn named(backend: &BackendAddress, tls: BackendTls) -> Target {
    match backend {
        BackendAddress::Unix(path) => Target::Unix(path.clone()),
        BackendAddress::Host { host, port } => Target::Tcp {
            host: host.clone(),
            port: port.unwrap_or(usual_port(tls)),
            tls,
        },
    }
}
