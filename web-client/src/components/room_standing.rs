//! Who would like to be allowed something in a room: as those see it who may only listen, and
//! those who run it.

use couplet_engine::foreign::tame;
use couplet_engine::store::{NotSaved, Role, Room, RoomRequest, RoomWish, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::trouble::with_quote;
use crate::hooks::{Model, use_model, use_subjects};
use crate::i18n::{t, t_with};
use crate::second::{Part, Second};
use crate::state::{Pending, State, own_occupant};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// The part of the page that is about that, where there is something to say.
pub(crate) fn room_standing(state: &State, jid: &BareJid) -> Html {
    let concerned = state.store().room(jid).is_some_and(|room| {
        own_occupant(room).is_some_and(|us| match us.role {
            Role::Visitor => true,
            Role::Moderator => !room.requests.is_empty(),
            Role::Participant => false,
        })
    });
    if !concerned {
        return Html::default();
    }
    let part = Part::Standing(jid.clone());
    html! { <Second state={state.clone()} {part} /> }
}

/// A bar for whoever may only listen; one for each who has asked, for those who can let them.
#[component]
pub(crate) fn RoomStanding(props: &Props) -> Html {
    let Props { state, jid } = props;
    let mut subjects = vec![
        Topic::Room(jid.clone()).into(),
        Topic::Occupants(jid.clone()).into(),
    ];
    subjects.extend(state.me().map(|me| Topic::Profile(me).into()));
    use_subjects(state, subjects);
    let asked = use_model(|| None::<Pending>);
    let store = state.store();
    let Some(room) = store.room(jid) else {
        return Html::default();
    };
    match own_occupant(room).map(|us| us.role) {
        Some(Role::Visitor) => listener(state, jid, &asked),
        Some(Role::Moderator) => requests(state, jid, room),
        _ => Html::default(),
    }
}

fn listener(state: &State, jid: &BareJid, asked: &Model<Option<Pending>>) -> Html {
    let outcome = asked.read().as_ref().map(|pending| state.outcome(pending));
    let words = match &outcome {
        None => t("voiceRequest.listening"),
        Some(None) => t("deed.busy"),
        Some(Some(Ok(()))) => t("voiceRequest.asked"),
        Some(Some(Err(reason))) => why(reason),
    };
    let ask = {
        let (state, jid, asked) = (state.clone(), jid.clone(), asked.clone());
        Callback::from(move |_: MouseEvent| {
            let pending = state.ask_to_speak(&jid);
            asked.change(|asked| *asked = Some(pending));
        })
    };
    let can_ask = matches!(outcome, None | Some(Some(Err(_))));
    html! {
        <div class="room-bar" role="status">
            <p class="room-bar__text">{ words }</p>
            if can_ask {
                <button type="button" class="button button--small" onclick={ask}>
                    { t("voiceRequest.ask") }
                </button>
            }
        </div>
    }
}

fn requests(state: &State, jid: &BareJid, room: &Room) -> Html {
    let bar = |request: &RoomRequest| {
        let name = tame(&request.nick).into_owned();
        let name = [("name", name.as_str())];
        let answer = |allow: bool| {
            let (state, jid, request) = (state.clone(), jid.clone(), request.clone());
            Callback::from(move |_: MouseEvent| state.answer_request(&jid, request.clone(), allow))
        };
        let (words, yes, yes_name, no, no_name) = match &request.wish {
            RoomWish::Speak { .. } => (
                t_with("voiceRequest.wants", &name),
                t("voiceRequest.allow"),
                t_with("voiceRequest.allowName", &name),
                t("voiceRequest.refuse"),
                t_with("voiceRequest.refuseName", &name),
            ),
            RoomWish::Belong { .. } => (
                t_with("memberRequest.wants", &name),
                t("memberRequest.accept"),
                t_with("memberRequest.acceptName", &name),
                t("memberRequest.decline"),
                t_with("memberRequest.declineName", &name),
            ),
        };
        html! {
            <div class="room-bar" role="status" key={words.to_string()}>
                <p class="room-bar__text">
                    { words }
                    if let Some(said) = said(request) {
                        <span class="room-bar__said" dir="auto">{ said }</span>
                    }
                </p>
                <button
                    type="button"
                    class="button button--primary button--small"
                    aria-label={yes_name}
                    onclick={answer(true)}
                >
                    { yes }
                </button>
                <button
                    type="button"
                    class="button button--small"
                    aria-label={no_name}
                    onclick={answer(false)}
                >
                    { no }
                </button>
            </div>
        }
    };
    html! { <>{ for room.requests.iter().map(bar) }</> }
}

/// What somebody who would be a member says of themselves besides what they want to be called.
fn said(request: &RoomRequest) -> Option<String> {
    let RoomWish::Belong { form } = &request.wish else {
        return None;
    };
    let values = form.iter().filter(|(var, _)| var != "FORM_TYPE");
    let values = values.flat_map(|(_, values)| values);
    let said: Vec<_> = values
        .filter(|value| **value != request.nick && !value.trim().is_empty())
        .map(|value| tame(value))
        .collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

/// Why nobody is asked, and what to do.
fn why(reason: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "forbidden" | "not-allowed" | "feature-not-implemented" => t("voiceRequest.forbidden"),
        "resource-constraint" | "policy-violation" => t("voiceRequest.wait"),
        _ => t_with("failure.other", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}
