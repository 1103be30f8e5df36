//! The table `[relay]`: whose files browsers may reach through the proxy.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::backend::BackendAddress;
use super::error::Problem;
use super::file::{Setting, Source};
use super::values::{InvalidValue, serde_as_str};
use crate::discovery::is_public;

/// The upload services (XEP-0363) that browsers may reach through the proxy. None is off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Relay {
    /// Where they keep files.
    pub hosts: Vec<UploadHost>,
    /// Accept addresses of private networks from a lookup.
    pub allow_private_addresses: bool,
}

/// Where an upload service keeps files: a web server, or what is below a path of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadHost {
    /// Whether it is reached over TLS.
    pub secure: bool,
    /// A name in lower case, or an IP address without brackets.
    pub host: String,
    /// Its port, the scheme's own included.
    pub port: u16,
    /// Below what path: empty, or `/file_share`, without a slash behind.
    pub path: String,
}

serde_as_str!(UploadHost);

impl UploadHost {
    /// Host, and port if it isn't the scheme's own, as URLs have them.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port == usual_port(self.secure) {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// Its origin (RFC 6454 6.2).
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Whether one couldn't tell from a path of ours which of the two is meant.
    fn contradicts(&self, other: &Self) -> bool {
        self.authority() == other.authority()
            && (self.secure != other.secure || self.path == other.path)
    }
}

fn usual_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl fmt::Display for UploadHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl FromStr for UploadHost {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(format!(
                "{text:?} isn't where an upload service keeps files; write it like \
                 https://upload.example.org, or https://example.org:5443/upload"
            ))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(invalid()),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let address = authority.parse().map_err(|_| invalid())?;
        let BackendAddress::Host { host, port } = address else {
            return Err(invalid());
        };
        let host = host.to_ascii_lowercase();
        let named = ServerName::try_from(host.as_str()).is_ok();
        if !named || host.contains(':') != authority.starts_with('[') {
            return Err(invalid());
        }
        let path = path.trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let mut segments = path.split('/').skip(1);
        let odd = |segment: &str| matches!(segment, "" | "." | "..") || !segment.bytes().all(plain);
        if segments.any(odd) {
            return Err(invalid());
        }
        let inner = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| !is_public(ip));
        if !secure && !inner {
            return Err(InvalidValue::new(format!(
                "{text:?} would carry files in the clear; write https://, or the address itself \
                 if it is in a network of yours: http://10.0.0.7:5280"
            )));
        }
        Ok(Self {
            secure,
            host,
            port: port.unwrap_or(usual_port(secure)),
            path: path.to_owned(),
        })
    }
}

/// The table as serde sees it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelayKeys {
    hosts: Spanned<Vec<UploadHost>>,
    #[serde(default)]
    allow_private_addresses: bool,
}

impl RelayKeys {
    pub(super) fn read(self, source: &Source) -> Setting<Relay> {
        let Setting { value, place } = source.setting(self.hosts);
        let value = Relay {
            hosts: value,
            allow_private_addresses: self.allow_private_addresses,
        };
        Setting { value, place }
    }
}

/// What the table and `--relay`, which overrides its hosts, say together.
///
/// # Errors
/// One of the hosts is there twice.
pub(super) fn merge(table: Option<Setting<Relay>>, flags: &[UploadHost]) -> Result<Relay, Problem> {
    let mut setting = table.unwrap_or_else(|| Setting::flag(Relay::default(), "--relay"));
    if !flags.is_empty() {
        let flagged = Relay {
            hosts: flags.to_vec(),
            ..setting.value
        };
        setting = Setting::flag(flagged, "--relay");
    }
    let Setting { value, place } = setting;
    for (index, host) in value.hosts.iter().enumerate() {
        if value
            .hosts
            .iter()
            .take(index)
            .any(|other| host.contradicts(other))
        {
            return Err(Problem::new(
                place,
                format!("{} is named twice", host.authority()),
                "Keep one of the two",
            ));
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_hosts_are_web_servers_or_paths_of_one() {
        for (text, authority, path) in [
            ("https://Upload.Example.org", "upload.example.org", ""),
            ("https://upload.example.org:443/", "upload.example.org", ""),
            (
                "https://example.org:5443/upload/",
                "example.org:5443",
                "/upload",
            ),
            (
                "http://localhost:5280/file_share",
                "localhost:5280",
                "/file_share",
            ),
            ("http://10.0.0.7", "10.0.0.7", ""),
            ("http://[::1]:80/a/b", "[::1]", "/a/b"),
        ] {
            let host: UploadHost = text.parse().unwrap();
            assert_eq!(
                (host.authority().as_str(), host.path.as_str()),
                (authority, path)
            );
            assert_eq!(host.to_string().parse(), Ok(host));
        }
        for text in [
            "upload.example.org",
            "ftp://upload.example.org",
            "https://",
            "https://user@upload.example.org",
            "https://unix:/run/x",
            "https://a b",
            "https://::1",
            "https://a.example:0",
            "https://a.example/../b",
            "https://a.example//b",
            "https://a.example/%2e",
            "https://a.example/b?c",
        ] {
            assert!(text.parse::<UploadHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn files_never_cross_a_network_in_the_clear_by_accident() {
        for text in [
            "http://upload.example.org",
            "http://9.9.9.9",
            "http://intranet",
        ] {
            let error = text.parse::<UploadHost>().unwrap_err().to_string();
            assert!(error.contains("in the clear; write https://"), "{error}");
        }
    }
}
