//! RFC 6121 5: one-to-one messages.

use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use jid::{BareJid, Jid};

use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::stanza::{self, MessageType, StanzaError};
use crate::store::{Delivery, Direction, Failure, Message, MessageId, Provenance, StoreEvent};
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
            MessageType::Chat | MessageType::Normal => self.received(ctx, incoming),
            MessageType::Groupchat | MessageType::Headline => {}
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
        let from = ctx
            .core
            .me
            .clone()
            .map_or_else(|| Jid::from(account.clone()), Jid::from);
        let id = ctx.id();
        let message = Message {
            id: MessageId(id.clone()),
            stanza_id: Some(id.clone()),
            origin_id: Some(id.clone()),
            archive_id: None,
            conversation: to.clone(),
            from,
            direction: Direction::Outgoing,
            body: body.to_owned(),
            at: ctx.now().wall,
            delivery: Delivery::Queued,
        };
        ctx.event(StoreEvent::Message {
            message: Box::new(message.clone()),
            provenance: live(ctx),
        });
        let mut stanza = stanza::Message::chat(Jid::from(to.clone()));
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
        let Some(account) = ctx.account().cloned() else {
            return;
        };
        let from = stanza
            .from
            .clone()
            .unwrap_or_else(|| account.clone().into());
        let direction = if from.to_bare() == account {
            Direction::Outgoing
        } else {
            Direction::Incoming
        };
        let conversation = match direction {
            Direction::Incoming => from.to_bare(),
            Direction::Outgoing => stanza
                .to
                .as_ref()
                .map_or_else(|| account.clone(), Jid::to_bare),
        };
        let stanza_id = stanza.id.clone();
        let archive_id = match origin {
            Origin::Archive { id, .. } => Some(id.clone()),
            _ => archive_id(stanza, &account),
        };
        let origin_id = origin_id(stanza);
        let own = (direction == Direction::Outgoing)
            .then(|| origin_id.clone().or_else(|| stanza_id.clone()))
            .flatten();
        let id = MessageId(
            own.or_else(|| archive_id.clone())
                .unwrap_or_else(|| ctx.id()),
        );
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
        let message = Box::new(Message {
            id,
            stanza_id,
            origin_id,
            archive_id,
            conversation,
            from,
            direction,
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
fn live(ctx: &Ctx<'_>) -> Provenance {
    if ctx.core.catching_up {
        Provenance::Ahead
    } else {
        Provenance::Live
    }
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

/// When a message that was kept for us was sent (XEP-0203).
fn delayed_since(stanza: &stanza::Message) -> Option<Timestamp> {
    stanza.payload("delay", ns::DELAY).and_then(xml::stamp)
}
