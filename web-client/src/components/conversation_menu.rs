//! What can be done with a conversation as a whole, in the list and in its head.

use couplet_engine::Timestamp;
use couplet_engine::store::{Conversation, Hear, Muted, Room};
use jid::BareJid;
use yew::prelude::*;

use super::icon::Icon;
use super::layer::{Layer, opening};
use super::menu::Entry;
use crate::i18n::{t, tomorrow};
use crate::platform;
use crate::state::State;

const HOUR: i64 = 60 * 60 * 1_000;

/// What may make itself heard in a room.
const HEARD: [(Hear, Icon, &str); 3] = [
    (Hear::All, Icon::Bell, "list.hearAll"),
    (Hear::Mentions, Icon::At, "list.hearMentions"),
    (Hear::Nothing, Icon::BellOff, "list.hearNothing"),
];

/// The entries of its menu.
pub(crate) fn entries(state: &State, jid: &BareJid) -> Vec<Entry> {
    let wishes = state.wishes(jid);
    let entry = |icon, key, act: fn(&State, &BareJid)| {
        let (state, jid) = (state.clone(), jid.clone());
        Entry {
            icon,
            label: t(key),
            chosen: None,
            separated: false,
            onselect: Callback::from(move |()| act(&state, &jid)),
        }
    };
    let mut entries = vec![match wishes.pinned {
        false => entry(Icon::Pin, "list.pin", |state, jid| state.pin(jid, true)),
        true => entry(Icon::Pin, "list.unpin", |state, jid| state.pin(jid, false)),
    }];
    let unread = state
        .store()
        .conversation(jid)
        .is_some_and(Conversation::is_to_be_read);
    entries.push(if unread || wishes.unread {
        entry(Icon::LetterOpen, "list.markRead", State::mark_as_read)
    } else {
        entry(Icon::Letter, "list.markUnread", State::mark_unread)
    });
    entries.push(if state.store().is_archived(jid) {
        entry(Icon::Archive, "list.unarchive", State::unarchive)
    } else {
        entry(Icon::Archive, "list.archive", State::archive)
    });
    let room = state.store().room(jid).map(Room::hear);
    if let Some(present) = room {
        for (nth, (hear, icon, key)) in HEARD.into_iter().enumerate() {
            let (state, jid) = (state.clone(), jid.clone());
            entries.push(Entry {
                icon,
                label: t(key),
                chosen: Some(hear == present),
                separated: nth == 0,
                onselect: Callback::from(move |()| state.hear_of_room(jid.clone(), hear)),
            });
        }
    }
    if state.is_muted(jid) {
        let mut unmute = entry(Icon::Bell, "list.unmute", |state, jid| {
            state.mute(jid, None);
        });
        unmute.separated = true;
        entries.push(unmute);
    } else {
        let mut hour = entry(Icon::BellOff, "list.muteHour", |state, jid| {
            let end = Timestamp(platform::now().wall.0 + HOUR);
            state.mute(jid, Some(Muted::Until(end)));
        });
        hour.separated = true;
        entries.push(hour);
        entries.push(entry(Icon::BellOff, "list.muteDay", |state, jid| {
            state.mute(jid, Some(Muted::Until(tomorrow())));
        }));
        if room.is_none() {
            entries.push(entry(Icon::BellOff, "list.mute", |state, jid| {
                state.mute(jid, Some(Muted::Forever));
            }));
        }
    }
    if state
        .store()
        .conversation(jid)
        .is_some_and(|known| known.last().is_some())
    {
        let delete = Entry {
            icon: Icon::Trash,
            label: t("list.delete"),
            chosen: None,
            separated: true,
            onselect: opening(state, Layer::Delete(jid.clone())),
        };
        entries.push(delete);
    }
    entries
}
