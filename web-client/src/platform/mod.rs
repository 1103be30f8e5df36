//! The only browser I/O that the engine's driver needs.

mod clock;
mod crypto;
mod socket;
pub(crate) mod storage;
mod timer;

pub(crate) use clock::{now, utc_offset};
pub(crate) use crypto::{is_available as has_crypto, nonce, object, prove, random, salt};
pub(crate) use socket::{Happened, Socket};
pub(crate) use timer::Timer;

use js_sys::Reflect;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::ServiceWorkerContainer;

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

/// Asks the browser not to throw away what is kept here when the disk runs full.
/// It decides by itself, or asks the person.
pub(crate) fn ask_to_persist() {
    if let Some(window) = web_sys::window() {
        // Without a storage manager (in an insecure page) there is nothing to ask.
        let _ = window.navigator().storage().persist();
    }
}

/// Has the browser keep the page itself, for when there is no network.
pub(crate) fn keep_page() {
    let navigator = web_sys::window().map(|window| window.navigator());
    let workers = navigator
        .and_then(|navigator| Reflect::get(&navigator, &"serviceWorker".into()).ok())
        .filter(JsValue::is_object);
    if let Some(workers) = workers {
        let workers: ServiceWorkerContainer = workers.unchecked_into();
        let registered = workers.register("sw.js");
        spawn_local(async move {
            // Without it the page needs a network, and that is all.
            let _ = JsFuture::from(registered).await;
        });
    }
}

/// Loads the page anew.
pub(crate) fn reload() {
    if let Some(window) = web_sys::window() {
        // A page may always load itself.
        let _ = window.location().reload();
    }
}

/// Has `text` survive this page from here on, whenever it ends. What IndexedDB has been
/// told is forgotten with a page that ends too soon, so this is where it has to be until then.
pub(crate) fn note(key: &str, text: &str) {
    if let Some(storage) = texts() {
        // Where that is full, IndexedDB may yet be in time.
        let _ = storage.set_item(key, text);
    }
}

/// Forgets what has been noted by that key.
pub(crate) fn drop_note(key: &str) {
    if let Some(storage) = texts() {
        // Removing doesn't fail.
        let _ = storage.remove_item(key);
    }
}

/// What has been noted by keys that begin so, without that beginning, in their order.
pub(crate) fn notes(prefix: &str) -> Vec<(String, String)> {
    let Some(storage) = texts() else {
        return Vec::new();
    };
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok()?);
    let mut notes: Vec<_> = keys
        .filter_map(|key| {
            let rest = key.strip_prefix(prefix)?.to_owned();
            Some((rest, storage.get_item(&key).ok()??))
        })
        .collect();
    notes.sort_unstable();
    notes
}

/// Forgets the theme and whatever else somebody has chosen for all accounts.
pub(crate) fn clear_preferences() {
    if let Some(storage) = texts() {
        // Removing doesn't fail.
        let _ = storage.clear();
    }
}

fn texts() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
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
