//! What a person wants with a conversation: that it stays on top, is out of the way, is silent,
//! is looked at again.

use couplet_engine::Command;
use couplet_engine::modules::xep0223_conversations;
use couplet_engine::store::{Conversation, Delivery, Hear, Muted, Room, Wishes};
use jid::BareJid;

use super::{Notice, State};
use crate::platform;
use crate::route::Route;

impl State {
    /// What is wanted with the conversation with `jid`.
    pub(crate) fn wishes(&self, jid: &BareJid) -> Wishes {
        self.store().wishes(jid)
    }

    /// Whether nothing that is said there makes itself heard for some time.
    pub(crate) fn is_muted(&self, jid: &BareJid) -> bool {
        self.wishes(jid).is_muted(platform::now().wall)
    }

    /// Whether nothing that is said there makes itself heard, now or in general.
    pub(crate) fn is_quiet(&self, jid: &BareJid) -> bool {
        let room = || self.store().room(jid).map(Room::hear);
        self.is_muted(jid) || room() == Some(Hear::Nothing)
    }

    /// Whether nobody is to hear of it: it is quiet, or put apart.
    pub(super) fn is_silent(&self, jid: &BareJid) -> bool {
        self.is_quiet(jid) || self.store().is_apart(jid)
    }

    /// Has it on top of the list, or no longer.
    pub(crate) fn pin(&self, jid: &BareJid, pinned: bool) {
        self.wish(jid, |wishes| wishes.pinned = pinned);
    }

    /// Has it silent for some time, or no longer.
    pub(crate) fn mute(&self, jid: &BareJid, muted: Option<Muted>) {
        self.wish(jid, |wishes| wishes.muted = muted);
    }

    /// Has it looked at again, by whom it isn't in view of.
    pub(crate) fn mark_unread(&self, jid: &BareJid) {
        self.leave(jid);
        self.wish(jid, |wishes| wishes.unread = true);
    }

    /// Takes everything in it as read.
    pub(crate) fn mark_as_read(&self, jid: &BareJid) {
        self.mark_read(jid.clone());
        self.note_opened(jid);
    }

    /// It has been opened.
    pub(crate) fn note_opened(&self, jid: &BareJid) {
        self.wish(jid, |wishes| wishes.unread = false);
    }

    /// Takes it out of the list until something newer comes, which can be undone.
    pub(crate) fn archive(&self, jid: &BareJid) {
        let newest = {
            let store = self.store();
            let known = store.conversation(jid).and_then(Conversation::last);
            known.map(|message| message.at)
        };
        let now = platform::now().wall;
        // Whoever wrote last may have a clock that is ahead.
        let at = newest.map_or(now, |newest| newest.max(now));
        self.leave(jid);
        self.wish(jid, |wishes| wishes.archived = Some(at));
        self.notice(Notice::Archived(jid.clone()));
    }

    /// Puts it back into the list.
    pub(crate) fn unarchive(&self, jid: &BareJid) {
        self.dismiss(&Notice::Archived(jid.clone()));
        self.wish(jid, |wishes| wishes.archived = None);
    }

    /// Takes everything that was said there out, on all our devices, for good; and the
    /// conversation with it, unless it is a room where we are.
    pub(crate) fn delete_conversation(&self, jid: &BareJid) {
        let clear = {
            let store = self.store();
            let known = store.conversation(jid);
            let all = known.into_iter().flat_map(|known| known.timeline.iter());
            let unsent =
                |delivery: &Delivery| matches!(delivery, Delivery::Queued | Delivery::Failed(_));
            for message in all.filter(|message| unsent(&message.delivery)) {
                self.discard(message);
            }
            store.clearing(jid)
        };
        let Some(clear) = clear else { return };
        if self.store().room(jid).is_none() {
            self.leave(jid);
        }
        self.command(Command::Archive(clear));
    }

    fn wish(&self, jid: &BareJid, change: impl FnOnce(&mut Wishes)) {
        let before = self.wishes(jid);
        let mut wishes = before;
        change(&mut wishes);
        if wishes != before {
            self.command(Command::Conversation(
                xep0223_conversations::Command::Wish {
                    conversation: jid.clone(),
                    wishes,
                },
            ));
        }
    }

    fn leave(&self, jid: &BareJid) {
        if self.route().jid() == Some(jid) {
            Route::Home.go();
        }
    }
}
