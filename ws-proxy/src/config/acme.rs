//! The table `[acme]`: where certificates come from by themselves.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::Problem;
use super::file::{Setting, Source};
use super::values::{DomainName, InvalidValue, serde_as_str};

/// An authority that speaks ACME (RFC 8555), which `tls_cert` and `tls_key` come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acme {
    /// The hosts that the certificate is for.
    pub names: Vec<DomainName>,
    /// Whom the authority may write to: `mailto:` URLs.
    pub contact: Vec<String>,
    /// That what the authority asks of its users has been read and is agreed to.
    pub accept_terms: bool,
    /// Where the authority says what it offers.
    pub directory: DirectoryUrl,
    /// The authority that the directory's own certificate is from, PEM, if that isn't one of
    /// the platform's.
    pub ca: Option<PathBuf>,
}

/// The address of an authority's directory (RFC 8555 7.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUrl(String);

serde_as_str!(DirectoryUrl);

impl Default for DirectoryUrl {
    fn default() -> Self {
        Self("https://acme-v02.api.letsencrypt.org/directory".to_owned())
    }
}

impl std::fmt::Display for DirectoryUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for DirectoryUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.parse::<hyper::Uri>() {
            Ok(url) if url.scheme_str() == Some("https") && url.host().is_some() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidValue::new(format!(
                "{text:?} isn't the address of an ACME directory; write it like {}",
                Self::default()
            ))),
        }
    }
}

/// The table as serde sees it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcmeKeys {
    names: Spanned<Vec<DomainName>>,
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    accept_terms: bool,
    #[serde(default)]
    directory: DirectoryUrl,
    ca: Option<PathBuf>,
}

impl AcmeKeys {
    pub(super) fn read(self, source: &Source) -> Setting<Acme> {
        let Setting {
            value: names,
            place,
        } = source.setting(self.names);
        let value = Acme {
            names,
            contact: self.contact,
            accept_terms: self.accept_terms,
            directory: self.directory,
            ca: self.ca,
        };
        Setting { value, place }
    }
}

/// The table, if all that it needs is there; `kept` says whether there are files for what it
/// brings.
pub(super) fn validate(entry: Setting<Acme>, kept: bool) -> Result<Acme, Problem> {
    let Setting { value: acme, place } = entry;
    if acme.names.is_empty() {
        return Err(Problem::new(
            place,
            "a certificate is for a host at least",
            "Name the hosts that browsers know this proxy by: names = [\"chat.example.org\"]",
        ));
    }
    if !acme.accept_terms {
        return Err(Problem::new(
            place,
            format!("{} has terms that you have to agree to", acme.directory),
            "Read them, and write accept_terms = true into [acme]",
        ));
    }
    if !kept {
        return Err(Problem::new(
            place,
            "there is no place to keep the certificate",
            "Give tls_cert and tls_key, files in a directory that this user may write to: they \
             are made there",
        ));
    }
    Ok(acme)
}
