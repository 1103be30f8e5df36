//! Encrypted messages that somebody is about to answer in clear.

use std::cell::RefCell;

use couplet_engine::store::Direction;
use jid::BareJid;
use yew::Callback;

use super::State;
use crate::components::layer::Layer;

/// The conversations in which that was agreed to, since this page was opened.
#[derive(Default)]
pub(super) struct ClearAnswers(RefCell<Vec<BareJid>>);

impl State {
    /// Does what tells somebody something, after a question if what they said last is encrypted,
    /// as what they expect of the answer may be (XEP-0380 5).
    pub(crate) fn in_clear(&self, jid: &BareJid, then: impl Fn(&Self) + 'static) {
        if self.asks_before_clear(jid) {
            let then = Callback::from(move |state: Self| then(&state));
            self.open(Layer::AnswerInClear(jid.clone(), then));
        } else {
            then(self);
        }
    }

    fn asks_before_clear(&self, jid: &BareJid) -> bool {
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

    /// Asks no more in this conversation.
    pub(crate) fn agree_to_clear(&self, jid: &BareJid) {
        self.0.clear_answers.0.borrow_mut().push(jid.clone());
    }
}
