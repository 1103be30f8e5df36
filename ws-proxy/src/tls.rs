//! The proxy's own certificate, for browsers.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{self, ServerConfig, crypto};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read, or isn't PEM.
    #[error("{key}: {} can't be used: {error}. Name a PEM file that this user may read", path.display())]
    File {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: pem::Error,
    },
    /// The two don't belong together, or aren't of a kind that TLS has.
    #[error("tls_cert and tls_key: {0}. Give a certificate and the key that it was made for")]
    Pair(#[from] rustls::Error),
}

/// Terminates TLS with the certificate and key in `files`.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, CertificateError> {
    let fail = |key, path: &PathBuf, error| CertificateError::File {
        key,
        path: path.clone(),
        error,
    };
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail("tls_cert", &files.cert, error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| fail("tls_key", &files.key, error))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = crypto::ring::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
