//! What people see if we have made a mistake that stops the page.

use js_sys::WebAssembly::RuntimeError;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, PromiseRejectionEvent};

use crate::i18n::t;
use crate::state::document;

/// From here on a panic shows a notice with a way out, besides the console.
///
/// What we ship has no panic hooks (a panic is a trap there), but a trap is an
/// error like any other to the page, from an event or from a promise.
pub(crate) fn install() {
    listen("error", |event: ErrorEvent| event.error());
    listen("unhandledrejection", |event: PromiseRejectionEvent| {
        event.reason()
    });
}

/// Listens as long as the page lives.
fn listen<E: JsCast + 'static>(kind: &str, error: fn(E) -> JsValue) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let listener = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        if error(event.unchecked_into()).is_instance_of::<RuntimeError>() {
            show_notice();
        }
    });
    // It only fails for what isn't a function.
    let _ = window.add_event_listener_with_callback(kind, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// The notice is part of `index.html`: after a panic nothing can be rendered.
fn show_notice() {
    let Some(notice) = document().and_then(|document| document.get_element_by_id("crash")) else {
        return;
    };
    for (selector, key) in [("p", "crash.text"), ("a", "crash.reload")] {
        if let Ok(Some(element)) = notice.query_selector(selector) {
            element.set_text_content(Some(&t(key)));
        }
    }
    // Removing an attribute doesn't fail.
    let _ = notice.remove_attribute("hidden");
}
