//! Whether links to people and rooms open here, wherever they are.

use yew::prelude::*;

use crate::hooks::use_model;
use crate::i18n::t;
use crate::platform::links;

/// A button that has the browser ask; nothing where it can't.
#[component]
pub(super) fn Links() -> Html {
    let refused = use_model(|| false);
    if !links::is_possible() {
        return Html::default();
    }
    let ask = {
        let refused = refused.clone();
        Callback::from(move |_: MouseEvent| {
            let asked = links::open_here(&t("app.name"));
            refused.change(|refused| *refused = !asked);
        })
    };
    html! {
        <section class="setting" aria-labelledby="links-title">
            <h4 id="links-title" class="setting__label">{ t("links.title") }</h4>
            <p class="setting__hint">{ t("links.text") }</p>
            <button type="button" class="button" onclick={ask}>{ t("links.open") }</button>
            <p class="setting__hint" role="status">
                if *refused.read() {
                    { t("links.refused") }
                }
            </p>
        </section>
    }
}
