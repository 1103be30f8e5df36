//! XEP-0085 Chat State Notifications 2.1: who is typing.

use std::time::Duration;

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0334_hints;
use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::rooms::is_whisper;
use crate::sorted_map::SortedMap;
use crate::stanza::{self, MessageType};
use crate::store::StoreEvent;
use crate::timer::Key;
use crate::xml::build;

/// What a person does without noticing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Typing has begun or paused.
    Typing {
        /// To whom.
        to: BareJid,
        /// Whether it goes on.
        typing: bool,
    },
}

/// A peer that has said it types and then nothing more is taken to have stopped.
const FORGOTTEN: Duration = Duration::from_secs(60);
const FORGET: Key = 0;

#[derive(Debug, Default)]
pub(crate) struct ChatStates {
    /// To whom we have said that we are typing.
    told: SortedMap<BareJid, ()>,
    /// Who is typing, and when we take it to have stopped.
    typing: SortedMap<BareJid, Duration>,
}

impl Module for ChatStates {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0085",
            title: "Chat State Notifications",
            version: "2.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::CHATSTATES]
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.told.clear();
        for conversation in std::mem::take(&mut self.typing).into_keys() {
            ctx.event(StoreEvent::Typing {
                conversation,
                typing: false,
            });
        }
    }

    fn on_outgoing_message(&mut self, _ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        let chat = message.kind == MessageType::Chat && !is_whisper(message);
        if chat && !message.bodies.is_empty() {
            message
                .payloads
                .push(build("active", ns::CHATSTATES).done());
            if let Some(to) = &message.to {
                self.told.remove(&to.to_bare());
            }
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::ChatState(Command::Typing { to, typing }) = command else {
            return Flow::Continue;
        };
        let news = if *typing {
            self.told.insert(to.clone(), ()).is_none()
        } else {
            self.told.remove(to).is_some()
        };
        // Whoever may not see our presence may not see us typing either.
        let sees_us = ctx
            .core
            .subscriptions
            .get(to)
            .is_some_and(|subscription| subscription.from());
        if news && sees_us && ctx.core.privacy.typing {
            let state = if *typing { "composing" } else { "paused" };
            let mut message = stanza::Message::chat(Jid::from(to.clone()));
            message.payloads.push(build(state, ns::CHATSTATES).done());
            message.payloads.push(xep0334_hints::no_store());
            ctx.send_passing(message);
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let Incoming { message, origin } = incoming;
        let chat = matches!(message.kind, MessageType::Chat | MessageType::Normal);
        if !chat || !matches!(origin, Origin::Live | Origin::CarbonReceived) {
            return Flow::Continue;
        }
        let (Some(from), Some(state)) = (&message.from, state(message)) else {
            return Flow::Continue;
        };
        let conversation = from.to_bare();
        // Who whispers in a room is not the room.
        if ctx.core.rooms.contains_key(&conversation) {
            return Flow::Continue;
        }
        let typing = state == "composing";
        let changed = if typing {
            let until = ctx.now().monotonic + FORGOTTEN;
            self.typing.insert(conversation.clone(), until).is_none()
        } else {
            self.typing.remove(&conversation).is_some()
        };
        if changed {
            ctx.event(StoreEvent::Typing {
                conversation,
                typing,
            });
        }
        self.schedule(ctx);
        Flow::Continue
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        let now = ctx.now().monotonic;
        self.typing.retain(|conversation, until| {
            let forgotten = *until <= now;
            if forgotten {
                let conversation = conversation.clone();
                ctx.event(StoreEvent::Typing {
                    conversation,
                    typing: false,
                });
            }
            !forgotten
        });
        self.schedule(ctx);
    }
}

impl ChatStates {
    fn schedule(&self, ctx: &mut Ctx<'_>) {
        match self.typing.values().min() {
            Some(until) => ctx.wake_in(FORGET, until.saturating_sub(ctx.now().monotonic)),
            None => ctx.cancel(FORGET),
        }
    }
}

/// The chat state that a message carries, by name (XEP-0085 4).
fn state(message: &stanza::Message) -> Option<&str> {
    let state = message
        .payloads
        .iter()
        .find(|payload| payload.ns() == ns::CHATSTATES)?;
    Some(state.name())
}
