//! Who is in the list of conversations, and in which order.

use std::rc::Rc;

use couplet_engine::Timestamp;
use couplet_engine::store::{Conversation, Room, Store, Subscription};
use jid::BareJid;

use super::State;
use crate::i18n;

/// What of the list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Filter {
    /// Conversations and contacts, newest first, then by name.
    #[default]
    All,
    /// Conversations with something unread, or to be looked at again.
    Unread,
    /// The whole roster by name, whether we ever talked or not.
    People,
    /// Rooms, newest first, then by name.
    Rooms,
    /// What was put away, newest first.
    Archived,
    /// Who isn't to contact us and has, newest first.
    Strangers,
    /// All of them: conversations, newest first, then the rest of the roster.
    Anybody,
}

/// More groups than this are no help.
const MOST_GROUPS: usize = 50;

impl State {
    /// The other sides in the order of the list, those whose name or address has
    /// `query` in it.
    pub(crate) fn list(&self, filter: Filter, query: &str) -> Vec<BareJid> {
        let by_name = self.by_name();
        order(&self.store(), &by_name, filter, query)
    }

    /// Whether anything was put away.
    pub(crate) fn has_archived(&self) -> bool {
        let store = self.store();
        let mut wanted = store.with_wishes();
        wanted.any(|(jid, _)| store.is_archived(jid) && !store.is_deleted(jid))
    }

    /// The groups of the roster by name, as many as anybody looks at.
    pub(crate) fn groups(&self) -> Vec<String> {
        let store = self.store();
        let all = store.contacts().flat_map(|contact| &contact.groups);
        let mut groups: Vec<String> = Vec::new();
        for group in all {
            if !groups.contains(group) && groups.len() < MOST_GROUPS {
                groups.push(group.clone());
            }
        }
        groups.sort_by_cached_key(|group| i18n::lower(group));
        groups
    }

    /// Whether anybody is put apart.
    pub(crate) fn has_strangers(&self) -> bool {
        let store = self.store();
        let mut known = store.conversations();
        known.any(|(jid, known)| known.last().is_some() && store.is_apart(jid))
    }

    /// The roster by name. Sorted once for every change of it: with thousands of
    /// contacts that takes longer than anything else here.
    fn by_name(&self) -> Rc<Vec<BareJid>> {
        let mut by_name = self.0.by_name.borrow_mut();
        let by_name = by_name.get_or_insert_with(|| {
            let store = self.store();
            let names = store
                .contacts()
                .map(|contact| (store.name(&contact.jid), &contact.jid));
            Rc::new(i18n::sorted(names))
        });
        by_name.clone()
    }
}

fn order(store: &Store, by_name: &[BareJid], filter: Filter, query: &str) -> Vec<BareJid> {
    let query = i18n::lower(query.trim());
    // Whoever looks for somebody finds them wherever they are.
    let put_away = |jid: &BareJid| {
        let chosen = matches!(filter, Filter::All | Filter::Unread | Filter::Rooms);
        chosen && query.is_empty() && (store.is_archived(jid) || store.is_apart(jid))
    };
    let wanted = |jid: &BareJid| {
        belongs(store, jid, filter) && matches(store, jid, &query) && !put_away(jid)
    };
    if filter == Filter::People {
        return by_name.iter().filter(|jid| wanted(jid)).cloned().collect();
    }
    let mut talks: Vec<(Timestamp, &BareJid)> = store
        .conversations()
        .filter_map(|(jid, conversation)| Some((conversation.last()?.at, jid)))
        .filter(|(_, jid)| wanted(jid))
        .collect();
    talks.sort_unstable_by(|one, other| other.cmp(one));
    let silent = by_name.iter().filter(|jid| {
        store
            .conversation(jid)
            .is_none_or(|conversation| conversation.timeline.is_empty())
    });
    let talks = talks.into_iter().map(|(_, jid)| jid);
    let quiet = |jid: &BareJid| {
        let known = store.conversation(jid);
        known.is_none_or(|conversation| conversation.last().is_none())
    };
    let rooms = store.rooms().map(|(jid, _)| jid);
    let mut rooms: Vec<&BareJid> = rooms.filter(|jid| quiet(jid) && wanted(jid)).collect();
    rooms.sort_by_cached_key(|jid| i18n::lower(store.name(jid)));
    let mut all: Vec<BareJid> = talks
        .chain(rooms)
        .chain(silent.filter(|jid| wanted(jid)))
        .cloned()
        .collect();
    all.sort_by_key(|jid| !store.wishes(jid).pinned);
    all
}

fn belongs(store: &Store, jid: &BareJid, filter: Filter) -> bool {
    let conversation = store.conversation(jid);
    match filter {
        Filter::All => {
            conversation.is_some_and(|conversation| !conversation.timeline.is_empty())
                || store.room(jid).is_some_and(Room::is_ours)
                || store.contact(jid).is_some_and(|contact| {
                    contact.asked || contact.subscription != Subscription::None
                })
        }
        Filter::Unread => {
            store.wishes(jid).unread || conversation.is_some_and(Conversation::is_to_be_read)
        }
        Filter::Archived => store.is_archived(jid) && !store.is_deleted(jid),
        Filter::Strangers => store.is_apart(jid) && conversation.is_some(),
        Filter::Rooms => store
            .room(jid)
            .is_some_and(|room| is_known(room, conversation)),
        Filter::Anybody => store
            .room(jid)
            .is_none_or(|room| is_known(room, conversation)),
        Filter::People => true,
    }
}

/// Whether there is more to the room than that somebody would like to see us there.
fn is_known(room: &Room, conversation: Option<&Conversation>) -> bool {
    room.is_ours() || room.bookmark.is_some() || conversation.is_some()
}

/// Whether the name or the address has `query`, in lower case, in it.
fn matches(store: &Store, jid: &BareJid, query: &str) -> bool {
    query.is_empty() || i18n::lower(store.name(jid)).contains(query) || jid.as_str().contains(query)
}

#[cfg(test)]
mod tests;
