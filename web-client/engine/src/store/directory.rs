//! What a directory of people says to somebody who looks for one.

use jid::BareJid;
use serde::{Deserialize, Serialize};

/// An answer of the directory (XEP-0055). It concerns the page that has asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryAnswer {
    /// Whether there is one.
    Offered(bool),
    /// What has come of a search.
    Found {
        /// Which search, as whoever asked calls it.
        search: String,
        /// What was looked for.
        text: String,
        /// Those that go with it, the likeliest first, or why nobody knows.
        outcome: Result<Vec<Person>, NotFound>,
    },
}

/// Somebody in a directory. What they are said to be they may have said themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their address.
    pub jid: BareJid,
    /// What they are called, on one line; of their address if nothing is known.
    pub name: String,
    /// What else tells them from others of that name, each on one line.
    pub details: Vec<String>,
}

/// Why a search has come to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotFound {
    /// There is no connection.
    Offline,
    /// Our server has no directory any more.
    NoDirectory,
    /// It doesn't want to, or can't.
    Refused {
        /// The stanza error's condition (RFC 6120 8.3.3).
        condition: String,
        /// What it says about it, on one line.
        text: Option<String>,
    },
}
