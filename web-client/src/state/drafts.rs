//! What was written and not sent, by conversation.

use std::cell::RefCell;

use couplet_engine::store::{Mention, Note, Notes, SessionStatus, Topic};
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::platform::{self, preference};
use crate::tabs::{self, Message};

/// At the end of the key of the row that has what goes with a draft. In no address.
const NOTES: &str = "\n";

/// As this tab has them; on disk too, where the session is.
#[derive(Default)]
pub(super) struct Drafts(RefCell<Vec<Draft>>);

/// What was written and not sent in one conversation.
struct Draft {
    jid: BareJid,
    text: String,
    /// As all tabs had it last.
    shared: String,
    /// What goes with it: which message it answers.
    notes: Notes,
}

/// What the keys of this account's drafts begin with that may not be on the disk yet.
fn noted(account: &BareJid) -> String {
    ["couplet.draft\n", account.as_str(), "\n"].concat()
}

fn notes_key(jid: &BareJid) -> String {
    [jid.as_str(), NOTES].concat()
}

impl Drafts {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// What an earlier page has left.
    fn restore(&self, rows: Vec<(String, String)>) {
        self.clear();
        for (key, text) in rows {
            let (jid, notes) = match key.strip_suffix(NOTES) {
                Some(jid) => (jid, Some(tabs::notes_from_text(&text))),
                None => (key.as_str(), None),
            };
            let Ok(jid) = jid.parse() else { continue };
            self.change(&jid, |draft| match notes {
                Some(notes) => draft.notes = notes,
                None => (draft.text, draft.shared) = (text.clone(), text),
            });
        }
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
        self.change(jid, |draft| text.clone_into(&mut draft.text));
    }

