//! What a person wants with a conversation, on all of their devices.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Conversation, Store, Topic};
use crate::now::Timestamp;
use crate::output::Table;

/// What somebody wants with a conversation, besides what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// It stays on top of the list.
    pub pinned: bool,
    /// It was put away at this time: it is back in the list when something newer comes.
    pub archived: Option<Timestamp>,
    /// Nothing that is said there makes itself heard.
    pub muted: Option<Muted>,
    /// It is to be looked at again, though everything in it has been read.
    pub unread: bool,
    /// We have written to them, so they are no stranger.
    pub known: bool,
    /// What was said up to this time, by the archive's clock, is deleted. The conversation is
    /// out of the list for as long as that is all of it if it was archived by it.
    pub cleared: Option<Timestamp>,
}

/// For how long a conversation is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Muted {
    /// Up to this time.
    Until(Timestamp),
    /// Until somebody changes that.
    Forever,
}

impl Wishes {
    /// Whether the conversation is silent at `now`.
    pub fn is_muted(&self, now: Timestamp) -> bool {
        match self.muted {
            Some(Muted::Until(end)) => now < end,
            Some(Muted::Forever) => true,
            None => false,
        }
    }
}

impl Wishes {
    /// Whether the conversation was put away by being deleted.
    fn is_deleted(&self) -> bool {
        self.cleared.is_some() && self.archived == self.cleared
    }
}

impl Store {
    /// What we want with the conversation with `jid`.
    pub fn wishes(&self, jid: &BareJid) -> Wishes {
        self.wishes.get(jid).copied().unwrap_or_default()
    }

    /// The conversations with which we want something.
    pub fn with_wishes(&self) -> impl Iterator<Item = (&BareJid, &Wishes)> {
        self.wishes.iter()
    }

    /// Whether the conversation with `jid` is put away, and nothing has come since.
    pub fn is_archived(&self, jid: &BareJid) -> bool {
        let newest = self.conversations.get(jid).and_then(Conversation::last);
        let wishes = self.wishes(jid);
        match (wishes.archived, newest) {
            (None, _) => false,
            (Some(_), None) => true,
            // Whatever is there has come since.
            (Some(_), Some(_)) if wishes.is_deleted() => false,
            (Some(archived), Some(newest)) => newest.at <= archived,
        }
    }

    /// Whether the conversation with `jid` was deleted, and nothing has come since.
    pub fn is_deleted(&self, jid: &BareJid) -> bool {
        self.wishes(jid).is_deleted() && self.is_archived(jid)
    }

    pub(super) fn wish(&mut self, jid: BareJid, wishes: Wishes) -> Vec<Topic> {
        self.changed.mark(Table::Wishes, &jid);
        if wishes == Wishes::default() {
            self.wishes.remove(&jid);
        } else {
            self.wishes.insert(jid.clone(), wishes);
        }
        vec![Topic::Conversation(jid), Topic::Conversations]
    }
}
