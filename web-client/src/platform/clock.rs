//! What time it is.

use std::time::Duration;

use couplet_engine::{Now, Timestamp};
use js_sys::Date;

/// Both clocks at once.
pub(crate) fn now() -> Now {
    let elapsed = web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now());
    Now {
        monotonic: Duration::from_micros((elapsed * 1000.0) as u64),
        wall: Timestamp(Date::now() as i64),
    }
}

/// How far this place is ahead of UTC, in minutes.
pub(crate) fn utc_offset() -> i32 {
    -(Date::new_0().get_timezone_offset() as i32)
}
