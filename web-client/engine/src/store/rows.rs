//! The store and the disk: a row for everything people see.
//!
//! [`Store::take_records`] gives what has changed, [`Store::restore`] takes everything but
//! the messages back, [`Store::load`] messages, a page at a time, newest first.

use std::ops::Range;
use std::rc::Rc;

use jid::BareJid;

use super::timeline::Position;
use super::{Conversation, Room, Store, Topic};
use crate::codec::{decode, encode};
use crate::modules::xep0313_archive::Repeated;
use crate::output::{Record, Table};

/// The row of the roster that says that it is whole, that of those who are blocked that says
/// what the server can do, that of the wishes which is for everybody, and that of the profiles
/// which has our devices.
const WHOLE: &str = "";

/// Which rows have changed since they were last asked for, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed(Vec<(Table, String)>);

impl Changed {
    pub(super) fn mark(&mut self, table: Table, key: &BareJid) {
        self.mark_key(table, key.as_str());
    }

    pub(super) fn roster_is_whole(&mut self) {
        self.mark_key(Table::Roster, WHOLE);
    }

    pub(super) fn mark_occupant(&mut self, room: &BareJid, nick: &str) {
        self.mark_key(Table::Occupants, &[room.as_str(), nick].join("\n"));
    }

    /// A line break is in no address.
    pub(super) fn mark_face(&mut self, hash: &str) {
        self.mark_key(Table::Avatars, &["\n", hash].concat());
    }

    pub(super) fn mark_blocklist(&mut self) {
        self.mark_key(Table::Blocked, WHOLE);
    }

    pub(super) fn mark_devices(&mut self) {
        self.mark_key(Table::Profiles, WHOLE);
    }

    pub(super) fn mark_privacy(&mut self) {
        self.mark_key(Table::Wishes, WHOLE);
    }

    fn mark_key(&mut self, table: Table, key: &str) {
        let row = (table, key);
        // Thousands come in order.
        let place = match self.0.last() {
            Some((last, key)) if (*last, key.as_str()) >= row => self
                .0
                .binary_search_by(|(table, key)| (*table, key.as_str()).cmp(&row)),
            _ => Err(self.0.len()),
        };
        if let Err(place) = place {
            self.0.insert(place, (table, key.to_owned()));
        }
    }
}

impl Store {
    /// The rows that have changed since this was last called: what the events applied in
    /// between have done. To be written in one transaction with the drain's commit.
    pub fn take_records(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for (table, key) in std::mem::take(&mut self.changed).0 {
            if table == Table::Messages {
                self.take_messages(&key, &mut records);
            } else {
                let value = self.row(table, &key);
                records.push(Record::new(table, key, value));
            }
        }
        records
    }

    /// The store that these rows make, whichever tables they are of; messages are for
    /// [`load`](Self::load). Rows that can't be read are left out: see
    /// [`take_damage`](Self::take_damage).
    pub fn restore(rows: &[Record]) -> Self {
        let mut store = Self::default();
        for row in rows {
            if let Some(value) = &row.value {
                store.damaged |= !store.take_row(row.table, &row.key, value);
            }
        }
        store.repeated = Repeated::read(rows);
        store
    }

    /// Takes in `rows` of the table Messages: a page of `conversation`, newest first, from
    /// [`older_key`](Self::older_key) on. Merges with what is here. `more_on_disk` says
    /// whether there are older ones.
    pub fn load(
        &mut self,
        conversation: &BareJid,
        rows: &[Record],
        more_on_disk: bool,
    ) -> Vec<Topic> {
        let known = self
            .conversations
            .get_or_insert_with(conversation.clone(), Default::default);
        known.more_on_disk = more_on_disk;
        known.timeline.set_partial(more_on_disk);
        let mut settled = false;
        for row in rows {
            let order = row.key.strip_prefix(conversation.as_str());
            let order = order.and_then(|order| order.strip_prefix('\n'));
            let position = order.and_then(Position::read);
            let message = row.value.as_deref().and_then(decode);
            if let (Some(position), Some(message)) = (position, message) {
                // What has been written since then is here, and is no concern of it.
                let new = known.timeline.at(position).is_none();
                settled |= known.load(position, message);
                if let Some(left) = self.unsent.as_ref().filter(|_| new) {
                    settled |= known.lose_unsent_at(position, left);
                }
            } else {
                self.damaged = true;
            }
        }
        self.changed.mark(Table::Messages, conversation);
        if settled {
            self.changed.mark(Table::Conversations, conversation);
        }
        vec![
            Topic::Conversation(conversation.clone()),
            Topic::Conversations,
        ]
    }

    /// Whether some of the rows read since this was last asked couldn't be.
    pub fn take_damage(&mut self) -> bool {
        std::mem::take(&mut self.damaged)
    }

    /// Whether the next page of `conversation` has to be read from disk before the engine
    /// goes on: what has come while something before it was missing has to be here, and
    /// what the archive may bring again. To be asked after the first page, until it is false.
    pub fn needs_more(&self, conversation: &BareJid) -> bool {
        let Some(known) = self.conversations.get(conversation) else {
            return false;
        };
        let by_room = self.rooms.contains_key(conversation)
            && known.is_short(self.repeated.of_room(conversation));
        by_room || known.is_short(self.repeated.own())
    }

