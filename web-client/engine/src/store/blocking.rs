//! Who can't reach us.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Direction, Store, Topic};
use crate::output::Table;

/// What a server that keeps people away from us can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocklist {
    /// It wants to know why somebody is blocked (XEP-0377).
    pub takes_reports: bool,
}

/// How far it is that somebody can't reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// The server is yet to be told.
    Wanted,
    /// The server keeps them away.
    Kept,
    /// The server has refused to.
    Refused,
}

/// Why somebody is blocked, for whoever runs the server (XEP-0377).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Of which kind it is.
    pub reason: Reason,
    /// What shows it, by the archive's ids.
    pub messages: Vec<String>,
}

/// What somebody has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// They write what nobody has asked for.
    Spam,
    /// Anything worse.
    Abuse,
}

/// How many of somebody's last messages a report names.
const SHOWN: usize = 10;

impl Store {
    /// What our server can do, if it blocks anybody at all.
    pub fn blocklist(&self) -> Option<Blocklist> {
        self.blocklist
    }

    /// Whether `jid` is blocked, and how far that is.
    pub fn block(&self, jid: &BareJid) -> Option<Block> {
        self.blocked.get(jid).copied()
    }

    /// Whether what `jid` sends doesn't reach us, or soon won't: alone or with all of their
    /// server (XEP-0191 2).
    pub fn is_blocked(&self, jid: &BareJid) -> bool {
        let counts = |jid| matches!(self.block(jid), Some(Block::Wanted | Block::Kept));
        counts(jid) || counts(&BareJid::from_parts(None, jid.domain()))
    }

    /// Everybody who is blocked, or was to be.
    pub fn blocked(&self) -> impl Iterator<Item = (&BareJid, Block)> {
        self.blocked.iter().map(|(jid, block)| (jid, *block))
    }

    /// What a report of `jid` would say: their last messages show it.
    pub fn report(&self, jid: &BareJid, reason: Reason) -> Report {
        let known = self.conversations.get(jid);
        let messages = known
            .into_iter()
            .flat_map(|known| known.timeline.iter().rev());
        let theirs = messages.filter(|message| message.direction == Direction::Incoming);
        let ids = theirs.filter_map(|message| message.archive_id.clone());
        Report {
            reason,
            messages: ids.take(SHOWN).collect(),
        }
    }

    pub(super) fn set_blocklist(&mut self, list: Option<Blocklist>) -> Vec<Topic> {
        self.changed.mark_blocklist();
        self.blocklist = list;
        vec![Topic::Blocking]
    }

    pub(super) fn set_blocked(&mut self, jid: BareJid, block: Option<Block>) -> Vec<Topic> {
        self.changed.mark(Table::Blocked, &jid);
        match block {
            Some(block) => drop(self.blocked.insert(jid, block)),
            None => drop(self.blocked.remove(&jid)),
        }
        vec![Topic::Blocking]
    }
}
