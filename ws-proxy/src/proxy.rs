//! What all sessions share: the limits, what is counted, and the ways to the configured
//! servers.

use std::sync::Arc;

use couplet_shared::framing::OpenAttributes;
use tokio::task::JoinSet;

use crate::config::{Config, DomainName};
use crate::crowds::Crowds;
use crate::faults::Fault;
use crate::limits::Limits;
use crate::live::Shared;
use crate::metrics::Metrics;
use crate::server::BindError;
use crate::session;
use crate::upstream::Connector;

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) crowds: Arc<Crowds>,
    /// Where clients are sent when the proxy drains.
    pub(crate) see_other_uri: Option<String>,
    connectors: Vec<Arc<Connector>>,
}

impl Proxy {
    pub(crate) fn new(config: &Config, shared: &Shared) -> Result<Self, BindError> {
        let limits = Arc::new(config.limits.clone());
        let connectors = config
            .domains
            .iter()
            .map(|domain| {
                Connector::new(
                    domain.clone(),
                    config.dns_server,
                    limits.clone(),
                    shared.metrics.clone(),
                )
                .map(Arc::new)
                .map_err(|error| BindError::Connector {
                    domain: domain.name.to_string(),
                    error,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            limits,
            metrics: shared.metrics.clone(),
            crowds: shared.crowds.clone(),
            see_other_uri: config.see_other_uri.clone(),
            connectors,
        })
    }

    /// The ways to all domains, in the configuration's order.
    pub(crate) fn connectors(&self) -> &[Arc<Connector>] {
        &self.connectors
    }

    /// Each domain and whether one of its servers answers.
    pub(crate) async fn reachable(&self) -> Vec<(String, bool)> {
        let mut asking = JoinSet::new();
        for (index, connector) in self.connectors.iter().cloned().enumerate() {
            asking.spawn(async move {
                let name = connector.domain().name.to_string();
                (index, name, connector.is_reachable().await)
            });
        }
        let mut answers = asking.join_all().await;
        answers.sort();
        answers
            .into_iter()
            .map(|(_, name, up)| (name, up))
            .collect()
    }

    /// The same for those domains that somebody has tried to reach.
    pub(crate) fn known_reachable(&self) -> Vec<(String, bool)> {
        self.connectors
            .iter()
            .filter_map(|connector| {
                let name = connector.domain().name.to_string();
                connector.was_reachable().map(|up| (name, up))
            })
            .collect()
    }

    /// The way to the domain that a client asks for. There is no other way out of
    /// the proxy.
    ///
    /// # Errors
    /// [`Fault::UnknownDomain`].
    pub(crate) fn connector(&self, open: &OpenAttributes) -> Result<&Connector, Fault> {
        let asked: Option<DomainName> = open.to.as_deref().and_then(|to| to.parse().ok());
        self.connectors
            .iter()
            .map(Arc::as_ref)
            .find(|connector| asked.as_ref() == Some(&connector.domain().name))
            .ok_or_else(|| session::unknown_domain(open))
    }
}
