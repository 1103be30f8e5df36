//! Who is what to a room, as the room lists them for those who run it.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::NotSaved;

/// A list of those who are the same to a room (XEP-0045 9.5). It concerns the page that has
/// asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffiliationList {
    /// Which one, as whoever asked calls it.
    pub request: String,
    /// Who, or why the room doesn't say.
    pub outcome: Result<Vec<Listed>, NotSaved>,
}

/// Somebody on such a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Who.
    pub jid: BareJid,
    /// What they are called there, if that is kept for them.
    pub nick: Option<String>,
    /// Why they are on it.
    pub reason: Option<String>,
}
