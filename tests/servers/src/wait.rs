//! Waiting for a condition rather than for a time.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Asks `condition` every 20 ms until it holds; `false` when `patience` ran
/// out first.
pub fn wait_for(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
}
