//! Where DNS says that a domain's servers are (RFC 6120 3.2, XEP-0368), and which
//! addresses it may not say.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;

use crate::config::{BackendTls, Domain};
use crate::faults::Fault;
use crate::random;

/// One place where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        tls: BackendTls,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port, tls } => write!(f, "{host} port {port} ({tls})"),
        }
    }
}

/// The port that a server has when nobody names one.
pub(crate) fn usual_port(tls: BackendTls) -> u16 {
    match tls {
        BackendTls::Direct => 5223,
        BackendTls::Starttls | BackendTls::None => 5222,
    }
}

/// Asks DNS for servers.
#[derive(Clone)]
pub(crate) struct Resolver(TokioResolver);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolver {
    /// Asks the system's name servers, or `server` alone.
    ///
    /// # Errors
    /// The system's configuration can't be read.
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self, NetError> {
        let builder = match server {
            None => TokioResolver::builder_tokio()?,
            Some(address) => {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                for connection in &mut server.connections {
                    connection.port = address.port();
                }
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server]),
                    TokioRuntimeProvider::default(),
                )
                .with_options(ResolverOpts::default())
            }
        };
        Ok(Self(builder.build()?))
    }

    /// The places to try for `domain`, in order: direct TLS, then STARTTLS, or only
    /// the one that its configuration asks for. Without any SRV record it is the
    /// domain itself at port 5222.
    ///
    /// # Errors
    /// [`Fault::BackendUnreachable`] if DNS says that the service isn't offered.
    pub(crate) async fn targets(&self, domain: &Domain) -> Result<Vec<Target>, Fault> {
        let name = domain.name.ascii();
        let mut targets = Vec::new();
        let mut answered = false;
        for (service, tls) in [
            ("_xmpps-client", BackendTls::Direct),
            ("_xmpp-client", domain.tls.unwrap_or(BackendTls::Starttls)),
        ] {
            if domain.tls.is_some_and(|wanted| wanted != tls) {
                continue;
            }
            let records = self.services(&format!("{service}._tcp.{name}.")).await;
            answered |= !records.is_empty();
            targets.extend(
                ordered(records, random::number)
                    .into_iter()
                    .filter_map(|record| {
                        // RFC 2782: a target "." says that there is no such service.
                        let host = record.target.to_utf8().trim_end_matches('.').to_owned();
                        (!host.is_empty()).then_some(Target::Tcp {
                            host,
                            port: record.port,
                            tls,
                        })
                    }),
            );
        }
        match (targets.is_empty(), answered) {
            (false, _) => Ok(targets),
            (true, true) => Err(Fault::BackendUnreachable(format!(
                "DNS says that {name} offers no XMPP to clients"
            ))),
            (true, false) => {
                let tls = domain.tls.unwrap_or(BackendTls::Starttls);
                Ok(vec![Target::Tcp {
                    host: name.to_owned(),
                    port: usual_port(tls),
                    tls,
                }])
            }
        }
    }

    async fn services(&self, name: &str) -> Vec<SRV> {
        match self.0.srv_lookup(name).await {
            Ok(lookup) => lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(srv.clone()),
                    _ => None,
                })
                .collect(),
            Err(error) => {
                // No record is the usual case; whoever was asked in vain shows up as
                // a backend that can't be reached.
                tracing::debug!("no SRV record for {name}: {error}");
                Vec::new()
            }
        }
    }
}

/// RFC 2782: lower priorities first; within one, by chance in proportion to the
/// weight. `random` draws from all of `u32`.
fn ordered(mut records: Vec<SRV>, mut random: impl FnMut() -> u32) -> Vec<SRV> {
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records
            .iter()
            .take_while(|record| record.priority == priority);
        let total: u32 = equals.clone().map(|record| u32::from(record.weight)).sum();
        let mut chance = random() % (total + 1);
        let chosen = equals.clone().position(|record| {
            let weight = u32::from(record.weight);
            let hit = chance <= weight;
            chance = chance.saturating_sub(weight);
            hit
        });
        ordered.push(records.remove(chosen.unwrap_or_default()));
    }
    ordered
}

/// Whether an address can be one on the public Internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(embedded) => is_public_v4(embedded),
            // 2000::/3 is all of the global unicast space (RFC 4291 2.4); 2001:db8::/32
            // is for examples.
            None => ip.segments()[0] >> 13 == 1 && ip.segments()[..2] != [0x2001, 0xdb8],
        },
    }
}

/// The IPv4 address inside a mapped one (RFC 4291 2.5.5.2), NAT64 (RFC 6052) or
/// 6to4 (RFC 3056).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(pair(high, low))
        }
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64; // RFC 6598
    let benchmark = first == 198 && second & 0xfe == 18; // RFC 2544
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || first == 0
        || first >= 240
        || shared
        || benchmark)
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;

    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> SRV {
        SRV::new(priority, weight, 5222, Name::from_ascii(target).unwrap())
    }

    fn names(records: &[SRV]) -> Vec<String> {
        records
            .iter()
            .map(|record| record.target.to_utf8())
            .collect()
    }

    #[test]
    fn srv_records_are_tried_by_priority_then_by_weight() {
        let records = vec![
            record(20, 100, "c."),
            record(10, 10, "a."),
            record(10, 90, "b."),
        ];
        assert_eq!(names(&ordered(records.clone(), || 5)), ["a.", "b.", "c."]);
        assert_eq!(names(&ordered(records, || 50)), ["b.", "a.", "c."]);
    }

    #[test]
    fn addresses_behind_our_own_door_are_not_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["9.9.9.9", "172.32.0.1", "2606:4700::1111", "::ffff:9.9.9.9"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
