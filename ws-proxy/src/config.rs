//! What the proxy is told to do: a TOML file, then environment variables, then
//! flags, each overriding the one before; parsed into types that need no second
//! look.

mod acme;
mod backend;
mod error;
mod file;
mod flags;
mod limit;
mod network;
mod one_or_more;
mod print;
mod relay;
mod urls;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use couplet_shared::config::DemoAccount;

pub use self::acme::{Acme, DirectoryUrl};
pub use self::backend::{BackendAddress, BackendTls, ChannelBinding, ProxyHeader};
use self::error::Place;
pub use self::error::{ConfigError, Problem};
use self::file::{File, FileDomain, Setting};
pub use self::flags::Flags;
pub use self::limit::LimitFlag;
pub use self::network::{Endpoint, Network};
pub use self::relay::{Relay, UploadHost};
pub use self::urls::{Embedder, Origin, ProbeUrl, PublicUrl};
pub use self::values::{DomainName, InvalidValue};
use crate::limits::Limits;

/// Everything that the proxy was told, valid as a whole. What can only be known
/// by looking at other machines is left to [`crate::check`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers connect.
    pub listen: SocketAddr,
    /// Where health, readiness and metrics can be asked for; `None` is nowhere.
    pub admin_listen: Option<SocketAddr>,
    /// Certificate chain and key, PEM, when the proxy terminates TLS itself.
    pub tls: Option<TlsFiles>,
    /// Who fills the files in `tls`, if they aren't there or run out.
    pub acme: Option<Acme>,
    /// How browsers reach this proxy when that isn't what they send as `Host`.
    pub public_url: Option<PublicUrl>,
    /// Web pages that may connect besides those that this proxy serves itself.
    pub allow_origin: Vec<Origin>,
    /// Whether clients that send no `Origin`, as native ones do, may connect.
    pub allow_missing_origin: bool,
    /// The servers in front, whose word on the client's address counts.
    pub trusted_proxies: Vec<Network>,
    /// Where clients are sent when the proxy drains (RFC 7395 3.6.1).
    pub see_other_uri: Option<String>,
    /// Serve these files instead of the web client inside the binary.
    pub static_dir: Option<PathBuf>,
    /// Ask this name server instead of the system's.
    pub dns_server: Option<SocketAddr>,
    /// What to log, such as `info` or `warn,ws_proxy=debug`.
    pub log: String,
    /// The domains that are carried; the first is the web client's default.
    pub domains: Vec<Domain>,
    /// Who searches rooms of all servers for the web client, if that isn't left to it; empty if
    /// nobody is to.
    pub room_search: Option<String>,
    /// Accounts that the web client's sign-in page offers to try.
    pub demo: Vec<DemoAccount>,
    /// Whose files browsers may reach through the proxy.
    pub relay: Relay,
    /// How much of everything, and for how long.
    pub limits: Limits,
}

/// The proxy's own certificate.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain, the proxy's own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// One XMPP domain and the way to its server.
#[derive(Clone, Debug)]
pub struct Domain {
    /// What clients write into `<open to>`, and what the server's certificate
    /// must be for.
    pub name: DomainName,
    /// Where its servers are, the first that can be reached being the one; none
    /// means that DNS knows (RFC 6120 3.2).
    pub backends: Vec<BackendAddress>,
    /// How the connection to it is protected; `None` takes whichever of the two
    /// protected ways DNS offers, direct TLS first.
    pub tls: Option<BackendTls>,
    /// Certificate authorities, PEM, trusted besides the platform's.
    pub ca: Option<PathBuf>,
    /// Accept addresses of private networks from a lookup.
    pub allow_private_addresses: bool,
    /// Connect without TLS to another machine.
    pub allow_insecure_backend: bool,
    /// Tell its server the client's address.
    pub proxy_protocol: Option<ProxyHeader>,
    /// What becomes of the channel binding that its server offers.
    pub channel_binding: ChannelBinding,
    /// Take the SASL mechanism EXTERNAL out of what its server offers.
    pub strip_external: bool,
    /// Sessions of one address at the same time; `None` is no bound.
    pub max_sessions_per_address: Option<u32>,
    /// Sessions of the pages of one origin at the same time; `None` is no bound.
    pub max_sessions_per_origin: Option<u32>,
    /// Whose pages may have this domain's chat in them.
    pub sites: Vec<Embedder>,
}

