//! A question before something is asked of a room, and what the room says to it.

use couplet_engine::store::{NotSaved, Topic};
use web_sys::FormData;
use yew::prelude::*;

use super::dialog::{Dialog, submitting, value};
use super::field::Field;
use super::trouble::with_quote;
use crate::hooks::{use_change, use_model, use_subjects};
use crate::i18n::{t, t_with};
use crate::state::{Pending, State};

/// The field for the reason, in each such form.
pub(crate) const REASON: &str = "room-reason";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) title: AttrValue,
    /// What happens then, and what else has to be known.
    pub(crate) children: Html,
    pub(crate) submit: AttrValue,
    /// Whether it can't be undone with one more click.
    #[prop_or_default]
    pub(crate) danger: bool,
    /// Whether others are told why.
    #[prop_or_default]
    pub(crate) reasoned: bool,
    /// What the first field begins with.
    #[prop_or_default]
    pub(crate) text: AttrValue,
    /// What a conflict means, and what a refusal.
    #[prop_or(("deed.conflict", "deed.refused"))]
    pub(crate) faults: (&'static str, &'static str),
    /// Asks the room; nothing where the form doesn't say what for.
    pub(crate) ask: Callback<FormData, Option<Pending>>,
}

/// The dialog: it stays until the room has agreed, and says why it hasn't.
#[component]
pub(crate) fn RoomQuestion(props: &Props) -> Html {
    let state = &props.state;
    let topics = state.me().map(|me| Topic::Profile(me).into());
    use_subjects(state, topics.into_iter().collect());
    let asked = use_model(|| None::<Pending>);
    let outcome = asked.read().as_ref().map(|pending| state.outcome(pending));
    let done = outcome == Some(Some(Ok(())));
    let busy = outcome == Some(None);
    {
        let state = state.clone();
        use_change(
            done.to_string(),
            Box::new(move || {
                if done {
                    state.close();
                }
                None
            }),
        );
    }
    let onsubmit = {
        let (asked, ask) = (asked.clone(), props.ask.clone());
        submitting(move |form| {
            if !busy {
                let pending = ask.emit(form.clone());
                asked.change(|asked| *asked = pending);
            }
        })
    };
    let cancel = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    let reason = Field {
        id: REASON,
        label: t("deed.reason"),
        hint: Some(t("deed.reasonHint")),
        ..Field::default()
    };
    let button = match props.danger {
        true => "button button--danger",
        false => "button button--primary",
    };
    html! {
        <Dialog state={state.clone()} title={props.title.clone()} text={props.text.clone()}>
            <form class="form" novalidate=true {onsubmit}>
                { props.children.clone() }
                if props.reasoned {
                    { reason.html() }
                }
                <p class="setting__hint setting__hint--bad" role="status">
                    if busy {
                        { t("deed.busy") }
                    } else if let Some(Some(Err(reason))) = &outcome {
                        { why_of(reason, props.faults) }
                    }
                </p>
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="submit" class={button} aria-disabled={busy.then_some("true")}>
                        { &props.submit }
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// What others are to be told of why, if anything was typed.
pub(crate) fn reason(form: &FormData) -> Option<String> {
    Some(value(form, REASON)).filter(|reason| !reason.is_empty())
}

/// What the room refuses to those who run it, and what to do.
pub(crate) fn why(reason: &NotSaved) -> AttrValue {
    why_of(reason, ("deed.conflict", "deed.refused"))
}

/// The same where a conflict means something else, and a refusal.
fn why_of(reason: &NotSaved, (conflict, refused): (&'static str, &'static str)) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "forbidden" | "not-allowed" | "not-authorized" => t(refused),
        // ejabberd says the second of somebody who isn't in the room.
        "item-not-found" | "not-acceptable" => t("deed.gone"),
        "conflict" => t(conflict),
        "service-unavailable" | "feature-not-implemented" => t("deed.unsupported"),
        _ => t_with("failure.other", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}
