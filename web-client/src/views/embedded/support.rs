//! A guest's conversation with those who help: a room of its own, which they are asked into.

use couplet_engine::Timestamp;
use couplet_engine::store::{
    Affiliation, Delivery, Direction, Entry, Left, Message, NotSaved, Standing,
};
use jid::BareJid;

use super::course::Course;
use crate::embedding::Embedding;
use crate::hooks::Model;
use crate::platform::{self, profile};
use crate::state::State;

/// Those who help are asked again by what a guest says so many milliseconds after the last time.
const ASK_AGAIN: i64 = 86_400_000;

/// Finds out where those who help have rooms, and makes up one for the guest.
pub(super) fn find_room(state: &State, site: &Embedding, agents: &BareJid, course: &Model<Course>) {
    if !course.read().looked {
        course.note(|course| course.looked = true);
        let server = BareJid::from_parts(None, agents.domain());
        return state.browse_rooms(server);
    }
    let service = {
        let listing = state.listing();
        let found = !listing.is_asking() && listing.failure.is_none();
        listing.service.clone().filter(|_| found)
    };
    if let Some(service) = service {
        site.choose_room(agents, &service);
        course.change(|_| {});
    }
}

/// Sees to it that the guest's own room is there, and those who help know of it.
pub(super) fn support(
    state: &State,
    site: &Embedding,
    agents: &BareJid,
    room: &BareJid,
    entry: Option<&Entry>,
    course: &Model<Course>,
) {
    let making = course.read().making.clone();
    let outcome = making.and_then(|making| state.outcome(&making));
    if let Some(outcome) = outcome {
        course.note(|course| course.making = None);
        match outcome {
            // It is theirs as well, also when the guest is somebody else to it.
            Ok(()) => {
                let standing = Standing::Affiliation(agents.clone(), Affiliation::Owner);
                state.set_standing(room, standing, None);
            }
            Err(NotSaved::Refused { condition, .. }) if condition == "conflict" => {
                let nickname = site.nickname();
                state.join_room(room.clone(), nickname, None);
            }
            Err(NotSaved::Refused { .. }) => course.change(|course| course.refused = true),
            Err(NotSaved::Offline) => {}
        }
    }
    match entry {
        Some(Entry::Joined) => {}
        Some(Entry::Left(Left::NotFound | Left::Destroyed(..))) => return site.forget_room(agents),
        _ => return,
    }
    // Whoever hasn't said anything wants nothing yet.
    let Some(said) = last_said(state, room) else {
        return;
    };
    let last = site.invited(agents);
    let due = last.is_none_or(|last| said.0 - last.0 >= ASK_AGAIN);
    if due && !is_answered(state, room) {
        site.note_invited(agents, platform::now().wall.max(said));
        let name = site.nickname().unwrap_or_default();
        let reason = format!("{name}, {}", profile::site().unwrap_or_default());
        state.invite(room, vec![agents.clone()], Some(reason));
    }
}

/// When the guest last said something that has arrived.
fn last_said(state: &State, room: &BareJid) -> Option<Timestamp> {
    let store = state.store();
    let known = store.conversation(room)?;
    let ours = |message: &&std::rc::Rc<Message>| {
        message.direction == Direction::Outgoing && message.delivery != Delivery::Queued
    };
    let last = known.timeline.iter().rev().find(ours)?;
    Some(last.at)
}

/// Whether anybody is in the room who could answer.
pub(super) fn is_answered(state: &State, room: &BareJid) -> bool {
    let store = state.store();
    store
        .room(room)
        .is_some_and(|room| room.occupants.len() > 1)
}
