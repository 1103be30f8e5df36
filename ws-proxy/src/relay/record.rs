//! One request for a file, from its coming to its end: counted and logged however it ends.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use tokio::time::Instant;

use super::trouble::{CARRIED, DECLINED, Trouble};
use crate::metrics::Metrics;

/// What there is to tell of a request. Neither its path nor its headers: whoever knows those
/// has the file.
#[derive(Debug)]
pub(super) struct Record {
    metrics: Arc<Metrics>,
    client: IpAddr,
    method: Method,
    /// One that the configuration has.
    host: Option<String>,
    begin: Instant,
    /// Of files, both ways.
    pub(super) bytes: u64,
    status: Option<StatusCode>,
    outcome: &'static str,
    reason: Option<String>,
}

impl Record {
    pub(super) fn new(metrics: Arc<Metrics>, client: IpAddr, method: Method) -> Self {
        Self {
            metrics,
            client,
            method,
            host: None,
            begin: Instant::now(),
            bytes: 0,
            status: None,
            // Nobody has waited for the end, unless somebody says otherwise.
            outcome: "client-lost",
            reason: Some("the client has left".to_owned()),
        }
    }

    pub(super) fn leads_to(&mut self, host: String) {
        self.host = Some(host);
    }

    /// The host has answered so.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// All that the host has said has been carried.
    pub(super) fn carried(&mut self) {
        let declined = |status: StatusCode| status.is_client_error() || status.is_server_error();
        self.reason = None;
        self.outcome = match self.status.is_some_and(declined) {
            true => DECLINED,
            false => CARRIED,
        };
    }

    pub(super) fn failed(&mut self, trouble: &Trouble) {
        self.outcome = trouble.name();
        self.reason = Some(trouble.to_string());
        if let Some(limit) = trouble.limit() {
            self.metrics.limit_hit(limit);
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.metrics.relay_ended(self.outcome);
        let Self {
            client,
            method,
            bytes,
            outcome,
            ..
        } = self;
        let host = self.host.as_deref().unwrap_or_default();
        let status = self.status.map(|status| status.as_u16());
        let ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &self.reason {
            Some(reason) => tracing::info!(
                %client, %method, host, status, bytes, ms, outcome, "file not relayed: {reason}"
            ),
            // A page of pictures is many of them.
            None => tracing::debug!(
                %client, %method, host, status, bytes, ms, outcome, "file relayed"
            ),
        }
    }
}
