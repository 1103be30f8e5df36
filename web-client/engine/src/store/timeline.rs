//! The messages of a conversation in order, each once.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use super::change::advance;
use super::{Delivery, Direction, Message, MessageId, Provenance, Scope};
use crate::now::Timestamp;

/// Messages in the order of the archive, as far as it is known, and else of time: news
/// goes behind what is there, what was missed before what came ahead of it, and history,
/// which comes newest first, before it.
///
/// Copies are found by any of a message's ids; a message is replaced, never
/// changed in place, so that a view can compare pointers.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    messages: BTreeMap<Position, Rc<Message>>,
    by_id: BTreeMap<String, Vec<Position>>,
    arrivals: i64,
    /// The first message that came by itself while what was missed before it was still
    /// being read: that goes before it.
    ahead: Option<Position>,
    /// The last one of a page of history, which comes newest first.
    above: Option<Position>,
    /// The message behind which that page goes.
    below: Option<Position>,
    /// Whether there are older messages, on disk.
    partial: bool,
    /// Whose rows have changed.
    changed: Vec<Position>,
}

/// Archives keep whole seconds, and no two clocks agree to the millisecond: news
/// that seems older than what is there by less than this (in milliseconds) isn't.
pub(super) const TOLERANCE: i64 = 2000;

/// How far apart places of one instant are: as many messages fit between any two.
const STEP: i64 = 1 << 20;

/// The place of a message in its conversation, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    at: Timestamp,
    arrival: i64,
}

impl Position {
    /// As part of a key: sorts newest first.
    pub(super) fn order(self) -> String {
        format!("{:016x}{:016x}", flip(self.at.0), flip(self.arrival))
    }

    /// Behind everything of that time.
    pub(super) fn end_of(at: Timestamp) -> Self {
        let arrival = i64::MAX;
        Self { at, arrival }
    }

    /// Behind it, and before everything else.
    pub(super) fn behind(self) -> Self {
        let arrival = self.arrival.saturating_add(1);
        Self { arrival, ..self }
    }

    /// When it was sent, or would have been if clocks agreed.
    pub(super) fn at(self) -> Timestamp {
        self.at
    }

    /// Whether this place was given before the other.
    fn is_first(self, other: Self) -> bool {
        self.arrival.abs() < other.arrival.abs()
    }

    /// The place that such a key speaks of.
    pub(super) fn read(order: &str) -> Option<Self> {
        let part = |part: Option<&str>| u64::from_str_radix(part?, 16).ok().map(unflip);
        Some(Self {
            at: Timestamp(part(order.get(..16))?),
            arrival: part(order.get(16..32))?,
        })
    }
}

/// The greater the number, the smaller the result, negative ones too.
fn flip(number: i64) -> u64 {
    !(number as u64 ^ 1 << 63)
}

fn unflip(number: u64) -> i64 {
    (!number ^ 1 << 63) as i64
}

