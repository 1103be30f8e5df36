//! What an owner can have otherwise with a room (XEP-0045 10.2), and what a room wants to know of
//! whoever would be its member (7.10).

use couplet_engine::store::{Form, NotSaved, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::data_form::{data_form, focus_field};
use super::dialog::{Dialog, form_buttons, submitting};
use super::trouble::with_quote;
use crate::hooks::{use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_with};
use crate::state::{Pending, State, Subject};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
    pub(crate) purpose: Purpose,
}

/// What the form is for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    Settings,
    Membership,
}

#[derive(Default)]
struct Editing {
    asked: Option<Pending>,
    form: Option<Result<Form, NotSaved>>,
    /// Whether what is wrong is shown: somebody has tried to save it.
    tried: bool,
    pending: Option<Pending>,
}

/// The room's own form, as the room has it.
#[component]
pub(crate) fn RoomForm(props: &Props) -> Html {
    let Props {
        state,
        jid,
        purpose,
    } = props;
    let purpose = *purpose;
    let profile = state.me().map(|me| Topic::Profile(me).into());
    use_subjects(state, [Subject::Rooms].into_iter().chain(profile).collect());
    let editing = use_model(Editing::default);
    {
        let (state, jid, editing) = (state.clone(), jid.clone(), editing.clone());
        use_mount(Box::new(move || {
            let asked = match purpose {
                Purpose::Settings => state.ask_room_settings(jid),
                Purpose::Membership => state.ask_registration(jid),
            };
            editing.change(|editing| editing.asked = Some(asked));
            None
        }));
    }
    let asked = editing.read().asked.clone();
    if let Some(form) = asked.and_then(|asked| state.take_room_settings(&asked)) {
        editing.note(|editing| editing.form = Some(form));
    }
    let pending = editing.read().pending.clone();
    let outcome = pending.as_ref().and_then(|pending| state.outcome(pending));
    {
        let state = state.clone();
        let done = outcome == Some(Ok(())) && purpose == Purpose::Settings;
        use_each_rendering(Box::new(move || {
            if done {
                state.close();
            }
        }));
    }
    let busy = pending.is_some() && outcome.is_none();
    let granted = outcome == Some(Ok(()));
    let failure = outcome.and_then(Result::err);
    let onsubmit = {
        let (state, jid, editing) = (state.clone(), jid.clone(), editing.clone());
        submitting(move |_| {
            let (wrong, answer) = match &editing.read().form {
                Some(Ok(form)) if !busy => (form.wrong(), form.answer()),
                _ => return,
            };
            if let Some((place, _)) = wrong.first() {
                editing.change(|editing| editing.tried = true);
                return focus_field(*place);
            }
            let pending = match purpose {
                Purpose::Settings => state.configure_room(jid.clone(), answer),
                Purpose::Membership => state.register_in_room(jid.clone(), answer),
            };
            editing.change(|editing| editing.pending = Some(pending));
        })
    };
    let set = {
        let editing = editing.clone();
        Callback::from(move |(place, values): (usize, Vec<String>)| {
            editing.change(|editing| {
                if let Some(Ok(form)) = &mut editing.form
                    && let Some(field) = form.fields.get_mut(place)
                {
                    field.values = values;
                }
            });
        })
    };
    let now = editing.read();
    let content = match &now.form {
        _ if granted => asked_in(state, jid),
        None => html! {
            <p class="form__waiting" role="status">
                <span class="spinner" aria-hidden="true"></span>
                { t("roomSettings.loading") }
            </p>
        },
        Some(Err(failure)) => {
            html! { <p class="form__problem" role="alert">{ why(purpose, failure, "askIn.known") }</p> }
        }
        Some(Ok(form)) => html! {
            <form class="form" novalidate=true {onsubmit}>
                { data_form(form, now.tried, &set) }
                <p class="form__problem" role="alert">
                    if let Some(failure) = &failure {
                        { why(purpose, failure, "room.nickTaken") }
                    }
                </p>
                { form_buttons(state, t(submit(purpose, busy))) }
            </form>
        },
    };
    html! {
        <Dialog state={state.clone()} title={t(title(purpose))} class="dialog--form">
            { content }
        </Dialog>
    }
}

fn title(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Settings => "roomSettings.title",
        Purpose::Membership => "askIn.title",
    }
}

fn submit(purpose: Purpose, busy: bool) -> &'static str {
    match purpose {
        Purpose::Settings if busy => "profile.saving",
        Purpose::Settings => "dialog.save",
        Purpose::Membership if busy => "deed.busy",
        Purpose::Membership => "askIn.submit",
    }
}

/// The room has what it wants to know: it lets us in now, or somebody has to agree first.
fn asked_in(state: &State, jid: &BareJid) -> Html {
    let onsubmit = {
        let (state, jid) = (state.clone(), jid.clone());
        submitting(move |_| {
            state.join_room(jid.clone(), None, None);
            state.close();
        })
    };
    html! {
        <form class="form" {onsubmit}>
            <p class="form__text" role="status">{ t("askIn.done") }</p>
            { form_buttons(state, t("room.join")) }
        </form>
    }
}

/// Why it can't be, and what to do. `taken` is what it means that there is such a member.
fn why(purpose: Purpose, failure: &NotSaved, taken: &'static str) -> AttrValue {
    let NotSaved::Refused { condition, text } = failure else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "conflict" if purpose == Purpose::Membership => t(taken),
        "forbidden" | "not-allowed" | "registration-required" | "service-unavailable"
            if purpose == Purpose::Membership =>
        {
            t("askIn.refused")
        }
        "forbidden" | "not-allowed" => t("roomSettings.forbidden"),
        "undefined-condition" if text.is_none() => t("roomSettings.unreadable"),
        _ => t_with("roomSettings.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}
