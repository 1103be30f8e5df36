//! What people ask of the engine.

use couplet_engine::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0045_muc, xep0085_chat_states,
    xep0191_blocking, xep0223_privacy, xep0249_invitations, xep0308_correction, xep0402_bookmarks,
    xep0424_retraction, xep0444_reactions,
};
use couplet_engine::store::{
    Availability, Delivery, Hear, Message, MessageId, Note, Notes, Privacy, Reason, Room,
};
use couplet_engine::{Command, SessionCommand};
use jid::BareJid;

use super::State;
use super::whispers::{of_all, of_next};
use crate::components::whisper::gone_words;
use crate::uri;

impl State {
    /// Signs out, or gives up signing in.
    pub(crate) fn sign_out(&self) {
        self.command(Command::Session(SessionCommand::SignOut));
    }

    /// Whether there are messages or files that haven't been sent.
    pub(crate) fn has_unsent(&self) -> bool {
        if self.is_uploading() {
            return true;
        }
        let store = self.store();
        store.conversations().any(|(_, known)| {
            let mut messages = known.timeline.iter();
            messages.any(|message| message.delivery == Delivery::Queued)
        })
    }

    /// Tries to connect now instead of when the time has come.
    pub(crate) fn retry_now(&self) {
        self.command(Command::Session(SessionCommand::RetryNow));
    }

    /// The device has got its network back, or lost it.
    pub(super) fn network(&self, online: bool) {
        // Who leads another tab's session hears of it too.
        if self.0.session.driver().is_some() {
            self.command(Command::Session(SessionCommand::NetworkChanged { online }));
        }
    }

    /// Adds to the roster and asks to see their presence.
    pub(crate) fn add_contact(&self, jid: BareJid, name: Option<String>) {
        self.command(Command::Roster(rfc6121_roster::Command::Add { jid, name }));
    }

    /// Gives another name, or takes it away, and puts into these groups.
    pub(crate) fn edit_contact(&self, jid: BareJid, name: Option<String>, groups: Vec<String>) {
        self.command(Command::Roster(rfc6121_roster::Command::Edit {
            jid,
            name,
            groups,
        }));
    }

    /// Removes from the roster; both sides then stop seeing each other's presence.
    pub(crate) fn remove_contact(&self, jid: BareJid) {
        self.command(Command::Roster(rfc6121_roster::Command::Remove { jid }));
    }

    /// Lets somebody who asked see our presence.
    pub(crate) fn accept(&self, jid: BareJid) {
        self.command(Command::Presence(rfc6121_presence::Command::Accept { jid }));
    }

    /// Doesn't.
    pub(crate) fn decline(&self, jid: BareJid) {
        self.command(Command::Presence(rfc6121_presence::Command::Deny { jid }));
    }

    /// Lets somebody see our presence no longer.
    pub(crate) fn revoke(&self, jid: BareJid) {
        self.command(Command::Presence(rfc6121_presence::Command::Revoke { jid }));
    }

    /// Keeps somebody away, and tells the server why.
    pub(crate) fn block(&self, jid: BareJid, reason: Option<Reason>) {
        let report = reason.map(|reason| self.store().report(&jid, reason));
        self.command(Command::Blocking(xep0191_blocking::Command::Block {
            jid,
            report,
        }));
    }

    /// Lets somebody in again.
    pub(crate) fn unblock(&self, jid: BareJid) {
        self.command(Command::Blocking(xep0191_blocking::Command::Unblock {
            jid,
        }));
    }

    /// Has others learn other things of us, or others contact us.
    pub(crate) fn change_privacy(&self, change: impl FnOnce(&mut Privacy)) {
        let mut privacy = self.store().privacy();
        change(&mut privacy);
        self.command(Command::Privacy(xep0223_privacy::Command::Want(privacy)));
    }

    /// Tells our contacts how available we are.
    pub(crate) fn set_presence(&self, availability: Availability, status: Option<String>) {
        self.command(Command::Presence(rfc6121_presence::Command::Set {
            availability,
            status,
        }));
    }

    /// Sends a message and what goes with it, now or as soon as there is a connection.
    pub(crate) fn send(&self, to: BareJid, body: String, mut notes: Notes) {
        // To everybody else it is marked anyway.
        if self.store().room(&to).is_some_and(Room::tells_who_reads) {
            notes.set(Note::Markable);
        }
        self.command(Command::Message(rfc6121_message::Command::Send {
            to,
            body,
            notes,
        }));
    }

    /// Sends somebody's address, for others to have them among their contacts; a page of the past,
    /// which sends nothing, has it in the draft.
    pub(crate) fn send_contact(&self, to: &BareJid, contact: &BareJid) {
        let uri = {
            let store = self.store();
            let profile = store.profile(contact);
            // What we call them only we see.
            let name = profile.and_then(|profile| profile.nickname.as_deref());
            uri::of_contact(contact, name)
        };
        let conversation = to.clone();
        self.in_clear(to, move |state| {
            if state.takes_commands() {
                state.send(conversation.clone(), uri.clone(), Notes::default());
            } else {
                state.suggest(&conversation, &uri);
            }
        });
    }

