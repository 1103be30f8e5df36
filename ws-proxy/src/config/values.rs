//! Configuration values that prove their own form.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Why a value was refused, and how it should be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(String);

impl InvalidValue {
    pub(super) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

/// Lets serde read a value through its [`FromStr`] and write it through its
/// [`Display`](fmt::Display).
macro_rules! serde_as_str {
    ($($name:ty),*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

pub(super) use serde_as_str;

serde_as_str!(
    BackendAddress,
    BackendTls,
    ChannelBinding,
    DomainName,
    Endpoint,
    Network,
    ProxyHeader
);

/// An IP address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint(pub SocketAddr);

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        text.parse().map(Self).map_err(|_| {
            InvalidValue(format!(
                "{text:?} isn't an IP address and a port; write it like 127.0.0.1:5280 or [::]:5280"
            ))
        })
    }
}

/// A network of IP addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether `ip` belongs to it. An IPv4 address that IPv6 carries is one.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let differing = u32::from(network) ^ u32::from(ip);
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let differing = u128::from(network) ^ u128::from(ip);
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let parse = || {
            let (address, prefix) = match text.split_once('/') {
                Some((address, prefix)) => (address, Some(prefix)),
                None => (text, None),
            };
            let address: IpAddr = address.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
            (prefix <= longest).then_some(Self { address, prefix })
        };
        parse().ok_or_else(|| {
            InvalidValue(format!(
                "{text:?} isn't a network; write it like 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1"
            ))
        })
    }
}

/// The header with which a server learns the client's address (HAProxy's PROXY
/// protocol).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl fmt::Display for ProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

impl FromStr for ProxyHeader {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            _ => Err(InvalidValue(format!("{text:?} isn't one of v1, v2"))),
        }
    }
}

/// What becomes of the channel binding that a server offers, which can't survive the
/// end of TLS at the proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// It stays: browsers can't bind and say so, and downgrade protection (XEP-0474)
    /// compares all that is offered.
    #[default]
    Pass,
    /// It goes, for native clients that would try to bind.
    Strip,
}

impl fmt::Display for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Strip => "strip",
        })
    }
}

impl FromStr for ChannelBinding {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "pass" => Ok(Self::Pass),
            "strip" => Ok(Self::Strip),
            _ => Err(InvalidValue(format!("{text:?} isn't one of pass, strip"))),
        }
    }
}

/// An XMPP domain (RFC 7622 3.2). Equal when the domains are, however they are
/// written.
#[derive(Clone, Debug)]
pub struct DomainName {
    written: String,
    ascii: String,
}

impl DomainName {
    /// The domain in DNS form: A-labels, lower case.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }
}

impl PartialEq for DomainName {
    fn eq(&self, other: &Self) -> bool {
        self.ascii == other.ascii
    }
}

impl Eq for DomainName {}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for DomainName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue(format!(
                "{text:?} isn't an XMPP domain; write it like example.org"
            ))
        };
        let written = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii(written).map_err(|_| invalid())?;
        if ascii.is_empty() || ascii.len() > 253 || !ascii.bytes().all(is_host_byte) {
            return Err(invalid());
        }
        Ok(Self {
            written: written.to_owned(),
            ascii,
        })
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

/// Where an XMPP server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendAddress {
    /// Over TCP.
    Host {
        /// A name or an IP address.
        host: String,
        /// `None` means the usual one: 5222, or 5223 with direct TLS.
        port: Option<u16>,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl BackendAddress {
    /// Whether the connection stays on this machine, as far as its name says.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Host { host, .. } => {
                host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        }
    }
}

impl fmt::Display for BackendAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Host { host, port } => {
                if host.contains(':') {
                    write!(f, "[{host}]")?;
                } else {
                    f.write_str(host)?;
                }
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

impl FromStr for BackendAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let invalid = || {
            InvalidValue(format!(
                "{text:?} isn't the address of a server; write it like xmpp.example.org:5222, \
                 [2001:db8::1]:5222 or unix:/run/xmpp.sock"
            ))
        };
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Host {
                host: ip.to_string(),
                port: None,
            });
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(invalid)?,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let address = if text.starts_with('[') {
            host.parse::<Ipv6Addr>().is_ok()
        } else {
            !host.is_empty() && host.bytes().all(is_host_byte)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().map_err(|_| invalid())?),
            None if port.is_empty() => None,
            None => return Err(invalid()),
        };
        if !address || port == Some(0) {
            return Err(invalid());
        }
        Ok(Self::Host {
            host: host.to_owned(),
            port,
        })
    }
}

/// How a connection to an XMPP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendTls {
    /// TLS begins inside the stream (RFC 6120 5), and must.
    Starttls,
    /// TLS from the first byte (XEP-0368).
    Direct,
    /// Nothing.
    None,
}

impl fmt::Display for BackendTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starttls => "starttls",
            Self::Direct => "direct",
            Self::None => "none",
        })
    }
}

impl FromStr for BackendTls {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        [Self::Starttls, Self::Direct, Self::None]
            .into_iter()
            .find(|tls| tls.to_string() == text)
            .ok_or_else(|| InvalidValue(format!("{text:?} isn't one of starttls, direct, none")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_equal_however_they_are_written() {
        let parse = |text: &str| text.parse::<DomainName>().unwrap();
        assert_eq!(parse("Bücher.Example."), parse("xn--bcher-kva.example"));
        assert_eq!(parse("EXAMPLE.org").ascii(), "example.org");
        assert!(
            [
                "",
                ".",
                "a b",
                "user@example.org",
                "example.org/x",
                "ex:ample"
            ]
            .iter()
            .all(|text| text.parse::<DomainName>().is_err())
        );
    }

    #[test]
    fn backend_addresses() {
        let host = |host: &str, port| BackendAddress::Host {
            host: host.to_owned(),
            port,
        };
        for (text, expected) in [
            (
                "xmpp.example.org:5222",
                host("xmpp.example.org", Some(5222)),
            ),
            ("localhost", host("localhost", None)),
            ("127.0.0.1:5222", host("127.0.0.1", Some(5222))),
            ("::1", host("::1", None)),
            ("[::1]", host("::1", None)),
            ("[2001:db8::1]:5223", host("2001:db8::1", Some(5223))),
            (
                "unix:/run/x.sock",
                BackendAddress::Unix("/run/x.sock".into()),
            ),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":5222",
            "unix:",
            "a:b",
            "a:99999",
            "a:0",
            "[::1",
            "[x]:1",
            "[::1]5222",
            "u@h",
        ] {
            assert!(text.parse::<BackendAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn networks_contain_their_addresses() {
        let contains = |network: &str, ip: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(ip.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "9.9.9.9"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(contains("::1", "::1") && !contains("::1", "::2"));
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "x/8", "::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
