//! What people ask of the engine.

use couplet_engine::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0085_chat_states,
};
use couplet_engine::store::Availability;
use couplet_engine::{Command, SessionCommand};
use jid::BareJid;

use super::State;

impl State {
    /// Signs in; the store says how that goes.
    pub(crate) fn sign_in(&self, jid: BareJid, password: String) {
        *self.0.last_address.borrow_mut() = Some(jid.clone());
        self.0.driver.sign_in(jid, password);
    }

    /// Signs out, or gives up signing in.
    pub(crate) fn sign_out(&self) {
        self.command(Command::Session(SessionCommand::SignOut));
    }

    /// The address that was last used to sign in, while the page lives.
    pub(crate) fn last_address(&self) -> Option<BareJid> {
        self.0.last_address.borrow().clone()
    }

    /// Tries to connect now instead of when the time has come.
    pub(crate) fn retry_now(&self) {
        self.command(Command::Session(SessionCommand::RetryNow));
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

    /// Everything in the conversation has been seen.
    pub(crate) fn mark_read(&self, conversation: BareJid) {
        self.command(Command::Message(rfc6121_message::Command::MarkRead {
            conversation,
        }));
    }

    /// Tells the other side that we are typing, or no longer.
    pub(crate) fn typing(&self, to: BareJid, typing: bool) {
        self.command(Command::ChatState(xep0085_chat_states::Command::Typing {
            to,
            typing,
        }));
    }

    /// Reads a page of messages that are older than what is here.
    pub(crate) fn load_older(&self, conversation: BareJid) {
        let older = self.store().older(&conversation);
        self.command(Command::Archive(older));
    }

    fn command(&self, command: Command) {
        self.0.driver.command(command);
    }
}
