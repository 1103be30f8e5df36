//! What a new connection meets: all that the configuration says, replaced as a
//! whole when it changes. Sessions keep what they began with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::addresses::Addresses;
use crate::config::Config;
use crate::crowds::Crowds;
use crate::http;
use crate::metrics::Metrics;
use crate::proxy::Proxy;
use crate::relay::Places;
use crate::server::BindError;
use crate::tls::{self, Challenges};

/// How often the certificate's files are looked at.
const WATCH: Duration = Duration::from_secs(5);

/// What outlives a change of the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) crowds: Arc<Crowds>,
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) relay_places: Arc<Places>,
}

/// What a configuration amounts to.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) config: Arc<Config>,
    pub(crate) proxy: Arc<Proxy>,
    /// Absent where browsers come without TLS.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) router: Router,
}

impl Live {
    pub(crate) fn new(config: Config, shared: &Shared) -> Result<Self, BindError> {
        Ok(Self {
            proxy: Arc::new(Proxy::new(&config, shared)?),
            tls: tls::server_config(&config, &shared.challenges)?,
            router: http::router(&config, shared)?,
            config: Arc::new(config),
        })
    }
}

/// Changes the configuration of a running [`Server`](crate::Server).
#[derive(Clone)]
pub struct Handle {
    live: watch::Sender<Arc<Live>>,
    shared: Shared,
}

impl Handle {
    pub(crate) fn new(config: Config) -> Result<Self, BindError> {
        let shared = Shared::default();
        let live = Live::new(config, &shared)?;
        Ok(Self {
            live: watch::Sender::new(Arc::new(live)),
            shared,
        })
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.borrow().clone()
    }

    /// Tells of changes from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.live.subscribe())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Lets `config` be in effect for all that connect from now on; sessions go on
    /// as they are. Returns the keys whose change needs a restart.
    ///
    /// # Errors
    /// What in the configuration can't be done; then nothing changes.
    pub fn reload(&self, mut config: Config) -> Result<Vec<&'static str>, BindError> {
        let old = self.live().config.clone();
        let mut stay = Vec::new();
        if config.listen != old.listen {
            stay.push("listen");
            config.listen = old.listen;
        }
        if config.admin_listen != old.admin_listen {
            stay.push("admin_listen");
            config.admin_listen = old.admin_listen;
        }
        if config.acme != old.acme {
            stay.push("acme");
            // It would have made them.
            let lacks = |files| tls::own(files).is_err();
            if old.acme.is_none() && config.tls.as_ref().is_some_and(lacks) {
                stay.push("tls_cert");
                config.tls = old.tls.clone();
            }
            config.acme = old.acme.clone();
        }
        let live = Live::new(config, &self.shared)?;
        self.live.send_replace(Arc::new(live));
        Ok(stay)
    }

    /// Looks at the certificate's files for ever, and takes them when they change.
    pub(crate) async fn watch_certificate(self) {
        let mut ticks = interval(WATCH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = self.certificate();
        let mut failed = None;
        loop {
            ticks.tick().await;
            let found = self.certificate();
            if found == known || found.is_none() {
                known = found;
                continue;
            }
            // The two files of a pair are not replaced at once.
            match self.renew() {
                Ok(()) => {
                    tracing::info!("the certificate has changed and is in use");
                    known = found;
                }
                Err(error) if failed != found => {
                    tracing::warn!("the changed certificate can't be used yet: {error}");
                    failed = found;
                }
                Err(_) => {}
            }
        }
    }

    /// What the certificate's files look like from outside.
    fn certificate(&self) -> Option<[Stamp; 2]> {
        let live = self.live();
        let files = live.config.tls.as_ref()?;
        Some([Stamp::of(&files.cert), Stamp::of(&files.key)])
    }

    fn renew(&self) -> Result<(), BindError> {
        let seen = self.live();
        // Where nobody is let in before there is a pair, half of one is no reason to stop.
        seen.config.tls.as_ref().map(tls::own).transpose()?;
        let tls = tls::server_config(&seen.config, &self.shared.challenges)?;
        self.live.send_modify(|live| {
            // A configuration that came meanwhile has read the files itself.
            if Arc::ptr_eq(live, &seen) {
                *live = Arc::new(Live {
                    tls,
                    ..(**live).clone()
                });
            }
        });
        Ok(())
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Tells when the configuration changes.
#[derive(Clone)]
pub(crate) struct Changes(watch::Receiver<Arc<Live>>);

impl Changes {
    /// Waits for the next change. Cancel-safe.
    pub(crate) async fn next(&mut self) {
        // The sender lives as long as the server.
        let _ = self.0.changed().await;
    }
}

/// A file's path, time and length: another file of the same name has others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp(PathBuf, Option<(SystemTime, u64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let metadata = path.metadata().ok();
        let stamp = metadata.and_then(|file| Some((file.modified().ok()?, file.len())));
        Self(path.to_owned(), stamp)
    }
}
