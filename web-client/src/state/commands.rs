//! What people ask of the engine.

use couplet_engine::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0045_muc, xep0085_chat_states,
    xep0249_invitations,
};
use couplet_engine::store::{Availability, Message};
use couplet_engine::{Command, SessionCommand};
use jid::BareJid;

use super::State;

impl State {
    /// Signs out, or gives up signing in.
    pub(crate) fn sign_out(&self) {
        self.command(Command::Session(SessionCommand::SignOut));
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

    /// Gives another name, or takes it away.
    pub(crate) fn rename_contact(&self, jid: BareJid, name: Option<String>) {
        self.command(Command::Roster(rfc6121_roster::Command::Rename {
            jid,
            name,
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

    /// Tells our contacts how available we are.
    pub(crate) fn set_presence(&self, availability: Availability, status: Option<String>) {
        self.command(Command::Presence(rfc6121_presence::Command::Set {
            availability,
            status,
        }));
    }

    /// Sends a message, now or as soon as there is a connection.
    pub(crate) fn send(&self, to: BareJid, body: String) {
        self.command(Command::Message(rfc6121_message::Command::Send {
            to,
            body,
        }));
    }

    /// Sends a message that came back once more.
    pub(crate) fn send_again(&self, message: &Message) {
        self.command(Command::Message(rfc6121_message::Command::Retry {
            conversation: message.conversation.clone(),
            id: message.id.clone(),
            body: message.body.clone(),
        }));
    }

    /// Gives up a message that came back.
    pub(crate) fn discard(&self, message: &Message) {
        self.command(Command::Message(rfc6121_message::Command::Discard {
            conversation: message.conversation.clone(),
            id: message.id.clone(),
        }));
    }

    /// Everything in the conversation has been seen.
    pub(crate) fn mark_read(&self, conversation: BareJid) {
        self.command(Command::Message(rfc6121_message::Command::MarkRead {
            conversation,
        }));
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

    /// Doesn't go where somebody would like to see us.
    pub(crate) fn decline_invitation(&self, room: BareJid) {
        self.command(Command::Invitation(xep0249_invitations::Command::Decline {
            room,
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
