//! Web addresses in the configuration.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

use super::values::{InvalidValue, is_host_byte, serde_as_str};

serde_as_str!(Embedder, Origin, PublicUrl, WebSocketUri);

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
            return Err(InvalidValue::new(format!(
                "{text:?} isn't a web page's origin; write it like https://chat.example.org, \
                 without a path, or * for every page there is"
            )));
        }
        Ok(Self::Page(text.to_owned()))
    }
}

/// A website whose pages may have the chat in them: `https://www.example.org`, or
/// `https://*.example.org` for all hosts below one. In a form that a policy can name
/// (CSP 3 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedder(String);

impl Embedder {
    /// Whether `origin`, as a browser writes it, is one of the website's (CSP 3 6.7.2.8).
    pub(crate) fn admits(&self, origin: &str) -> bool {
        let parts = self.0.split_once("://").zip(origin.split_once("://"));
        let Some(((scheme, host), (their_scheme, their_host))) = parts else {
            return false;
        };
        // Browsers leave out the port that is the scheme's own.
        let port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(port).unwrap_or(host);
        let is_host = match host.strip_prefix('*') {
            Some(below) => their_host
                .strip_suffix(below)
                .is_some_and(|sub| !sub.is_empty()),
            None => their_host == host,
        };
        is_host && (their_scheme == scheme || (scheme, their_scheme) == ("http", "https"))
    }
}

impl fmt::Display for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Embedder {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(format!(
                "{text:?} isn't a website; write it like https://www.example.org, without a path, \
                 or https://*.example.org for all hosts below one"
            ))
        };
        let (scheme, authority) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| invalid())?)),
            None => (authority, None),
        };
        let (below, host) = match host.strip_prefix("*.") {
            Some(host) => ("*.", host),
            None => ("", host),
        };
        let host = idna::domain_to_ascii(host).map_err(|_| invalid())?;
        let is_web = scheme == "https" || scheme == "http";
        if !is_web || host.is_empty() || !host.bytes().all(is_host_byte) {
            return Err(invalid());
        }
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{below}{host}{port}")))
    }
}

/// The `http` or `https` address of this proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Whether browsers come over TLS.
    pub secure: bool,
    /// Host, and port if it isn't the scheme's own.
    pub authority: String,
    /// Below what path of the host it is: empty, or `/chat`, without a slash behind.
    pub path: String,
}

impl PublicUrl {
    /// What browsers send as `Origin` from its pages.
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(format!(
                "{text:?} isn't the address of a website; write it like https://chat.example.org, or \
                 https://example.org/chat"
            ))
        };
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?.to_string();
        let path = uri.path().trim_end_matches('/').to_owned();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let odd = path.contains("//") || !path.bytes().all(plain);
        if odd || uri.query().is_some() || authority.contains('@') {
            return Err(invalid());
        }
        Ok(Self {
            secure,
            authority,
            path,
        })
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
        Err(InvalidValue::new(format!(
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
            InvalidValue::new(format!(
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_website_is_written_as_a_policy_names_it() {
        for (text, written) in [
            ("https://www.example.org", "https://www.example.org"),
            (
                "HTTPS://*.B\u{fc}cher.example",
                "https://*.xn--bcher-kva.example",
            ),
            ("http://localhost:8000", "http://localhost:8000"),
        ] {
            assert_eq!(text.parse::<Embedder>().unwrap().to_string(), written);
        }
        for text in [
            "*",
            "www.example.org",
            "https://",
            "https://*",
            "https://*.",
            "https://www.*.example",
            "https://www.example.org/",
            "https://www.example.org:x",
            "https://www.example.org; script-src *",
            "https://a.example https://b.example",
            "https://user@www.example.org",
            "https://[::1]",
            "ftp://www.example.org",
        ] {
            assert!(text.parse::<Embedder>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_website_has_the_origins_that_a_policy_means() {
        let admits = |site: &str, origin| site.parse::<Embedder>().unwrap().admits(origin);
        for (site, origin) in [
            ("https://www.example.org", "https://www.example.org"),
            ("https://www.example.org:443", "https://www.example.org"),
            ("https://*.example.org", "https://shop.www.example.org"),
            ("http://www.example.org", "https://www.example.org"),
            ("http://localhost:8000", "http://localhost:8000"),
        ] {
            assert!(admits(site, origin), "{site} {origin}");
        }
        for (site, origin) in [
            ("https://www.example.org", "http://www.example.org"),
            ("https://www.example.org", "https://www.example.org:8443"),
            ("https://www.example.org", "https://example.org"),
            ("https://*.example.org", "https://example.org"),
            ("https://*.example.org", "https://.example.org"),
            ("https://*.example.org", "https://evilexample.org"),
            ("https://www.example.org", "www.example.org"),
            ("https://www.example.org", ""),
        ] {
            assert!(!admits(site, origin), "{site} {origin}");
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
    fn public_urls_may_have_a_plain_path() {
        for (text, path) in [
            ("https://chat.example.org:8443/", ""),
            ("https://chat.example.org:8443/a/chat/", "/a/chat"),
        ] {
            let url = PublicUrl {
                secure: true,
                authority: "chat.example.org:8443".into(),
                path: path.into(),
            };
            assert_eq!(text.parse(), Ok(url));
        }
        for text in [
            "chat.example.org",
            "wss://a.example",
            "https://a.example/{chat}",
            "https://a.example//chat",
            "https://a.example/chat?b",
            "https://",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