impl Timeline {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// All messages, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Rc<Message>> {
        self.messages.values()
    }

    /// All messages with their places, oldest first.
    pub(super) fn places(&self) -> impl Iterator<Item = (Position, &Rc<Message>)> {
        let places = self.messages.iter();
        places.map(|(position, message)| (*position, message))
    }

    /// The message at this place.
    pub(super) fn in_place(&self, position: Position) -> Option<&Rc<Message>> {
        self.messages.get(&position)
    }

    /// The message that goes by `id`.
    pub fn message(&self, id: &MessageId) -> Option<&Rc<Message>> {
        self.messages.get(&self.position(id)?)
    }

    /// Takes in a message; tells where it is now, and whether it is new: a copy of one that is
    /// here only teaches it (its archive id, that it has reached the server).
    pub(super) fn insert(&mut self, message: Message, provenance: Provenance) -> (Position, bool) {
        self.pass_failed();
        let copy = self.copy_of(&message);
        let position = match copy {
            // The archive knows better in which order it came.
            Some(known) if self.is_out_of_order(known, provenance) => {
                let position = self.place(&message, provenance);
                self.replace(known, position, message);
                position
            }
            Some(known) => {
                self.merge(known, message);
                known
            }
            None => {
                let position = self.place(&message, provenance);
                self.put(position, message);
                position
            }
        };
        self.passed(position, provenance, copy.is_none());
        (position, copy.is_none())
    }

    /// Takes in a message from disk. If it was stored twice, because it came again while it
    /// was not here, the place that it had first is the right one. Tells where it is now.
    pub(super) fn load(&mut self, position: Position, message: Message) -> Position {
        // That of the conversation may have been lost.
        self.set_arrivals(position.arrival.saturating_abs());
        if self.messages.contains_key(&position) {
            return position;
        }
        let Some(here) = self.copy_of(&message) else {
            self.index(&message, position);
            self.messages.insert(position, Rc::new(message));
            return position;
        };
        if here.is_first(position) {
            self.changed.push(position);
            self.merge(here, message);
            here
        } else {
            self.replace(here, position, message);
            position
        }
    }

    /// Has the copy of `message` that is at `from` go to `to`.
    fn replace(&mut self, from: Position, to: Position, mut message: Message) {
        if let Some(double) = self.messages.remove(&from) {
            merge(&mut message, Message::clone(&double));
        }
        self.changed.push(from);
        self.put(to, message);
    }

    /// Whether the message that the archive calls `id` is here.
    pub(super) fn has_archived(&self, id: &str) -> bool {
        self.archived(id).is_some()
    }

    /// Where the message is that the archive calls `id`.
    pub(super) fn archived(&self, id: &str) -> Option<Position> {
        let called = |position: &Position| {
            let message = self.messages.get(position);
            message.is_some_and(|message| message.archive_id.as_deref() == Some(id))
        };
        self.by_id.get(id)?.iter().copied().find(called)
    }

    /// Takes a message out: one of ours that failed, and that its writer gives up.
    pub(super) fn discard(&mut self, id: &MessageId) -> bool {
        let Some(position) = self.position(id) else {
            return false;
        };
        self.messages.remove(&position);
        self.changed.push(position);
        true
    }

    /// Takes out the message at `position`, which is in no archive: nothing goes before or
    /// behind it any more.
    pub(super) fn take(&mut self, position: Position) -> Option<Message> {
        let message = self.messages.remove(&position)?;
        self.changed.push(position);
        let next = self.next(position);
        for mark in [&mut self.ahead, &mut self.above] {
            if *mark == Some(position) {
                *mark = next;
            }
        }
        Some(Rc::unwrap_or_clone(message))
    }

    /// Takes out everything up to `end`; whether there was something.
    pub(super) fn clear(&mut self, end: Position) -> bool {
        let left = self.messages.split_off(&end);
        let found = !std::mem::replace(&mut self.messages, left).is_empty();
        for positions in self.by_id.values_mut() {
            positions.retain(|position| *position > end);
        }
        self.by_id.retain(|_, positions| !positions.is_empty());
        self.changed.retain(|position| *position > end);
        self.ahead = self.ahead.and_then(|ahead| match ahead > end {
            true => Some(ahead),
            false => self.oldest(),
        });
        (self.below, self.above) = (None, None);
        found
    }

    /// Takes the places whose rows have to be written, or deleted where there is nothing.
    pub(super) fn take_changed(&mut self) -> Vec<Position> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    pub(super) fn at(&self, position: Position) -> Option<&Message> {
        self.messages.get(&position).map(Rc::as_ref)
    }

    /// The place of the oldest message that is here.
    pub(super) fn oldest(&self) -> Option<Position> {
        self.messages.keys().next().copied()
    }

    pub(super) fn set_partial(&mut self, partial: bool) {
        self.partial = partial;
    }

    /// A number that grows with each message that is placed here, which keeps places apart.
    pub(super) fn arrivals(&self) -> i64 {
        self.arrivals
    }

    pub(super) fn set_arrivals(&mut self, arrivals: i64) {
        self.arrivals = self.arrivals.max(arrivals);
    }

    fn put(&mut self, position: Position, message: Message) {
        self.index(&message, position);
        self.messages.insert(position, Rc::new(message));
        self.changed.push(position);
    }

    /// Has `message` at this place, or nothing.
    pub(super) fn set(&mut self, position: Position, message: Option<Message>) {
        match message {
            Some(message) => {
                self.index(&message, position);
                self.messages.insert(position, Rc::new(message));
            }
            None => drop(self.messages.remove(&position)),
        }
    }

    /// The number of what is heard next, to tell apart what was said at the same time: what is
    /// heard of the past comes newest first.
    pub(super) fn arrive(&mut self, provenance: Provenance) -> i64 {
        self.arrivals += STEP;
        if provenance == Provenance::History {
            -self.arrivals
        } else {
            self.arrivals
        }
    }

    /// Where there is something that is called `id` and of which `is` holds.
    pub(super) fn find(&self, id: &str, is: impl Fn(&Message) -> bool) -> Vec<Position> {
        let positions = self.by_id.get(id).into_iter().flatten();
        let found = positions.filter(|position| self.at(**position).is_some_and(&is));
        found.copied().collect()
    }

    /// Has `change` act on the message at `position`; false if that leaves it as it was.
    pub(super) fn edit(&mut self, position: Position, change: impl FnOnce(&mut Message)) -> bool {
        let Some(known) = self.messages.get(&position) else {
            return false;
        };
        let mut message = Message::clone(known);
        change(&mut message);
        let changed = message != **known;
        if changed {
            self.put(position, message);
        }
        changed
    }

    /// The messages between the two places, without the first.
    pub(super) fn between(
        &self,
        after: Option<Position>,
        to: Option<Position>,
    ) -> impl DoubleEndedIterator<Item = (Position, &Message)> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let to = to.map_or(Bound::Unbounded, Bound::Included);
        // A range that ends before it begins is none.
        let sane =
            !matches!((after, to), (Bound::Excluded(after), Bound::Included(to)) if after >= to);
        let range = sane.then(|| self.messages.range((after, to)));
        let range = range.into_iter().flatten();
        range.map(|(position, message)| (*position, message.as_ref()))
    }

    /// The place of the last message that isn't later than `at`.
    pub(super) fn until(&self, at: Timestamp) -> Option<Position> {
        let known = self.messages.range(..=Position::end_of(at)).next_back();
        known.map(|(position, _)| *position)
    }

    /// Whether what the archive tells next came ahead of something that is later there.
    fn is_out_of_order(&self, known: Position, provenance: Provenance) -> bool {
        matches!(provenance, Provenance::CatchUp | Provenance::Before)
            && self.ahead.is_some_and(|ahead| known > ahead)
    }

    /// Where a new message goes. What its writer wrote earlier is before it, whatever the
    /// clocks say: that is the order in which it comes.
    fn place(&mut self, message: &Message, provenance: Provenance) -> Position {
        self.arrivals += STEP;
        let at = message.at;
        let newest = self.messages.keys().next_back().map(|position| position.at);
        match provenance {
            Provenance::History => self.place_between(at),
            Provenance::Live => Position {
                at: newest.map_or(at, |newest| at.max(newest)),
                arrival: self.arrivals,
            },
            // There is always an instant between it and what was there before.
            Provenance::Ahead => Position {
                at: newest.map_or(at, |newest| at.max(Timestamp(newest.0 + 1))),
                arrival: self.arrivals,
            },
            Provenance::Delayed => self.place_by_time(message, None),
            Provenance::CatchUp | Provenance::Before => self.place_by_time(message, self.ahead),
        }
    }

    /// Between the neighbours that the archive's order gives it. Where those are of one
    /// instant, so is it, and there is room between their arrivals.
    fn place_between(&self, at: Timestamp) -> Position {
        let (below, above) = (self.below, self.above.or(self.ahead));
        let at = below.map_or(at, |below| at.max(below.at));
        let at = above.map_or(at, |above| at.min(above.at));
        let mut arrival = -self.arrivals;
        if let Some(below) = below.filter(|below| below.at == at) {
            arrival = arrival.max(below.arrival + STEP / 2);
        }
        if let Some(above) = above.filter(|above| above.at == at) {
            arrival = arrival.min(above.arrival - 1);
        }
        Position { at, arrival }
    }

    /// Before `ceiling`, behind everything of the same writer, and else by time.
    fn place_by_time(&self, message: &Message, ceiling: Option<Position>) -> Position {
        let below = || match ceiling {
            Some(ceiling) => self.messages.range(..ceiling),
            None => self.messages.range(..),
        };
        let mut at = message.at;
        if let Some((newest, _)) = below().next_back() {
            let lag = newest.at.0.saturating_sub(at.0);
            if (0..TOLERANCE).contains(&lag) {
                at = newest.at;
            }
        }
        let same = |known: &Message| known.direction == message.direction;
        let earlier = below().rev().find(|(_, known)| same(known));
        let ceiling = ceiling.map(|ceiling| Timestamp(ceiling.at.0 - 1));
        let floor = match earlier {
            Some((earlier, _)) => Some(earlier.at),
            // What they wrote earlier is on disk, before everything that is here.
            None if self.partial => below().next().map(|(oldest, _)| oldest.at).or(ceiling),
            None => None,
        };
        at = floor.map_or(at, |floor| at.max(floor));
        at = ceiling.map_or(at, |ceiling| at.min(ceiling));
        Position {
            at,
            arrival: self.arrivals,
        }
    }

    /// What came back to us is in no archive: nothing goes before it for that reason.
    fn pass_failed(&mut self) {
        let failed = |message: &Message| matches!(message.delivery, Delivery::Failed(_));
        while let Some(ahead) = self
            .ahead
            .filter(|ahead| self.at(*ahead).is_some_and(failed))
        {
            self.ahead = self.next(ahead);
        }
    }

    /// Takes note of what the archive's order says of the place of the next message.
    fn passed(&mut self, position: Position, provenance: Provenance, new: bool) {
        self.above = (provenance == Provenance::History).then_some(position);
        match provenance {
            Provenance::Ahead if new => {
                self.ahead.get_or_insert(position);
            }
            Provenance::CatchUp | Provenance::Before
                if self.ahead.is_some_and(|ahead| ahead <= position) =>
            {
                self.ahead = self.next(position);
            }
            _ => {}
        }
    }

    /// A page of history begins: of what is directly before everything that is here.
    pub(super) fn begin_page(&mut self) {
        (self.below, self.above) = (None, self.oldest());
    }

    /// A page of history begins: of a gap behind the message that the archive calls `until`.
    pub(super) fn begin_page_behind(&mut self, until: &str) {
        self.below = self.archived(until);
        self.above = self.below.and_then(|below| self.next(below));
    }

    /// A page of history begins, or has ended, of which nothing is known but the time.
    pub(super) fn begin_page_anywhere(&mut self) {
        (self.below, self.above) = (None, None);
    }

    fn next(&self, position: Position) -> Option<Position> {
        let behind = (Bound::Excluded(position), Bound::Unbounded);
        let next = self.messages.range(behind).next();
        next.map(|(next, _)| *next)
    }

    /// Nothing is missing before what came ahead of it; whether that is news.
    pub(super) fn caught_up(&mut self) -> bool {
        self.ahead.take().is_some()
    }

    /// Whether everything is in its place: nothing came ahead of what may be missing.
    pub fn is_settled(&self) -> bool {
        self.ahead.is_none()
    }

    /// The first message before which something may be missing.
    pub(super) fn ahead(&self) -> Option<Position> {
        self.ahead
    }

    pub(super) fn set_ahead(&mut self, order: Option<&str>) {
        self.ahead = order.and_then(Position::read);
    }

    /// Where the message is that we know as `id`.
    pub(super) fn position(&self, id: &MessageId) -> Option<Position> {
        self.by_id.get(&id.0)?.iter().copied().find(|position| {
            self.messages
                .get(position)
                .is_some_and(|known| known.id == *id)
        })
    }

    fn copy_of(&self, message: &Message) -> Option<Position> {
        message.ids().find_map(|id| {
            self.by_id.get(id)?.iter().copied().find(|position| {
                self.messages
                    .get(position)
                    .is_some_and(|known| known.is_copy_of(message))
            })
        })
    }

    fn merge(&mut self, position: Position, copy: Message) {
        let Some(known) = self.messages.get(&position) else {
            return;
        };
        let mut merged = Message::clone(known);
        merge(&mut merged, copy);
        if merged != **known {
            self.put(position, merged);
        }
    }

    fn index(&mut self, message: &Message, position: Position) {
        for id in message.ids().chain(message.change_ids()) {
            let positions = self.by_id.entry(id.to_owned()).or_default();
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
    }
}

/// What a message learns from a copy of it.
fn merge(known: &mut Message, copy: Message) {
    if known.direction == Direction::Incoming && copy.direction == Direction::Outgoing {
        // A guest's own, whom the archive takes for somebody else.
        (known.direction, known.id, known.from) = (copy.direction, copy.id, copy.from.clone());
    }
    if known.scope == Scope::Room && known.archive_id.is_none() {
        // What we are called in a room is for the room to say.
        known.from = copy.from;
    }
    known.archive_id = known.archive_id.take().or(copy.archive_id);
    known.origin_id = known.origin_id.take().or(copy.origin_id);
    known.stanza_id = known.stanza_id.take().or(copy.stanza_id);
    known.notes.merge(copy.notes);
    known.occupant = known.occupant.take().or(copy.occupant);
    advance(&mut known.delivery, &copy.delivery);
    known.merge_changes(copy.changes);
}
