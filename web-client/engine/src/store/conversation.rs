//! One conversation: its timeline and what the list shows of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Delivery, Direction, Message, MessageId, Provenance, Timeline};

/// A conversation with one other side.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The messages that are here, oldest first.
    pub timeline: Timeline,
    /// How many messages of the other side nobody has read.
    pub unread: u32,
    /// The oldest message nobody has read: the unread divider goes before it.
    pub first_unread: Option<MessageId>,
    /// Whether the other side is typing.
    pub typing: bool,
    /// What is known of the history before the timeline.
    pub older: Older,
}

/// What is known of the part of a conversation that isn't here yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Older {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// A page is under way.
    Loading,
    /// There is more in the archive.
    More,
    /// The timeline begins where the conversation did.
    Complete,
    /// The archive refused or didn't answer; it can be asked again.
    Failed,
}

impl Conversation {
    /// The newest message.
    pub fn last(&self) -> Option<&Rc<Message>> {
        self.timeline.iter().next_back()
    }

    pub(super) fn insert(&mut self, message: Message, provenance: Provenance) {
        let incoming = message.direction == Direction::Incoming;
        let id = message.id.clone();
        if !self.timeline.insert(message, provenance) {
            return;
        }
        if incoming {
            self.typing = false;
            if provenance != Provenance::History {
                self.unread = self.unread.saturating_add(1);
                self.first_unread.get_or_insert(id);
            }
        } else if provenance != Provenance::History {
            // Whoever answers has read what came before.
            self.mark_read();
        }
    }

    pub(super) fn deliver(&mut self, id: &MessageId, delivery: Delivery) -> bool {
        self.timeline.deliver(id, delivery)
    }

    pub(super) fn mark_read(&mut self) -> bool {
        let changed = self.unread > 0;
        self.unread = 0;
        self.first_unread = None;
        changed
    }
}
