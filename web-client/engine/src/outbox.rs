//! Messages that have to reach the server, in the order in which they were written.

use std::collections::VecDeque;

use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::now::Timestamp;
use crate::store::{Message, MessageId};
use crate::xml::build;

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// What the person sees of it.
    pub message: Message,
    /// The stanza, as it goes over the wire the first time.
    pub stanza: String,
    /// Whether it has been on the wire since the last proof of anything.
    pub sent: bool,
    /// How often the server ended the stream over something while this was unproven.
    pub strikes: u8,
}

/// A message older than this, in milliseconds, says when it was written.
const STALE: i64 = 10_000;

impl Queued {
    /// The stanza to send at `now`: one that has waited carries the time at which
    /// it was written (XEP-0203).
    pub(crate) fn stanza(&self, now: Timestamp) -> String {
        let written = self.message.at;
        if now.0.saturating_sub(written.0) < STALE {
            return self.stanza.clone();
        }
        let Ok(mut stanza) = self.stanza.parse::<Element>() else {
            return self.stanza.clone();
        };
        let stamp = written.to_datetime().to_rfc3339();
        stanza.append_child(build("delay", ns::DELAY).attr("stamp", stamp).done());
        String::from(&stanza)
    }
}

/// How many ended streams a message survives: the second one is its last.
const STRIKES: u8 = 2;

/// The queue. A message leaves it on proof that the server has it, or as failed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    /// Nothing may leave until the archive has been read: what was on the wire
    /// when the last session ended may have arrived.
    pub(crate) hold: bool,
}

impl Outbox {
    pub(crate) fn push(&mut self, queued: Queued) {
        self.queue.push_back(queued);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.queue.iter()
    }

    /// The server has it.
    pub(crate) fn prove(&mut self, id: &MessageId) -> Option<Queued> {
        let index = self
            .queue
            .iter()
            .position(|queued| queued.message.id == *id)?;
        self.queue.remove(index)
    }

    /// Takes note that the next unsent message is on the wire now, and returns it.
    pub(crate) fn next_unsent(&mut self) -> Option<&Queued> {
        // Once the server has ended a stream over one of them, they go one at a
        // time, so that the second time tells which.
        let suspicious = self.queue.iter().any(|queued| queued.strikes > 0);
        if self.hold || (suspicious && self.queue.iter().any(|queued| queued.sent)) {
            return None;
        }
        let queued = self.queue.iter_mut().find(|queued| !queued.sent)?;
        queued.sent = true;
        Some(queued)
    }

    /// The session is gone for good: whatever was on the wire has to go again.
    pub(crate) fn session_lost(&mut self) {
        for queued in &mut self.queue {
            queued.sent = false;
        }
    }

    /// The server ended the stream over something we sent. Takes out what has
    /// now been there too often.
    pub(crate) fn strike(&mut self) -> Vec<Queued> {
        let mut condemned = Vec::new();
        self.queue.retain_mut(|queued| {
            if queued.sent {
                queued.strikes += 1;
            }
            let keep = queued.strikes < STRIKES;
            if !keep {
                condemned.push(queued.clone());
            }
            keep
        });
        condemned
    }
}
