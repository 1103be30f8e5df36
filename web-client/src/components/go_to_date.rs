//! The dialog that opens a conversation at a day.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use crate::i18n::{day_from, t, today};
use crate::state::{State, Target};

const DATE: &str = "go-to-date";

/// Asks for a day, with the browser's own calendar.
pub(crate) fn dialog(state: &State, jid: &BareJid) -> Html {
    let onsubmit = {
        let (state, jid) = (state.clone(), jid.clone());
        submitting(move |form| {
            if let Some(day) = day_from(&value(form, DATE)) {
                state.close();
                state.go_to(&jid, Target::Since(day));
            }
        })
    };
    html! {
        <Dialog state={state.clone()} title={t("date.title")}>
            <form class="form" {onsubmit}>
                <div class="field">
                    <label class="field__label" for={DATE}>{ t("date.label") }</label>
                    <div class="field__frame">
                        <input
                            id={DATE}
                            name={DATE}
                            class="field__input"
                            type="date"
                            required=true
                            autofocus=true
                            max={today()}
                        />
                    </div>
                </div>
                { form_buttons(state, t("date.submit")) }
            </form>
        </Dialog>
    }
}
