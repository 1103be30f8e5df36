//! Messages that have to reach the server, in the order in which they were written.

use std::collections::VecDeque;

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::now::Timestamp;
use crate::output::{Record, Table};
use crate::rooms::Room;
use crate::sorted_map::SortedMap;
use crate::store::{Message, MessageId, Scope, Whisper};
use crate::xep0082;
use crate::xml::{self, Frame, build};

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Queued {
    /// What the person sees of it.
    pub(crate) message: Message,
    /// The stanza, as it goes over the wire the first time.
    pub(crate) stanza: String,
    /// What there is to say that the server ends the stream over it, of [`GUILTY`].
    strikes: u8,
    /// What the end of an earlier session says of it.
    doubt: Doubt,
    /// Whether it is for a room: then only what the room shows or keeps is proof.
    room: bool,
    /// Whether the server has it, but the room hasn't shown it yet.
    taken: bool,
    /// Its place in the queue, and the key of its row.
    #[serde(skip)]
    number: u64,
    /// Whether it is on the wire, without proof so far.
    #[serde(skip)]
    pub(crate) sent: bool,
}

/// Whether the server may have a message that was on the wire when a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Doubt {
    /// It was never on the wire.
    None,
    /// It may have it: our archive tells.
    Lost,
    /// The server has lost the session too. It may have died over the message, when that was in
    /// our archive and not yet in theirs: only what the other side says of it is proof.
    Forgotten,
}

/// A message older than this, in milliseconds, says when it was written.
const STALE: i64 = 10_000;

impl Queued {
    pub(crate) fn new(message: Message, stanza: String, room: bool) -> Self {
        Self {
            message,
            stanza,
            strikes: 0,
            doubt: Doubt::None,
            room,
            taken: false,
            number: 0,
            sent: false,
        }
    }

    /// One that an earlier release has left. Whether the server had `blamed` it once.
    pub(crate) fn converted(
        message: Message,
        stanza: String,
        blamed: bool,
        uncertain: bool,
    ) -> Self {
        Self {
            strikes: if blamed { BLAMED } else { 0 },
            doubt: if uncertain { Doubt::Lost } else { Doubt::None },
            ..Self::new(message, stanza, false)
        }
    }

    /// The stanza to send at `now`: one that has waited carries the time at which
    /// it was written (XEP-0203). Not so in a room, whose occupants would take it for
    /// history (XEP-0045 7.2.14).
    pub(crate) fn stanza(&self, now: Timestamp) -> String {
        let written = self.message.at;
        if self.room || now.0.saturating_sub(written.0) < STALE {
            return self.stanza.clone();
        }
        let Ok(Frame::Element(mut stanza)) = xml::parse(&self.stanza) else {
            return self.stanza.clone();
        };
        let stamp = xep0082::write(written);
        stanza.append_child(build("delay", ns::DELAY).attr("stamp", stamp).done());
        xml::write(&stanza)
    }

    /// It may have arrived or not, if it was on the wire.
    fn lose(&mut self, doubt: Doubt, records: &mut Vec<Record>) {
        if self.sent && self.doubt < doubt || self.taken {
            self.doubt = self.doubt.max(doubt);
            self.taken = false;
            records.push(self.row());
        }
        self.sent = false;
    }

    fn is_doubted(&self) -> bool {
        self.doubt != Doubt::None
    }

    fn row(&self) -> Record {
        // Plain data always has a JSON form.
        let row = encode(self);
        Record::new(Table::Outbox, key(self.number), Some(row))
    }
}

/// With so much against it a message is given up.
const GUILTY: u8 = 10;
/// What an ended stream says against what was on the wire, if the server blames it.
const BLAMED: u8 = GUILTY / 2;
/// The same if the server doesn't say why, and nothing else was on the wire.
const ALONE: u8 = GUILTY / 5;
/// And if there was: from then on they go one at a time.
const AMONG_OTHERS: u8 = 1;

