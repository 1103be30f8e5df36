//! Which of a domain's servers failed lately, so that others are tried first.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::discovery::Target;

/// Remembers failures for a while. There are as many as there are servers that
/// failed within that while.
#[derive(Debug)]
pub(super) struct Health {
    retry: Duration,
    failed: Mutex<Vec<(Target, Instant)>>,
    /// Whether the domain as a whole could be reached, and when that was.
    domain: Mutex<Option<(bool, Instant)>>,
}

/// How long the last attempt says how the domain is.
const LATELY: Duration = Duration::from_secs(10);

impl Health {
    /// Remembers each failure for as long as `retry`.
    pub(super) fn new(retry: Duration) -> Self {
        Self {
            retry,
            failed: Mutex::default(),
            domain: Mutex::default(),
        }
    }

    /// `targets` in the order in which to try them: those that failed lately come
    /// last, for all of them may have.
    pub(super) fn ordered(&self, mut targets: Vec<Target>) -> Vec<Target> {
        let failed = self.recent();
        // A stable sort: the order is the configuration's or DNS's otherwise.
        targets.sort_by_key(|target| failed.contains(target));
        targets
    }

    /// `target` failed, or didn't.
    pub(super) fn note(&self, target: &Target, works: bool) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|(other, since)| other != target && since.elapsed() < self.retry);
        if !works {
            failed.push((target.clone(), Instant::now()));
        }
    }

    /// The domain could be reached at one of its servers, or not at all.
    pub(super) fn note_domain(&self, reachable: bool) {
        let mut domain = self.domain.lock().unwrap_or_else(PoisonError::into_inner);
        *domain = Some((reachable, Instant::now()));
    }

    /// How the last attempt to reach the domain ended.
    pub(super) fn domain(&self) -> Option<bool> {
        let domain = self.domain.lock().unwrap_or_else(PoisonError::into_inner);
        domain.map(|(reachable, _)| reachable)
    }

    /// The same if it was just now.
    pub(super) fn domain_lately(&self) -> Option<bool> {
        let domain = self.domain.lock().unwrap_or_else(PoisonError::into_inner);
        domain.and_then(|(reachable, since)| (since.elapsed() < LATELY).then_some(reachable))
    }

    fn recent(&self) -> Vec<Target> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .iter()
            .filter(|(_, since)| since.elapsed() < self.retry)
            .map(|(target, _)| target.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_dead_server_is_tried_last_for_a_while() {
        let [one, other, third] = ["/1", "/2", "/3"].map(|path| Target::Unix(path.into()));
        let all = vec![one.clone(), other.clone(), third.clone()];
        let health = Health::new(Duration::from_secs(10));
        health.note(&one, false);
        let behind = [other.clone(), third.clone(), one.clone()];
        assert_eq!(health.ordered(all.clone()), behind);
        health.note(&other, false);
        assert_eq!(
            health.ordered(all.clone()),
            [third, one.clone(), other.clone()]
        );
        health.note(&one, true);
        assert_eq!(health.ordered(all.clone())[0], one);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(health.ordered(all.clone()), all);
        health.note(&one, true);
        assert!(health.failed.lock().unwrap().is_empty());
    }
}
