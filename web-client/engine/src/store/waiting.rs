//! What has been told of messages that are not here.

use serde::{Deserialize, Serialize};

use super::change::{Change, advance};
use super::{Delivery, Direction, Message, MessageId};

/// So much is kept a conversation; what came first goes first.
const MOST: usize = 200;
/// So many bytes of it.
const MOST_BYTES: usize = 128 * 1024;

/// Something about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    /// Somebody has changed it.
    Change {
        change: Box<Change>,
        /// When we heard of it, among everything there is to hear here.
        arrival: i64,
        /// Whether that is the archive's order.
        archived: bool,
    },
    /// It is ours and has got so far.
    Delivery(MessageId, Delivery),
    /// One side has seen it, and everything before it.
    Displayed { by: Direction, id: String },
}

impl Told {
    /// Whether it is about `message`, and whoever says so may.
    pub(super) fn concerns(&self, message: &Message) -> bool {
        match self {
            Self::Change { change, .. } => change.concerns(message, &message.author()),
            Self::Delivery(id, _) => message.is_delivered_as(&id.0),
            // Nobody tells what they have seen of their own.
            Self::Displayed { by, id } => {
                let own = message.is_stand_in() && message.direction == *by;
                message.goes_by(id) && !own
            }
        }
    }

    /// The id by which it calls the message.
    pub(super) fn target(&self) -> &str {
        match self {
            Self::Change { change, .. } => &change.target,
            Self::Delivery(MessageId(id), _) | Self::Displayed { id, .. } => id,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Change { change, .. } => change.size(),
            told => told.target().len(),
        }
    }
}

/// All of it, in the order in which it was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Waiting(Vec<Told>);

impl Waiting {
    /// Keeps it; false if it was known.
    pub(super) fn push(&mut self, told: Told) -> bool {
        for known in &mut self.0 {
            if *known == told {
                return false;
            }
            match (&mut *known, &told) {
                (Told::Delivery(id, known), Told::Delivery(same, delivery)) if id == same => {
                    return advance(known, delivery);
                }
                (
                    Told::Change {
                        change: known,
                        arrival: known_arrival,
                        archived: known_archived,
                    },
                    Told::Change {
                        change,
                        arrival,
                        archived,
                    },
                ) if known.is_copy_of(change) => {
                    let further = advance(&mut known.delivery, &change.delivery);
                    let named = known.archive_id.is_none() && change.archive_id.is_some();
                    if named {
                        known.archive_id.clone_from(&change.archive_id);
                    }
                    if *archived {
                        (known.at, *known_arrival) = (change.at, *arrival);
                        *known_archived = true;
                    }
                    return further || named || *archived;
                }
                _ => {}
            }
        }
        self.0.push(told);
        let mut bytes: usize = self.0.iter().map(Told::size).sum();
        while self.0.len() > MOST || bytes > MOST_BYTES {
            bytes -= self.0.remove(0).size();
        }
        true
    }

    /// Takes out what there is about `message`.
    pub(super) fn take(&mut self, message: &Message) -> Vec<Told> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let told = std::mem::take(&mut self.0).into_iter();
        let (about, rest) = told.partition(|told| told.concerns(message));
        self.0 = rest;
        about
    }

    /// A change of ours that waits here has got further; false if there is none.
    pub(super) fn deliver(&mut self, id: &MessageId, delivery: &Delivery) -> bool {
        let mut changes = self.0.iter_mut().filter_map(|told| match told {
            Told::Change { change, .. } => Some(change),
            _ => None,
        });
        let known = changes.find(|change| change.id == id.0);
        known.is_some_and(|known| {
            advance(&mut known.delivery, delivery);
            true
        })
    }

    /// Everything, without taking it out.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Told> {
        self.0.iter()
    }
}

impl Message {
    /// Whether `id` is one of its own.
    pub(super) fn goes_by(&self, id: &str) -> bool {
        self.ids().any(|known| known == id) || self.change_ids().any(|known| known == id)
    }

    /// Whether it is ours, or changed by us, under the id that receipts and errors refer to.
    pub(super) fn is_delivered_as(&self, id: &str) -> bool {
        self.direction == Direction::Outgoing
            && (self.id.0 == id
                || self.stanza_id.as_deref() == Some(id)
                || self.origin_id.as_deref() == Some(id))
            || self.change_ids().any(|known| known == id)
    }

    /// The ids that it has by itself.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        [
            Some(self.id.0.as_str()),
            self.archive_id.as_deref(),
            self.origin_id.as_deref(),
            self.stanza_id.as_deref(),
        ]
        .into_iter()
        .flatten()
    }
}
