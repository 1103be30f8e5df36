//! Rows that are nowhere else, as earlier releases wrote them. Each is read once, by a step
//! of the schema of the database, and written in today's form.

use jid::{BareJid, Jid};
use serde::Deserialize;

use crate::codec::{decode, encode};
use crate::now::Timestamp;
use crate::outbox::Queued;
use crate::output::Table;
use crate::store::{Changes, Delivery, Direction, Message, MessageId, Notes, Scope};

/// The row in today's form; `None` if it has that already, or can't be read.
pub fn convert(table: Table, row: &[u8]) -> Option<Vec<u8>> {
    if table != Table::Outbox || decode::<Queued>(row).is_some() {
        return None;
    }
    let row: QueuedBeforeRooms = decode(row)?;
    let message = row.message.into();
    let queued = Queued::converted(message, row.stanza, row.strikes > 0, row.uncertain);
    Some(encode(&queued))
}

/// A row of the outbox before there were rooms, and changes to messages.
#[derive(Deserialize)]
struct QueuedBeforeRooms {
    message: MessageBeforeRooms,
    stanza: String,
    strikes: u8,
    uncertain: bool,
}

#[derive(Deserialize)]
struct MessageBeforeRooms {
    id: MessageId,
    stanza_id: Option<String>,
    origin_id: Option<String>,
    archive_id: Option<String>,
    conversation: BareJid,
    from: Jid,
    direction: Direction,
    body: String,
    at: Timestamp,
    delivery: Delivery,
}

impl From<MessageBeforeRooms> for Message {
    fn from(message: MessageBeforeRooms) -> Self {
        Self {
            id: message.id,
            stanza_id: message.stanza_id,
            origin_id: message.origin_id,
            archive_id: message.archive_id,
            conversation: message.conversation,
            from: message.from,
            occupant: None,
            scope: Scope::Person,
            direction: message.direction,
            body: message.body,
            at: message.at,
            delivery: message.delivery,
            notes: Notes::default(),
            changes: Changes::default(),
        }
    }
}
