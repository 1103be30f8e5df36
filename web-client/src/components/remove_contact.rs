//! The question before a contact is removed.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::{t, t_with};
use crate::state::State;

/// Says what removing does, and does it.
pub(crate) fn dialog(state: &State, jid: &BareJid) -> Html {
    let name = state.store().name(jid).to_owned();
    let remove = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_| {
            state.remove_contact(jid.clone());
            state.close();
        })
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    let name = [("name", name.as_str())];
    html! {
        <Dialog state={state.clone()} title={t_with("remove.title", &name)}>
            <div class="form">
                <p class="form__text">{ t_with("remove.text", &name) }</p>
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="button" class="button button--danger" onclick={remove}>
                        { t("remove.submit") }
                    </button>
                </div>
            </div>
        </Dialog>
    }
}
