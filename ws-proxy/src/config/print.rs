//! `--print-config`: the configuration in effect, as a file that would give it.

use serde::Serialize;

use super::{Config, Domain};
use crate::config::{
    Acme, BackendAddress, BackendTls, ChannelBinding, Embedder, Network, Origin, ProxyHeader, Relay,
};
use crate::limits::Limits;

/// The file's keys, in the order in which they are explained.
#[derive(Serialize)]
struct Printed<'a> {
    listen: String,
    admin_listen: Option<String>,
    tls_cert: Option<String>,
    tls_key: Option<String>,
    public_url: Option<String>,
    allow_origin: &'a [Origin],
    allow_missing_origin: bool,
    trusted_proxies: &'a [Network],
    see_other_uri: Option<&'a str>,
    static_dir: Option<String>,
    dns_server: Option<String>,
    log: &'a str,
    domain: Vec<PrintedDomain<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acme: Option<&'a Acme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<&'a Relay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web: Option<PrintedWeb<'a>>,
    limits: &'a Limits,
}

#[derive(Serialize)]
struct PrintedDomain<'a> {
    name: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    backend: &'a [BackendAddress],
    backend_tls: Option<BackendTls>,
    backend_ca: Option<String>,
    proxy_protocol: Option<ProxyHeader>,
    channel_binding: ChannelBinding,
    strip_external: bool,
    max_sessions_per_address: Option<u32>,
    max_sessions_per_origin: Option<u32>,
    allow_private_addresses: bool,
    allow_insecure_backend: bool,
    sites: &'a [Embedder],
}

#[derive(Serialize)]
struct PrintedWeb<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room_search: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    demo: Vec<PrintedAccount<'a>>,
}

#[derive(Serialize)]
struct PrintedAccount<'a> {
    jid: &'a str,
    password: &'static str,
}

/// Stands where a secret is.
const HIDDEN: &str = "(hidden)";

impl Config {
    /// The configuration as TOML, every default written out, secrets hidden.
    pub fn to_toml(&self) -> String {
        let path = |path: &std::path::Path| path.display().to_string();
        let demo: Vec<_> = self
            .demo
            .iter()
            .map(|account| PrintedAccount {
                jid: &account.jid,
                password: HIDDEN,
            })
            .collect();
        let printed = Printed {
            listen: self.listen.to_string(),
            admin_listen: self.admin_listen.map(|address| address.to_string()),
            tls_cert: self.tls.as_ref().map(|files| path(&files.cert)),
            tls_key: self.tls.as_ref().map(|files| path(&files.key)),
            public_url: self.public_url.as_ref().map(ToString::to_string),
            allow_origin: &self.allow_origin,
            allow_missing_origin: self.allow_missing_origin,
            trusted_proxies: &self.trusted_proxies,
            see_other_uri: self.see_other_uri.as_deref(),
            static_dir: self.static_dir.as_deref().map(path),
            dns_server: self.dns_server.map(|address| address.to_string()),
            log: &self.log,
            acme: self.acme.as_ref(),
            relay: Some(&self.relay).filter(|relay| **relay != Relay::default()),
            domain: self.domains.iter().map(PrintedDomain::new).collect(),
            web: (self.room_search.is_some() || !demo.is_empty()).then_some(PrintedWeb {
                room_search: self.room_search.as_deref(),
                demo,
            }),
            limits: &self.limits,
        };
        // Plain tables of strings, numbers and lists: nothing that TOML can't say.
        toml::to_string(&printed).unwrap_or_default()
    }
}

impl<'a> PrintedDomain<'a> {
    fn new(domain: &'a Domain) -> Self {
        Self {
            name: domain.name.to_string(),
            backend: &domain.backends,
            backend_tls: domain.tls,
            backend_ca: domain.ca.as_ref().map(|ca| ca.display().to_string()),
            proxy_protocol: domain.proxy_protocol,
            channel_binding: domain.channel_binding,
            strip_external: domain.strip_external,
            max_sessions_per_address: domain.max_sessions_per_address,
            max_sessions_per_origin: domain.max_sessions_per_origin,
            allow_private_addresses: domain.allow_private_addresses,
            allow_insecure_backend: domain.allow_insecure_backend,
            sites: &domain.sites,
        }
    }
}