/// The queue. A message leaves it on proof that the server has it, or as failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    next: u64,
    /// The archive is being read: what was on the wire when the last session ended may
    /// have arrived, and nothing may overtake it.
    pub(crate) hold: bool,
    /// Whoever something is whispered to may have gone: that is still to come.
    pub(crate) hold_whispers: bool,
    /// What has changed since the last commit.
    records: Vec<Record>,
}

impl Outbox {
    /// The queue that `rows` hold. A row that can't be read is to be deleted, and then the
    /// outbox [is changed](Self::is_changed).
    pub(crate) fn restore(rows: &[Record]) -> Self {
        let (mut queue, mut records, mut next) = (Vec::new(), Vec::new(), 0);
        for row in rows.iter().filter(|row| row.table == Table::Outbox) {
            let number = u64::from_str_radix(&row.key, 16).ok();
            // The key of a damaged row is not used again before it is gone.
            next = next.max(number.map_or(0, |number| number.saturating_add(1)));
            let queued: Option<Queued> = row.value.as_deref().and_then(decode);
            match (number, queued) {
                (Some(number), Some(queued)) => queue.push(Queued {
                    number,
                    sent: queued.taken,
                    ..queued
                }),
                _ => records.push(Record::new(Table::Outbox, row.key.clone(), None)),
            }
        }
        queue.sort_by_key(|queued: &Queued| queued.number);
        Self {
            queue: queue.into(),
            next,
            hold: false,
            hold_whispers: false,
            records,
        }
    }

    /// When the oldest message was written that `rows` hold: of those for this room, or of
    /// those for people.
    pub(crate) fn oldest(rows: &[Record], room: Option<&BareJid>) -> Option<Timestamp> {
        let outbox = Self::restore(rows);
        let queue = outbox.queue.iter().filter(|queued| match room {
            Some(room) => queued.room && queued.message.conversation == *room,
            None => !queued.room,
        });
        queue.map(|queued| queued.message.at).min()
    }

    /// What has changed since this was last asked.
    pub(crate) fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Whether something has changed since then.
    pub(crate) fn is_changed(&self) -> bool {
        !self.records.is_empty()
    }

