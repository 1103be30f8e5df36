//! A domain's server in the configuration: where it is, and what is said to it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use super::values::{InvalidValue, is_host_byte, serde_as_str};

serde_as_str!(BackendAddress, BackendTls, ChannelBinding, ProxyHeader);

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
            InvalidValue::new(format!(
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
            .ok_or_else(|| {
                InvalidValue::new(format!("{text:?} isn't one of starttls, direct, none"))
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
            _ => Err(InvalidValue::new(format!("{text:?} isn't one of v1, v2"))),
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
            _ => Err(InvalidValue::new(format!(
                "{text:?} isn't one of pass, strip"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
