//! What was written and not sent, by conversation.

use std::cell::RefCell;

use couplet_engine::store::{SessionStatus, Topic};
use jid::BareJid;

use super::State;
use crate::tabs::Message;

/// As this tab has them; on disk too, where the session is.
#[derive(Default)]
pub(super) struct Drafts(RefCell<Vec<Draft>>);

/// What was written and not sent in one conversation.
struct Draft {
    jid: BareJid,
    text: String,
    /// As all tabs had it last.
    shared: String,
}

impl Drafts {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// What an earlier page has left.
    pub(super) fn restore(&self, rows: Vec<(String, String)>) {
        let draft = |(jid, text): (String, String)| {
            Some(Draft {
                jid: jid.parse().ok()?,
                shared: text.clone(),
                text,
            })
        };
        *self.0.borrow_mut() = rows.into_iter().filter_map(draft).collect();
    }

    fn get(&self, jid: &BareJid) -> String {
        let drafts = self.0.borrow();
        let draft = drafts.iter().find(|known| known.jid == *jid);
        draft.map(|known| known.text.clone()).unwrap_or_default()
    }

    fn set(&self, jid: &BareJid, text: &str) {
        let text = match text.trim() {
            "" => "",
            _ => text,
        };
        let mut drafts = self.0.borrow_mut();
        match drafts.iter_mut().find(|known| known.jid == *jid) {
            Some(draft) => text.clone_into(&mut draft.text),
            None => drafts.push(Draft {
                jid: jid.clone(),
                text: text.to_owned(),
                shared: String::new(),
            }),
        }
    }

    /// All tabs are to have it as it is here; returns how they had it before.
    fn share(&self, jid: &BareJid) -> String {
        let mut drafts = self.0.borrow_mut();
        let draft = drafts.iter_mut().find(|known| known.jid == *jid);
        draft.map_or_else(String::new, |draft| {
            std::mem::replace(&mut draft.shared, draft.text.clone())
        })
    }
}

impl State {
    /// The draft for `jid`, empty if there is none.
    pub(crate) fn draft(&self, jid: &BareJid) -> String {
        self.0.drafts.get(jid)
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
        let before = self.0.drafts.share(jid);
        self.0.session.post(&Message::Draft {
            conversation: jid.clone(),
            text: self.draft(jid),
            before,
        });
        self.touch(Topic::Conversation(jid.clone()).into());
    }

    /// Another tab has one, where all had `before`. Who has written something else here
    /// goes on with that.
    pub(super) fn learn_draft(&self, jid: BareJid, text: &str, before: &str) {
        let ours = self.draft(&jid);
        if !ours.is_empty() && ours != before {
            return self.save_draft(&jid, &ours);
        }
        self.0.drafts.set(&jid, text);
        self.0.drafts.share(&jid);
        self.touch(Topic::Conversation(jid).into());
    }
}
