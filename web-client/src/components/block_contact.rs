//! The question before somebody is kept away.

use couplet_engine::store::Reason;
use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, submitting, value};
use crate::i18n::{t, t_with};
use crate::state::State;

/// What the server can be told, by the value that the form has for each.
const REASONS: [(&str, &str, Option<Reason>); 3] = [
    ("none", "block.noReport", None),
    ("spam", "block.spam", Some(Reason::Spam)),
    ("abuse", "block.abuse", Some(Reason::Abuse)),
];
const REASON: &str = "block-reason";

/// Says what blocking does, asks why where the server wants to know, and does it.
pub(crate) fn dialog(state: &State, jid: &BareJid) -> Html {
    let name = state.store().name(jid).to_owned();
    let takes_reports = state
        .store()
        .blocklist()
        .is_some_and(|list| list.takes_reports);
    let onsubmit = {
        let (state, jid) = (state.clone(), jid.clone());
        submitting(move |form| {
            let chosen = value(form, REASON);
            let known = REASONS.iter().find(|(value, ..)| *value == chosen);
            state.block(jid.clone(), known.and_then(|(.., reason)| *reason));
            state.close();
        })
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    let choices = REASONS.map(|(value, label, reason)| {
        html! {
            <label class="choice">
                <input
                    type="radio"
                    name={REASON}
                    {value}
                    class="choice__input"
                    checked={reason.is_none()}
                />
                <span>{ t(label) }</span>
            </label>
        }
    });
    let name = [("name", name.as_str())];
    html! {
        <Dialog state={state.clone()} title={t_with("block.title", &name)}>
            <form class="form" {onsubmit}>
                <p class="form__text">{ t_with("block.text", &name) }</p>
                if takes_reports {
                    <fieldset class="choices">
                        <legend class="choices__legend">{ t("block.report") }</legend>
                        { for choices }
                    </fieldset>
                }
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="submit" class="button button--danger">{ t("block.submit") }</button>
                </div>
            </form>
        </Dialog>
    }
}
