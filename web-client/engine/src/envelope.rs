//! What is on the outside of a message between two: from whom, where it belongs, when, and
//! what everybody calls it.

use jid::{BareJid, Jid};
use xmpp_parsers::ns;

use crate::module::{Ctx, Incoming, Origin};
use crate::now::Timestamp;
use crate::stanza::{self, MessageType};
use crate::store::{Change, Delivery, Direction, Message, MessageId, Provenance, StoreEvent, What};
use crate::xml;

/// The outside of a message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// The other side.
    pub(crate) conversation: BareJid,
    pub(crate) from: Jid,
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
    /// Reads it. One of ours that comes back this way is proven.
    pub(crate) fn open(ctx: &mut Ctx<'_>, incoming: &Incoming) -> Option<Self> {
        let Incoming {
            message: stanza,
            origin,
        } = incoming;
        let account = ctx.account()?.clone();
        let from = stanza.from.clone();
        let from = from.unwrap_or_else(|| account.clone().into());
        let direction = if from.to_bare() == account {
            Direction::Outgoing
        } else {
            Direction::Incoming
        };
        let conversation = match (direction, &stanza.to) {
            (Direction::Incoming, _) => from.to_bare(),
            (Direction::Outgoing, Some(to)) => to.to_bare(),
            (Direction::Outgoing, None) => account.clone(),
        };
        let stanza_id = stanza.id.clone();
        let archive_id = match origin {
            Origin::Archive { id, .. } => Some(id.clone()),
            _ => archive_id(stanza, &account),
        };
        let origin_id = origin_id(stanza);
        let own = origin_id.as_ref().or(stanza_id.as_ref());
        let own = own.filter(|_| direction == Direction::Outgoing);
        let id = own.or(archive_id.as_ref()).cloned();
        let id = MessageId(id.unwrap_or_else(|| ctx.id()));
        let (at, provenance) = match origin {
            Origin::Archive { at, provenance, .. } => (*at, *provenance),
            _ => match delayed_since(stanza) {
                Some(at) if !ctx.core.catching_up => (at, Provenance::Delayed),
                at => (at.unwrap_or(ctx.now().wall), live(ctx)),
            },
        };
        if direction == Direction::Outgoing {
            // A copy of what we sent, from another device or the archive: the server has it.
            ctx.prove(&id);
        }
        Some(Self {
            conversation,
            from,
            direction,
            id,
            stanza_id,
            origin_id,
            archive_id,
            at,
            provenance,
        })
    }

    /// Tells of a change to the message that its writer calls `target`.
    pub(crate) fn change(self, ctx: &mut Ctx<'_>, target: String, what: What) {
        let Some(account) = ctx.account() else { return };
        let author = self.direction.author(&self.conversation, account);
        // What its writer calls it stays the same wherever it comes from.
        let id = self.origin_id.or(self.stanza_id).unwrap_or(self.id.0);
        ctx.event(StoreEvent::Change {
            change: Box::new(Change {
                id,
                target,
                archive_id: self.archive_id,
                conversation: self.conversation,
                author,
                at: self.at,
                delivery: Delivery::Sent,
                what,
            }),
            provenance: self.provenance,
        });
    }
}

/// Whether it is one between two, and nobody's error.
pub(crate) fn is_personal(message: &stanza::Message) -> bool {
    matches!(message.kind, MessageType::Chat | MessageType::Normal)
}

/// Changes a message of ours or, where that is a reaction, anybody's: shown at once, sent as
/// soon as there is a connection, and kept until it is proven. `stanza` says it.
pub(crate) fn send_change(
    ctx: &mut Ctx<'_>,
    conversation: &BareJid,
    target: &str,
    what: What,
    mut stanza: stanza::Message,
) {
    let Some(account) = ctx.account().cloned() else {
        return;
    };
    let id = ctx.id();
    let at = ctx.now().wall;
    stanza.id = Some(id.clone());
    ctx.event(StoreEvent::Change {
        change: Box::new(Change {
            id: id.clone(),
            target: target.to_owned(),
            archive_id: None,
            conversation: conversation.clone(),
            author: Direction::Outgoing.author(conversation, &account),
            at,
            delivery: Delivery::Queued,
            what,
        }),
        provenance: live(ctx),
    });
    let message = Message {
        id: MessageId(id.clone()),
        stanza_id: Some(id.clone()),
        origin_id: Some(id),
        archive_id: None,
        conversation: conversation.clone(),
        from: account.into(),
        direction: Direction::Outgoing,
        body: String::new(),
        at,
        delivery: Delivery::Queued,
        markable: false,
        changes: Default::default(),
    };
    ctx.send_queued(stanza, message);
}

/// What comes now is in its place, unless there is a gap before it.
pub(crate) fn live(ctx: &Ctx<'_>) -> Provenance {
    if ctx.core.catching_up {
        Provenance::Ahead
    } else {
        Provenance::Live
    }
}

/// The id that our own archive gave the message. Anybody can claim to be it by
/// writing an id of their own; only our server's counts (XEP-0359 5).
pub(crate) fn archive_id(stanza: &stanza::Message, account: &BareJid) -> Option<String> {
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

/// When a message that was kept for us was sent (XEP-0203).
fn delayed_since(stanza: &stanza::Message) -> Option<Timestamp> {
    stanza.payload("delay", ns::DELAY).and_then(xml::stamp)
}
