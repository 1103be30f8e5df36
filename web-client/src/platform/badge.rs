//! How much is unread, wherever a browser shows it: before the title, on the icon of the tab,
//! and on that of an installed page (W3C Badging API).

use std::cell::Cell;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Document;

use crate::i18n::{number, t, t_with};

thread_local! {
    /// What the icons show. Nobody knows what an earlier page has left there.
    static SHOWN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Shows that so many messages are unread.
pub(crate) fn show(unread: u32) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let name = t("app.name");
    let title = match unread {
        0 => name,
        _ => t_with("app.unread", &[("count", &number(unread)), ("name", &name)]),
    };
    if document.title() != title.as_str() {
        document.set_title(&title);
    }
    if SHOWN.replace(Some(unread)) != Some(unread) {
        show_on_tab(&document, unread);
        show_on_app(unread);
    }
}

fn show_on_tab(document: &Document, unread: u32) {
    let icon = document.query_selector("link[rel=icon]");
    if let Ok(Some(icon)) = icon {
        let file = match unread {
            0 => "favicon.svg",
            _ => "favicon-unread.svg",
        };
        // A valid name for an attribute is never refused.
        let _ = icon.set_attribute("href", file);
    }
}

fn show_on_app(unread: u32) {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else {
        return;
    };
    let set = Reflect::get(&navigator, &"setAppBadge".into()).unwrap_or_default();
    if let Some(set) = set.dyn_ref::<Function>()
        && let Ok(promise) = set.call1(&navigator, &unread.into())
    {
        spawn_local(async move {
            // Where there is no icon there is nothing to put it on.
            let _ = JsFuture::from(Promise::resolve(&promise)).await;
        });
    }
}
