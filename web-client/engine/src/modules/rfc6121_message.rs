//! RFC 6121 5: messages, to people and to rooms.

use std::collections::VecDeque;

use couplet_shared::escape::permitted;
use jid::{BareJid, FullJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::{
    xep0333_markers, xep0372_references, xep0380_encryption, xep0382_spoilers, xep0393_styling,
    xep0424_retraction, xep0425_moderation, xep0447_file_sharing, xep0461_replies,
    xep0513_mentions,
};
use crate::envelope::{Envelope, compose, compose_whisper, live};
use crate::input::Command as AnyCommand;
use crate::mentions;
use crate::module::{Ctx, Flow, Incoming, Module, Specification};
use crate::stanza::{self, MessageType, StanzaError};
use crate::store::{Delivery, Failure, Message, MessageId, Note, Notes, Source, StoreEvent};
use crate::xml::write;

/// What a person can do with messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Send a text, now or as soon as there is a connection.
    Send {
        /// To whom.
        to: BareJid,
        /// What.
        body: String,
        /// What it says of itself besides.
        notes: Notes,
    },
    /// Send a message that failed once more, as a new one.
    Retry {
        /// To whom.
        conversation: BareJid,
        /// The one that failed.
        id: MessageId,
        /// What it says.
        body: String,
        /// What it says of itself besides.
        notes: Notes,
    },
    /// Give up a message that failed, or that is still waiting for a connection.
    Discard {
        /// To whom.
        conversation: BareJid,
        /// Which one.
        id: MessageId,
    },
    /// Everything in the conversation has been seen. `Store::reading` makes these.
    MarkRead {
        /// Which conversation.
        conversation: BareJid,
        /// What others have to know of it.
        newest: Newest,
    },
}

/// The newest message of the other side that is here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// What our archive calls it.
    pub archive_id: Option<String>,
    /// What its writer calls the last one of which they want to know when it is displayed.
    pub marker: Option<String>,
}

/// So many whispers that the server has taken may still come back.
const MOST_WHISPERS: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// What we have whispered, and to whom: the last ones that the server has taken.
    whispered: VecDeque<(MessageId, FullJid)>,
}

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
            AnyCommand::Message(Command::Send { to, body, notes }) => {
                self.send(ctx, to, body, notes);
            }
            AnyCommand::Message(Command::Retry {
                conversation,
                id,
                body,
                notes,
            }) => {
                if discard(ctx, conversation, id) {
                    self.send(ctx, conversation, body, notes);
                }
            }
            AnyCommand::Message(Command::Discard { conversation, id }) => {
                discard(ctx, conversation, id);
            }
            AnyCommand::Message(Command::MarkRead { conversation, .. }) => {
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
            _ => self.received(ctx, incoming),
        }
        Flow::Continue
    }

    fn on_proven(&mut self, _ctx: &mut Ctx<'_>, message: &Message) {
        if let Some(to) = message.addressee() {
            if self.whispered.len() == MOST_WHISPERS {
                self.whispered.pop_front();
            }
            self.whispered.push_back((message.id.clone(), to));
        }
    }
}

impl Messages {
    fn send(&self, ctx: &mut Ctx<'_>, to: &BareJid, body: &str, notes: &Notes) {
        if body.trim().is_empty() {
            return;
        }
        let whisper = notes.whisper();
        let composed = match whisper {
            Some(whisper) => compose_whisper(ctx, to, whisper),
            None => compose(ctx, to),
        };
        let Some((mut stanza, mut message)) = composed else {
            return;
        };
        let body = permitted(body);
        let mut notes = notes.clone();
        notes.set_mentions(mentions::write(to, notes.mentions(), &body));
        say(&mut stanza, &body, &notes);
        if notes.is_markable() && stanza.kind == MessageType::Groupchat {
            stanza.payloads.push(xep0333_markers::markable());
        }
        message.body = body.into_owned();
        message.notes = notes;
        let provenance = live(ctx, to);
        ctx.event(StoreEvent::Message {
            message: Box::new(message.clone()),
            provenance,
        });
        if whisper.is_some_and(|whisper| !ctx.core.names.may_be_there(to, whisper)) {
            return ctx.event(whispered_to_nobody(to, message.id));
        }
        ctx.send_queued(stanza, message);
    }