    /// The disk has lost what it was told: everything has to be written again.
    pub(crate) fn rewrite(&mut self) {
        self.records.extend(self.queue.iter().map(Queued::row));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn push(&mut self, queued: Queued) {
        let number = self.next;
        self.next += 1;
        let queued = Queued { number, ..queued };
        self.records.push(queued.row());
        self.queue.push_back(queued);
    }

    /// The server has it.
    pub(crate) fn prove(&mut self, id: &MessageId) -> Option<Queued> {
        let index = self
            .queue
            .iter()
            .position(|queued| queued.message.id == *id)?;
        let queued = self.queue.remove(index)?;
        self.delete(queued.number);
        Some(queued)
    }

    /// A copy of it has come: from our archive, another device of ours, or the room.
    pub(crate) fn copied(&mut self, id: &MessageId) {
        let sufficient = |queued: &Queued| queued.room || queued.doubt < Doubt::Forgotten;
        let known = self.queue.iter().find(|queued| queued.message.id == *id);
        if known.is_some_and(sufficient) {
            self.prove(id);
        }
    }

    /// The other side says that it has it.
    pub(crate) fn received(&mut self, by: &BareJid, id: &MessageId) {
        if self
            .message(id)
            .is_some_and(|known| known.conversation == *by)
        {
            self.prove(id);
        }
    }

    /// Gives everything up.
    pub(crate) fn clear(&mut self) {
        for queued in std::mem::take(&mut self.queue) {
            self.delete(queued.number);
        }
        (self.hold, self.hold_whispers) = (false, false);
    }

    /// Takes note that the next unsent message is on the wire now, and returns it. What is
    /// for a room waits until we are in it, and holds up nothing else.
    pub(crate) fn next_unsent(&mut self, rooms: &SortedMap<BareJid, Room>) -> Option<&Queued> {
        // Once the server has ended a stream over one of them, they go one at a
        // time, so that the second time tells which.
        let on_the_wire = |queued: &Queued| queued.sent && !queued.taken;
        let suspicious = self.queue.iter().any(|queued| queued.strikes > 0);
        if suspicious && self.queue.iter().any(on_the_wire) {
            return None;
        }
        let doubted = |queued: &Queued| queued.is_doubted() && !queued.room;
        let held = self.hold && self.queue.iter().any(doubted);
        let hold_whispers = self.hold_whispers;
        let may_go = |queued: &&mut Queued| {
            let room = rooms.get(&queued.message.conversation);
            !queued.sent
                && match queued.message.scope {
                    _ if queued.room => room.is_some_and(|room| room.joined && !room.hold),
                    Scope::Whisper => {
                        !held && !hold_whispers && room.is_some_and(|room| room.joined)
                    }
                    Scope::Person | Scope::Room => !held,
                }
        };
        let queued = self.queue.iter_mut().find(may_go)?;
        queued.sent = true;
        Some(queued)
    }

    /// The server has it. False if that is all the proof there is, for it is for no room.
    pub(crate) fn take(&mut self, id: &MessageId) -> bool {
        let known = |queued: &&mut Queued| queued.room && queued.message.id == *id;
        let Some(queued) = self.queue.iter_mut().find(known) else {
            return false;
        };
        queued.taken = true;
        self.records.push(queued.row());
        true
    }

    /// Whether something for this room is with the server, and the room hasn't shown it.
    pub(crate) fn awaits(&self, room: &BareJid) -> bool {
        self.of_room(room).any(|queued| queued.taken)
    }

    /// The rooms that something is for, and as whom.
    pub(crate) fn rooms(&self) -> Vec<Jid> {
        let mut rooms: Vec<Jid> = Vec::new();
        let of_rooms = self.queue.iter();
        for queued in of_rooms.filter(|queued| queued.message.scope != Scope::Person) {
            let from = &queued.message.from;
            if rooms.iter().all(|known| known.to_bare() != from.to_bare()) {
                rooms.push(from.clone());
            }
        }
        rooms
    }

    /// Whether the message that goes by `id` waits here, written under this name.
    pub(crate) fn wrote(&self, id: Option<&str>, from: &Jid) -> bool {
        self.queue.iter().any(|queued| {
            queued.room && Some(queued.message.id.0.as_str()) == id && queued.message.from == *from
        })
    }

    /// We are no longer in the room: what was said last may have been heard or not.
    pub(crate) fn room_lost(&mut self, room: &BareJid) {
        for queued in &mut self.queue {
            if queued.room && queued.message.conversation == *room {
                queued.lose(Doubt::Lost, &mut self.records);
            }
        }
    }

    /// We can't get into the room: takes out what was for it.
    pub(crate) fn give_up(&mut self, room: &BareJid) -> Vec<MessageId> {
        let ids = self.of_room(room).map(|queued| queued.message.id.clone());
        let whispers = self.unsent_whispers(room).map(|(id, _)| id.clone());
        let ids: Vec<_> = ids.chain(whispers).collect();
        for id in &ids {
            self.prove(id);
        }
        ids
    }

    fn of_room(&self, room: &BareJid) -> impl Iterator<Item = &Queued> {
        let of_room = move |queued: &&Queued| queued.room && queued.message.conversation == *room;
        self.queue.iter().filter(of_room)
    }

    /// What is to be whispered in the room, and to whom, as soon as that can be.
    pub(crate) fn unsent_whispers(
        &self,
        room: &BareJid,
    ) -> impl Iterator<Item = (&MessageId, &Whisper)> {
        let of_room = self
            .queue
            .iter()
            .filter(move |queued| !queued.sent && queued.message.conversation == *room);
        of_room.filter_map(|queued| {
            let message = &queued.message;
            Some((&message.id, message.whispered_to()?))
        })
    }

    /// Whether something is to be whispered anywhere.
    pub(crate) fn has_whispers(&self) -> bool {
        self.messages()
            .any(|message| message.scope == Scope::Whisper)
    }

    /// These are on the wire, says a session that is restored.
    pub(crate) fn on_the_wire<'a>(&mut self, ids: impl Iterator<Item = &'a MessageId>) {
        for id in ids {
            if let Some(queued) = self.queue.iter_mut().find(|known| known.message.id == *id) {
                queued.sent = true;
            }
        }
    }

