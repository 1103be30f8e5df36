//! The field above the list that narrows it down, and looks through all messages.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::i18n::t;
use crate::state::document;

/// A search field. Esc empties it, an arrow leads to what it has found.
pub(crate) fn search_field(
    query: &AttrValue,
    onchange: &Callback<AttrValue>,
    onfocus: Callback<FocusEvent>,
) -> Html {
    let oninput = onchange.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        AttrValue::from(input.value())
    });
    let onkeydown = {
        let (filled, onchange) = (!query.is_empty(), onchange.clone());
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                _ if event.is_composing() => return,
                "Escape" if filled => onchange.emit(AttrValue::default()),
                "ArrowDown" => focus_first(),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let end = if query.is_empty() {
        html! { <kbd class="search__key" aria-hidden="true">{ t("search.key") }</kbd> }
    } else {
        let clear = onchange.reform(|_: MouseEvent| AttrValue::default());
        icon_button(Icon::Close, t("search.clear"), clear)
    };
    html! {
        <div class="search">
            { icon(Icon::Search) }
            <input
                class="search__input"
                type="search"
                aria-label={t("search.label")}
                placeholder={t("search.placeholder")}
                autocomplete="off"
                spellcheck="false"
                dir="auto"
                value={query.clone()}
                {oninput}
                {onkeydown}
                {onfocus}
            />
            { end }
        </div>
    }
}

/// Into the list below: a name, else a message.
fn focus_first() {
    let first = document().and_then(|document| document.query_selector(".conversations a").ok()?);
    if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
        // A link on the page takes the focus.
        let _ = first.focus();
    }
}
