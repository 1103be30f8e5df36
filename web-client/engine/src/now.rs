//! Time, which always comes from outside.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The instant at which something is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Time since some fixed instant of this process; never goes back.
    pub monotonic: Duration,
    /// The clock on the wall.
    pub wall: Timestamp,
}

/// The two clocks don't run apart by more than this, in milliseconds, unless one stood still.
const STANDSTILL: i64 = 5_000;

impl Now {
    /// Whether the machine slept since `before`: the clock on the wall has gone on alone.
    pub(crate) fn slept_since(self, before: Self) -> bool {
        let ran = self.monotonic.saturating_sub(before.monotonic);
        let ran = i64::try_from(ran.as_millis()).unwrap_or(i64::MAX);
        let passed = self.wall.0.saturating_sub(before.wall.0);
        passed.saturating_sub(ran) > STANDSTILL
    }

    /// The wall-clock time of a monotonic instant that is still to come.
    pub fn wall_at(self, monotonic: Duration) -> Timestamp {
        self.wall + monotonic.saturating_sub(self.monotonic)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}
