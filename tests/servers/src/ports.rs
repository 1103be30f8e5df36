//! Free ports that stay ours.

use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener, UdpSocket},
};

use anyhow::{Context, Result, bail};

/// The loopback ports of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Clients: STARTTLS or plain.
    pub c2s: u16,
    /// Clients: TLS from the first byte.
    pub direct_tls: u16,
    /// HTTP: ejabberd's administration interface, Prosody's own WebSocket, files.
    pub http: u16,
}

/// Ports with what keeps others in this test run from choosing them too.
#[derive(Debug)]
pub(crate) struct ReservedPorts {
    pub(crate) ports: Ports,
    _marks: Vec<UdpSocket>,
}

impl ReservedPorts {
    /// Ports that somebody else chose: nothing is reserved.
    pub(crate) fn fixed(ports: Ports) -> Self {
        Self {
            ports,
            _marks: Vec::new(),
        }
    }

    /// Fails when somebody else listens on one of them, whose answers would
    /// otherwise be taken for ours.
    pub(crate) fn check_free(&self) -> Result<()> {
        let Ports {
            c2s,
            direct_tls,
            http,
        } = self.ports;
        for port in [c2s, direct_tls, http] {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .with_context(|| format!("port {port}"))?;
        }
        Ok(())
    }

    /// Three ports that nobody uses.
    pub(crate) fn choose() -> Result<Self> {
        let mut marks = Vec::new();
        let mut next = || -> Result<u16> {
            let (port, mark) = reserve()?;
            marks.push(mark);
            Ok(port)
        };
        let ports = Ports {
            c2s: next()?,
            direct_tls: next()?,
            http: next()?,
        };
        Ok(Self {
            ports,
            _marks: marks,
        })
    }
}

/// Below 32768, where Linux starts to hand out ports for outgoing
/// connections, so that none of those takes the port while the server is down
/// for a restart.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A TCP port that is free, and the UDP socket of the same number that marks
/// it as taken for as long as it lives: the servers use no UDP, so the mark is
/// in nobody's way, and it vanishes with the process.
fn reserve() -> Result<(u16, UdpSocket)> {
    let span = u64::from(RANGE.end - RANGE.start);
    for attempt in 0..1000_u32 {
        let offset = RandomState::new().hash_one(attempt) % span;
        let port = RANGE.start + u16::try_from(offset)?;
        let Ok(mark) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok((port, mark));
        }
    }
    bail!("no free port between {} and {}", RANGE.start, RANGE.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_ports_differ() {
        let many: Vec<_> = (0..50).map(|_| ReservedPorts::choose().unwrap()).collect();
        let mut numbers: Vec<_> = many
            .iter()
            .flat_map(|reserved| {
                [
                    reserved.ports.c2s,
                    reserved.ports.direct_tls,
                    reserved.ports.http,
                ]
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 150);
    }
}
