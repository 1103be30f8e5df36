//! The dialog that gives a contact another name.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::Field;
use crate::i18n::t;
use crate::state::State;

const NAME: &str = "rename-name";

/// Asks for a name; none means that the address is shown.
pub(crate) fn dialog(state: &State, jid: &BareJid) -> Html {
    let known = state
        .store()
        .contact(jid)
        .and_then(|contact| contact.name.clone());
    let onsubmit = {
        let (state, jid) = (state.clone(), jid.clone());
        submitting(move |form| {
            let name = Some(value(form, NAME)).filter(|name| !name.is_empty());
            state.rename_contact(jid.clone(), name);
            state.close();
        })
    };
    let name = Field {
        id: NAME,
        label: t("rename.name"),
        hint: Some(t("rename.hint")),
        autofocus: true,
        ..Field::default()
    };
    html! {
        <Dialog state={state.clone()} title={t("details.rename")} text={known.unwrap_or_default()}>
            <form class="form" novalidate=true {onsubmit}>
                { name.html() }
                { form_buttons(state, t("dialog.save")) }
            </form>
        </Dialog>
    }
}
