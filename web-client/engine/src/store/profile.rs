//! What people tell of themselves.

use std::rc::Rc;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Store, Topic};
use crate::output::Table;

/// So many changes of ours somebody may wait for.
const REMEMBERED: usize = 4;

/// What somebody tells of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// What they call themselves (XEP-0172).
    pub nickname: Option<String>,
    /// What became of the last changes of it, if it is our own.
    saved: Vec<Saved>,
}

/// One thing that somebody tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// What they call themselves, if anything.
    Nickname(Option<String>),
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