/// What is logged unless the configuration says otherwise.
const DEFAULT_LOG: &str = "warn,ws_proxy=info";

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5280);

impl Config {
    /// Whether `ip` is a server's in front, whose word on the client's address counts.
    pub(crate) fn trusts(&self, ip: std::net::IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(ip))
    }

    /// Whether a server seems to stand in front that isn't in `trusted_proxies`.
    pub fn counts_front_as_client(&self) -> bool {
        let tls_in_front = self.public_url.as_ref().is_some_and(|url| url.secure);
        tls_in_front && self.tls.is_none() && self.trusted_proxies.is_empty()
    }

    /// Reads the configuration file that `flags` name, if any, and lets `flags`,
    /// which already hold the environment's values, override it.
    ///
    /// # Errors
    /// Every problem found, each with its place and its remedy.
    pub fn load(flags: Flags) -> Result<Self, ConfigError> {
        let file = match &flags.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        Self::merge(file, flags)
    }

    /// Reads a configuration from the text of a file called `name`.
    ///
    /// # Errors
    /// Every problem found, each with its place and its remedy.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, ConfigError> {
        Self::merge(File::parse(text, Path::new(name))?, Flags::default())
    }

    fn merge(file: File, flags: Flags) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let domains = merge_domains(&file, &flags, &mut problems);
        let tls = merge_tls(&file, &flags, &mut problems);
        let acme = file.acme.clone().and_then(|entry| {
            acme::validate(entry, tls.is_some())
                .map_err(|problem| problems.push(problem))
                .ok()
        });
        let relay = relay::merge(file.relay.clone(), &flags.relay).unwrap_or_else(|problem| {
            problems.push(problem);
            Relay::default()
        });
        let limits = limit::overridden(&file.limits, &flags.limit).unwrap_or_else(|problem| {
            problems.push(problem);
            Limits::default()
        });
        problems.extend(limits.problems().map(|(key, what, remedy)| {
            let by_flag = flags.limit.iter().any(|flag| flag.key == key);
            let place = if by_flag {
                Place::flag("--limit")
            } else {
                file.place_of(key)
            };
            Problem::new(place, what, remedy)
        }));
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Ok(Self {
            listen: flags
                .listen
                .or(file.listen)
                .map_or(DEFAULT_LISTEN, |Endpoint(address)| address),
            admin_listen: flags
                .admin_listen
                .or(file.admin_listen)
                .map(|Endpoint(address)| address),
            tls,
            acme,
            public_url: flags.public_url.or(file.public_url),
            allow_origin: if flags.allow_origin.is_empty() {
                file.allow_origin
            } else {
                flags.allow_origin
            },
            allow_missing_origin: file.allow_missing_origin.unwrap_or(true),
            trusted_proxies: if flags.trusted_proxy.is_empty() {
                file.trusted_proxies
            } else {
                flags.trusted_proxy
            },
            see_other_uri: file.see_other_uri.map(|uri| uri.0),
            static_dir: flags.static_dir.or(file.static_dir),
            dns_server: file.dns_server.map(|Endpoint(address)| address),
            log: flags
                .log
                .or(file.log)
                .unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            domains,
            room_search: file.web.room_search,
            demo: file.web.demo,
            relay,
            limits,
        })
    }
}

/// `--domain` chooses which domains are served; a domain that the file describes
/// keeps its description, and `--backend…` overrides every domain's.
fn merge_domains(file: &File, flags: &Flags, problems: &mut Vec<Problem>) -> Vec<Domain> {
    let described = |name: &DomainName| file.domain.iter().find(|entry| entry.name.value == *name);
    let chosen: Vec<FileDomain> = if flags.domain.is_empty() {
        file.domain.clone()
    } else {
        let bare = |name: &DomainName| FileDomain::new(Setting::flag(name.clone(), "--domain"));
        flags
            .domain
            .iter()
            .map(|name| described(name).cloned().unwrap_or_else(|| bare(name)))
            .collect()
    };
    if chosen.is_empty() {
        problems.push(Problem::new(
            Place::flag("--domain"),
            "no XMPP domain is configured",
            "Name the domain whose accounts sign in: --domain example.org, or a table [[domain]] \
             with name = \"example.org\" in the configuration file",
        ));
    }
    let mut domains: Vec<Domain> = Vec::new();
    for mut entry in chosen {
        if !flags.backend.is_empty() {
            entry.backend = Some(Setting::flag(flags.backend.clone(), "--backend"));
        }
        if let Some(tls) = flags.backend_tls {
            entry.backend_tls = Some(Setting::flag(tls, "--backend-tls"));
        }
        if let Some(ca) = &flags.backend_ca {
            entry.backend_ca = Some(Setting::flag(ca.clone(), "--backend-ca"));
        }
        if !flags.site.is_empty() {
            entry.sites = flags.site.clone();
        }
        if domains.iter().any(|domain| domain.name == entry.name.value) {
            problems.push(Problem::new(
                entry.name.place,
                format!("the domain {} is configured twice", entry.name.value),
                "Keep one of the two",
            ));
            continue;
        }
        match validate_domain(entry) {
            Ok(domain) => domains.push(domain),
            Err(problem) => problems.push(problem),
        }
    }
    domains
}

