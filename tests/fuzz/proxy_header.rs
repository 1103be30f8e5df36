//! What must hold for the PROXY header of every pair of addresses. The fuzz target runs
//! the check on what it makes up; `ws-proxy/tests/corpus.rs` runs it on the corpus.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[path = "../../ws-proxy/src/upstream/proxy_header.rs"]
mod header;

/// Writes the header of the two addresses that the input is, and reads it.
pub(crate) fn proxy_header(input: &[u8]) {
    let mut input = input.iter().copied();
    let ends = (address(&mut input), address(&mut input));
    let canonical =
        |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let expected = (canonical(ends.0), canonical(ends.1));
    for (bytes, (client, local)) in [
        (header::v1(Some(ends)), read_v1(&header::v1(Some(ends)))),
        (header::v2(Some(ends)), read_v2(&header::v2(Some(ends)))),
    ] {
        assert_eq!(client.is_ipv4(), local.is_ipv4(), "{bytes:?}");
        assert_eq!((canonical(client), canonical(local)), expected, "{bytes:?}");
    }
}

/// A family, an address, a port; what is missing is zero.
fn address(input: &mut impl Iterator<Item = u8>) -> SocketAddr {
    let mut next = || input.next().unwrap_or_default();
    let ip = if next() % 2 == 0 {
        IpAddr::from([(); 4].map(|()| next()))
    } else {
        IpAddr::from([(); 16].map(|()| next()))
    };
    SocketAddr::new(ip, u16::from_be_bytes([next(), next()]))
}

/// Section 2.1 of the specification: words between single spaces, 107 bytes at most.
fn read_v1(header: &[u8]) -> (SocketAddr, SocketAddr) {
    assert!(header.len() <= 107);
    let line = std::str::from_utf8(header).expect("a line of text");
    let line = line.strip_suffix("\r\n").expect("the end of the line");
    let words: Vec<_> = line.split(' ').collect();
    let ["PROXY", family, from, to, from_port, to_port] = words[..] else {
        panic!("{line:?}");
    };
    let address = |ip: &str, port: &str| {
        let ip: IpAddr = ip.parse().expect("an address");
        assert_eq!(family, if ip.is_ipv4() { "TCP4" } else { "TCP6" });
        SocketAddr::new(ip, port.parse().expect("a port"))
    };
    (address(from, from_port), address(to, to_port))
}

/// Section 2.2: a signature, version and command, family, length, then as much.
fn read_v2(header: &[u8]) -> (SocketAddr, SocketAddr) {
    let rest = header
        .strip_prefix(b"\r\n\r\n\0\r\nQUIT\n\x21")
        .expect("signature, version and command");
    let (&[family, high, low], rest) = rest.split_first_chunk().expect("family and length");
    assert_eq!(usize::from(u16::from_be_bytes([high, low])), rest.len());
    match family {
        0x11 => {
            let (from, to, ports) = ends::<4>(rest);
            let ends = (Ipv4Addr::from(from).into(), Ipv4Addr::from(to).into());
            with_ports(ends, ports)
        }
        0x21 => {
            let (from, to, ports) = ends::<16>(rest);
            let ends = (Ipv6Addr::from(from).into(), Ipv6Addr::from(to).into());
            with_ports(ends, ports)
        }
        other => panic!("family {other:#x}"),
    }
}

fn ends<const BYTES: usize>(rest: &[u8]) -> ([u8; BYTES], [u8; BYTES], [u8; 4]) {
    let (from, rest) = rest.split_first_chunk().expect("from");
    let (to, ports) = rest.split_first_chunk().expect("to");
    (*from, *to, ports.try_into().expect("two ports"))
}

fn with_ports((from, to): (IpAddr, IpAddr), [a, b, c, d]: [u8; 4]) -> (SocketAddr, SocketAddr) {
    let from = SocketAddr::new(from, u16::from_be_bytes([a, b]));
    (from, SocketAddr::new(to, u16::from_be_bytes([c, d])))
}
