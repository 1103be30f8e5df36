//! One message of a timeline.

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};

use super::change::Changes;
use super::note::Notes;
use crate::now::Timestamp;

/// The id by which we know a message: the origin-id of our own, else the
/// archive's, else the stanza's, else one of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub String);

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The other side.
    Incoming,
    /// Us, here or on another device.
    Outgoing,
}

/// To whom a message was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scope {
    /// By one person to another.
    #[default]
    Person,
    /// To everybody in a room.
    Room,
    /// By somebody in a room to us only, or by us to them (XEP-0045 7.5).
    Whisper,
}

/// How far one of our messages has got. The order is the order of progress.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Delivery {
    /// Kept here; the server doesn't have it yet.
    Queued,
    /// The server has it: by stream management or the archive (XEP-0198, XEP-0313).
    Sent,
    /// It came back, and why; that may happen after the server took it.
    Failed(Failure),
    /// A device of the other side has it (XEP-0184).
    Delivered,
    /// The other side has seen it (XEP-0333).
    Read,
}

/// Why a message came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failure {
    /// The stanza error's condition (RFC 6120 8.3.3), such as `service-unavailable`.
    pub condition: String,
    /// What the server said about it, in its own words.
    pub text: Option<String>,
}

impl Failure {
    /// Why a message fails of which this device has lost what was to be sent. No server
    /// says so.
    pub const DAMAGED: &str = "damaged";

    pub(super) fn damaged() -> Self {
        Self {
            condition: Self::DAMAGED.to_owned(),
            text: None,
        }
    }
}

/// A message as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Our name for it; made of the sender's origin-id (XEP-0359) where there is one.
    pub id: MessageId,
    /// The `id` of the stanza, which receipts and errors refer to.
    pub stanza_id: Option<String>,
    /// The id that the writer vouches for to be unique, if they do (XEP-0359).
    pub origin_id: Option<String>,
    /// The id that our archive gave it (XEP-0359).
    pub archive_id: Option<String>,
    /// The other side.
    pub conversation: BareJid,
    /// Who sent it, with the resource where it is known; in a room, with the nickname.
    pub from: Jid,
    /// By which their room knows them whatever they are called (XEP-0421).
    pub occupant: Option<String>,
    /// To whom it was said.
    pub scope: Scope,
    /// Whose it is.
    pub direction: Direction,
    /// What it says by now.
    pub body: String,
    /// When it was sent.
    pub at: Timestamp,
    /// How far it is; means nothing on incoming messages.
    pub delivery: Delivery,
    /// What it says of itself besides its text.
    pub notes: Notes,
    /// What has become of it since.
    pub changes: Changes,
}

impl Message {
    /// Whether the same person wrote both. Those in a room share its address: there it is
    /// who has the same occupant id, or the same name.
    pub fn is_by_writer_of(&self, other: &Self) -> bool {
        if (self.direction, self.scope) != (other.direction, other.scope) {
            return false;
        }
        match (self.scope, &self.occupant, &other.occupant) {
            (Scope::Person, ..) => self.from.to_bare() == other.from.to_bare(),
            _ if self.direction == Direction::Outgoing => true,
            (_, Some(one), Some(other)) => one == other,
            _ => self.from == other.from,
        }
    }

    /// Whether `other` is another copy of this message: by the sender's own id, which
    /// stays the same when it has to be sent again and is archived twice, by the
    /// archive's, or, from servers and clients with neither, by everything there is.
    /// Two genuine messages with the same words stay two.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        if self.conversation != other.conversation || self.is_stand_in() != other.is_stand_in() {
            return false;
        }
        let same = |mine: &Option<String>, theirs: &Option<String>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => Some(mine == theirs),
            _ => None,
        };
        let archived = same(&self.archive_id, &other.archive_id);
        if self.direction != other.direction {
            // To a room a guest who comes back is somebody else, and to its archive what they
            // have said is not.
            let in_room = self.scope == Scope::Room && other.scope == Scope::Room;
            return in_room && archived == Some(true);
        }
        if archived == Some(true) || self.direction == Direction::Outgoing && self.id == other.id {
            return true;
        }
        if !self.is_by_writer_of(other) {
            return false;
        }
        // Whoever sends again what may have arrived makes the archive have it twice.
        match (same(&self.origin_id, &other.origin_id), archived) {
            (Some(same), _) => same && self.said_the_same(other),
            (None, Some(_)) => false,
            (None, None) => {
                self.stanza_id.is_some()
                    && self.stanza_id == other.stanza_id
                    && self.said_the_same(other)
            }
        }
    }
}
