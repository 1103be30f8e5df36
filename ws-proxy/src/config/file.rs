//! The TOML file: the keys it may have, and where in it each value stands.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use couplet_shared::config::DemoAccount;
use serde::Deserialize;
use toml::Spanned;

use super::acme::{Acme, AcmeKeys};
use super::backend::{BackendAddress, BackendTls, ChannelBinding, ProxyHeader};
use super::error::{ConfigError, Place, Problem};
use super::network::{Endpoint, Network};
use super::one_or_more::OneOrMore;
use super::relay::{Relay, RelayKeys};
use super::urls::{Embedder, Origin, PublicUrl, WebSocketUri};
use super::values::DomainName;
use crate::limits::Limits;

/// A value that validation may complain about, and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> Setting<T> {
    pub(super) fn flag(value: T, name: &'static str) -> Self {
        Self {
            value,
            place: Place::flag(name),
        }
    }
}

/// The file's content.
#[derive(Debug, Default)]
pub(super) struct File {
    source: Source,
    pub(super) listen: Option<Endpoint>,
    pub(super) admin_listen: Option<Endpoint>,
    pub(super) tls_cert: Option<Setting<PathBuf>>,
    pub(super) tls_key: Option<Setting<PathBuf>>,
    pub(super) public_url: Option<PublicUrl>,
    pub(super) allow_origin: Vec<Origin>,
    pub(super) allow_missing_origin: Option<bool>,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) see_other_uri: Option<WebSocketUri>,
    pub(super) static_dir: Option<PathBuf>,
    pub(super) dns_server: Option<Endpoint>,
    pub(super) log: Option<String>,
    pub(super) domain: Vec<FileDomain>,
    pub(super) acme: Option<Setting<Acme>>,
    pub(super) relay: Option<Setting<Relay>>,
    pub(super) web: FileWeb,
    pub(super) limits: Limits,
}

/// A table `[[domain]]`.
#[derive(Clone, Debug)]
pub(super) struct FileDomain {
    pub(super) name: Setting<DomainName>,
    pub(super) backend: Option<Setting<Vec<BackendAddress>>>,
    pub(super) backend_tls: Option<Setting<BackendTls>>,
    pub(super) backend_ca: Option<Setting<PathBuf>>,
    pub(super) proxy_protocol: Option<ProxyHeader>,
    pub(super) channel_binding: ChannelBinding,
    pub(super) strip_external: bool,
    pub(super) max_sessions_per_address: Option<Setting<u32>>,
    pub(super) max_sessions_per_origin: Option<Setting<u32>>,
    pub(super) allow_private_addresses: bool,
    pub(super) allow_insecure_backend: bool,
    pub(super) sites: Vec<Embedder>,
}

impl FileDomain {
    pub(super) fn new(name: Setting<DomainName>) -> Self {
        Self {
            name,
            backend: None,
            backend_tls: None,
            backend_ca: None,
            proxy_protocol: None,
            channel_binding: ChannelBinding::Pass,
            strip_external: false,
            max_sessions_per_address: None,
            max_sessions_per_origin: None,
            allow_private_addresses: false,
            allow_insecure_backend: false,
            sites: Vec::new(),
        }
    }
}

