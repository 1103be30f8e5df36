//! Whose things are kept here: the messenger's own, or those of a site that has the chat in
//! its pages (`static/embed.js`). Browsers keep these apart where the site is another one; where
//! it isn't, as below the same domain, names do.

use std::cell::RefCell;

use jid::BareJid;
use js_sys::Reflect;
use wasm_bindgen::JsValue;

use super::preference;

/// Where it says for whom the site has vouched, as long as anything of theirs is kept.
pub(crate) const VOUCHED: &str = "couplet.vouched";

/// Where it says to what somebody has agreed, in the site's words.
pub(crate) const AGREED: &str = "couplet.agreed";

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

/// The origin of the site that has this page in its own.
pub(crate) fn site() -> Option<String> {
    of_site("origin")?.as_string()
}

/// Whom the site vouches for, if it has said so.
pub(crate) fn user() -> Option<BareJid> {
    let named = of_site("user")?.as_string()?;
    named.trim().parse().ok()
}

/// Whether the site has vouched for somebody of whom something is kept.
pub(crate) fn has_vouched() -> bool {
    preference(VOUCHED).is_some()
}

/// Whether it was this account.
pub(crate) fn is_vouched(account: &BareJid) -> bool {
    preference(VOUCHED).is_some_and(|vouched| vouched == account.as_str())
}

/// Whether somebody has agreed to what the site wants to be agreed to before anything is sent.
pub(crate) fn is_agreed() -> bool {
    let wanted = of_site("settings").and_then(|settings| property(&settings, "consent"));
    let wanted = wanted.and_then(|wanted| wanted.as_string());
    wanted.is_none() || wanted == preference(AGREED)
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
