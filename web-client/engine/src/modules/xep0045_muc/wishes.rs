//! What anybody may want in a room: another name (XEP-0045 7.6), another subject (8.1), to speak
//! (7.13).
//!
//! None is a request that is answered: what comes of it is seen from what the room tells
//! everybody, or from an error.

use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_parsers::ns;

use super::making::refused;
use super::{AnyCommand, Command, Muc, PATIENCE, Stage};
use crate::iq::NoResult;
use crate::module::Ctx;
use crate::stanza::{self, MessageType, Presence, PresenceType, StanzaError};
use crate::xml::build;

/// What the room hasn't granted or refused yet.
#[derive(Debug)]
pub(super) struct Wish {
    request: String,
    room: BareJid,
    what: What,
    /// When it has to have.
    pub(super) due: Duration,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// To be called so.
    Nick(String),
    /// What the message with this id says.
    Subject(String),
    /// To speak, which the message with this id asks for.
    Voice(String),
}

impl Muc {
    pub(super) fn rename(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        room: BareJid,
        nick: String,
    ) {
        if !self.is_in(ctx, &request, &room) {
            return;
        }
        let Ok(to) = room.with_resource_str(&nick) else {
            return ctx.saved(request, Err(refused("jid-malformed")));
        };
        if self
            .rooms
            .get(&room)
            .is_some_and(|known| known.nick == nick)
        {
            return ctx.saved(request, Ok(()));
        }
        let to = Some(Jid::from(to));
        ctx.send_presence(Presence::new(PresenceType::Available, to));
        self.wish(ctx, request, room, What::Nick(nick));
    }

    pub(super) fn set_subject(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        room: BareJid,
        subject: String,
    ) {
        if !self.is_in(ctx, &request, &room) {
            return;
        }
        let id = ctx.id();
        let mut message = stanza::Message::chat(Jid::from(room.clone()));
        message.kind = MessageType::Groupchat;
        message.id = Some(id.clone());
        let subject = build("subject", ns::JABBER_CLIENT).text(subject);
        message.payloads.push(subject.done());
        ctx.send_passing(message);
        self.wish(ctx, request, room, What::Subject(id));
    }

    /// Whether something can be wanted there; whoever wants it is told if not.
    pub(super) fn is_in(&self, ctx: &mut Ctx<'_>, request: &str, room: &BareJid) -> bool {
        let why = match self.rooms.get(room) {
            _ if !ctx.core.established => NoResult::Lost,
            Some(known) if known.stage == Stage::Joined => return true,
            _ => refused("not-acceptable"),
        };
        ctx.saved(request.to_owned(), Err(why));
        false
    }

    pub(super) fn wish(&mut self, ctx: &mut Ctx<'_>, request: String, room: BareJid, what: What) {
        let due = ctx.now().monotonic + PATIENCE;
        self.wishes.push(Wish {
            request,
            room,
            what,
            due,
        });
        self.schedule(ctx);
    }

    /// We are called so from now on, which our other devices are to know.
    pub(super) fn renamed(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, nick: &str) {
        let (room, nick) = (room.clone(), nick.to_owned());
        self.settle(ctx, Ok(()), |wish| {
            wish.room == room && matches!(wish.what, What::Nick(_))
        });
        ctx.command(AnyCommand::Muc(Command::Renamed { room, nick }));
    }

    /// We can't be called so.
    pub(super) fn not_renamed(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: &BareJid,
        nick: String,
        error: StanzaError,
    ) {
        let nick = What::Nick(nick);
        self.settle(ctx, Err(NoResult::Error(error)), |wish| {
            wish.room == *room && wish.what == nick
        });
    }

    /// Whether it is what is wanted that has come back from the room.
    pub(super) fn wish_refused(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: &BareJid,
        message: &stanza::Message,
    ) -> bool {
        let Some(id) = message.id.clone() else {
            return false;
        };
        let wanted = [What::Subject(id.clone()), What::Voice(id)];
        let error = message.payload("error", ns::JABBER_CLIENT);
        let error = error.map(|error| NoResult::Error(StanzaError::read(error)));
        let outcome = Err(error.unwrap_or_else(|| refused("undefined-condition")));
        self.settle(ctx, outcome, |wish| {
            wish.room == *room && wanted.contains(&wish.what)
        })
    }

    /// The room has passed it on, since it hasn't said that it hasn't.
    pub(super) fn passed_on(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, id: String) {
        let voice = What::Voice(id);
        self.settle(ctx, Ok(()), |wish| wish.room == *room && wish.what == voice);
    }

    /// What is talked about there is what we have said, which not every room gives back with the
    /// id that it had.
    pub(super) fn subject_changed(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: &BareJid,
        message: &stanza::Message,
    ) {
        let by = message.from.as_ref().and_then(|from| from.resource());
        let us = self.rooms.get(room).map(|known| known.nick.as_str());
        if by.is_some() && by.map(|nick| nick.as_str()) == us {
            self.settle(ctx, Ok(()), |wish| {
                wish.room == *room && matches!(wish.what, What::Subject(_))
            });
        }
    }

    /// Nothing comes of what was wanted there.
    pub(super) fn give_up_wishes(&mut self, ctx: &mut Ctx<'_>, room: Option<&BareJid>) {
        let why = match room {
            Some(_) => refused("not-acceptable"),
            None => NoResult::Lost,
        };
        self.settle(ctx, Err(why), |wish| {
            room.is_none_or(|room| wish.room == *room)
        });
    }

    pub(super) fn expire_wishes(&mut self, ctx: &mut Ctx<'_>, now: Duration) {
        self.settle(ctx, Err(NoResult::Timeout), |wish| wish.due <= now);
    }

    /// Tells of those what has come of them; whether there were any.
    fn settle(
        &mut self,
        ctx: &mut Ctx<'_>,
        outcome: Result<(), NoResult>,
        concerned: impl Fn(&Wish) -> bool,
    ) -> bool {
        let all = std::mem::take(&mut self.wishes);
        let (settled, left) = all.into_iter().partition::<Vec<_>, _>(concerned);
        self.wishes = left;
        let any = !settled.is_empty();
        for wish in settled {
            ctx.saved(wish.request, outcome.clone());
        }
        any
    }
}
