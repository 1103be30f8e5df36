//! TLS towards servers: whom to trust, and what to say when we don't.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{self, CertificateError, ClientConfig, crypto};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;

use crate::config::BackendTls;
use crate::faults::Fault;
use crate::socket::{Socket, TlsStream};

/// Why TLS towards a server can't even be tried.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The domain can't be in a certificate.
    #[error(
        "{0} is not a name that a certificate can have. Use backend_tls = \"none\" or another domain"
    )]
    Name(String),
    /// The CA file can't be read.
    #[error("backend_ca: {} holds no certificates in PEM form: {error}. Name a file that this user may read", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: pem::Error,
    },
    /// No certificate authority is known.
    #[error(
        "no server could be trusted: {0}. Install the system's CA certificates, or set backend_ca"
    )]
    Roots(#[from] rustls::Error),
}

/// The certificate authorities that vouch for a server.
#[derive(Debug)]
pub(super) struct TrustedRoots(Arc<Verifier>);

impl TrustedRoots {
    /// The platform's, and those in the PEM files `extra`.
    pub(super) fn load<'a>(
        extra: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Self, TlsSetupError> {
        let mut certificates = Vec::new();
        for path in extra {
            certificates.extend(read_certificates(path)?);
        }
        let provider = Arc::new(crypto::ring::default_provider());
        Ok(Self(Arc::new(Verifier::new_with_extra_roots(
            certificates,
            provider,
        )?)))
    }

    /// TLS without a certificate of our own, towards servers that these vouch for.
    pub(super) fn client_config(&self) -> Result<ClientConfig, TlsSetupError> {
        let provider = Arc::new(crypto::ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(self.0.clone())
            .with_no_client_auth())
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let fail = |error| TlsSetupError::Authorities {
        path: path.to_owned(),
        error,
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(fail)?;
    if certificates.is_empty() {
        Err(fail(pem::Error::NoItemsFound))
    } else {
        Ok(certificates)
    }
}

/// TLS towards the servers of one domain, whose certificates must be for that
/// domain wherever it is hosted (RFC 6120 13.7.2).
pub(super) struct ClientTls {
    name: ServerName<'static>,
    starttls: Arc<ClientConfig>,
    direct: Arc<ClientConfig>,
}

impl ClientTls {
    pub(super) fn new(
        name: ServerName<'static>,
        roots: &TrustedRoots,
    ) -> Result<Self, TlsSetupError> {
        let config = roots.client_config()?;
        let mut direct = config.clone();
        // XEP-0368 2.
        direct.alpn_protocols = vec![b"xmpp-client".to_vec()];
        Ok(Self {
            name,
            starttls: Arc::new(config),
            direct: Arc::new(direct),
        })
    }

    /// Performs the handshake for `security`, which isn't [`BackendTls::None`].
    ///
    /// # Errors
    /// [`Fault::BackendCertificate`] with the reason, or another of the backend's.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        security: BackendTls,
    ) -> Result<Socket, Fault> {
        let config = if security == BackendTls::Direct {
            &self.direct
        } else {
            &self.starttls
        };
        match TlsStream::connect(config, self.name.clone(), stream).await {
            Ok(stream) => Ok(Socket::Tls(Box::new(stream))),
            Err(error) => Err(handshake_fault(&error)),
        }
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientTls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

pub(super) fn handshake_fault(error: &io::Error) -> Fault {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(certificate)) => Fault::BackendCertificate {
            reason: reason(certificate),
            detail: certificate.to_string(),
        },
        Some(error) => Fault::BackendProtocol(format!("the TLS handshake failed: {error}")),
        None => Fault::BackendUnreachable(format!("the TLS handshake failed: {error}")),
    }
}

/// The reason in words for a person.
fn reason(error: &CertificateError) -> &'static str {
    use CertificateError as Error;
    match error {
        Error::Expired | Error::ExpiredContext { .. } => "its certificate has expired",
        Error::NotValidYet | Error::NotValidYetContext { .. } => {
            "its certificate isn't valid yet, or the clock is wrong"
        }
        Error::Revoked => "its certificate has been revoked",
        Error::NotValidForName | Error::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        Error::UnknownIssuer => "its certificate comes from an authority that nobody here trusts",
        _ => "its certificate isn't valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_a_broken_handshake() {
        let wrap = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let name = wrap(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName,
        ));
        assert!(matches!(
            handshake_fault(&name),
            Fault::BackendCertificate {
                reason: "its certificate is for another name",
                ..
            }
        ));
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        assert!(matches!(
            handshake_fault(&wrap(alert)),
            Fault::BackendProtocol(_)
        ));
    }
}
