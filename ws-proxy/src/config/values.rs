//! Configuration values that prove their own form.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

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

serde_as_str!(
    BackendAddress,
    BackendTls,
    ChannelBinding,
    DomainName,
    Endpoint,
    Network,
    Origin,
    ProxyHeader,
    PublicUrl,
    WebSocketUri
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

/// A web page's origin (RFC 6454), or `*` for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Every page on the web.
    Any,
    /// As browsers write it: `https://chat.example.org`, without a path.
    Page(String),
}

impl Origin {
    /// Whether a page of this `Origin` header may connect.
    pub fn admits(&self, header: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Page(origin) => origin.eq_ignore_ascii_case(header),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Page(origin) => origin,
        })
    }
}

impl FromStr for Origin {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (scheme, authority) = text.split_once("://").unwrap_or_default();
        if scheme.is_empty() || authority.parse::<Authority>().is_err() {
            return Err(InvalidValue(format!(
                "{text:?} isn't a web page's origin; write it like https://chat.example.org, \
                 without a path, or * for every page there is"
            )));
        }
        Ok(Self::Page(text.to_owned()))
    }
}

/// The `http` or `https` address of this proxy, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Whether browsers come over TLS.
    pub secure: bool,
    /// Host, and port if it isn't the scheme's own.
    pub authority: String,
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue(format!(
                "{text:?} isn't the address of a website; write it like https://chat.example.org"
            ))
        };
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?.to_string();
        if uri.path().len() > 1 || uri.query().is_some() || authority.contains('@') {
            return Err(invalid());
        }
        Ok(Self { secure, authority })
    }
}

/// The address of a WebSocket, `wss:` or `ws:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebSocketUri(pub(super) String);

impl fmt::Display for WebSocketUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebSocketUri {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let uri: Option<Uri> = text.parse().ok();
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        if matches!(scheme, Some("wss" | "ws")) && !text.contains(['\"', '\'', '<', '&']) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidValue(format!(
            "{text:?} isn't the address of a WebSocket; write it like \
             wss://chat.example.org/xmpp-websocket"
        )))
    }
}

/// Where `--check` connects as a browser does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeUrl {
    /// The website.
    pub site: PublicUrl,
    /// The WebSocket's path, if it was given.
    pub path: Option<String>,
}

impl FromStr for ProbeUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue(format!(
                "{text:?} isn't the address of a website or a WebSocket; write it like \
                 https://chat.example.org"
            ))
        };
        let http = match text.strip_prefix("ws") {
            Some(rest) => format!("http{rest}"),
            None => text.to_owned(),
        };
        let uri: Uri = http.parse().map_err(|_| invalid())?;
        let path = Some(uri.path().to_owned()).filter(|path| path.len() > 1);
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or_else(invalid)?;
        let site = format!("{scheme}://{authority}")
            .parse()
            .map_err(|_| invalid())?;
        Ok(Self { site, path })
    }
}

/// The values of a key that takes one or a list of them.
#[derive(Clone, Debug)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<'de, T: FromStr<Err = InvalidValue>> serde::Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<'de, T: FromStr<Err = InvalidValue>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
                text.parse().map(|value| vec![value]).map_err(E::custom)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Vec<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(text) = sequence.next_element::<String>()? {
                    values.push(text.parse().map_err(serde::de::Error::custom)?);
                }
                if values.is_empty() {
                    let advice = "an empty list says nothing; leave the key out instead";
                    return Err(serde::de::Error::custom(advice));
                }
                Ok(values)
            }
        }

        deserializer.deserialize_any(Visitor(PhantomData)).map(Self)
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
    fn origins_have_no_path() {
        assert_eq!("*".parse(), Ok(Origin::Any));
        assert!(
            "https://a.example"
                .parse::<Origin>()
                .unwrap()
                .admits("HTTPS://a.example")
        );
        assert!("https://a.example/".parse::<Origin>().is_err());
        assert!("a.example".parse::<Origin>().is_err());
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

    #[test]
    fn a_probe_may_have_any_path() {
        let probe: ProbeUrl = "wss://chat.example.org:8443/xmpp/ws".parse().unwrap();
        assert!(probe.site.secure);
        assert_eq!(probe.site.authority, "chat.example.org:8443");
        assert_eq!(probe.path.as_deref(), Some("/xmpp/ws"));
        let probe: ProbeUrl = "http://localhost:5280/".parse().unwrap();
        assert_eq!((probe.site.secure, probe.path), (false, None));
        assert!("chat.example.org".parse::<ProbeUrl>().is_err());
    }

    #[test]
    fn public_urls_have_no_path() {
        let url = "https://chat.example.org:8443/".parse();
        assert_eq!(
            url,
            Ok(PublicUrl {
                secure: true,
                authority: "chat.example.org:8443".into()
            })
        );
        for text in [
            "chat.example.org",
            "wss://a.example",
            "https://a.example/chat",
            "https://",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
