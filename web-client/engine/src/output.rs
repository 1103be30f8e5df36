//! What an engine asks for.

use serde::{Deserialize, Serialize};

use crate::outbox::Queued;
use crate::sasl;
use crate::store::{MessageId, StoreEvent};
use std::time::Duration;

/// One thing to do, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Open a WebSocket with the subprotocol `xmpp`; whatever socket there was is void.
    Open {
        /// `ws:` or `wss:`.
        url: String,
    },
    /// Ask the holder of the secrets; the answer is an [`Input::SaslReply`](crate::Input::SaslReply).
    Sasl(sasl::Request),
    /// Write these records, then answer with [`Input::Committed`](crate::Input::Committed).
    /// The engine keeps every later [`Transmit`](Self::Transmit) back until then; nothing else waits.
    Commit(u64, Vec<Record>),
    /// Send this as one text message.
    Transmit(String),
    /// Show this.
    Event(StoreEvent),
    /// Note this for whoever has to find out what went wrong. Holds no body and no secret.
    Log(Level, String),
    /// Close the WebSocket.
    Close,
    /// Nothing more to do until the next input, or until this much monotonic time has
    /// come, for which [`Input::Timeout`](crate::Input::Timeout) is then due.
    Idle {
        /// When to wake, if at all.
        wake_at: Option<Duration>,
    },
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A stanza that was skipped, a limit that was met: the session goes on.
    Warning,
    /// The course of the session.
    Info,
}

/// What has to survive the end of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A change of the store.
    Store(StoreEvent),
    /// A message that has to reach the server.
    Queued(Queued),
    /// A message that has reached it, or never will.
    Unqueued(MessageId),
}