    fn received(&self, ctx: &mut Ctx<'_>, incoming: &Incoming) {
        let stanza = &incoming.message;
        let whole = stanza.body(&ctx.core.config.languages);
        let moderated = xep0425_moderation::tombstone(incoming);
        let tombstone = match moderated {
            Some(at) => Some((String::new(), at)),
            None => xep0424_retraction::tombstone(incoming),
        };
        let encryption = xep0380_encryption::read(stanza);
        let languages = &ctx.core.config.languages;
        let (mut notes, body) = read(stanza, whole.unwrap_or_default().to_owned(), languages);
        let says_nothing = whole.is_none() && encryption.is_none() && notes.file().is_none();
        if says_nothing && tombstone.is_none() {
            return;
        }
        let Some(envelope) = Envelope::open(ctx, incoming) else {
            return;
        };
        let texts = (whole.unwrap_or_default(), body.as_str());
        let named = mentions::read(ctx.core, &envelope, stanza, texts, &notes);
        notes.set_mentions(named);
        let mut message = envelope.message(body, notes);
        if let Some((id, at)) = tombstone {
            let at = at.unwrap_or(message.at);
            message.set_retracted(id, at);
            if moderated.is_some() {
                message.set_moderated();
            }
        }
        let source = Source {
            id: message.id.clone(),
            xml: write(&stanza.clone().into()),
            received: Some(ctx.now().wall),
        };
        ctx.event(StoreEvent::Message {
            message,
            provenance: envelope.provenance,
        });
        ctx.event(StoreEvent::Source(Box::new(source)));
    }

    /// A message of ours came back (RFC 6120 8.3).
    fn bounced(&self, ctx: &mut Ctx<'_>, stanza: &stanza::Message) {
        let Some(id) = stanza.id.clone().map(MessageId) else {
            return;
        };
        let from = stanza.from.as_ref();
        let whispered = self.whispered_to(from, &id);
        let Some(conversation) = whispered.or_else(|| came_back_from(ctx, from, &id)) else {
            return ctx.warn("refused an error that is not from where the message went");
        };
        let error = stanza
            .payload("error", ns::JABBER_CLIENT)
            .map(StanzaError::read);
        let failure = match error {
            Some(StanzaError {
                condition, text, ..
            }) => Failure { condition, text },
            None => Failure {
                condition: "undefined-condition".to_owned(),
                text: None,
            },
        };
        ctx.core.outbox.prove(&id);
        ctx.event(StoreEvent::Delivery {
            conversation,
            id,
            delivery: Delivery::Failed(failure),
        });
    }

    /// The room, if `from` is whom in it we have whispered that to, or the room itself.
    fn whispered_to(&self, from: Option<&Jid>, id: &MessageId) -> Option<BareJid> {
        let mut whispered = self.whispered.iter();
        let (_, to) = whispered.find(|(known, _)| known == id)?;
        speaks_for(from?, to).then(|| to.to_bare())
    }
}

/// What is said of a message that is for nobody who is there (XEP-0045 7.5).
pub(crate) fn whispered_to_nobody(room: &BareJid, id: MessageId) -> StoreEvent {
    StoreEvent::Delivery {
        conversation: room.clone(),
        id,
        delivery: Delivery::Failed(Failure {
            condition: "item-not-found".to_owned(),
            text: None,
        }),
    }
}

