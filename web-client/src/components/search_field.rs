//! The field above the list that narrows it down.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::i18n::t;

/// A search field. Esc empties it.
pub(crate) fn search_field(query: &AttrValue, onchange: &Callback<AttrValue>) -> Html {
    let oninput = onchange.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        AttrValue::from(input.value())
    });
    let onkeydown = {
        let (filled, onchange) = (!query.is_empty(), onchange.clone());
        Callback::from(move |event: KeyboardEvent| {
            if filled && event.key() == "Escape" && !event.is_composing() {
                event.prevent_default();
                event.stop_propagation();
                onchange.emit(AttrValue::default());
            }
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
                placeholder={t("search.label")}
                autocomplete="off"
                spellcheck="false"
                dir="auto"
                value={query.clone()}
                {oninput}
                {onkeydown}
            />
            { end }
        </div>
    }
}
