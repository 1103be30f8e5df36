//! What is on the outside of a message: from whom, where it belongs, when, and what
//! everybody calls it.

use jid::{BareJid, Jid};
use xmpp_parsers::ns;

use crate::module::{Ctx, Incoming, Origin};
use crate::now::Timestamp;
use crate::rooms::{Whence, whence, whispered};
use crate::stanza::{self, MessageType};
use crate::store::{
    Author, Change, Changes, Delivery, Direction, Mention, Message, MessageId, Note, Notes,
    Provenance, Scope, StoreEvent, What, Whisper,
};
use crate::xml;

/// The outside of a message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// The other side.
    pub(crate) conversation: BareJid,
    pub(crate) from: Jid,
    /// The occupant id of whoever wrote it, in a room that has such (XEP-0421).
    pub(crate) occupant: Option<String>,
    pub(crate) scope: Scope,
    /// The name of whom one of ours was whispered to.
    whispered_to: Option<String>,
    pub(crate) direction: Direction,
    /// Our name for it.
    pub(crate) id: MessageId,
    pub(crate) stanza_id: Option<String>,
    pub(crate) origin_id: Option<String>,
    pub(crate) archive_id: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) provenance: Provenance,
}

impl Envelope {
    /// Reads it; `None` if the message is not to be shown. That one of ours comes back
    /// this way, the outbox is told.
    pub(crate) fn open(ctx: &mut Ctx<'_>, incoming: &Incoming) -> Option<Self> {
        let whence = whence(ctx.core, incoming)?;
        let Incoming {
            message: stanza,
            origin,
        } = incoming;
        let stanza_id = stanza.id.clone();
        let archive_id = match (origin, &whence.archive) {
            (_, None) => None,
            (Origin::Archive { id, .. }, _) => Some(id.clone()),
            (_, Some(archive)) => archive_id(stanza, archive),
        };
        let origin_id = origin_id(stanza);
        let own = origin_id.as_ref().or(stanza_id.as_ref());
        let own = own.filter(|_| whence.direction == Direction::Outgoing);
        let id = own.or(archive_id.as_ref()).cloned();
        let id = MessageId(id.unwrap_or_else(|| ctx.id()));
        let (at, provenance) = when(ctx, &whence, incoming);
        if whence.direction == Direction::Outgoing {
            ctx.core.outbox.copied(&id);
        }
        Some(Self {
            conversation: whence.conversation,
            from: whence.from,
            occupant: whence.occupant,
            scope: whence.scope,
            whispered_to: whence.whispered_to,
            direction: whence.direction,
            id,
            stanza_id,
            origin_id,
            archive_id,
            at,
            provenance,
        })
    }

    /// The message that says `body`, and of itself `notes`.
    pub(crate) fn message(&self, body: String, mut notes: Notes) -> Box<Message> {
        if let Some(nick) = self.whispered_to.clone() {
            let occupant = None;
            notes.set(Note::Whisper(Whisper { nick, occupant }));
        }
        Box::new(Message {
            id: self.id.clone(),
            stanza_id: self.stanza_id.clone(),
            origin_id: self.origin_id.clone(),
            archive_id: self.archive_id.clone(),
            conversation: self.conversation.clone(),
            from: self.from.clone(),
            occupant: self.occupant.clone(),
            scope: self.scope,
            direction: self.direction,
            body,
            at: self.at,
            delivery: Delivery::Sent,
            notes,
            changes: Changes::default(),
        })
    }

    /// Tells of a change to the message that is called `target`. `alone` is the message that
    /// says so, if that is worth showing where the other one isn't here.
    pub(crate) fn change(
        self,
        ctx: &mut Ctx<'_>,
        target: String,
        what: What,
        alone: Option<Box<Message>>,
    ) {
        let mentions = alone.as_ref().map(|alone| alone.notes.mentions().to_vec());
        let author = Author::new(self.scope, &self.from, self.occupant.as_deref());
        // What its writer calls it stays the same wherever it comes from.
        let id = self.origin_id.or(self.stanza_id).unwrap_or(self.id.0);
        ctx.event(StoreEvent::Change {
            change: Box::new(Change {
                id,
                target,
                archive_id: self.archive_id,
                conversation: self.conversation,
                author,
                scope: self.scope,
                at: self.at,
                delivery: Delivery::Sent,
                what,
                mentions: mentions.unwrap_or_default(),
            }),
            alone,
            provenance: self.provenance,
        });
    }
}

