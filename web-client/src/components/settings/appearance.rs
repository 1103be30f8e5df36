//! How the page looks, and in which language.

use yew::prelude::*;

use super::control::{from_list, one_of};
use crate::i18n::{self, t};
use crate::look::{ACCENT, Look, TEXT_SIZE, THEME};
use crate::state::State;

pub(super) fn page(state: &State) -> Html {
    let automatic = std::iter::once(("", t("appearance.automatic")));
    let languages = i18n::languages().map(|(tag, name)| (tag, AttrValue::Static(name)));
    let choose = {
        let state = state.clone();
        move |tag: String| state.set_language(&tag)
    };
    let passages = [
        ("", t("appearance.passagesPrivate")),
        ("all", t("appearance.passagesAll")),
        ("none", t("appearance.passagesNone")),
    ];
    let passages = passages.into_iter();
    let choose_passages = {
        let state = state.clone();
        move |chosen: String| state.choose_passages(&chosen)
    };
    html! {
        <>
            { look(state, &THEME, "appearance.theme") }
            { look(state, &ACCENT, "appearance.accent") }
            { look(state, &TEXT_SIZE, "appearance.textSize") }
            { one_of(
                "passages",
                "appearance.passages",
                passages,
                state.chosen_passages(),
                choose_passages,
            ) }
            { from_list(
                "language",
                "appearance.language",
                automatic.chain(languages),
                &i18n::chosen_language(),
                "appearance.languageHint",
                choose,
            ) }
        </>
    }
}

fn look(state: &State, look: &'static Look, legend: &'static str) -> Html {
    let state = state.clone();
    let values = look.values.iter().map(|(value, key)| (*value, t(key)));
    let choose = move |value: String| state.set_look(look, &value);
    one_of(look.name, legend, values, look.chosen(), choose)
}
