//! What the server says to somebody who wants to leave a file with it.

use serde::{Deserialize, Serialize};

use crate::now::Timestamp;

/// The answer to a request for a place (XEP-0363). It concerns the page that has the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadAnswer {
    /// Which file, as whoever asked calls it.
    pub upload: String,
    /// The place, or why there is none.
    pub outcome: Result<Slot, Refusal>,
}

/// A place for one file (XEP-0363 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Where to put it; nobody on the way there can read along.
    pub put: String,
    /// Where others find it then.
    pub get: String,
    /// What has to go with it: names and values of headers, of those that may be.
    pub headers: Vec<(String, String)>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The server takes no files.
    NoService,
    /// It takes none that is as large; with its limit in bytes, if it says so.
    TooLarge(Option<u64>),
    /// Too much has been sent already; again from then on, if it says so.
    Wait(Option<Timestamp>),
    /// Something else.
    Other {
        /// The stanza error's condition (RFC 6120 8.3.3).
        condition: String,
        /// What the server says about it.
        text: Option<String>,
    },
}
