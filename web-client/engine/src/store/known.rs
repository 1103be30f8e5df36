//! What an engine can learn from a store where it has forgotten how far it was.

use jid::BareJid;

use super::{Conversation, Store};
use crate::now::Timestamp;
use crate::sorted_map::SortedMap;

/// Up to when what the archives have is here: our own, and those of rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub(crate) own: Option<Timestamp>,
    pub(crate) rooms: SortedMap<BareJid, Timestamp>,
}

impl Store {
    /// Up to when what the archives have is here, as it is `now`. The newest messages of
    /// each conversation have to be [loaded](Self::load).
    pub fn known(&self, now: Timestamp) -> Known {
        let mut known = Known::default();
        for (jid, conversation) in self.conversations.iter() {
            let newest = conversation.newest_archived(now);
            if !self.rooms.contains_key(jid) {
                known.own = known.own.max(newest);
            } else if let Some(newest) = newest {
                known.rooms.insert(jid.clone(), newest);
            }
        }
        known
    }
}

impl Conversation {
    /// When the newest message was sent that the archive has, and before which nothing is
    /// missing. One that claims to be of the future says nothing.
    fn newest_archived(&self, now: Timestamp) -> Option<Timestamp> {
        let ahead = self.timeline.ahead();
        let mut newest_first = self.timeline.between(None, None).rev();
        let (_, newest) = newest_first.find(|(position, message)| {
            let whole = ahead.is_none_or(|ahead| *position < ahead);
            whole && message.archive_id.is_some() && message.at <= now
        })?;
        Some(newest.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Changes, Delivery, Direction, Entry, Message, MessageId, Notes, Provenance, RoomChange,
        Scope, StoreEvent,
    };

    fn message(from: &str, at: i64, archived: bool, provenance: Provenance) -> StoreEvent {
        let jid: BareJid = from.parse().unwrap();
        let id = format!("{from} {at}");
        StoreEvent::Message {
            message: Box::new(Message {
                id: MessageId(id.clone()),
                stanza_id: None,
                origin_id: None,
                archive_id: archived.then_some(id),
                conversation: jid.clone(),
                from: jid.into(),
                occupant: None,
                scope: Scope::Person,
                direction: Direction::Incoming,
                body: "hello".to_owned(),
                at: Timestamp(at),
                delivery: Delivery::Sent,
                notes: Notes::default(),
                changes: Changes::default(),
            }),
            provenance,
        }
    }

    #[test]
    fn what_is_known_ends_where_something_may_be_missing() {
        let room: BareJid = "coven@chat.shakespeare.lit".parse().unwrap();
        let joined = StoreEvent::Room {
            jid: room.clone(),
            change: RoomChange::Entry(Entry::Joined, "thirdwitch".to_owned()),
        };
        let mut store = Store::default();
        for event in [
            joined,
            message("bob@example.org", 1_000_000, true, Provenance::Live),
            message("eve@example.org", 2_000_000, true, Provenance::CatchUp),
            message("bob@example.org", 3_000_000, true, Provenance::Ahead),
            message("eve@example.org", 4_000_000, false, Provenance::Live),
            message("eve@example.org", 9_000_000, true, Provenance::Delayed),
            message(room.as_str(), 5_000_000, true, Provenance::Live),
        ] {
            store.apply(event);
        }
        let known = store.known(Timestamp(6_000_000));
        assert_eq!(known.own, Some(Timestamp(2_000_000)));
        assert_eq!(known.rooms.get(&room), Some(&Timestamp(5_000_000)));
        assert_eq!(Store::default().known(Timestamp(0)), Known::default());
    }
}
