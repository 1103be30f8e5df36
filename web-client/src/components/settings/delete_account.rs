//! The question before an account is deleted.

use couplet_engine::store::Topic;
use yew::prelude::*;

use super::super::dialog::{Dialog, submitting, value};
use super::super::field::{Field, focus};
use super::account::why;
use crate::hooks::{use_model, use_subjects};
use crate::i18n::{t, t_with};
use crate::state::{Pending, State};

const ADDRESS: &str = "delete-address";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

#[derive(Default)]
struct Deleting {
    /// What was typed isn't the address.
    wrong: bool,
    pending: Option<Pending>,
}

/// Says what goes, and has the address typed, so that nobody does it by mistake.
#[component]
pub(crate) fn DeleteAccount(props: &Props) -> Html {
    let state = &props.state;
    let me = state.me();
    let topic = me.iter().map(|me| Topic::Profile(me.clone()).into());
    use_subjects(state, topic.collect());
    let deleting = use_model(Deleting::default);
    let Some(me) = me else {
        return Html::default();
    };
    let pending = deleting.read().pending.clone();
    let outcome = pending.as_ref().and_then(|pending| state.outcome(pending));
    let busy = pending.is_some() && outcome.is_none();
    let failed = outcome.and_then(Result::err);
    let onsubmit = {
        let (state, deleting, me) = (state.clone(), deleting.clone(), me.clone());
        submitting(move |form| {
            if busy {
                return;
            }
            let right = value(form, ADDRESS).to_lowercase() == me.as_str();
            if !right {
                focus(ADDRESS);
            }
            let pending = right.then(|| state.delete_account());
            deleting.change(|deleting| {
                deleting.wrong = !right;
                deleting.pending = pending;
            });
        })
    };
    let field = Field {
        id: ADDRESS,
        label: t("delete.confirm"),
        placeholder: me.to_string().into(),
        address: true,
        autofocus: true,
        error: deleting.read().wrong.then(|| t("delete.mismatch")),
        ..Field::default()
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    html! {
        <Dialog state={state.clone()} title={t("delete.title")}>
            <form class="form" novalidate=true {onsubmit}>
                <p class="form__text">{ t_with("delete.text", &[("address", me.as_str())]) }</p>
                { field.html() }
                <p class="setting__hint setting__hint--bad" role="status">
                    if busy {
                        { t("delete.deleting") }
                    } else if let Some(reason) = &failed {
                        { why(reason) }
                    }
                </p>
                <div class="form__buttons">
                    <button type="button" class="button" onclick={cancel}>{ t("dialog.cancel") }</button>
                    <button
                        type="submit"
                        class="button button--danger"
                        aria-disabled={busy.then_some("true")}
                    >
                        { t("delete.submit") }
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