    fn change(&self, jid: &BareJid, change: impl FnOnce(&mut Draft)) {
        let mut drafts = self.0.borrow_mut();
        if let Some(draft) = drafts.iter_mut().find(|known| known.jid == *jid) {
            return change(draft);
        }
        let mut draft = Draft {
            jid: jid.clone(),
            text: String::new(),
            shared: String::new(),
            notes: Notes::default(),
        };
        change(&mut draft);
        drafts.push(draft);
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

    /// What goes with it.
    pub(crate) fn draft_notes(&self, jid: &BareJid) -> Notes {
        let drafts = self.0.drafts.0.borrow();
        let draft = drafts.iter().find(|known| known.jid == *jid);
        let notes = draft.map(|known| known.notes.clone());
        self.for_who_is_meant(jid, notes.unwrap_or_default())
    }

    /// Keeps what goes with it, and shows that.
    pub(crate) fn keep_notes(&self, jid: &BareJid, notes: Notes) {
        if self.draft_notes(jid) == notes {
            return;
        }
        let text = tabs::notes_to_text(&notes);
        self.0.drafts.change(jid, |draft| draft.notes = notes);
        self.keep_draft(&notes_key(jid), &text, None);
        self.touch(Topic::Conversation(jid.clone()).into());
    }

    /// What is being written to them is a spoiler with this hint, or none.
    pub(crate) fn set_spoiler(&self, jid: &BareJid, hint: Option<String>) {
        let mut notes = self.draft_notes(jid);
        match hint {
            Some(hint) => notes.set(Note::Spoiler(hint)),
            None => notes.unset(&Note::Spoiler(String::new())),
        }
        self.keep_notes(jid, notes);
    }

    /// What is being written there names somebody, if it still does when it is sent.
    pub(crate) fn name_in_draft(&self, jid: &BareJid, mention: Mention) {
        let mut notes = self.draft_notes(jid);
        let mut mentions = notes.mentions().to_vec();
        if !mentions.contains(&mention) {
            mentions.insert(0, mention);
            notes.set_mentions(mentions);
            self.keep_notes(jid, notes);
        }
    }

    /// Keeps what is being written, at every key: nobody knows when a page ends.
    pub(crate) fn save_draft(&self, jid: &BareJid, text: &str) {
        if self.set_draft(jid, text) {
            self.keep_draft(jid.as_str(), &self.draft(jid), None);
        }
    }

    /// Returns whether there is anybody whose draft it is.
    fn set_draft(&self, jid: &BareJid, text: &str) -> bool {
        let signed_in = !matches!(self.store().status(), SessionStatus::SignedOut { .. });
        if signed_in {
            self.0.drafts.set(jid, text);
        }
        signed_in
    }

    /// Has `text` behind what is being written to them, for the person to send.
    pub(crate) fn suggest(&self, jid: &BareJid, text: &str) {
        let draft = self.draft(jid);
        // Once is enough.
        if draft.ends_with(text) {
            return;
        }
        let gap = if draft.is_empty() { "" } else { "\n" };
        self.leave_draft(jid, &[&draft, gap, text].concat());
    }

    /// Keeps it, and tells the other tabs this when it is kept.
    fn keep_draft(&self, key: &str, text: &str, then: Option<Message>) {
        let session = &self.0.session;
        let (true, Some(storage), Some(account)) =
            (session.is_kept(), session.storage(), self.account())
        else {
            return;
        };
        // A transaction that waits is forgotten with its page.
        let note = noted(&account) + key;
        platform::note(&note, text);
        // A disk that takes nothing is told of where more depends on it.
        let Ok(kept) = storage.keep_draft(account.as_str(), key, text) else {
            return;
        };
        let (state, text) = (self.clone(), text.to_owned());
        spawn_local(async move {
            if kept.await.is_err() {
                return;
            }
            if preference(&note).is_some_and(|noted| noted == text) {
                platform::drop_note(&note);
            }
            if let Some(message) = then {
                state.0.session.post(&message);
            }
        });
    }

    /// What an earlier page has left on the disk, or noted since.
    pub(super) fn restore_drafts(&self, account: &BareJid, mut rows: Vec<(String, String)>) {
        for (key, text) in platform::notes(&noted(account)) {
            rows.retain(|(known, _)| *known != key);
            rows.push((key, text));
        }
        self.0.drafts.restore(rows);
    }

    /// Nobody goes on with them.
    pub(super) fn forget_noted_drafts(&self) {
        let Some(account) = self.account() else {
            return;
        };
        let prefix = noted(&account);
        for (key, _) in platform::notes(&prefix) {
            platform::drop_note(&(prefix.clone() + &key));
        }
    }

    /// The draft is left for now: the list shows it, here and in the other tabs.
    pub(crate) fn leave_draft(&self, jid: &BareJid, text: &str) {
        if self.set_draft(jid, text) {
            let text = self.draft(jid);
            let conversation = jid.clone();
            let kept = Message::DraftKept {
                conversation,
                text: text.clone(),
            };
            self.keep_draft(jid.as_str(), &text, Some(kept));
        }
        let before = self.0.drafts.share(jid);
        self.0.session.post(&Message::Draft {
            conversation: jid.clone(),
            text: self.draft(jid),
            before,
            notes: self.draft_notes(jid),
        });
        self.touch(Topic::Conversation(jid.clone()).into());
    }

    /// Another tab has one, where all had `before`. Who has written something else here
    /// goes on with that.
    pub(super) fn learn_draft(&self, jid: BareJid, text: &str, before: &str, notes: Notes) {
        let ours = self.draft(&jid);
        if !ours.is_empty() && ours != before {
            return self.keep_draft_again(&jid);
        }
        self.0.drafts.set(&jid, text);
        self.0.drafts.change(&jid, |draft| draft.notes = notes);
        self.0.drafts.share(&jid);
        self.touch(Topic::Conversation(jid).into());
    }

    /// Another tab's is on disk now, which may have come after one that was written here later:
    /// what two tabs write is in no order.
    pub(super) fn outlast_draft(&self, jid: &BareJid, text: &str) {
        if self.draft(jid) != text {
            self.keep_draft_again(jid);
        }
    }

    fn keep_draft_again(&self, jid: &BareJid) {
        let notes = tabs::notes_to_text(&self.draft_notes(jid));
        self.keep_draft(&notes_key(jid), &notes, None);
        self.keep_draft(jid.as_str(), &self.draft(jid), None);
    }
}
