//! What was written and not sent, by conversation.

use std::cell::RefCell;

use couplet_engine::store::Topic;
use jid::BareJid;

use super::State;

/// In memory only: a draft lives as long as the page does.
#[derive(Default)]
pub(super) struct Drafts(RefCell<Vec<(BareJid, String)>>);

impl Drafts {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

impl State {
    /// The draft for `jid`, empty if there is none.
    pub(crate) fn draft(&self, jid: &BareJid) -> String {
        let drafts = self.0.drafts.0.borrow();
        let draft = drafts.iter().find(|(known, _)| known == jid);
        draft.map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Keeps the draft for `jid`, which the list then shows.
    pub(crate) fn keep_draft(&self, jid: &BareJid, text: &str) {
        let mut drafts = self.0.drafts.0.borrow_mut();
        drafts.retain(|(known, _)| known != jid);
        if !text.trim().is_empty() {
            drafts.push((jid.clone(), text.to_owned()));
        }
        drop(drafts);
        self.touch(Topic::Conversation(jid.clone()).into());
    }
}
