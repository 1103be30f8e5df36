//! What was written and not sent, by conversation.

use std::cell::RefCell;

use couplet_engine::store::{SessionStatus, Topic};
use jid::BareJid;

use super::State;
use crate::tabs::Message;

/// As all tabs have them; on disk too, where the session is.
#[derive(Default)]
pub(super) struct Drafts(RefCell<Vec<(BareJid, String)>>);

impl Drafts {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// What an earlier page has left.
    pub(super) fn restore(&self, rows: Vec<(String, String)>) {
        *self.0.borrow_mut() = rows
            .into_iter()
            .filter_map(|(jid, text)| Some((jid.parse().ok()?, text)))
            .collect();
    }

    fn set(&self, jid: &BareJid, text: &str) {
        let mut drafts = self.0.borrow_mut();
        drafts.retain(|(known, _)| known != jid);
        if !text.trim().is_empty() {
            drafts.push((jid.clone(), text.to_owned()));
        }
    }
}

impl State {
    /// The draft for `jid`, empty if there is none.
    pub(crate) fn draft(&self, jid: &BareJid) -> String {
        let drafts = self.0.drafts.0.borrow();
        let draft = drafts.iter().find(|(known, _)| known == jid);
        draft.map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Keeps what is being written, at every key: nobody knows when a page ends.
    pub(crate) fn save_draft(&self, jid: &BareJid, text: &str) {
        let session = &self.0.session;
        if matches!(self.store().status(), SessionStatus::SignedOut { .. }) {
            return;
        }
        self.0.drafts.set(jid, text);
        let (true, Some(storage), Some(account)) =
            (session.is_kept(), session.storage(), self.account())
        else {
            return;
        };
        let draft = self.draft(jid);
        // A disk that takes nothing is told of where more depends on it.
        let _ = storage.keep_draft(account.as_str(), jid.as_str(), &draft);
    }

    /// The draft is left for now: the list shows it, here and in the other tabs.
    pub(crate) fn leave_draft(&self, jid: &BareJid, text: &str) {
        self.save_draft(jid, text);
        self.0.session.post(&Message::Draft {
            conversation: jid.clone(),
            text: text.to_owned(),
        });
        self.touch(Topic::Conversation(jid.clone()).into());
    }

    /// Another tab has one.
    pub(super) fn learn_draft(&self, jid: BareJid, text: &str) {
        self.0.drafts.set(&jid, text);
        self.touch(Topic::Conversation(jid).into());
    }
}
