//! What people tell of themselves.

use std::rc::Rc;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Card, Store, Topic};
use crate::now::Timestamp;
use crate::output::Table;

/// So many changes of ours somebody may wait for.
const REMEMBERED: usize = 4;
/// So many devices of one person are known of.
const REMEMBERED_DEVICES: usize = 8;

/// What somebody tells of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// What they call themselves (XEP-0172).
    pub nickname: Option<String>,
    /// What stands on their card (XEP-0292, XEP-0054).
    pub card: Card,
    /// When they were last there, if that has been asked for (XEP-0012).
    pub last_active: Option<Timestamp>,
    /// What their devices have told, by resource, the last first.
    devices: Vec<(String, Device)>,
    /// What became of the last changes of it, if it is our own.
    saved: Vec<Saved>,
}

/// What a device tells of itself when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Device {
    /// The program and its version (XEP-0092).
    pub program: Option<String>,
    /// How far its clock is ahead of UTC, in minutes (XEP-0202).
    pub offset: Option<i32>,
}

/// One thing that somebody tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// What they call themselves, if anything.
    Nickname(Option<String>),
    /// What stands on their card.
    Card(Card),
    /// When they were last there.
    LastActive(Timestamp),
    /// Which program a device of theirs runs: the resource, and name and version.
    Program(String, String),
    /// How far the clock of one is ahead of UTC, in minutes.
    Offset(String, i32),
    /// What became of a change of ours.
    Saved(Saved),
}

/// What became of a change of our own profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Which one, as whoever asked calls it.
    pub request: String,
    /// Whether the server has it.
    pub outcome: Result<(), NotSaved>,
}

/// Why the server doesn't have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotSaved {
    /// There is no connection, or it broke.
    Offline,
    /// The server doesn't want it.
    Refused {
        /// The stanza error's condition (RFC 6120 8.3.3).
        condition: String,
        /// What the server says about it.
        text: Option<String>,
    },
}

impl Profile {
    /// What the device of this resource has told.
    pub fn device(&self, resource: &str) -> Option<&Device> {
        let mut devices = self.devices.iter();
        let (_, device) = devices.find(|(known, _)| known == resource)?;
        Some(device)
    }

    fn device_mut(&mut self, resource: String) -> &mut Device {
        let known = self
            .devices
            .iter()
            .position(|(known, _)| *known == resource);
        let device = known.map(|place| self.devices.remove(place));
        self.devices.truncate(REMEMBERED_DEVICES - 1);
        self.devices
            .insert(0, device.unwrap_or((resource, Device::default())));
        &mut self.devices[0].1
    }

    /// What became of this change of ours, as soon as the server has answered.
    pub fn outcome(&self, request: &str) -> Option<&Result<(), NotSaved>> {
        let mut saved = self.saved.iter();
        let saved = saved.find(|saved| saved.request == request)?;
        Some(&saved.outcome)
    }
}

impl Store {
    /// What `jid` tells of themselves.
    pub fn profile(&self, jid: &BareJid) -> Option<&Rc<Profile>> {
        self.profiles.get(jid)
    }

    pub(super) fn learn(&mut self, jid: BareJid, fact: Fact) -> Vec<Topic> {
        let known = self
            .profiles
            .get_or_insert_with(jid.clone(), Default::default);
        let before = known.clone();
        let profile = Rc::make_mut(known);
        match fact {
            Fact::Nickname(nickname) => profile.nickname = nickname,
            Fact::Card(card) => profile.card = card,
            Fact::LastActive(at) => profile.last_active = Some(at),
            Fact::Program(device, program) => profile.device_mut(device).program = Some(program),
            Fact::Offset(device, minutes) => profile.device_mut(device).offset = Some(minutes),
            Fact::Saved(saved) => {
                profile.saved.truncate(REMEMBERED - 1);
                profile.saved.insert(0, saved);
            }
        }
        if *known == before {
            return Vec::new();
        }
        let renamed = known.nickname != before.nickname;
        self.changed.mark(Table::Profiles, &jid);
        if renamed {
            return renaming(jid);
        }
        vec![Topic::Profile(jid)]
    }
}

/// What shows a name.
pub(super) fn renaming(jid: BareJid) -> Vec<Topic> {
    vec![
        Topic::Profile(jid.clone()),
        Topic::Roster,
        Topic::Session,
        Topic::Conversations,
        Topic::Conversation(jid),
    ]
}