    /// The session is over: whatever was on the wire may have arrived or not, or be in our
    /// archive alone if the server has `forgotten` the session.
    pub(crate) fn session_lost(&mut self, forgotten: bool) {
        let doubt = if forgotten {
            Doubt::Forgotten
        } else {
            Doubt::Lost
        };
        for queued in &mut self.queue {
            queued.lose(doubt, &mut self.records);
        }
    }

    /// Nobody knows what of it has been on the wire.
    pub(crate) fn doubt(&mut self) {
        self.send_again();
        for queued in &mut self.queue {
            queued.doubt = queued.doubt.max(Doubt::Lost);
            (queued.taken, queued.sent) = (false, false);
        }
    }

    /// Gives up a message that has not been on the wire.
    pub(crate) fn discard(&mut self, id: &MessageId) -> bool {
        let unsent =
            |queued: &&Queued| queued.message.id == *id && !queued.sent && !queued.is_doubted();
        let number = self.queue.iter().find(unsent).map(|queued| queued.number);
        if let Some(number) = number {
            self.queue.retain(|queued| queued.number != number);
            self.delete(number);
        }
        number.is_some()
    }

    /// Whether the server may have something of which we have no proof, rooms apart, and what
    /// waits until we are in one.
    pub(crate) fn is_unproven(&self) -> bool {
        let waits = |queued: &Queued| queued.message.scope == Scope::Whisper && !queued.sent;
        let doubted = |queued: &Queued| queued.is_doubted() && !waits(queued);
        let unproven = |queued: &Queued| !queued.room && (queued.sent || doubted(queued));
        self.queue.iter().any(unproven)
    }

    /// All that wait here for proof, oldest first.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.queue.iter().map(|queued| &queued.message)
    }

    /// The message that goes by `id`, if it waits here for proof.
    pub(crate) fn message(&self, id: &MessageId) -> Option<&Message> {
        self.messages().find(|message| message.id == *id)
    }

    /// Whatever was on the wire has to go again, in the order in which it was written.
    pub(crate) fn send_again(&mut self) {
        for queued in &mut self.queue {
            queued.sent = queued.taken;
        }
    }

    /// The server has ended the stream, perhaps over something we sent, and says so if it has
    /// `blamed` it. Takes out what has now been there too often.
    pub(crate) fn strike(&mut self, blamed: bool) -> Vec<Queued> {
        let on_the_wire = |queued: &&Queued| queued.sent && !queued.taken;
        let alone = self.queue.iter().filter(on_the_wire).count() == 1;
        let mut condemned = Vec::new();
        for mut queued in std::mem::take(&mut self.queue) {
            if on_the_wire(&&queued) {
                queued.strikes = match (blamed, alone) {
                    (true, _) => queued.strikes.saturating_add(BLAMED),
                    (false, true) => queued.strikes.saturating_add(ALONE),
                    (false, false) => queued.strikes.max(AMONG_OTHERS),
                };
                if queued.strikes >= GUILTY {
                    self.delete(queued.number);
                    condemned.push(queued);
                    continue;
                }
                self.records.push(queued.row());
            }
            self.queue.push_back(queued);
        }
        condemned
    }

    fn delete(&mut self, number: u64) {
        self.records
            .push(Record::new(Table::Outbox, key(number), None));
    }
}

/// Sorts as the numbers do.
fn key(number: u64) -> String {
    format!("{number:016x}")
}
