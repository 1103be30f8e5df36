//! Asks before an encrypted message is answered in clear.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::{t, t_with};
use crate::state::State;

/// What is at stake, and the two ways out.
pub(crate) fn dialog(state: &State, jid: &BareJid) -> Html {
    let name = state.store().name(jid).to_owned();
    let send = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_: MouseEvent| {
            state.close();
            state.answer_in_clear(&jid);
        })
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.close())
    };
    html! {
        <Dialog state={state.clone()} title={t("clearAnswer.title")}>
            <div class="form">
                <p class="form__text">{ t_with("clearAnswer.text", &[("name", &name)]) }</p>
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="button" class="button button--danger" onclick={send}>
                        { t("clearAnswer.submit") }
                    </button>
                </div>
            </div>
        </Dialog>
    }
}
