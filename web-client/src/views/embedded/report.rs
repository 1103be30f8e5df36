//! What the site is told.

use couplet_engine::store::{Direction, Entry, Left, SessionStatus, Trouble};
use jid::BareJid;
use wasm_bindgen::JsValue;
use yew::AttrValue;

use super::course::{Course, NAMES, is_of_somebody_else};
use crate::components::room::{nick, words};
use crate::components::trouble::title;
use crate::embedding::{Embedding, Mode};
use crate::hooks::Model;
use crate::i18n::t;
use crate::state::State;

/// So many messages are looked through for what the site hasn't been told.
const NEWEST: usize = 50;

/// Tells the site what it doesn't know yet.
pub(super) fn report(state: &State, site: &Embedding, course: &Model<Course>) {
    if is_of_somebody_else(state, site) {
        return;
    }
    let target = site.target();
    let unread = match (&target, site.mode) {
        (Some(target), Mode::Bubble | Mode::Inline) => {
            let store = state.store();
            store.conversation(target).map_or(0, |known| known.unread)
        }
        _ => state.unread(),
    };
    if course.read().unread != unread {
        course.note(|course| course.unread = unread);
        site.tell("unread", &[("count", unread.into())]);
    }
    if let Some(target) = &target {
        tell_of_messages(state, site, target, course);
    }
    keep_last(state, site, course);
    let complaint = complaint(state, site, course);
    let words = complaint.as_ref().map(|(_, words)| words.clone());
    if course.read().complaint != words {
        if let Some((code, text)) = complaint {
            site.tell(
                "error",
                &[("code", code.into()), ("text", text.as_str().into())],
            );
        }
        course.change(|course| course.complaint = words);
    }
}

/// Notes when the last was said, from when on this device keeps it as long as the site says.
fn keep_last(state: &State, site: &Embedding, course: &Model<Course>) {
    if !state.is_guest() || site.retention().is_none() {
        return;
    }
    let Some(target) = site.target() else { return };
    let last = {
        let store = state.store();
        let known = store.conversation(&target);
        known.and_then(|known| Some(known.timeline.iter().next_back()?.at))
    };
    if last > course.read().last {
        course.note(|course| course.last = last);
        site.keep_last(last);
    }
}

fn tell_of_messages(state: &State, site: &Embedding, target: &BareJid, course: &Model<Course>) {
    let began = course.read().began;
    let mut news = Vec::new();
    if let Some(known) = state.store().conversation(target) {
        let newest = known.timeline.iter().rev().take(NEWEST);
        let new = newest.filter(|message| message.at >= began && !message.body.is_empty());
        news.extend(
            new.filter(|message| !course.read().told.contains(&message.id))
                .cloned(),
        );
    }
    for message in news.into_iter().rev() {
        course.note(|course| {
            course.told.push(message.id.clone());
            let old = course.told.len().saturating_sub(2 * NEWEST);
            course.told.drain(..old);
        });
        let own = message.direction == Direction::Outgoing;
        let mut detail: Vec<(&str, JsValue)> = vec![("own", own.into())];
        if state.is_guest() {
            let from = nick(&message).unwrap_or_else(|| state.store().name(target).to_owned());
            let from = if own { String::new() } else { from };
            detail.push(("from", from.into()));
            detail.push(("text", message.body.as_str().into()));
        }
        site.tell("message", &detail);
    }
}

/// What keeps one from talking.
fn complaint(
    state: &State,
    site: &Embedding,
    course: &Model<Course>,
) -> Option<(&'static str, AttrValue)> {
    if site.is_empty() {
        return Some(("room", t("embedded.nothing")));
    }
    let store = state.store();
    if let SessionStatus::SignedOut {
        trouble: Some(trouble),
    } = store.status()
    {
        let trouble: &Trouble = trouble;
        return Some(match trouble {
            Trouble::TokenNeeded { .. } => ("token-needed", t("embedded.tokenTitle")),
            trouble => ("sign-in", title(trouble)),
        });
    }
    let Some(target) = site.target() else {
        // Where those who help have no rooms, nobody can be helped.
        let failed = site.agents().is_some() && state.listing().failure.is_some();
        return failed.then(|| ("room", t("embedded.noRoom")));
    };
    let refused = course.read().refused;
    let Some(Entry::Left(left)) = store.room(&target).map(|room| &room.entry) else {
        return refused.then(|| ("room", t("embedded.noRoom")));
    };
    match left {
        // On the way in again, or with another name.
        Left::Away => None,
        Left::NickTaken if course.read().entered < NAMES => None,
        left => Some(("room", words(left))),
    }
}
