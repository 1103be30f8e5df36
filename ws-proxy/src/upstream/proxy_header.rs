//! HAProxy's PROXY protocol, versions 1 and 2: a server learns the client's address
//! from the first bytes of the connection.
//!
//! Each function takes the two ends of the client's connection, its own first; without
//! them the connection is the proxy's own. The fuzz target includes this file by its path.

use std::net::{IpAddr, SocketAddr};

/// The header as a line of text.
pub(super) fn v1(ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let Some((client, local)) = ends.map(same_family) else {
        return b"PROXY UNKNOWN\r\n".to_vec();
    };
    let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (client.ip(), local.ip());
    let (from_port, to_port) = (client.port(), local.port());
    format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n").into_bytes()
}

/// The header in binary.
pub(super) fn v2(ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    let Some((client, local)) = ends.map(same_family) else {
        // Version 2, command LOCAL, no address.
        header.extend([0x20, 0, 0, 0]);
        return header;
    };
    // Version 2, command PROXY; TCP over IPv4 or IPv6.
    let (family, length) = if client.is_ipv4() {
        (0x11, 12)
    } else {
        (0x21, 36)
    };
    header.extend([0x21, family, 0, length]);
    for ip in [client.ip(), local.ip()] {
        match ip {
            IpAddr::V4(ip) => header.extend(ip.octets()),
            IpAddr::V6(ip) => header.extend(ip.octets()),
        }
    }
    header.extend(client.port().to_be_bytes());
    header.extend(local.port().to_be_bytes());
    header
}

/// Both ends as IPv4, or both as IPv6: a header has one family.
fn same_family((client, local): (SocketAddr, SocketAddr)) -> (SocketAddr, SocketAddr) {
    let canonical =
        |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (client, local) = (canonical(client), canonical(local));
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    if client.is_ipv4() == local.is_ipv4() {
        (client, local)
    } else {
        (mapped(client), mapped(local))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(client: &str, local: &str) -> Option<(SocketAddr, SocketAddr)> {
        Some((client.parse().unwrap(), local.parse().unwrap()))
    }

    #[test]
    fn the_text_is_that_of_the_specification() {
        let line = |ends| String::from_utf8(v1(ends)).unwrap();
        assert_eq!(
            line(ends("192.168.0.1:56324", "192.168.0.11:443")),
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
        );
        assert_eq!(
            line(ends("[2001:db8::1]:1", "10.0.0.1:443")),
            "PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 443\r\n"
        );
        assert_eq!(line(None), "PROXY UNKNOWN\r\n");
    }

    #[test]
    fn the_binary_form_is_that_of_the_specification() {
        assert_eq!(
            v2(ends("[::ffff:1.2.3.4]:5", "6.7.8.9:10")),
            *b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x06\x07\x08\x09\0\x05\0\x0a"
        );
        assert_eq!(v2(ends("[::1]:5", "[::2]:6")).len(), 16 + 36);
        assert_eq!(v2(None), *b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    }
}