/// Whether somebody says something by it: it is nobody's error.
pub(crate) fn is_said(message: &stanza::Message) -> bool {
    message.kind != MessageType::Error
}

/// A new message of ours to somebody or to a room, and the stanza that carries it. Both say
/// nothing yet.
pub(crate) fn compose(ctx: &mut Ctx<'_>, to: &BareJid) -> Option<(stanza::Message, Message)> {
    let account = ctx.account()?.clone();
    let room = ctx.core.rooms.get(to);
    let (kind, scope) = match room {
        Some(_) => (MessageType::Groupchat, Scope::Room),
        None => (MessageType::Chat, Scope::Person),
    };
    let from = match room {
        // Nobody can be in a room without a name.
        Some(room) => Jid::from(to.with_resource_str(&room.nick).ok()?),
        None => ctx.core.me.clone().map_or(account.into(), Jid::from),
    };
    let occupant = room.and_then(|room| room.occupant.clone());
    let id = ctx.id();
    let mut stanza = stanza::Message::chat(Jid::from(to.clone()));
    stanza.kind = kind;
    stanza.id = Some(id.clone());
    let message = Message {
        id: MessageId(id.clone()),
        stanza_id: Some(id.clone()),
        origin_id: Some(id),
        archive_id: None,
        conversation: to.clone(),
        from,
        occupant,
        scope,
        direction: Direction::Outgoing,
        body: String::new(),
        at: ctx.now().wall,
        delivery: Delivery::Queued,
        notes: Notes::default(),
        changes: Changes::default(),
    };
    Some((stanza, message))
}

/// The same to one person in a room, as long as we know the room.
pub(crate) fn compose_whisper(
    ctx: &mut Ctx<'_>,
    room: &BareJid,
    whisper: &Whisper,
) -> Option<(stanza::Message, Message)> {
    let to = room.with_resource_str(&whisper.nick).ok()?;
    let (mut stanza, mut message) = compose(ctx, room)?;
    if message.scope != Scope::Room {
        return None;
    }
    stanza.to = Some(to.into());
    stanza.kind = MessageType::Chat;
    stanza.payloads.push(whispered());
    message.scope = Scope::Whisper;
    Some((stanza, message))
}

/// Changes a message of ours or, where that is a reaction, anybody's: shown at once, sent as
/// soon as there is a connection, and kept until it is proven. `say` has the stanza say it.
pub(crate) fn send_change(
    ctx: &mut Ctx<'_>,
    conversation: &BareJid,
    target: &str,
    what: What,
    mentions: Vec<Mention>,
    say: impl FnOnce(&mut stanza::Message),
) {
    let Some((mut stanza, message)) = compose(ctx, conversation) else {
        return;
    };
    say(&mut stanza);
    let provenance = live(ctx, conversation);
    ctx.event(StoreEvent::Change {
        change: Box::new(Change {
            id: message.id.0.clone(),
            target: target.to_owned(),
            archive_id: None,
            conversation: conversation.clone(),
            author: message.author(),
            scope: message.scope,
            at: message.at,
            delivery: Delivery::Queued,
            what,
            mentions,
        }),
        alone: None,
        provenance,
    });
    ctx.send_queued(stanza, message);
}

/// What comes now is in its place, unless there may be a gap before it: without carbons
/// something that another of our devices has said.
pub(crate) fn live(ctx: &Ctx<'_>, conversation: &BareJid) -> Provenance {
    let room = ctx.core.rooms.get(conversation);
    let gap = ctx.core.catching_up || !ctx.core.carbons;
    if room.map_or(gap, |room| room.catching_up) {
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

/// The id that this archive gave the message. Anybody can claim to be it by
/// writing an id of their own; only the archive's counts (XEP-0359 5).
pub(crate) fn archive_id(stanza: &stanza::Message, archive: &BareJid) -> Option<String> {
    let archive = archive.as_str();
    stanza
        .payloads
        .iter()
        .filter(|payload| payload.is("stanza-id", ns::SID))
        .find(|stanza_id| stanza_id.attr("by") == Some(archive))
        .and_then(|stanza_id| stanza_id.attr("id"))
        .map(str::to_owned)
}

fn origin_id(stanza: &stanza::Message) -> Option<String> {
    let origin_id = stanza.payload("origin-id", ns::SID)?;
    origin_id.attr("id").map(str::to_owned)
}
