//! A button that puts a text on the clipboard.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::icon::Icon;
use super::icon_button::icon_button;
use crate::hooks::Model;
use crate::i18n::t;
use crate::state::State;

/// For how long it shows that it has worked.
const COPIED_MILLISECONDS: u32 = 2_000;

/// The button called `label`, of a component that remembers whether it has been `copied`.
/// Nothing where the browser gives no page the clipboard.
pub(crate) fn copy_button(
    state: &State,
    label: AttrValue,
    text: String,
    copied: &Model<bool>,
) -> Html {
    if !state.is_secure() {
        return Html::default();
    }
    if *copied.read() {
        return icon_button(Icon::Check, t("copy.done"), Callback::noop());
    }
    let (state, copied) = (state.clone(), copied.clone());
    let copy = Callback::from(move |_| {
        let Some(window) = web_sys::window() else {
            return;
        };
        let written = JsFuture::from(window.navigator().clipboard().write_text(&text));
        let (state, copied) = (state.clone(), copied.clone());
        spawn_local(async move {
            if written.await.is_err() {
                return state.announce(&t("copy.failed"));
            }
            state.announce(&t("copy.done"));
            copied.change(|copied| *copied = true);
            let hide = move || copied.change(|copied| *copied = false);
            Timeout::new(COPIED_MILLISECONDS, hide).forget();
        });
    });
    icon_button(Icon::Copy, label, copy)
}
