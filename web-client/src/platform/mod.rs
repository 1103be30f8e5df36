//! The only browser I/O that the engine's driver needs.

mod clock;
mod crypto;
mod socket;
mod timer;

pub(crate) use clock::{now, utc_offset};
pub(crate) use crypto::{is_available as has_crypto, nonce, prove, random};
pub(crate) use socket::{Happened, Socket};
pub(crate) use timer::Timer;

use wasm_bindgen::JsValue;

/// The languages that the person reads, best first, each also without its region.
pub(crate) fn languages() -> Vec<String> {
    let preferred = web_sys::window().map(|window| window.navigator().languages());
    let mut languages = Vec::new();
    for language in preferred.iter().flat_map(|list| list.iter()) {
        let Some(language) = language.as_string() else {
            continue;
        };
        let base = language.split('-').next().unwrap_or_default().to_owned();
        languages.extend([language, base]);
    }
    languages
}

/// Tells whoever has the console open.
pub(crate) fn log(warning: bool, line: &str) {
    let line = JsValue::from_str(line);
    if warning {
        web_sys::console::warn_1(&line);
    } else {
        web_sys::console::info_1(&line);
    }
}
