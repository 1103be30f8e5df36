//! The dialog that tells others how available we are.

use couplet_engine::store::Availability;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::Field;
use super::presence;
use crate::i18n::t;
use crate::state::State;

/// The choices, by the value that the form has for each.
const CHOICES: [(&str, Availability); 5] = [
    ("available", Availability::Available),
    ("chat", Availability::Chatty),
    ("away", Availability::Away),
    ("xa", Availability::ExtendedAway),
    ("dnd", Availability::DoNotDisturb),
];
const CHOICE: &str = "status-choice";
const TEXT: &str = "status-text";

/// Asks for an availability and words to go with it.
pub(crate) fn dialog(state: &State) -> Html {
    let present = state.store().own_presence().clone();
    let onsubmit = {
        let state = state.clone();
        submitting(move |form| {
            let choice = value(form, CHOICE);
            let status = Some(value(form, TEXT)).filter(|status| !status.is_empty());
            if let Some((_, chosen)) = CHOICES.iter().find(|(value, _)| *value == choice) {
                state.set_presence(*chosen, status);
            }
            state.close();
        })
    };
    let choices = CHOICES.map(|(value, choice)| {
        let checked = choice == present.availability;
        html! {
            <label class="choice">
                <input
                    type="radio"
                    name={CHOICE}
                    {value}
                    class="choice__input"
                    {checked}
                    autofocus={checked}
                />
                { presence::dot(Some(choice)) }
                <span>{ presence::words(Some(choice)) }</span>
            </label>
        }
    });
    let text = Field {
        id: TEXT,
        label: t("status.text"),
        placeholder: t("status.placeholder"),
        ..Field::default()
    };
    html! {
        <Dialog state={state.clone()} title={t("status.title")} text={present.status.unwrap_or_default()}>
            <form class="form" novalidate=true {onsubmit}>
                <fieldset class="choices">
                    <legend class="visually-hidden">{ t("status.availability") }</legend>
                    { for choices }
                </fieldset>
                { text.html() }
                { form_buttons(state, t("dialog.save")) }
            </form>
        </Dialog>
    }
}
