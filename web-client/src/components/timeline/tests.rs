//! Messages to test with.

use couplet_engine::Timestamp;
use couplet_engine::store::{Delivery, Direction, Message, MessageId, Notes, Scope};
use jid::BareJid;

/// An incoming message of the instant `at`, which is its id too.
pub(crate) fn message(at: i64) -> Message {
    let bob = BareJid::new("bob@example.org").unwrap();
    Message {
        id: MessageId(at.to_string()),
        stanza_id: None,
        origin_id: None,
        archive_id: None,
        conversation: bob.clone(),
        from: bob.into(),
        occupant: None,
        scope: Scope::Person,
        direction: Direction::Incoming,
        body: "hello".to_owned(),
        at: Timestamp(at),
        delivery: Delivery::Sent,
        notes: Notes::default(),
        changes: Default::default(),
    }
}
