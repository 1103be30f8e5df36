//! The proxy's own certificate, for browsers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{self, ServerConfig, crypto};

use crate::config::{Config, TlsFiles};

/// What an authority that looks whether a host is ours asks for by ALPN (RFC 8737 3).
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

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

/// Terminates TLS with the certificate and key that `config` names, if it does; for the
/// authority of its `[acme]` with the `challenges`. Until that has made the files, nobody
/// else is let in.
///
/// # Errors
/// What is wrong with the files.
pub(crate) fn server_config(
    config: &Config,
    challenges: &Arc<Challenges>,
) -> Result<Option<Arc<ServerConfig>>, CertificateError> {
    let Some(files) = &config.tls else {
        return Ok(None);
    };
    let own = match own(files) {
        Ok(own) => Some(own),
        Err(_) if config.acme.is_some() => None,
        Err(error) => return Err(error),
    };
    let certificates = Certificates {
        own,
        challenges: challenges.clone(),
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if config.acme.is_some() {
        tls.alpn_protocols.push(ACME_TLS.to_vec());
    }
    tls.ticketer = crypto::ring::Ticketer::new()?;
    Ok(Some(Arc::new(tls)))
}

/// The certificate and the key in `files`.
///
/// # Errors
/// Which file is no such thing, or that they don't belong together.
pub(crate) fn own(files: &TlsFiles) -> Result<Arc<CertifiedKey>, CertificateError> {
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
    let provider = crypto::ring::default_provider();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
}

/// What an authority is shown at the moment, by host.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<BTreeMap<String, Arc<CertifiedKey>>>);

impl Challenges {
    /// Shows `answer` for `host` from now on, or nothing.
    pub(crate) fn set(&self, host: &str, answer: Option<Arc<CertifiedKey>>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Some(answer) => drop(answers.insert(host.to_owned(), answer)),
            None => drop(answers.remove(host)),
        }
    }

    /// What is shown for `host`.
    pub(crate) fn answer(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(host).cloned()
    }
}

/// Chooses what a client is shown.
#[derive(Debug)]
struct Certificates {
    own: Option<Arc<CertifiedKey>>,
    challenges: Arc<Challenges>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.any(|protocol| protocol == ACME_TLS) {
            return self.challenges.answer(hello.server_name()?);
        }
        self.own.clone()
    }
}
