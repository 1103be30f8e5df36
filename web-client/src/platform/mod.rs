//! The only browser I/O that the engine's driver needs.

mod clock;
mod crypto;
pub(crate) mod notifier;
mod socket;
pub(crate) mod storage;
mod timer;

pub(crate) use clock::{now, utc_offset};
pub(crate) use crypto::{
    is_available as has_crypto, nonce, object, prove, random, salt, token_key, token_proof,
};
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

/// The service workers of this page; none where it isn't secure.
fn workers() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    let workers = Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    workers.is_object().then(|| workers.unchecked_into())
}

/// Has the browser keep the page itself, for when there is no network.
pub(crate) fn keep_page() {
    if let Some(workers) = workers() {
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

/// What has been chosen on this device for all accounts, if the browser remembers it.
pub(crate) fn preference(name: &str) -> Option<String> {
    preferences()?.get_item(name).ok()?
}

/// Keeps a choice, or goes back to none.
pub(crate) fn prefer(name: &str, value: Option<&str>) {
    if let Some(preferences) = preferences() {
        // A full or forbidden storage only means that the choice isn't kept.
        let _ = match value {
            Some(value) => preferences.set_item(name, value),
            None => preferences.remove_item(name),
        };
    }
}

/// Forgets the theme and whatever else somebody has chosen for all accounts.
pub(crate) fn clear_preferences() {
    if let Some(preferences) = preferences() {
        // Removing doesn't fail.
        let _ = preferences.clear();
    }
}

fn preferences() -> Option<web_sys::Storage> {
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
