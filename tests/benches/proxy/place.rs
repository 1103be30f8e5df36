//! The servers, and processes before them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use couplet_servers::ProcessTree;
use couplet_tests::fake_backend::{Authority, DOMAIN};
use couplet_tests::proxy::Proxy;
use couplet_tests::until;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio_rustls::TlsConnector;

use crate::client::Target;
use crate::{backend, floor};

/// The servers, and what proxies and clients need to trust them.
pub(crate) struct Place {
    directory: tempfile::TempDir,
    authority: Authority,
    plain: SocketAddr,
    tls: SocketAddr,
}

/// The floor's process.
pub(crate) struct Floor {
    pub(crate) process: ProcessTree,
    pub(crate) target: Target,
}

impl Place {
    /// With the plain server at this port, or at a free one.
    pub(crate) async fn new(port: u16) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let authority = Authority::new(directory.path())?;
        let (certificate, key) = authority.issue("localhost", false)?;
        std::fs::write(directory.path().join("cert.pem"), certificate.pem())?;
        std::fs::write(directory.path().join("key.pem"), key.serialize_pem())?;
        let plain = TcpListener::bind(("127.0.0.1", port)).await?;
        let tls = TcpListener::bind("127.0.0.1:0").await?;
        let place = Self {
            plain: plain.local_addr()?,
            tls: tls.local_addr()?,
            authority,
            directory,
        };
        let acceptor = place.authority.acceptor(DOMAIN, false)?;
        spawn_local(backend::serve(plain, None));
        spawn_local(backend::serve(tls, Some(acceptor)));
        Ok(place)
    }

    /// The server that speaks no TLS.
    pub(crate) fn plain(&self) -> SocketAddr {
        self.plain
    }

    /// The proxy, without limits that a measurement would meet.
    pub(crate) async fn proxy(&self, tls_in: bool, tls_out: bool) -> Result<Proxy> {
        let (backend, security) = if tls_out {
            (self.tls, "direct")
        } else {
            (self.plain, "none")
        };
        let backend = backend.to_string();
        let ca = self.authority.pem().display().to_string();
        let [cert, key] = self.certificate();
        let limits = "max_connections_per_address=100000,max_connection_rate_per_address=100000";
        let mut arguments = vec!["--domain", DOMAIN, "--backend", &backend];
        arguments.extend(["--backend-tls", security, "--backend-ca", &ca]);
        arguments.extend(["--log", "warn", "--limit", limits]);
        if tls_in {
            arguments.extend(["--tls-cert", &cert, "--tls-key", &key]);
        }
        Proxy::start(&arguments).await
    }

    /// The proxy as clients see it.
    pub(crate) fn target(&self, address: SocketAddr, tls: bool) -> Result<Target> {
        Ok(Target {
            address,
            tls: tls.then(|| connector(self.authority.pem())).transpose()?,
            framing: true,
        })
    }

    /// The floor, in front of the server that speaks no TLS.
    pub(crate) async fn floor(&self, tls: bool) -> Result<Floor> {
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([floor::WORD, &address.to_string(), &self.plain.to_string()]);
        if tls {
            command.args(self.certificate());
        }
        let process = ProcessTree::spawn(&mut command, None)?;
        until("the floor listens", || async {
            Ok(TcpStream::connect(address).await.ok())
        })
        .await?;
        let target = Target {
            framing: false,
            ..self.target(address, tls)?
        };
        Ok(Floor { process, target })
    }

    fn certificate(&self) -> [String; 2] {
        ["cert.pem", "key.pem"].map(|name| self.directory.path().join(name).display().to_string())
    }
}

/// Full handshakes only.
fn connector(authority: &Path) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}