    /// Sends what has been written to somebody, and the files that have been chosen.
    pub(crate) fn send_draft(&self, to: &BareJid, body: &str) {
        let notes = self.draft_notes(to);
        if body.is_empty() {
            self.send_files(to, notes.clone());
        } else {
            // An answer answers once; what is hidden is all of it.
            self.send_files(to, of_all(&notes));
            self.send(to.clone(), body.to_owned(), notes.clone());
        }
        self.keep_notes(to, of_next(&notes));
        self.leave_draft(to, "");
    }

    /// Sends a message that came back, or a change to one, once more.
    pub(crate) fn send_again(&self, message: &Message) {
        if let Some((_, body)) = message.failed_change() {
            self.discard(message);
            return match body {
                Some(body) => self.correct(message, body.to_owned()),
                None => self.retract(message),
            };
        }
        let notes = self.for_who_is_meant(&message.conversation, message.notes.clone());
        let lost = notes.whisper();
        let lost = lost.filter(|whisper| !self.reaches(&message.conversation, whisper));
        if let Some(whisper) = lost {
            return self.announce(&gone_words(whisper));
        }
        self.command(Command::Message(rfc6121_message::Command::Retry {
            conversation: message.conversation.clone(),
            id: message.id.clone(),
            body: message.body.clone(),
            notes,
        }));
    }

    /// Gives up a message that came back, or a change to one.
    pub(crate) fn discard(&self, message: &Message) {
        let change = message.failed_change();
        self.command(Command::Message(rfc6121_message::Command::Discard {
            conversation: message.conversation.clone(),
            id: change.map_or_else(|| message.id.clone(), |(id, _)| MessageId(id.to_owned())),
        }));
    }

    /// Has a message of ours say something else.
    pub(crate) fn correct(&self, message: &Message, body: String) {
        if let Some(target) = message.written_as() {
            let mut notes = message.notes.clone();
            let mut mentions = self.draft_notes(&message.conversation).mentions().to_vec();
            mentions.extend_from_slice(message.mentions());
            notes.set_mentions(mentions);
            self.command(Command::Correction(xep0308_correction::Command::Correct {
                conversation: message.conversation.clone(),
                target: target.to_owned(),
                body,
                notes,
            }));
        }
    }

    /// Takes a message of ours back.
    pub(crate) fn retract(&self, message: &Message) {
        if let Some(target) = message.reference() {
            self.command(Command::Retraction(xep0424_retraction::Command::Retract {
                conversation: message.conversation.clone(),
                id: message.id.clone(),
                target: target.to_owned(),
            }));
        }
    }

    /// Reacts with `emoji`, or no longer, if we did.
    pub(crate) fn toggle_reaction(&self, message: &Message, emoji: &str) {
        let Some(target) = message.reference() else {
            return;
        };
        let (conversation, target) = (message.conversation.clone(), target.to_owned());
        let react = move |emojis| {
            Command::Reaction(xep0444_reactions::Command::React {
                conversation: conversation.clone(),
                target: target.clone(),
                emojis,
            })
        };
        let mut emojis = self.own_reactions(message);
        let before = emojis.len();
        emojis.retain(|known| known != emoji);
        if emojis.len() < before {
            return self.command(react(emojis));
        }
        emojis.push(emoji.to_owned());
        self.in_clear(&message.conversation, move |state| {
            state.command(react(emojis.clone()));
        });
    }

    /// What we react with to a message.
    pub(crate) fn own_reactions(&self, message: &Message) -> Vec<String> {
        let me = self.store().own_author(&message.conversation);
        let ours = message
            .reactions()
            .find(|known| Some(&known.author) == me.as_ref());
        ours.map(|known| known.emojis.clone()).unwrap_or_default()
    }

    /// Everything in the conversation has been seen.
    pub(crate) fn mark_read(&self, conversation: BareJid) {
        let command = self.store().reading(&conversation);
        self.command(Command::Message(command));
    }

    /// Goes into a room; the store says how that goes.
    pub(crate) fn join_room(&self, room: BareJid, nick: Option<String>, password: Option<String>) {
        self.command(Command::Muc(xep0045_muc::Command::Join {
            room,
            nick,
            password,
        }));
    }

    /// Goes out of a room, and doesn't come back by itself.
    pub(crate) fn leave_room(&self, room: BareJid) {
        self.command(Command::Muc(xep0045_muc::Command::Leave { room }));
    }

    /// Hears of this in a room from now on, on all devices.
    pub(crate) fn hear_of_room(&self, room: BareJid, hear: Hear) {
        self.command(Command::Bookmark(xep0402_bookmarks::Command::Hear {
            room,
            hear,
        }));
    }

    /// Doesn't go where somebody would like to see us.
    pub(crate) fn decline_invitation(&self, room: &BareJid, reason: Option<String>) {
        let to = {
            let store = self.store();
            let invitation = store.room(room).and_then(|room| room.invitation.as_ref());
            let passed_on = invitation.filter(|invitation| invitation.mediated);
            passed_on.map(|invitation| invitation.from.clone())
        };
        self.command(Command::Invitation(xep0249_invitations::Command::Decline {
            room: room.clone(),
            to,
            reason,
        }));
    }

    /// Tells the other side that we are typing, or no longer.
    pub(crate) fn typing(&self, to: BareJid, typing: bool) {
        self.command(Command::ChatState(xep0085_chat_states::Command::Typing {
            to,
            typing,
        }));
    }
}
