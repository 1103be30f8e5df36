//! The end of the process, announced to everything that must end with it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::random;

/// How the proxy ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sessions leave one after the other, within
    /// [`drain`](crate::limits::Limits::drain).
    Drain,
    /// All of them leave now.
    Quick,
}

/// Announces the shutdown, at the latest when it is dropped.
#[derive(Debug)]
pub(crate) struct Trigger(watch::Sender<Option<Instant>>);

/// Learns of the shutdown.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<Option<Instant>>);

/// A trigger and the first of those who learn of it.
pub(crate) fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(None);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Announces it. Those who ask later learn of it too. Sessions have until
    /// `window` has passed.
    pub(crate) fn begin(&self, window: Duration) {
        self.0.send_replace(Some(Instant::now() + window));
    }
}

impl Shutdown {
    /// Waits until the shutdown begins. Cancel-safe.
    pub(crate) async fn begun(&mut self) {
        // An error means that the trigger is gone, and its process's purpose with it.
        let _ = self.0.wait_for(Option::is_some).await;
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// How long whoever is in the middle of something may still take.
    pub(crate) fn left(&self) -> Duration {
        let until = *self.0.borrow();
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    /// Waits for the moment at which one session should leave: they don't all come
    /// back to another proxy at once.
    pub(crate) async fn session_should_leave(&mut self) {
        self.begun().await;
        sleep(
            self.left()
                .mul_f64(f64::from(random::number()) / f64::from(u32::MAX)),
        )
        .await;
    }
}
