//! A store that follows another one: it takes the rows that the other has written.

use jid::BareJid;

use super::profile::renaming;
use super::timeline::Position;
use super::{Store, Topic};
use crate::codec::decode;
use crate::output::{Record, Table};

impl Store {
    /// Takes what another store's [`take_records`](Self::take_records) gave, of which this
    /// one has all before. Messages behind what has been read from disk are left to
    /// [`load`](Self::load). What isn't kept, such as the session's status, has to be applied
    /// as events. Nothing of this is given by our own `take_records`.
    pub fn mirror(&mut self, rows: &[Record]) -> Vec<Topic> {
        let mut topics = Vec::new();
        for row in rows {
            let (jid, order) = row.key.split_once('\n').unwrap_or((&row.key, ""));
            let jid = jid.parse().ok();
            self.mirror_row(row, jid.as_ref(), order);
            let touched = match (row.table, jid) {
                (Table::Profiles, Some(jid)) => {
                    topics.extend(renaming(jid));
                    continue;
                }
                (Table::Engine | Table::Outbox, _) => continue,
                (Table::Profiles, None) => [Some(Topic::Session), None],
                (Table::Roster, _) => [Some(Topic::Roster), Some(Topic::Conversations)],
                (Table::Requests, _) => [Some(Topic::Requests), None],
                (Table::Wishes, None) => [Some(Topic::Privacy), Some(Topic::Conversations)],
                (Table::Blocked, _) => [Some(Topic::Blocking), None],
                (Table::Rooms, Some(jid)) => [Some(Topic::Room(jid)), Some(Topic::Conversations)],
                (Table::Occupants, Some(jid)) => [Some(Topic::Occupants(jid)), Some(Topic::Faces)],
                (Table::Presence, Some(jid)) => [Some(Topic::Presence(jid)), None],
                (Table::Avatars, jid) => [jid.map(Topic::Avatar), Some(Topic::Faces)],
                (_, jid) => [jid.map(Topic::Conversation), Some(Topic::Conversations)],
            };
            for topic in touched.into_iter().flatten() {
                if !topics.contains(&topic) {
                    topics.push(topic);
                }
            }
        }
        topics
    }

    fn mirror_row(&mut self, row: &Record, jid: Option<&BareJid>, order: &str) {
        match (row.table, &row.value, jid) {
            (Table::Messages, value, Some(jid)) => {
                let known = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                let Some(position) = Position::read(order) else {
                    return;
                };
                if row.deletes_behind().is_some() {
                    known.clear(position);
                    known.cleared = None;
                } else if !known.is_for_later(position) {
                    let message = value.as_deref().and_then(decode);
                    known.mirror_message(position, message);
                }
            }
            (Table::Conversations, Some(value), Some(jid)) => {
                let known = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                known.mirror(value);
            }
            (Table::Requests, value, Some(jid)) => {
                self.requests.retain(|request| request.jid != *jid);
                if let Some(value) = value {
                    self.take_row(row.table, &row.key, value);
                }
            }
            (table, Some(value), _) => _ = self.take_row(table, &row.key, value),
            (Table::Roster, None, Some(jid)) => drop(self.contacts.remove(jid)),
            (Table::Presence, None, Some(jid)) => drop(self.presences.remove(jid)),
            (Table::Rooms, None, Some(jid)) => drop(self.rooms.remove(jid)),
            (Table::Occupants, None, Some(jid)) => {
                if let Some(room) = self.rooms.get_mut(jid) {
                    room.occupants.remove(order);
                }
            }
            (Table::Avatars, None, Some(jid)) => drop(self.avatars.remove(jid)),
            (Table::Avatars, None, None) => self.faces.remove(order),
            (Table::Profiles, None, Some(jid)) => drop(self.profiles.remove(jid)),
            (Table::Wishes, None, Some(jid)) => drop(self.wishes.remove(jid)),
            (Table::Blocked, None, Some(jid)) => drop(self.blocked.remove(jid)),
            (Table::Wishes, None, None) => self.privacy = None,
            (Table::Blocked, None, None) => self.blocklist = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Timestamp;
    use crate::store::{
        Changes, Delivery, Direction, Message, MessageId, Notes, Provenance, ResourcePresence,
        StoreEvent,
    };

    fn message(number: i64) -> StoreEvent {
        let jid: BareJid = "bob@example.org".parse().unwrap();
        StoreEvent::Message {
            message: Box::new(Message {
                id: MessageId(format!("id {number}")),
                stanza_id: None,
                origin_id: None,
                archive_id: None,
                conversation: jid.clone(),
                from: jid.into(),
                occupant: None,
                scope: crate::store::Scope::Person,
                direction: Direction::Outgoing,
                body: "hello".to_owned(),
                at: Timestamp(number * 10_000),
                delivery: Delivery::Queued,
                notes: Notes::default(),
                changes: Changes::default(),
            }),
            provenance: Provenance::Live,
        }
    }

    fn bodies(store: &Store, jid: &BareJid) -> Vec<(String, Delivery)> {
        let timeline = &store.conversation(jid).unwrap().timeline;
        let messages = timeline.iter();
        messages
            .map(|message| (message.id.0.clone(), message.delivery.clone()))
            .collect()
    }

    #[test]
    fn what_one_store_is_told_both_show() {
        let bob: BareJid = "bob@example.org".parse().unwrap();
        let (mut leader, mut follower) = (Store::default(), Store::default());
        let online = |presence| StoreEvent::Presence {
            jid: "bob@example.org/there".parse().unwrap(),
            presence,
        };
        let sent = StoreEvent::Delivery {
            conversation: bob.clone(),
            id: MessageId("id 1".to_owned()),
            delivery: Delivery::Sent,
        };
        let discarded = StoreEvent::Discarded {
            conversation: bob.clone(),
            id: MessageId("id 2".to_owned()),
        };
        for event in [
            message(1),
            message(2),
            online(Some(ResourcePresence::default())),
            sent,
            discarded,
            online(None),
            message(3),
        ] {
            leader.apply(event);
            follower.mirror(&leader.take_records());
            assert_eq!(bodies(&leader, &bob), bodies(&follower, &bob));
            assert_eq!(leader.presence(&bob), follower.presence(&bob));
        }
        assert_eq!(bodies(&follower, &bob).len(), 2);
        assert_eq!(follower.take_records(), []);
    }

    #[test]
    fn what_is_behind_the_page_that_was_read_waits_on_disk() {
        let bob: BareJid = "bob@example.org".parse().unwrap();
        let mut leader = Store::default();
        let mut rows = Vec::new();
        for number in 1..=5 {
            leader.apply(message(number));
            rows.extend(leader.take_records());
        }
        let is_message = |row: &&Record| row.table == Table::Messages;
        let conversation: Vec<Record> = rows
            .iter()
            .filter(|row| row.table == Table::Conversations)
            .cloned()
            .collect();
        let mut newest: Vec<Record> = rows.iter().filter(is_message).cloned().collect();
        newest.sort_by(|left, right| left.key.cmp(&right.key));
        let mut follower = Store::restore(&conversation);
        follower.load(&bob, &newest[..2], true);
        follower.mirror(&newest);
        let ids: Vec<_> = bodies(&follower, &bob)
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, ["id 4", "id 5"]);
    }
}
