//! What people ask of a room that they are in, and those who run it.

use std::rc::Rc;

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::{self, admin};
use couplet_engine::modules::xep0425_moderation;
use couplet_engine::store::{
    Direction, Entry, Message, Occupant, Role, Room, RoomRequest, Scope, Standing,
};
use jid::BareJid;

use super::{Pending, State};

impl State {
    /// Has somebody be something else in a room.
    pub(crate) fn set_standing(
        &self,
        room: &BareJid,
        standing: Standing,
        reason: Option<String>,
    ) -> Pending {
        let pending = self.new_pending("standing");
        self.command(Command::RoomAdmin(admin::Command::Set {
            request: pending.name().to_owned(),
            room: room.clone(),
            standing,
            reason,
        }));
        pending
    }

    /// Has us be called otherwise in a room.
    pub(crate) fn rename_in_room(&self, room: &BareJid, nick: String) -> Pending {
        let pending = self.new_pending("nick");
        self.command(Command::Muc(xep0045_muc::Command::Nick {
            request: pending.name().to_owned(),
            room: room.clone(),
            nick,
        }));
        pending
    }

    /// Says in a room what is being talked about.
    pub(crate) fn set_subject(&self, room: &BareJid, subject: String) -> Pending {
        let pending = self.new_pending("subject");
        self.command(Command::Muc(xep0045_muc::Command::Subject {
            request: pending.name().to_owned(),
            room: room.clone(),
            subject,
        }));
        pending
    }

    /// Asks the moderators of a room for leave to speak.
    pub(crate) fn ask_to_speak(&self, room: &BareJid) -> Pending {
        let pending = self.new_pending("speak");
        self.command(Command::Muc(xep0045_muc::Command::AskToSpeak {
            request: pending.name().to_owned(),
            room: room.clone(),
        }));
        pending
    }

    /// Has somebody have what they ask for in a room, or not.
    pub(crate) fn answer_request(&self, room: &BareJid, request: RoomRequest, allow: bool) {
        self.command(Command::Muc(xep0045_muc::Command::AnswerRequest {
            room: room.clone(),
            request,
            allow,
        }));
    }

    /// Makes an end of a room.
    pub(crate) fn destroy_room(
        &self,
        room: &BareJid,
        alternative: Option<BareJid>,
        reason: Option<String>,
    ) -> Pending {
        let pending = self.new_pending("destroy");
        self.command(Command::RoomAdmin(admin::Command::Destroy {
            request: pending.name().to_owned(),
            room: room.clone(),
            alternative,
            reason,
        }));
        pending
    }

    /// Has the room take messages away from everybody.
    pub(crate) fn moderate(
        &self,
        room: &BareJid,
        messages: &[Rc<Message>],
        reason: Option<String>,
    ) -> Pending {
        let pending = self.new_pending("moderate");
        let targets = messages.iter().filter_map(|message| message.reference());
        self.command(Command::Moderation(xep0425_moderation::Command::Remove {
            request: pending.name().to_owned(),
            room: room.clone(),
            targets: targets.map(str::to_owned).collect(),
            reason,
        }));
        pending
    }

    /// Whether we can take this message of somebody else's away.
    pub(crate) fn can_moderate(&self, message: &Message) -> bool {
        let store = self.store();
        let room = store.room(&message.conversation);
        message.scope == Scope::Room
            && message.direction == Direction::Incoming
            && message.reference().is_some()
            && !message.is_retracted()
            && room.is_some_and(|room| room.moderates && own_role(room) == Some(Role::Moderator))
    }

    /// What there is here of whoever wrote the message and can be taken away, the message
    /// itself first, then the newest.
    pub(crate) fn by_same_writer(&self, message: &Rc<Message>) -> Vec<Rc<Message>> {
        let mut all = vec![message.clone()];
        let store = self.store();
        let known = store.conversation(&message.conversation);
        let others = known
            .into_iter()
            .flat_map(|known| known.timeline.iter().rev());
        let others = others.filter(|other| {
            other.id != message.id
                && other.is_by_writer_of(message)
                && other.scope == Scope::Room
                && other.reference().is_some()
                && !other.is_retracted()
        });
        all.extend(others.cloned());
        all
    }
}

/// Us, among those in a room that we are in.
pub(crate) fn own_occupant(room: &Room) -> Option<&Rc<Occupant>> {
    let inside = room.entry == Entry::Joined;
    room.occupants.get(&room.nick).filter(|_| inside)
}

fn own_role(room: &Room) -> Option<Role> {
    own_occupant(room).map(|occupant| occupant.role)
}
