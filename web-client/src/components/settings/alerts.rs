//! How the page tells of what is new.

use yew::prelude::*;

use super::control::Switch;
use crate::i18n::t;
use crate::platform::notifier::{Permission, permission};
use crate::state::State;

pub(super) fn page(state: &State) -> Html {
    let hint = match permission() {
        Permission::Missing => "alerts.missing",
        Permission::Denied => "alerts.denied",
        Permission::Granted | Permission::Unasked => "alerts.showHint",
    };
    let shown = state.shows_notifications();
    let show = Switch {
        id: "alerts-show",
        label: "alerts.show",
        hint: Some(t(hint)),
        on: shown == Some(true),
        fixed: matches!(permission(), Permission::Missing | Permission::Denied),
    };
    let words = Switch {
        id: "alerts-words",
        label: "alerts.words",
        hint: Some(t("alerts.wordsHint")),
        on: state.shows_words(),
        fixed: shown != Some(true),
    };
    let sound = Switch {
        id: "alerts-sound",
        label: "alerts.sound",
        hint: None,
        on: state.plays_sounds(),
        fixed: false,
    };
    let to = |set: fn(&State, bool)| {
        let state = state.clone();
        move |on| set(&state, on)
    };
    html! {
        <>
            { show.html(to(State::show_notifications)) }
            { words.html(to(State::show_words)) }
            { sound.html(to(State::play_sounds)) }
            <p class="setting__hint">{ t("alerts.mute") }</p>
        </>
    }
}
