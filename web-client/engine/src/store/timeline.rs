//! The messages of a conversation in order, each once.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Delivery, Message, MessageId, Provenance};
use crate::now::Timestamp;

/// Messages ordered by time, those of one instant by arrival: news behind what is
/// there, history, which comes newest first, before it.
///
/// Copies are found by any of a message's ids; a message is replaced, never
/// changed in place, so that a view can compare pointers.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    messages: BTreeMap<Position, Rc<Message>>,
    by_id: BTreeMap<String, Vec<Position>>,
    arrivals: i64,
}

/// Archives keep whole seconds, and no two clocks agree to the millisecond: news
/// that seems older than what is there by less than this (in milliseconds) isn't.
const TOLERANCE: i64 = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    at: Timestamp,
    arrival: i64,
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

    /// The message that goes by `id`.
    pub fn message(&self, id: &MessageId) -> Option<&Rc<Message>> {
        self.messages.get(&self.position(id)?)
    }

    /// Takes in a message; false if it is a copy of one that is here, which then
    /// learns from it (its archive id, that it has reached the server).
    pub(super) fn insert(&mut self, message: Message, provenance: Provenance) -> bool {
        if let Some(position) = self.copy_of(&message) {
            self.merge(position, message);
            return false;
        }
        let position = self.place(message.at, provenance);
        self.index(&message, position);
        self.messages.insert(position, Rc::new(message));
        true
    }

    /// Moves the delivery of one of our messages on; false if it is already there.
    pub(super) fn deliver(&mut self, id: &MessageId, delivery: Delivery) -> bool {
        let Some(message) = self
            .position(id)
            .and_then(|position| self.messages.get_mut(&position))
        else {
            return false;
        };
        if message.delivery >= delivery {
            return false;
        }
        Rc::make_mut(message).delivery = delivery;
        true
    }

    fn place(&mut self, at: Timestamp, provenance: Provenance) -> Position {
        self.arrivals += 1;
        if provenance == Provenance::History {
            return Position {
                at,
                arrival: -self.arrivals,
            };
        }
        let newest = self
            .messages
            .keys()
            .next_back()
            .map_or(at, |position| position.at);
        let lag = newest.0.saturating_sub(at.0);
        let at = if (0..TOLERANCE).contains(&lag) {
            newest
        } else {
            at
        };
        Position {
            at,
            arrival: self.arrivals,
        }
    }

    fn position(&self, id: &MessageId) -> Option<Position> {
        self.by_id.get(&id.0)?.iter().copied().find(|position| {
            self.messages
                .get(position)
                .is_some_and(|known| known.id == *id)
        })
    }

    fn copy_of(&self, message: &Message) -> Option<Position> {
        ids(message).find_map(|id| {
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
        merged.archive_id = merged.archive_id.or(copy.archive_id);
        merged.stanza_id = merged.stanza_id.or(copy.stanza_id);
        merged.delivery = merged.delivery.max(copy.delivery);
        if merged != **known {
            self.index(&merged, position);
            self.messages.insert(position, Rc::new(merged));
        }
    }

    fn index(&mut self, message: &Message, position: Position) {
        for id in ids(message) {
            let positions = self.by_id.entry(id.to_owned()).or_default();
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
    }
}

fn ids(message: &Message) -> impl Iterator<Item = &str> {
    [
        Some(message.id.0.as_str()),
        message.archive_id.as_deref(),
        message.stanza_id.as_deref(),
    ]
    .into_iter()
    .flatten()
}
