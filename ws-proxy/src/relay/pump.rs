//! From one side to the other: a body's bytes, as many and as fast as the limits say, never
//! more than a piece of them in memory.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use tokio::time::{Instant, timeout_at};

use super::body::Sink;
use crate::allowance::Allowance;
use crate::limits::Limits;
use crate::metrics::{Metrics, RelayDirection};

/// Why not all of a body came over.
#[derive(Debug)]
pub(super) enum Broken {
    SourceLost(String),
    SourceSlow,
    SinkGone,
    SinkSlow,
    TooLarge,
}

/// One body's way.
pub(super) struct Pump<'a> {
    pub(super) limits: &'a Limits,
    pub(super) metrics: &'a Metrics,
    pub(super) direction: RelayDirection,
    /// Goes up by what has come over.
    pub(super) carried: &'a mut u64,
}

impl Pump<'_> {
    /// Carries all of `from`, which has `length` bytes if that is known, to `to`.
    ///
    /// # Errors
    /// Either side is lost or slow, or there is more than may be; then the reader of `to` is
    /// told that its body was cut off.
    pub(super) async fn run<B>(
        self,
        from: &mut B,
        to: Sink,
        length: Option<u64>,
    ) -> Result<(), Broken>
    where
        B: HttpBody<Data = Bytes, Error: Display> + Unpin,
    {
        let mut pace = Pace::new(self.limits);
        let mut allowance = Allowance::new(self.limits.max_relay_bytes_per_second);
        let mut whole = 0;
        // A reader that knows the length leaves when it has all.
        while length != Some(whole) {
            let frame = poll_fn(|cx| Pin::new(&mut *from).poll_frame(cx));
            let frame = tokio::select! {
                () = to.abandoned() => return Err(Broken::SinkGone),
                frame = pace.within(frame) => frame.ok_or(Broken::SourceSlow)?,
            };
            let frame = match frame {
                Some(frame) => frame.map_err(|error| Broken::SourceLost(error.to_string()))?,
                None if length.is_some() => {
                    return Err(Broken::SourceLost("it ended too early".to_owned()));
                }
                None => return pace.within(to.end()).await.ok_or(Broken::SinkSlow),
            };
            // Trailers are of no use to anybody.
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            let size = bytes.len();
            whole += size as u64;
            if whole > self.limits.max_relay_bytes {
                return Err(Broken::TooLarge);
            }
            match pace.within(to.put(bytes)).await {
                None => return Err(Broken::SinkSlow),
                Some(false) => return Err(Broken::SinkGone),
                Some(true) => pace.moved(size),
            }
            *self.carried += size as u64;
            self.metrics.relayed(self.direction, size);
            if allowance.is_exceeded_by(size) {
                self.metrics.limit_hit("max_relay_bytes_per_second");
                allowance.wait().await;
            }
        }
        Ok(())
    }
}

/// Sees to it that enough moves in each stretch of time.
struct Pace {
    stretch: Duration,
    least: u64,
    until: Instant,
    moved: u64,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        let stretch = limits.stall;
        let least = f64::from(limits.min_relay_bytes_per_second) * stretch.as_secs_f64();
        Self {
            stretch,
            // Whole bytes: a fraction of one is none.
            least: (least as u64).max(1),
            until: Instant::now() + stretch,
            moved: 0,
        }
    }

    fn moved(&mut self, bytes: usize) {
        self.moved += bytes as u64;
    }

    /// What `step` gives; `None` if too little has moved meanwhile.
    async fn within<F: Future>(&mut self, step: F) -> Option<F::Output> {
        let mut step = pin!(step);
        loop {
            if let Ok(output) = timeout_at(self.until, step.as_mut()).await {
                return Some(output);
            }
            if self.moved < self.least {
                return None;
            }
            self.moved = 0;
            self.until = Instant::now() + self.stretch;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_trickles_is_slow_and_who_pauses_is_not() {
        let limits = Limits {
            stall: Duration::from_secs(60),
            min_relay_bytes_per_second: 10,
            ..Limits::default()
        };
        let mut pace = Pace::new(&limits);
        pace.moved(600);
        assert!(pace.within(sleep(Duration::from_secs(80))).await.is_some());
        pace.moved(600);
        assert!(pace.within(sleep(Duration::from_secs(130))).await.is_none());

        let mut pace = Pace::new(&limits);
        let mut seconds = 0;
        while pace.within(sleep(Duration::from_secs(1))).await.is_some() {
            pace.moved(1);
            seconds += 1;
        }
        assert!((58..=60).contains(&seconds), "{seconds}");
    }
}