/// Has the stanza say `body`, and what goes with it.
pub(super) fn say(stanza: &mut stanza::Message, body: &str, notes: &Notes) {
    let whole = match notes.reply() {
        Some(reply) => xep0461_replies::say(stanza, reply, body),
        None => body.to_owned(),
    };
    if let Some(hint) = notes.spoiler() {
        stanza.payloads.push(xep0382_spoilers::spoiler(hint));
    }
    if let Some(file) = notes.file() {
        xep0447_file_sharing::say(stanza, file);
    }
    let offset = whole.chars().count() - body.chars().count();
    let (offset, room) = (offset as u32, stanza.to.as_ref().map(Jid::to_bare));
    for mention in notes.mentions() {
        if room.as_ref().is_some_and(|room| mention.is_of_all(room)) {
            // What is whispered is for one.
            let all = (stanza.kind == MessageType::Groupchat)
                .then(|| xep0513_mentions::everybody(mention, offset));
            stanza.payloads.extend(all);
            continue;
        }
        let reference = xep0372_references::reference(mention, offset);
        stanza.payloads.extend(reference);
        let explicit = xep0513_mentions::mention(mention, offset);
        stanza.payloads.extend(explicit);
    }
    stanza.bodies.push((String::new(), whole));
}

/// What the stanza says of itself, and what of `body` is its own.
pub(super) fn read(
    stanza: &stanza::Message,
    body: String,
    languages: &[String],
) -> (Notes, String) {
    // To a headline no reply is expected (RFC 6121 5.2.2).
    let markable = xep0333_markers::is_markable(stanza) && stanza.kind != MessageType::Headline;
    let markable = markable.then_some(Note::Markable);
    let (reply, body) = xep0461_replies::read(stanza, body);
    let unstyled = xep0393_styling::is_unstyled(stanza).then_some(Note::Unstyled);
    let spoiler = xep0382_spoilers::hint(stanza, languages).map(Note::Spoiler);
    let encrypted = xep0380_encryption::read(stanza).map(Note::Encrypted);
    let (file, body) = xep0447_file_sharing::read(stanza, body);
    let notes = [
        markable,
        reply.map(Note::Reply),
        unstyled,
        spoiler,
        encrypted,
        file.map(Note::File),
    ];
    (notes.into_iter().flatten().collect(), body)
}

/// To whom the message that is called `id` went, if `from` may say what became of it: the
/// other side, or our own server (RFC 6120 8.1.2.1).
fn came_back_from(ctx: &Ctx<'_>, from: Option<&Jid>, id: &MessageId) -> Option<BareJid> {
    let waiting = ctx.core.outbox.message(id);
    let addressee = waiting.and_then(Message::addressee);
    if let (Some(from), Some(to)) = (from, addressee)
        && speaks_for(from, &to)
    {
        return Some(to.to_bare());
    }
    let waiting = waiting.map(|message| message.conversation.clone());
    // Who is in a room doesn't speak for it.
    let occupant =
        |from: &&Jid| from.resource().is_some() && ctx.core.rooms.contains_key(&from.to_bare());
    let other = from.filter(|from| !occupant(from)).map(Jid::to_bare);
    match waiting {
        None => other,
        waiting if waiting == other || is_own_server(ctx, from) => waiting,
        Some(_) => None,
    }
}

/// Whether `from` is whoever in a room is called so, or the room.
fn speaks_for(from: &Jid, occupant: &FullJid) -> bool {
    from == occupant || *from == occupant.to_bare()
}

fn is_own_server(ctx: &Ctx<'_>, from: Option<&Jid>) -> bool {
    let domain = ctx.account().map(|account| account.domain());
    let server = |from: &Jid| from.node().is_none() && Some(from.domain()) == domain;
    ctx.is_own_account(from) || from.is_some_and(server)
}

/// Takes a message back, unless it is on its way.
fn discard(ctx: &mut Ctx<'_>, conversation: &BareJid, id: &MessageId) -> bool {
    if ctx.core.outbox.message(id).is_some() && !ctx.core.outbox.discard(id) {
        return false;
    }
    ctx.event(StoreEvent::Discarded {
        conversation: conversation.clone(),
        id: id.clone(),
    });
    true
}
