//! A certificate authority that lives as long as its server.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::options::{Certificate, ServerOptions};

/// The authority that clients of this server are told to trust.
pub(crate) const CA_FILE: &str = "ca.pem";
/// The server's certificate and its key.
pub(crate) const LEAF_FILE: &str = "server.pem";

/// Writes [`CA_FILE`] and [`LEAF_FILE`] into `directory`.
pub(crate) fn write(options: &ServerOptions, directory: &Path) -> Result<()> {
    let trusted = Authority::new("Couplet test authority")?;
    let names = vec![
        options.domain.clone(),
        options.rooms_domain(),
        options.anonymous_domain(),
    ];
    let key = KeyPair::generate()?;
    let leaf = match options.certificate {
        Certificate::Trusted => trusted.issue(leaf(names)?, &key)?,
        Certificate::UnknownIssuer => {
            Authority::new("Nobody's authority")?.issue(leaf(names)?, &key)?
        }
        Certificate::SelfSigned => leaf(names)?.self_signed(&key)?.pem(),
        Certificate::Expired => {
            let mut params = leaf(names)?;
            params.not_after = date_time_ymd(2020, 2, 1);
            trusted.issue(params, &key)?
        }
        Certificate::WrongName => trusted.issue(leaf(vec!["wrong.invalid".to_owned()])?, &key)?,
    };
    fs::write(directory.join(CA_FILE), &trusted.pem).context("cannot write the authority")?;
    fs::write(directory.join(LEAF_FILE), leaf + &key.serialize_pem())
        .context("cannot write the certificate")
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            pem,
            issuer: Issuer::new(params, key),
        })
    }

    /// The certificate of `key`, as PEM.
    fn issue(&self, params: CertificateParams, key: &KeyPair) -> Result<String> {
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }
}

/// A server's certificate for `names`, of which the first is its subject.
fn leaf(names: Vec<String>) -> Result<CertificateParams> {
    let subject = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = date_time_ymd(2020, 1, 1);
    // ejabberd sets a timer for this day, and Erlang's don't reach to the year
    // 4096 that is the default.
    params.not_after = date_time_ymd(2049, 12, 31);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
