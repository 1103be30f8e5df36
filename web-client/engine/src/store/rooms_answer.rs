//! What services and rooms say to whoever makes a room, changes one, or invites to one.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Form, NotSaved};

/// An answer that concerns the page that has asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomsAnswer {
    /// Where our server has rooms, if it does.
    Service(Option<BareJid>),
    /// What can be otherwise with a room.
    Settings {
        /// What whoever asked calls the question.
        request: String,
        /// The form, or why there is none.
        outcome: Result<Form, NotSaved>,
    },
    /// Some of the rooms of a service.
    Page {
        /// What whoever asked calls the question.
        request: String,
        /// Which, or why none.
        outcome: Result<RoomsPage, NotSaved>,
    },
    /// What a room says of itself.
    Room {
        /// Which.
        room: BareJid,
        /// What.
        about: About,
    },
    /// What has become of an invitation of ours; it may still come back later.
    Invited {
        /// What whoever asked calls the question.
        request: String,
        /// Whose it is.
        jid: BareJid,
        /// Whether it has gone, and why not.
        outcome: Result<(), NotSaved>,
    },
}

/// Some of the rooms of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomsPage {
    /// Who has them.
    pub service: BareJid,
    /// Which, and what the service calls them.
    pub rooms: Vec<(BareJid, Option<String>)>,
    /// What the last one is called for whoever asks for more; `None` if there are no more.
    pub next: Option<String>,
}

/// What a room says of itself; nothing where it doesn't want to be known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What it calls itself.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// How many are there.
    pub people: Option<u32>,
    /// Whether only members may come in.
    pub closed: bool,
}
