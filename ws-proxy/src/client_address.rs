//! Where a client is: at the other end of its connection, or where the server in
//! front says.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

use crate::config::Network;

/// The two ends of a client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    /// The client's; the port is 0 where only its address is known.
    pub(crate) client: SocketAddr,
    /// The one that it connected to.
    pub(crate) local: SocketAddr,
}

impl ClientAddress {
    /// The client behind a server in front, if `self` is one that is trusted and
    /// names it.
    pub(crate) fn behind(self, trusted: &[Network], headers: &HeaderMap) -> Self {
        let trusts = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
        if !trusts(self.client.ip()) {
            return self;
        }
        // Each server appends whom it saw: what is to the left of the last one that
        // isn't ours may be made up.
        named(headers)
            .into_iter()
            .rev()
            .find(|&ip| !trusts(ip))
            .map_or(self, |ip| Self {
                client: SocketAddr::new(ip, 0),
                ..self
            })
    }
}

/// The addresses in `X-Forwarded-For` or else `Forwarded` (RFC 7239), up to the last
/// thing from the right that is none. In this order, for servers in front append to the
/// former by themselves and pass on what a client says in the latter.
fn named(headers: &HeaderMap) -> Vec<IpAddr> {
    let values = |name| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect::<Vec<_>>()
    };
    let usual = values(header::HeaderName::from_static("x-forwarded-for"));
    let hops: Vec<Option<IpAddr>> = if usual.is_empty() {
        values(header::FORWARDED)
            .into_iter()
            .map(|hop| {
                hop.split(';')
                    .filter_map(|pair| pair.split_once('='))
                    .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
                    .and_then(|(_, value)| node(value))
            })
            .collect()
    } else {
        usual.into_iter().map(node).collect()
    };
    let unknown = hops.iter().rposition(Option::is_none);
    let first = unknown.map_or(0, |position| position + 1);
    hops.into_iter().skip(first).flatten().collect()
}

/// An address, perhaps in quotes, in brackets or with a port.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    text.parse()
        .or_else(|_| text.parse().map(|address: SocketAddr| address.ip()))
        .or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse())
        .ok()
        .map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let trusted = ["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let address = ClientAddress {
            client: peer.parse().unwrap(),
            local: "127.0.0.1:5280".parse().unwrap(),
        };
        address.behind(&trusted, &map).client.ip().to_string()
    }

    #[test]
    fn only_a_trusted_server_in_front_is_believed() {
        let forged = [("x-forwarded-for", "1.2.3.4")];
        assert_eq!(client("9.9.9.9:1", &forged), "9.9.9.9");
        assert_eq!(client("127.0.0.1:1", &forged), "1.2.3.4");
        assert_eq!(client("127.0.0.1:1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_the_client_made_up_is_not_believed() {
        let chain = [("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.9")];
        assert_eq!(client("10.0.0.1:1", &chain), "1.2.3.4");
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        assert_eq!(client("10.0.0.1:1", &lines), "1.2.3.4");
        let garbage = [("x-forwarded-for", "6.6.6.6, unknown")];
        assert_eq!(client("10.0.0.1:1", &garbage), "10.0.0.1");
    }

    #[test]
    fn a_header_that_the_server_in_front_lets_pass_is_not_believed() {
        // nginx, HAProxy, Caddy and Apache append to the one and pass on the other.
        let both = [
            ("forwarded", "for=6.6.6.6"),
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
        ];
        assert_eq!(client("127.0.0.1:1", &both), "1.2.3.4");
    }

    #[test]
    fn both_headers_are_read_in_all_their_forms() {
        for (name, value, ip) in [
            (
                "forwarded",
                "for=192.0.2.60;proto=https;by=10.0.0.1",
                "192.0.2.60",
            ),
            (
                "forwarded",
                "proto=https; For=\"[2001:db8::17]:4711\"",
                "2001:db8::17",
            ),
            (
                "forwarded",
                "for=6.6.6.6, for=\"[2001:db8::17]\"",
                "2001:db8::17",
            ),
            ("x-forwarded-for", "1.2.3.4:5678", "1.2.3.4"),
            ("x-forwarded-for", "::ffff:1.2.3.4", "1.2.3.4"),
        ] {
            assert_eq!(client("127.0.0.1:1", &[(name, value)]), ip, "{value}");
        }
    }
}
