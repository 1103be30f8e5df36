//! How fast a peer may send: so many bytes a second, after as many at once.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// What a peer may still send.
#[derive(Debug)]
pub(crate) struct Allowance {
    rate: f64,
    /// What may come at once; below zero after more than that.
    bytes: f64,
    since: Instant,
}

impl Allowance {
    /// `rate` is in bytes a second.
    pub(crate) fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        Self {
            rate,
            bytes: rate,
            since: Instant::now(),
        }
    }

    /// These have come.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.bytes -= bytes as f64;
    }

    /// Takes `bytes`, and says whether that is more than there were.
    pub(crate) fn is_exceeded_by(&mut self, bytes: usize) -> bool {
        self.take(bytes);
        self.is_exceeded()
    }

    /// Whether more has come than may.
    pub(crate) fn is_exceeded(&mut self) -> bool {
        if self.bytes >= 0.0 {
            return false;
        }
        // The clock is asked once for so many bytes, not each time.
        let passed = self.since.elapsed().as_secs_f64();
        self.bytes = (self.bytes + passed * self.rate).min(self.rate);
        self.since = Instant::now();
        self.bytes < 0.0
    }

    /// Waits until what was taken has been earned.
    pub(crate) async fn wait(&mut self) {
        sleep(Duration::from_secs_f64(-self.bytes / self.rate)).await;
    }
}
