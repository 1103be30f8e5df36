//! What anybody may want in a room: another name, another subject.

use jid::BareJid;
use web_sys::FormData;
use yew::prelude::*;

use super::dialog::value;
use super::field::{Field, focus};
use super::room_question::RoomQuestion;
use crate::i18n::{t, t_with};
use crate::state::{State, own_occupant};

const NICK: &str = "room-nick";
const SUBJECT: &str = "room-subject";

/// Asks for another name, by which everybody there knows one from then on.
pub(crate) fn nick(state: &State, room: &BareJid) -> Html {
    let store = state.store();
    let us = store.room(room).and_then(own_occupant);
    let text = us.map_or_else(String::new, |us| us.nick.clone());
    let field = Field {
        id: NICK,
        label: t("join.nick"),
        hint: Some(t("roomNick.hint")),
        autofocus: true,
        ..Field::default()
    };
    let ask = {
        let (state, room) = (state.clone(), room.clone());
        Callback::from(move |form: FormData| {
            let nick = value(&form, NICK);
            if nick.is_empty() {
                focus(NICK);
                return None;
            }
            Some(state.rename_in_room(&room, nick))
        })
    };
    let title = t_with("roomNick.title", &[("name", store.name(room))]);
    html! {
        <RoomQuestion
            state={state.clone()}
            {title}
            {text}
            submit={t("dialog.save")}
            faults={("room.nickTaken", "roomNick.refused")}
            {ask}
        >
            { field.html() }
        </RoomQuestion>
    }
}

/// Asks what is being talked about; without an answer there is no subject.
pub(crate) fn subject(state: &State, room: &BareJid) -> Html {
    let store = state.store();
    let known = store.room(room).and_then(|room| room.subject.clone());
    let text = known.unwrap_or_default();
    let field = Field {
        id: SUBJECT,
        label: t("room.subject"),
        hint: Some(t("roomSubject.hint")),
        autofocus: true,
        ..Field::default()
    };
    let ask = {
        let (state, room) = (state.clone(), room.clone());
        Callback::from(move |form: FormData| Some(state.set_subject(&room, value(&form, SUBJECT))))
    };
    let title = t_with("roomSubject.title", &[("name", store.name(room))]);
    html! {
        <RoomQuestion
            state={state.clone()}
            {title}
            {text}
            submit={t("dialog.save")}
            faults={("roomSubject.refused", "roomSubject.refused")}
            {ask}
        >
            { field.html() }
        </RoomQuestion>
    }
}
