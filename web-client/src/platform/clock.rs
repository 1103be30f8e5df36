//! What time it is.

use std::time::Duration;

use couplet_engine::{Now, Timestamp};
use js_sys::Date;
use web_sys::Performance;

thread_local! {
    static CLOCK: Option<Performance> = web_sys::window().and_then(|window| window.performance());
}

/// For how long the page has been here, by a clock that nobody sets.
pub(crate) fn elapsed() -> Duration {
    let elapsed = CLOCK.with(|clock| clock.as_ref().map_or(0.0, Performance::now));
    Duration::from_micros((elapsed * 1000.0) as u64)
}

/// Both clocks at once.
pub(crate) fn now() -> Now {
    Now {
        monotonic: elapsed(),
        wall: Timestamp(Date::now() as i64),
    }
}

/// How far this place is ahead of UTC, in minutes.
pub(crate) fn utc_offset() -> i32 {
    -(Date::new_0().get_timezone_offset() as i32)
}
