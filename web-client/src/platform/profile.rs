//! Whose things are kept here: the messenger's own, or those of a site that has the chat in
//! its pages (`static/embed.js`). Browsers keep these apart where the site is another one; where
//! it isn't, as below the same domain, names do.

use std::cell::RefCell;

use js_sys::Reflect;
use wasm_bindgen::JsValue;

thread_local! {
    /// In front of every name; nothing is in front of the messenger's own.
    static PROFILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Finds out. Has to be done before anything is opened or read.
pub(crate) fn begin() {
    if let Some(profile) = of_site("profile").and_then(|profile| profile.as_string()) {
        PROFILE.set(profile);
    }
}

/// Whether this page is in another site's.
pub(crate) fn is_embedded() -> bool {
    PROFILE.with_borrow(|profile| !profile.is_empty())
}

/// What a database, a lock, a channel or a row is called for this profile.
pub(crate) fn own(name: &str) -> String {
    PROFILE.with_borrow(|profile| [profile, name].concat())
}

/// What the site has chosen, in place of what is kept.
pub(super) fn given(name: &str) -> Option<String> {
    if !is_embedded() {
        return None;
    }
    property(&of_site("given")?, name)?.as_string()
}

/// A property of what stands for the site, if this page is in another one.
fn of_site(name: &str) -> Option<JsValue> {
    property(&property(&js_sys::global(), "coupletSite")?, name)
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    // Nothing has no properties.
    Reflect::get(object, &name.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_messenger_keeps_has_no_other_name_than_ever() {
        assert_eq!(own("couplet.theme"), "couplet.theme");
        PROFILE.set("https://www.example.org chat.example\n".to_owned());
        assert_eq!(
            own("couplet.theme"),
            "https://www.example.org chat.example\ncouplet.theme"
        );
    }
}
