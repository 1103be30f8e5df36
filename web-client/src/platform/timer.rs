//! One timeout, which dropping cancels.

use std::time::Duration;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

/// Browsers take the delay as a signed 32-bit number of milliseconds.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

pub(crate) struct Timer {
    id: i32,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `callback` after `delay` or later; hidden pages make it late by up to a minute.
    pub(crate) fn after(delay: Duration, callback: impl FnOnce() + 'static) -> Option<Self> {
        let callback = Closure::once(callback);
        // Rounded up: a wake-up before its time would find nothing to do.
        let millis = delay.min(LONGEST).as_micros().div_ceil(1000);
        let id = web_sys::window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                callback.as_ref().unchecked_ref(),
                i32::try_from(millis).unwrap_or(i32::MAX),
            )
            .ok()?;
        Some(Self {
            id,
            _callback: callback,
        })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            window.clear_timeout_with_handle(self.id);
        }
    }
}