fn validate_domain(entry: FileDomain) -> Result<Domain, Problem> {
    let backends = entry.backend.map_or_else(Vec::new, |setting| setting.value);
    let is_unix = |backend: &BackendAddress| matches!(backend, BackendAddress::Unix(_));
    let only_unix = !backends.is_empty() && backends.iter().all(is_unix);
    let tls = match &entry.backend_tls {
        Some(setting) => Some(setting.value),
        // A unix socket doesn't leave the machine: TLS would protect nothing.
        None if only_unix => Some(BackendTls::None),
        None if !backends.is_empty() => Some(BackendTls::Starttls),
        None => None,
    };
    if let Some(setting) = &entry.backend_tls
        && setting.value == BackendTls::None
        && !entry.allow_insecure_backend
    {
        let remote = backends.iter().find(|backend| !backend.is_local());
        let target = match remote {
            Some(backend) => Some(backend.to_string()),
            None if backends.is_empty() => Some("a server found by DNS".to_owned()),
            None => None,
        };
        if let Some(target) = target {
            return Err(Problem::new(
                setting.place.clone(),
                format!("\"none\" would carry passwords and messages in the clear to {target}"),
                "Use \"starttls\" or \"direct\"; or, if the network between is really yours, \
                 write allow_insecure_backend = true into the domain's table",
            ));
        }
    }
    let bounds = [
        &entry.max_sessions_per_address,
        &entry.max_sessions_per_origin,
    ];
    if let Some(none) = bounds.into_iter().flatten().find(|most| most.value == 0) {
        return Err(Problem::new(
            none.place.clone(),
            "nobody could sign in",
            "Allow some, or leave the key out for no bound",
        ));
    }
    if let Some(setting) = &entry.backend_tls
        && setting.value != BackendTls::None
        && only_unix
    {
        return Err(Problem::new(
            setting.place.clone(),
            "TLS over a unix socket isn't supported",
            "Leave the key out: a unix socket doesn't leave the machine",
        ));
    }
    Ok(Domain {
        name: entry.name.value,
        backends,
        tls,
        ca: entry.backend_ca.map(|setting| setting.value),
        allow_private_addresses: entry.allow_private_addresses,
        allow_insecure_backend: entry.allow_insecure_backend,
        proxy_protocol: entry.proxy_protocol,
        channel_binding: entry.channel_binding,
        strip_external: entry.strip_external,
        max_sessions_per_address: entry.max_sessions_per_address.map(|most| most.value),
        max_sessions_per_origin: entry.max_sessions_per_origin.map(|most| most.value),
        sites: entry.sites,
    })
}

fn merge_tls(file: &File, flags: &Flags, problems: &mut Vec<Problem>) -> Option<TlsFiles> {
    let setting = |flag: &Option<PathBuf>, name, file: &Option<Setting<PathBuf>>| {
        flag.clone()
            .map(|path| Setting::flag(path, name))
            .or_else(|| file.clone())
    };
    let cert = setting(&flags.tls_cert, "--tls-cert", &file.tls_cert);
    let key = setting(&flags.tls_key, "--tls-key", &file.tls_key);
    match (cert, key) {
        (Some(cert), Some(key)) => Some(TlsFiles {
            cert: cert.value,
            key: key.value,
        }),
        (None, None) => None,
        (Some(alone), None) | (None, Some(alone)) => {
            problems.push(Problem::new(
                alone.place,
                "a certificate and its key come together, and only one of them is given",
                "Give both tls_cert and tls_key, or neither",
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests;
