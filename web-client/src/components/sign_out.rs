//! Signing out, and the question before it where something would be lost.

use yew::prelude::*;

use super::dialog::Dialog;
use super::layer::Layer;
use crate::i18n::t;
use crate::state::State;

/// Signs out; asks first if there is something that hasn't been sent.
pub(crate) fn ask(state: &State) {
    if state.has_unsent() {
        state.open(Layer::SignOut);
    } else {
        state.sign_out();
    }
}

/// Says what is lost.
pub(crate) fn dialog(state: &State) -> Html {
    let leave = {
        let state = state.clone();
        Callback::from(move |_| {
            state.close();
            state.sign_out();
        })
    };
    let stay = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    html! {
        <Dialog state={state.clone()} title={t("signOut.title")}>
            <div class="form">
                <p class="form__text">{ t("signOut.text") }</p>
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={stay}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="button" class="button button--danger" onclick={leave}>
                        { t("signOut.submit") }
                    </button>
                </div>
            </div>
        </Dialog>
    }
}
