//! RFC 6121 5: messages, to people and to rooms.

use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use jid::{BareJid, Jid};

use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::rooms::{Whence, whence};
use crate::stanza::{self, MessageType, StanzaError};
use crate::store::{
    Delivery, Direction, Failure, Message, MessageId, Provenance, Scope, StoreEvent,
};
use crate::xml;

/// What a person can do with messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Send a text, now or as soon as there is a connection.
    Send {
        /// To whom.
        to: BareJid,
        /// What.
        body: String,
    },
    /// Send a message that failed once more, as a new one.
    Retry {
        /// To whom.
        conversation: BareJid,
        /// The one that failed.
        id: MessageId,
        /// What it says.
        body: String,
    },
    /// Give up a message that failed, or that is still waiting for a connection.
    Discard {
        /// To whom.
        conversation: BareJid,
        /// Which one.
        id: MessageId,
    },
    /// Everything in the conversation has been seen.
    MarkRead {
        /// Which conversation.
        conversation: BareJid,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Messages;

impl Module for Messages {
    fn specification(&self) -> Specification {
        Specification {
            number: "RFC 6121",
            title: "Instant Messaging and Presence",
            version: "",
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        match command {
            AnyCommand::Message(Command::Send { to, body }) => self.send(ctx, to, body),
            AnyCommand::Message(Command::Retry {
                conversation,
                id,
                body,
            }) => {
                if discard(ctx, conversation, id) {
                    self.send(ctx, conversation, body);
                }
            }
            AnyCommand::Message(Command::Discard { conversation, id }) => {
                discard(ctx, conversation, id);
            }
            AnyCommand::Message(Command::MarkRead { conversation }) => {
                ctx.event(StoreEvent::Read {
                    conversation: conversation.clone(),
                });
            }
            _ => return Flow::Continue,
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        match incoming.message.kind {
            MessageType::Error => self.bounced(ctx, &incoming.message),
            MessageType::Headline => {}
            _ => self.received(ctx, incoming),
        }
        Flow::Continue
    }
}

impl Messages {
    fn send(&self, ctx: &mut Ctx<'_>, to: &BareJid, body: &str) {
        let Some(account) = ctx.account() else { return };
        if body.trim().is_empty() {
            return;
        }
        let me = ctx.core.me.clone();
        let me = me.map_or_else(|| Jid::from(account.clone()), Jid::from);
        let room = ctx.core.rooms.get(to);
        let (kind, scope) = match room {
            Some(_) => (MessageType::Groupchat, Scope::Room),
            None => (MessageType::Chat, Scope::Person),
        };
        let from = room.map_or(Some(me), |room| occupant(to, &room.nick));
        let Some(from) = from else { return };
        let occupant = room.and_then(|room| room.occupant.clone());
        let provenance = live(ctx, to);
        let id = ctx.id();
        let message = Message {
            id: MessageId(id.clone()),
            stanza_id: Some(id.clone()),
            origin_id: Some(id.clone()),
            archive_id: None,
            conversation: to.clone(),
            from,
            occupant,
            scope,
            direction: Direction::Outgoing,
            body: body.to_owned(),
            at: ctx.now().wall,
            delivery: Delivery::Queued,
        };
        ctx.event(StoreEvent::Message {
            message: Box::new(message.clone()),
            provenance,
        });
        let mut stanza = stanza::Message::chat(Jid::from(to.clone()));
        stanza.kind = kind;
        stanza.id = Some(id);
        stanza.bodies.push((String::new(), body.to_owned()));
        ctx.send_queued(stanza, message);
    }

    fn received(&self, ctx: &mut Ctx<'_>, incoming: &Incoming) {
        let Incoming {
            message: stanza,
            origin,
        } = incoming;
        let Some(body) = stanza.body(&ctx.core.config.languages) else {
            return;
        };
        let Some(whence) = whence(ctx.core, incoming) else {
            return;
        };
        let stanza_id = stanza.id.clone();
        let archive_id = match (origin, &whence.archive) {
            (_, None) => None,
            (Origin::Archive { id, .. }, _) => Some(id.clone()),
            (_, Some(archive)) => archive_id(stanza, archive),
        };
        let origin_id = origin_id(stanza);
        let own = (whence.direction == Direction::Outgoing)
            .then(|| origin_id.clone().or_else(|| stanza_id.clone()))
            .flatten();
        let id = MessageId(
            own.or_else(|| archive_id.clone())
                .unwrap_or_else(|| ctx.id()),
        );
        let (at, provenance) = when(ctx, &whence, incoming);
        if whence.direction == Direction::Outgoing {
            // A copy of what we sent, from another device, the room or the archive: it
            // has arrived.
            ctx.prove(&id);
        }
        let message = Box::new(Message {
            id,
            stanza_id,
            origin_id,
            archive_id,
            conversation: whence.conversation,
            from: whence.from,
            occupant: whence.occupant,
            scope: whence.scope,
            direction: whence.direction,
            body: body.to_owned(),
            at,
            delivery: Delivery::Sent,
        });
        ctx.event(StoreEvent::Message {
            message,
            provenance,
        });
    }

    /// A message of ours came back (RFC 6120 8.3).
    fn bounced(&self, ctx: &mut Ctx<'_>, stanza: &stanza::Message) {
        let (Some(from), Some(id)) = (&stanza.from, &stanza.id) else {
            return;
        };
        // Who is in a room doesn't speak for it.
        if from.resource().is_some() && ctx.core.rooms.contains_key(&from.to_bare()) {
            return;
        }
        let error = stanza
            .payload("error", ns::JABBER_CLIENT)
            .map(StanzaError::read);
        let failure = match error {
            Some(StanzaError { condition, text }) => Failure { condition, text },
            None => Failure {
                condition: "undefined-condition".to_owned(),
                text: None,
            },
        };
        let id = MessageId(id.clone());
        ctx.prove(&id);
        let conversation = from.to_bare();
        ctx.event(StoreEvent::Delivery {
            conversation,
            id,
            delivery: Delivery::Failed(failure),
        });
    }
}

/// What comes now is in its place, unless there is a gap before it.
fn live(ctx: &Ctx<'_>, conversation: &BareJid) -> Provenance {
    let room = ctx.core.rooms.get(conversation);
    if room.map_or(ctx.core.catching_up, |room| room.catching_up) {
        Provenance::Ahead
    } else {
        Provenance::Live
    }
}

/// When it was said, and how it came to us.
fn when(ctx: &Ctx<'_>, whence: &Whence, incoming: &Incoming) -> (Timestamp, Provenance) {
    let Whence {
        conversation,
        scope,
        ..
    } = whence;
    if let Origin::Archive { at, provenance, .. } = &incoming.origin {
        return match scope {
            // It is in another archive than what is around it.
            Scope::Whisper => (*at, Provenance::Delayed),
            _ => (*at, *provenance),
        };
    }
    let live = live(ctx, conversation);
    let now = ctx.now().wall;
    let delay = incoming.message.payload("delay", ns::DELAY);
    if *scope != Scope::Room {
        return match delay.and_then(xml::stamp) {
            Some(at) if live == Provenance::Live => (at, Provenance::Delayed),
            at => (at.unwrap_or(now), live),
        };
    }
    // The room's own stamp is on what it tells of the past (XEP-0045 7.2.14). What anybody
    // else says of the time of what they say now is of no interest.
    let room = ctx.core.rooms.get(conversation);
    let hold = room.is_some_and(|room| room.hold);
    let delay = delay.filter(|delay| {
        let by = delay.attr("from");
        by.map_or(hold, |by| by == conversation.as_str())
    });
    match (delay.and_then(xml::stamp), room) {
        (Some(at), Some(room)) if room.new => (at, Provenance::Before),
        (Some(at), _) => (at, Provenance::CatchUp),
        (None, _) => (now, live),
    }
}

/// Somebody in a room; `None` where that is no name.
fn occupant(room: &BareJid, nick: &str) -> Option<Jid> {
    room.with_resource_str(nick).ok().map(Jid::from)
}

/// Takes a message back, unless it is on its way.
fn discard(ctx: &mut Ctx<'_>, conversation: &BareJid, id: &MessageId) -> bool {
    if ctx.core.outbox.has(id) && !ctx.core.outbox.discard(id) {
        return false;
    }
    ctx.event(StoreEvent::Discarded {
        conversation: conversation.clone(),
        id: id.clone(),
    });
    true
}

/// The id that our own archive gave the message. Anybody can claim to be it by
/// writing an id of their own; only our server's counts (XEP-0359 5).
pub(super) fn archive_id(stanza: &stanza::Message, account: &BareJid) -> Option<String> {
    let account = account.as_str();
    stanza
        .payloads
        .iter()
        .filter(|payload| payload.is("stanza-id", ns::SID))
        .find(|stanza_id| stanza_id.attr("by") == Some(account))
        .and_then(|stanza_id| stanza_id.attr("id"))
        .map(str::to_owned)
}

fn origin_id(stanza: &stanza::Message) -> Option<String> {
    let origin_id = stanza.payload("origin-id", ns::SID)?;
    origin_id.attr("id").map(str::to_owned)
}
