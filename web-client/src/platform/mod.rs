//! The only browser I/O that the engine's driver needs.

pub(crate) mod badge;
mod clock;
mod crypto;
pub(crate) mod links;
pub(crate) mod notifier;
pub(crate) mod profile;
mod put;
pub(crate) mod recorder;
mod socket;
pub(crate) mod storage;
mod timer;

pub(crate) use clock::{elapsed, now, utc_offset};
pub(crate) use crypto::{
    is_available as has_crypto, nonce, object, prove, random, salt, sha256, token_key, token_proof,
};
pub(crate) use put::{Put, PutNews};
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

/// Whether fingers are what points here.
pub(crate) fn is_touch() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok()?)
        .is_some_and(|query| query.matches())
}

/// Asks the browser not to throw away what is kept here when the disk runs full.
/// It decides by itself, or asks the person.
pub(crate) fn ask_to_persist() {
    // What a visitor of some site has said there is no reason to ask anybody.
    if let Some(window) = web_sys::window().filter(|_| !profile::is_embedded()) {
        // Without a storage manager (in an insecure page) there is nothing to ask.
        let _ = window.navigator().storage().persist();
    }
}

/// How many bytes the browser keeps for this site, if it says so, and whether it does until
/// somebody removes them.
pub(crate) async fn kept() -> (Option<u64>, bool) {
    let Some(window) = web_sys::window().filter(web_sys::Window::is_secure_context) else {
        return (None, false);
    };
    let storage = window.navigator().storage();
    let bytes = async {
        let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
        let bytes = Reflect::get(&estimate, &"usage".into()).ok()?.as_f64()?;
        Some(bytes as u64)
    };
    let safe = async {
        let safe = JsFuture::from(storage.persisted().ok()?).await.ok()?;
        safe.as_bool()
    };
    (bytes.await, safe.await.unwrap_or_default())
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

/// What everything is called that is kept here, or begins with.
pub(crate) const NAME: &str = "couplet";

/// What has been chosen on this device for all accounts, if the browser remembers it.
pub(crate) fn preference(name: &str) -> Option<String> {
    profile::given(name).or_else(|| texts()?.get_item(&profile::own(name)).ok()?)
}

/// Keeps a choice, or goes back to none.
pub(crate) fn prefer(name: &str, value: Option<&str>) {
    if let Some(texts) = texts() {
        let name = profile::own(name);
        // A full or forbidden storage only means that the choice isn't kept.
        let _ = match value {
            Some(value) => texts.set_item(&name, value),
            None => texts.remove_item(&name),
        };
    }
}

/// Has `text` survive this page from here on, whenever it ends. What IndexedDB has been
/// told is forgotten with a page that ends too soon, so this is where it has to be until then.
pub(crate) fn note(key: &str, text: &str) {
    prefer(key, Some(text));
}

/// Forgets what has been noted by that key.
pub(crate) fn drop_note(key: &str) {
    prefer(key, None);
}

/// What has been noted by keys that begin so, without that beginning, in their order.
pub(crate) fn notes(prefix: &str) -> Vec<(String, String)> {
    let Some(storage) = texts() else {
        return Vec::new();
    };
    let prefix = profile::own(prefix);
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok()?);
    let mut notes: Vec<_> = keys
        .filter_map(|key| {
            let rest = key.strip_prefix(&prefix)?.to_owned();
            Some((rest, storage.get_item(&key).ok()??))
        })
        .collect();
    notes.sort_unstable();
    notes
}

/// Forgets the theme and whatever else somebody has chosen for all accounts.
pub(crate) fn clear_preferences() {
    for (rest, _) in notes(NAME) {
        prefer(&[NAME, &rest].concat(), None);
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