/// The table `[web]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileWeb {
    pub(super) room_search: Option<String>,
    pub(super) demo: Vec<DemoAccount>,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| {
            ConfigError(vec![Problem::new(
                Place::flag("--config"),
                format!("{} can't be read: {error}", path.display()),
                "Name a file that this user may read",
            )])
        })?;
        Self::parse(&text, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let keys: Keys = toml::from_str(text)
            .map_err(|error| ConfigError(vec![source.syntax_problem(&error)]))?;
        let domain = keys
            .domain
            .into_iter()
            .map(|entry| FileDomain {
                name: source.setting(entry.name),
                backend: entry.backend.map(|list| {
                    let Setting { value, place } = source.setting(list);
                    Setting {
                        value: value.0,
                        place,
                    }
                }),
                backend_tls: entry.backend_tls.map(|value| source.setting(value)),
                backend_ca: entry.backend_ca.map(|value| source.setting(value)),
                proxy_protocol: entry.proxy_protocol,
                channel_binding: entry.channel_binding,
                strip_external: entry.strip_external,
                max_sessions_per_address: entry
                    .max_sessions_per_address
                    .map(|value| source.setting(value)),
                max_sessions_per_origin: entry
                    .max_sessions_per_origin
                    .map(|value| source.setting(value)),
                allow_private_addresses: entry.allow_private_addresses,
                allow_insecure_backend: entry.allow_insecure_backend,
                sites: entry.sites,
            })
            .collect();
        Ok(Self {
            listen: keys.listen,
            admin_listen: keys.admin_listen,
            tls_cert: keys.tls_cert.map(|value| source.setting(value)),
            tls_key: keys.tls_key.map(|value| source.setting(value)),
            public_url: keys.public_url,
            allow_origin: keys.allow_origin,
            allow_missing_origin: keys.allow_missing_origin,
            trusted_proxies: keys.trusted_proxies,
            see_other_uri: keys.see_other_uri,
            static_dir: keys.static_dir,
            dns_server: keys.dns_server,
            log: keys.log,
            domain,
            acme: keys.acme.map(|keys| keys.read(&source)),
            relay: keys.relay.map(|keys| keys.read(&source)),
            web: keys.web,
            limits: keys.limits,
            source,
        })
    }

    /// The line that sets `key`, a key that only one table has.
    pub(super) fn place_of(&self, key: &str) -> Place {
        let sets = |line: &str| {
            line.trim_start()
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        match self.source.text.lines().position(sets) {
            Some(index) => Place::Line {
                file: self.source.path.clone(),
                line: index + 1,
                key: key.to_owned(),
            },
            None => Place::File(self.source.path.clone()),
        }
    }
}

/// The keys as serde sees them.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    listen: Option<Endpoint>,
    admin_listen: Option<Endpoint>,
    tls_cert: Option<Spanned<PathBuf>>,
    tls_key: Option<Spanned<PathBuf>>,
    public_url: Option<PublicUrl>,
    allow_origin: Vec<Origin>,
    allow_missing_origin: Option<bool>,
    trusted_proxies: Vec<Network>,
    see_other_uri: Option<WebSocketUri>,
    static_dir: Option<PathBuf>,
    dns_server: Option<Endpoint>,
    log: Option<String>,
    domain: Vec<DomainKeys>,
    acme: Option<AcmeKeys>,
    relay: Option<RelayKeys>,
    web: FileWeb,
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainKeys {
    name: Spanned<DomainName>,
    backend: Option<Spanned<OneOrMore<BackendAddress>>>,
    backend_tls: Option<Spanned<BackendTls>>,
    backend_ca: Option<Spanned<PathBuf>>,
    proxy_protocol: Option<ProxyHeader>,
    #[serde(default)]
    channel_binding: ChannelBinding,
    #[serde(default)]
    strip_external: bool,
    max_sessions_per_address: Option<Spanned<u32>>,
    max_sessions_per_origin: Option<Spanned<u32>>,
    #[serde(default)]
    allow_private_addresses: bool,
    #[serde(default)]
    allow_insecure_backend: bool,
    #[serde(default)]
    sites: Vec<Embedder>,
}

#[derive(Debug, Default)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub(super) fn setting<T>(&self, spanned: Spanned<T>) -> Setting<T> {
        let place = self.place(spanned.span());
        Setting {
            value: spanned.into_inner(),
            place,
        }
    }

    fn place(&self, span: Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self
            .text
            .get(line_start..)
            .and_then(|rest| rest.lines().next());
        let key = line
            .and_then(|line| line.split('=').next())
            .unwrap_or_default();
        Place::Line {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
            key: key.trim().to_owned(),
        }
    }

    /// Says what serde or the TOML parser found, in the form of all our problems.
    fn syntax_problem(&self, error: &toml::de::Error) -> Problem {
        let place = error
            .span()
            .map_or(Place::File(self.path.clone()), |span| self.place(span));
        let message = error.message();
        if let Some((what, known)) = message.split_once(", expected ")
            && let Some(key) = what.strip_prefix("unknown field ")
        {
            let known = known.trim_start_matches("one of ").replace('`', "");
            return Problem::new(
                place,
                format!("there is no key {key}"),
                format!("The keys that can stand here are: {known}"),
            );
        }
        Problem::new(
            place,
            message,
            "Correct the line; every key is explained in docs/proxy.md",
        )
    }
}
