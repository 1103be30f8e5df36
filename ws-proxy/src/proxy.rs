//! What all sessions share: the limits, and the ways to the configured servers.

use std::sync::Arc;

use couplet_shared::framing::OpenAttributes;

use crate::config::{Config, DomainName};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::server::BindError;
use crate::session;
use crate::upstream::Connector;

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) limits: Arc<Limits>,
    connectors: Vec<Connector>,
}

impl Proxy {
    pub(crate) fn new(config: &Config) -> Result<Self, BindError> {
        let limits = Arc::new(config.limits.clone());
        let connectors = config
            .domains
            .iter()
            .map(|domain| {
                Connector::new(domain.clone(), config.dns_server, limits.clone()).map_err(|error| {
                    BindError::Connector {
                        domain: domain.name.to_string(),
                        error,
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { limits, connectors })
    }

    /// The ways to all domains, in the configuration's order.
    pub(crate) fn connectors(&self) -> &[Connector] {
        &self.connectors
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
            .find(|connector| asked.as_ref() == Some(&connector.domain().name))
            .ok_or_else(|| session::unknown_domain(open))
    }
}
