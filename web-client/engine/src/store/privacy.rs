//! What others learn of us, and who may contact us.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Direction, Store, Topic};

/// What a person wants, on all of their devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Others learn that a message of theirs has arrived (XEP-0184).
    pub receipts: bool,
    /// Others learn that it has been read (XEP-0333).
    pub markers: bool,
    /// Others learn that we are typing (XEP-0085).
    pub typing: bool,
    /// Who isn't among our contacts may contact us as they may.
    pub strangers: bool,
    /// The server keeps none of this, so it is for this device only.
    pub only_here: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            receipts: true,
            markers: true,
            typing: true,
            strangers: true,
            only_here: false,
        }
    }
}

impl Store {
    /// What others learn of us, and who may contact us.
    pub fn privacy(&self) -> Privacy {
        self.privacy.unwrap_or_default()
    }

    /// Whether what `jid` says is put apart: they are a stranger to somebody who wants to be
    /// contacted by contacts only, and nothing has been said to them.
    pub fn is_apart(&self, jid: &BareJid) -> bool {
        if self.privacy().strangers || self.rooms.contains_key(jid) {
            return false;
        }
        let own = self.me.as_ref().is_some_and(|me| me.to_bare() == *jid);
        // Their server, too, has something to say to each of its accounts.
        let server = jid.node().is_none();
        let known = self.contacts.contains_key(jid) || self.wishes(jid).known;
        let answered = || {
            let timeline = self.conversations.get(jid).map(|known| &known.timeline);
            let mut messages = timeline.into_iter().flat_map(|timeline| timeline.iter());
            messages.any(|message| message.direction == Direction::Outgoing)
        };
        !(own || server || known || answered())
    }

    pub(super) fn set_privacy(&mut self, privacy: Privacy) -> Vec<Topic> {
        self.changed.mark_privacy();
        self.privacy = Some(privacy);
        vec![Topic::Privacy, Topic::Conversations]
    }
}
