//! The way to an upload host: TCP and, if it has a certificate, TLS.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use super::tcp::{self, Rule};
use super::tls::{TlsSetupError, TrustedRoots, handshake_fault};
use crate::config::{Config, UploadHost};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::socket::{Socket, TlsStream};

/// Knows the way to one upload host.
pub(crate) struct WebServer {
    host: UploadHost,
    rule: Rule,
    /// Absent where the configuration says that there is no TLS.
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl WebServer {
    /// Prepares the ways to all upload hosts of `config`. They are trusted as its domains'
    /// servers are: by the platform's authorities, and by those of any `backend_ca`.
    ///
    /// # Errors
    /// The certificate authorities can't be learned.
    pub(crate) fn all(config: &Config) -> Result<Vec<Self>, TlsSetupError> {
        let rule = match config.relay.allow_private_addresses {
            true => Rule::Private,
            false => Rule::Named,
        };
        let hosts = &config.relay.hosts;
        let tls = match hosts.iter().any(|host| host.secure) {
            true => Some(client_config(config)?),
            false => None,
        };
        let server = |host: &UploadHost| {
            let name = ServerName::try_from(host.host.clone())
                .map_err(|_| TlsSetupError::Name(host.host.clone()))?;
            Ok(Self {
                host: host.clone(),
                rule,
                tls: tls.clone().filter(|_| host.secure).map(|tls| (tls, name)),
            })
        };
        hosts.iter().map(server).collect()
    }

    /// The host that this is the way to.
    pub(crate) fn host(&self) -> &UploadHost {
        &self.host
    }

    /// Connects, and has the host prove who it is.
    ///
    /// # Errors
    /// A fault of the backend.
    pub(crate) async fn connect(&self, limits: &Limits) -> Result<Socket, Fault> {
        let UploadHost { host, port, .. } = &self.host;
        let stream = tcp::connect(host, *port, self.rule, limits.backend_connect).await?;
        let Some((config, name)) = &self.tls else {
            return Ok(Socket::Tcp(stream));
        };
        let connecting = TlsStream::connect(config, name.clone(), stream);
        match timeout(limits.backend_tls, connecting).await {
            Ok(Ok(stream)) => Ok(Socket::Tls(Box::new(stream))),
            Ok(Err(error)) => Err(handshake_fault(&error)),
            Err(_) => Err(Fault::BackendTimeout {
                what: "it did not finish the TLS handshake",
                limit: "backend_tls_seconds",
            }),
        }
    }
}

impl std::fmt::Debug for WebServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebServer({})", self.host)
    }
}

fn client_config(config: &Config) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let mut authorities: Vec<&Path> = config
        .domains
        .iter()
        .filter_map(|domain| domain.ca.as_deref())
        .collect();
    // Several domains often have the same file.
    authorities.sort_unstable();
    authorities.dedup();
    let mut tls = TrustedRoots::load(authorities)?.client_config()?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}
