//! What the server keeps of us, for somebody who takes it elsewhere.

use serde::{Deserialize, Serialize};

use super::Card;
use crate::now::Timestamp;

/// A part of what is exported. It concerns the page that has asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Which export, as whoever asked calls it.
    pub export: String,
    /// What of it.
    pub part: ExportPart,
}

/// What of an export has come, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportPart {
    /// The roster, the card, the bookmarks: as the server has them, XML.
    Element(String),
    /// What the card says.
    Card(Card),
    /// A page of the archive, oldest first.
    Messages(Vec<ExportedMessage>),
    /// That was all.
    Done,
    /// The server has broken off.
    Failed,
}

/// An entry of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedMessage {
    /// By which the archive knows it.
    pub id: String,
    /// When it was sent, if the archive says so.
    pub at: Option<Timestamp>,
    /// Who has sent it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// What it says; what says nothing has none.
    pub body: Option<String>,
    /// The `<result/>` as the archive gave it.
    pub xml: String,
}
