//! What an engine asks for.

use serde::{Deserialize, Serialize};

use crate::sasl;
use crate::store::StoreEvent;
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
    /// Tokens are to be [taken out](sasl::lift_token) of what the server says before an
    /// engine sees it.
    Sasl(sasl::Request),
    /// Write these records, in one transaction with those of the store that has applied
    /// the events of this drain, then answer with [`Input::Committed`](crate::Input::Committed).
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

/// One durable change. All records of a commit are written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where it goes.
    pub table: Table,
    /// Which row; unique in its table, ASCII where the order of rows means something.
    pub key: String,
    /// The row, [encoded](crate::codec); `None` deletes it.
    pub value: Option<Vec<u8>>,
}

/// At the end of a key of the table Messages, with which there is no value: what has to be
/// deleted is everything of that conversation from that key on.
const AND_ALL_BEHIND: char = '~';

impl Record {
    pub(crate) fn new(table: Table, key: impl Into<String>, value: Option<Vec<u8>>) -> Self {
        let key = key.into();
        Self { table, key, value }
    }

    /// Has everything of a conversation deleted from `key` on, in the order of keys.
    pub(crate) fn all_behind(mut key: String) -> Self {
        key.push(AND_ALL_BEHIND);
        Self::new(Table::Messages, key, None)
    }

    /// For a record that deletes more than a row: of which conversation, and behind which key.
    pub fn deletes_behind(&self) -> Option<(&str, &str)> {
        let key = self.key.strip_suffix(AND_ALL_BEHIND);
        let key = key.filter(|_| self.table == Table::Messages && self.value.is_none())?;
        Some((key.split_once('\n')?.0, key))
    }
}

/// The tables of the database: rows ordered by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Table {
    /// The engine's own state, a row a part. Written by the engine only.
    Engine,
    /// Messages that have to reach the server, oldest first. Written by the engine only.
    Outbox,
    /// A row a contact; the one without a key says that the roster is whole.
    Roster,
    /// A row a person: all their resources that are online.
    Presence,
    /// A row a conversation: what the list shows of it, and which parts of it are here.
    Conversations,
    /// A row a message; within a conversation the newest first.
    Messages,
    /// A row a picture.
    Avatars,
    /// A row a request to see our presence.
    Requests,
    /// A row a room.
    Rooms,
    /// A row an occupant of a room that we are in.
    Occupants,
    /// A row a conversation with which its reader wants something.
    Wishes,
    /// A row somebody who is blocked.
    Blocked,
    /// A row a person: what they tell of themselves.
    Profiles,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 13] = [
        Self::Engine,
        Self::Outbox,
        Self::Roster,
        Self::Presence,
        Self::Conversations,
        Self::Messages,
        Self::Avatars,
        Self::Requests,
        Self::Rooms,
        Self::Occupants,
        Self::Wishes,
        Self::Blocked,
        Self::Profiles,
    ];

    /// What it is called in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Outbox => "outbox",
            Self::Roster => "roster",
            Self::Presence => "presence",
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Avatars => "avatars",
            Self::Requests => "requests",
            Self::Rooms => "rooms",
            Self::Occupants => "occupants",
            Self::Wishes => "wishes",
            Self::Blocked => "blocked",
            Self::Profiles => "profiles",
        }
    }
}
