//! TCP to a server, at addresses that it may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::discovery::is_public;
use crate::faults::Fault;
use crate::socket::tune;

/// Which addresses a host may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The configuration has the host: an address that it wrote itself may be any,
    /// one that a lookup gave must be public.
    Named,
    /// DNS gave the host, so all of it must be public: a domain's records must not
    /// turn the proxy into a way into the network that it stands in.
    Discovered,
    /// The configuration allows addresses of private networks.
    Private,
}

/// Connects to the first address of `host` that answers within `deadline`.
///
/// # Errors
/// [`Fault::BackendUnreachable`] or [`Fault::BackendTimeout`].
pub(super) async fn connect(
    host: &str,
    port: u16,
    rule: Rule,
    deadline: Duration,
) -> Result<TcpStream, Fault> {
    let mut fault = Fault::BackendUnreachable(format!("{host} has no address"));
    for address in addresses(host, port, rule, deadline).await? {
        fault = match timeout(deadline, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream).map_err(|error| unreachable(&address, &error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => unreachable(&address, &error),
            Err(_) => Fault::BackendTimeout {
                what: "it did not accept the connection",
                limit: "backend_connect_seconds",
            },
        };
    }
    Err(fault)
}

async fn addresses(
    host: &str,
    port: u16,
    rule: Rule,
    deadline: Duration,
) -> Result<Vec<SocketAddr>, Fault> {
    if let Some(written) = written(host).filter(|_| rule == Rule::Named) {
        return Ok(written
            .into_iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect());
    }
    let found: Vec<SocketAddr> = match timeout(deadline, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => return Err(unreachable(&host, &error)),
        Err(_) => {
            return Err(Fault::BackendTimeout {
                what: "the lookup of its address",
                limit: "backend_connect_seconds",
            });
        }
    };
    let allowed: Vec<SocketAddr> = found
        .iter()
        .copied()
        .filter(|address| rule == Rule::Private || is_public(address.ip()))
        .collect();
    match found.first() {
        Some(refused) if allowed.is_empty() => Err(Fault::BackendUnreachable(format!(
            "the lookup of {host} gave {}, which isn't a public address. Write the address \
             itself, or allow_private_addresses = true into the table that names it",
            refused.ip()
        ))),
        _ => Ok(allowed),
    }
}

/// The addresses that a host is without a lookup, which could be bent; `localhost`
/// is one of them (RFC 6761 6.3).
fn written(host: &str) -> Option<Vec<IpAddr>> {
    if host == "localhost" {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    host.parse().ok().map(|ip| vec![ip])
}

fn unreachable(target: &impl std::fmt::Display, error: &std::io::Error) -> Fault {
    Fault::BackendUnreachable(format!("{target}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn first(host: &str, rule: Rule) -> Option<IpAddr> {
        let addresses = addresses(host, 5222, rule, Duration::from_secs(5)).await;
        addresses
            .ok()
            .and_then(|addresses| addresses.first().map(SocketAddr::ip))
    }

    #[tokio::test]
    async fn only_the_configuration_may_name_what_is_not_public() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(first(host, Rule::Named).await.unwrap().is_loopback());
            assert!(first(host, Rule::Private).await.unwrap().is_loopback());
            assert_eq!(first(host, Rule::Discovered).await, None);
        }
        assert_eq!(first("10.0.0.1", Rule::Discovered).await, None);
        assert!(first("9.9.9.9", Rule::Discovered).await.is_some());
    }
}