    /// The key of the oldest message of `conversation` that was read from disk: the page that
    /// comes next begins behind it. `None` while none was.
    pub fn older_key(&self, conversation: &BareJid) -> Option<String> {
        let read_to = self.conversations.get(conversation)?.read_to()?;
        Some(message_key(conversation.as_str(), read_to))
    }

    /// Between which keys of the table Messages those of `conversation` are.
    pub fn message_keys(conversation: &BareJid) -> Range<String> {
        format!("{conversation}\n")..format!("{conversation}\n~")
    }

    fn take_messages(&mut self, key: &str, records: &mut Vec<Record>) {
        let known = key
            .parse::<BareJid>()
            .ok()
            .and_then(|jid| self.conversations.get_mut(&jid));
        let Some(conversation) = known else { return };
        if let Some(end) = conversation.cleared.take() {
            records.push(Record::all_behind(message_key(key, end)));
        }
        for position in conversation.timeline.take_changed() {
            let value = conversation.timeline.at(position).map(encode);
            let key = message_key(key, position);
            records.push(Record::new(Table::Messages, key, value));
        }
    }

    fn row(&self, table: Table, key: &str) -> Option<Vec<u8>> {
        if table == Table::Roster && key == WHOLE {
            return self.roster_loaded.then(Vec::new);
        }
        if table == Table::Blocked && key == WHOLE {
            return self.blocklist.as_ref().map(encode);
        }
        if table == Table::Wishes && key == WHOLE {
            return self.privacy.as_ref().map(encode);
        }
        if table == Table::Profiles && key == WHOLE {
            return Some(encode(&self.devices));
        }
        let (jid, nick) = key.split_once('\n').unwrap_or((key, ""));
        if table == Table::Avatars && jid.is_empty() {
            return self.faces.get(nick).map(|bytes| bytes.to_vec());
        }
        match table {
            Table::Roster => self.contacts.of(jid).map(|contact| encode(&**contact)),
            Table::Presence => self.presences.of(jid).map(encode),
            Table::Conversations => self.conversations.of(jid).map(Conversation::row),
            Table::Avatars => self.avatars.of(jid).map(|bytes| bytes.to_vec()),
            Table::Profiles => self.profiles.of(jid).map(|profile| encode(&**profile)),
            Table::Requests => {
                let mut requests = self.requests.iter();
                let request = requests.find(|request| request.jid.as_str() == jid)?;
                Some(encode(request))
            }
            Table::Rooms => self.rooms.of(jid).map(Room::row),
            Table::Occupants => {
                let occupant = self.rooms.of(jid)?.occupants.get(nick)?;
                Some(encode(&**occupant))
            }
            Table::Wishes => self.wishes.of(jid).map(encode),
            Table::Blocked => self.blocked.of(jid).map(encode),
            Table::Messages | Table::Engine | Table::Outbox => None,
        }
    }

    pub(super) fn take_row(&mut self, table: Table, key: &str, value: &[u8]) -> bool {
        if table == Table::Roster && key == WHOLE {
            self.roster_loaded = true;
            return true;
        }
        if table == Table::Blocked && key == WHOLE {
            self.blocklist = decode(value);
            return self.blocklist.is_some();
        }
        if table == Table::Wishes && key == WHOLE {
            self.privacy = decode(value);
            return self.privacy.is_some();
        }
        if table == Table::Profiles && key == WHOLE {
            let devices = decode(value);
            let whole = devices.is_some();
            self.devices = devices.unwrap_or_default();
            return whole;
        }
        // The engine's, and those that are read a page at a time.
        if matches!(table, Table::Messages | Table::Engine | Table::Outbox) {
            return true;
        }
        let (jid, more) = key.split_once('\n').unwrap_or((key, ""));
        if table == Table::Avatars && jid.is_empty() {
            self.faces.insert(more.to_owned(), value.into());
            return true;
        }
        jid.parse()
            .is_ok_and(|jid| self.take_row_of(jid, table, value).is_some())
    }

    fn take_row_of(&mut self, jid: BareJid, table: Table, value: &[u8]) -> Option<()> {
        match table {
            Table::Roster => {
                self.contacts.insert(jid, Rc::new(decode(value)?));
            }
            Table::Presence => {
                self.presences.insert(jid, decode(value)?);
            }
            Table::Conversations => {
                let conversation = Conversation::restore(value);
                let whole = conversation.is_some();
                // Its messages are there all the same.
                self.conversations
                    .insert(jid, conversation.unwrap_or_default());
                return whole.then_some(());
            }
            Table::Avatars => {
                self.avatars.insert(jid, value.into());
            }
            Table::Profiles => {
                self.profiles.insert(jid, Rc::new(decode(value)?));
            }
            Table::Requests => self.requests.push(decode(value)?),
            Table::Rooms => {
                let room = self.rooms.get_or_insert_with(jid, Room::default);
                return room.take_row(value);
            }
            Table::Occupants => {
                let room = self.rooms.get_or_insert_with(jid, Room::default);
                room.occupants.put(decode(value)?);
            }
            Table::Wishes => {
                self.wishes.insert(jid, decode(value)?);
            }
            Table::Blocked => {
                self.blocked.insert(jid, decode(value)?);
            }
            Table::Messages | Table::Engine | Table::Outbox => {}
        }
        Some(())
    }
}

/// Newest first within a conversation. A line break is in no address.
pub(super) fn message_key(conversation: &str, position: Position) -> String {
    format!("{conversation}\n{}", position.order())
}
