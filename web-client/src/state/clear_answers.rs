//! Encrypted messages that somebody is about to answer in clear.

use std::cell::RefCell;

use couplet_engine::store::Direction;
use jid::BareJid;

use super::State;

/// The conversations in which that was agreed to, since this page was opened.
#[derive(Default)]
pub(super) struct ClearAnswers(RefCell<Vec<BareJid>>);

impl State {
    /// Whether one has to be asked first: what they said last is encrypted, and so may be what
    /// they expect of the answer (XEP-0380 5).
    pub(crate) fn asks_before_clear(&self, jid: &BareJid) -> bool {
        if self.0.clear_answers.0.borrow().contains(jid) {
            return false;
        }
        let store = self.store();
        let known = store.conversation(jid);
        let messages = known.into_iter().flat_map(|known| known.timeline.iter());
        let mut theirs = messages.filter(|message| message.direction == Direction::Incoming);
        let last = theirs.next_back();
        last.is_some_and(|last| last.encryption().is_some())
    }

    /// Sends what has been written, and asks no more in this conversation.
    pub(crate) fn answer_in_clear(&self, jid: &BareJid) {
        self.0.clear_answers.0.borrow_mut().push(jid.clone());
        let text = self.draft(jid);
        let something = !text.trim().is_empty() || self.has_files(jid);
        if something && self.takes_commands() {
            self.send_draft(jid, text.trim());
        }
    }
}
