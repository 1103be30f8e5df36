//! The keys.

use yew::prelude::*;

use super::super::shortcuts;
use super::control::Switch;
use crate::i18n::t;
use crate::state::State;

pub(super) fn page(state: &State) -> Html {
    let enter = Switch {
        id: "keys-enter",
        label: "keys.enterSends",
        hint: Some(t("keys.enterSendsHint")),
        on: state.enter_sends(),
        fixed: false,
    };
    let set = {
        let state = state.clone();
        move |on| state.set_enter_sends(on)
    };
    html! {
        <>
            { enter.html(set) }
            { shortcuts::list(state) }
        </>
    }
}
