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
    /// Which.
    pub rooms: Vec<ListedRoom>,
    /// What the last one is called for whoever asks for more; `None` if there are no more.
    pub next: Option<String>,
}

/// A room that a service has or knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRoom {
    /// Its address.
    pub jid: BareJid,
    /// What the service calls it.
    pub name: Option<String>,
    /// What it says of itself, once that is known.
    pub about: Option<About>,
}

impl ListedRoom {
    /// What it is called, if only by its address.
    pub fn name(&self) -> &str {
        let own = self.about.as_ref().and_then(|about| about.name.as_deref());
        let name = own.or(self.name.as_deref());
        name.unwrap_or_else(|| self.jid.node().map_or("", |node| node.as_str()))
    }

    /// What it is about.
    pub fn description(&self) -> Option<&str> {
        self.about.as_ref()?.description.as_deref()
    }
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
