//! A room as the head and the foot of its conversation show it.

use couplet_engine::foreign::{short, tame};
use couplet_engine::store::{Direction, Entry, Left, Message, Room, Scope, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::layer::{Layer, opening};
use crate::hooks::use_subjects;
use crate::i18n::{t, t_count, t_with};
use crate::route::Route;
use crate::state::State;

/// Longer names are cut where they stand beside something else.
pub(crate) const LONGEST_NAME: usize = 40;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// How many are in the room, and what is being talked about. Apart from the conversation,
/// so that people who come and go draw nothing else anew.
#[component]
pub(crate) fn RoomLine(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = [Topic::Room(jid.clone()), Topic::Occupants(jid.clone())];
    use_subjects(state, topics.map(Into::into).into());
    let store = state.store();
    let Some(room) = store.room(jid) else {
        return Html::default();
    };
    let line = line(room);
    html! { <p class="head__line" title={line.clone()} dir="auto">{ line }</p> }
}

fn line(room: &Room) -> AttrValue {
    match &room.entry {
        Entry::Joining => t("room.joining"),
        Entry::Left(_) => t("room.notIn"),
        Entry::Joined => {
            let count = u32::try_from(room.occupants.len()).unwrap_or(u32::MAX);
            let people = t_count("room.people", count);
            match &room.subject {
                Some(subject) => AttrValue::from([people.as_str(), " · ", subject].concat()),
                None => people,
            }
        }
    }
}

/// What somebody else in a room is called.
pub(crate) fn nick(message: &Message) -> Option<String> {
    let theirs = message.direction == Direction::Incoming && message.scope != Scope::Person;
    let nick = message.from.resource().filter(|_| theirs)?;
    Some(tame(nick.as_str()).into_owned())
}

/// What stands beside the name of whoever wrote it where somebody else there has one that looks
/// the same.
pub(crate) fn looks_like(room: &Room, message: &Message) -> Option<AttrValue> {
    let other = room
        .occupants
        .looking_like(message.from.resource()?.as_str())?;
    let name = short(&other.nick, LONGEST_NAME);
    Some(t_with("name.alike", &[("name", &name)]))
}

/// Why nothing can be said, and what to do about it; nothing where something can.
pub(crate) fn room_bar(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    let room = store.room(jid);
    let Some(Entry::Left(left)) = room.map(|room| &room.entry) else {
        return Html::default();
    };
    let registers = room.is_some_and(|room| room.registers) && *left == Left::MembersOnly;
    let (label, onclick) = match left {
        Left::Destroyed(Some(alternative), _) => {
            let (state, jid) = (state.clone(), alternative.clone());
            let go = Callback::from(move |_: MouseEvent| {
                state.join_room(jid.clone(), None, None);
                Route::Chat(jid.clone()).go();
            });
            ("room.follow", go)
        }
        // What is wrong has to be typed.
        Left::NickTaken | Left::Password => {
            let layer = Layer::JoinRoom(Some(jid.clone()));
            ("room.join", opening(state, layer))
        }
        _ => {
            let (state, jid) = (state.clone(), jid.clone());
            let again =
                Callback::from(move |_: MouseEvent| state.join_room(jid.clone(), None, None));
            ("room.join", again)
        }
    };
    html! {
        <div class="room-bar" role="status">
            <p class="room-bar__text">{ words(left) }</p>
            if registers {
                <button
                    type="button"
                    class="button button--primary button--small"
                    onclick={opening(state, Layer::AskIn(jid.clone()))}
                >
                    { t("askIn.open") }
                </button>
            }
            <button type="button" class="button button--small" {onclick}>{ t(label) }</button>
        </div>
    }
}

/// Why we are not in a room, in words that say what to do.
pub(crate) fn words(left: &Left) -> AttrValue {
    let because = |key: &'static str, reason: &Option<String>| match reason {
        Some(reason) => {
            let quote = t_with("room.quote", &[("text", reason)]);
            AttrValue::from([t(key).as_str(), " ", quote.as_str()].concat())
        }
        None => t(key),
    };
    match left {
        Left::Away => t("room.away"),
        Left::NickTaken => t("room.nickTaken"),
        Left::Password => t("room.password"),
        Left::MembersOnly => t("room.membersOnly"),
        Left::Banned(reason) => because("room.banned", reason),
        Left::NotFound => t("room.notFound"),
        Left::Full => t("room.full"),
        Left::NotAllowed => t("room.notAllowed"),
        Left::Destroyed(_, reason) => because("room.destroyed", reason),
        Left::Kicked(reason) => because("room.kicked", reason),
        Left::Unreachable => t("room.unreachable"),
        Left::Other(condition) => t_with("failure.other", &[("condition", condition)]),
    }
}
