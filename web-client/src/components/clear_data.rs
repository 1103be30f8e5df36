//! The question before everything is removed from this device.

use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::t;
use crate::state::State;

/// Says what goes and what stays, and does it.
pub(crate) fn dialog(state: &State) -> Html {
    let clear = {
        let state = state.clone();
        Callback::from(move |_| {
            state.close();
            state.clear_data();
        })
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    html! {
        <Dialog state={state.clone()} title={t("clear.title")}>
            <div class="form">
                <p class="form__text">{ t("clear.text") }</p>
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="button" class="button button--danger" onclick={clear}>
                        { t("clear.submit") }
                    </button>
                </div>
            </div>
        </Dialog>
    }
}
