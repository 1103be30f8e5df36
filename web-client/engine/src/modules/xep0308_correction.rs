//! XEP-0308 Last Message Correction 1.2.1: what somebody meant to say.

use couplet_shared::escape::permitted;
use jid::BareJid;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::rfc6121_message::{read, say};
use super::xep0461_replies;
use crate::envelope::{Envelope, is_said, send_change};
use crate::input::Command as AnyCommand;
use crate::mentions;
use crate::module::{Ctx, Flow, Incoming, Module, Specification};
use crate::store::{Notes, What};
use crate::xml::build;

/// What a person can do about what they wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Have a message of ours say something else.
    Correct {
        /// To whom it was.
        conversation: BareJid,
        /// The id it is known by; always the first version's.
        target: String,
        /// What it should have said.
        body: String,
        /// What it goes on to say of itself besides.
        notes: Notes,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Corrections;

impl Module for Corrections {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0308",
            title: "Last Message Correction",
            version: "1.2.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::MESSAGE_CORRECT]
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let target = message
            .payload("replace", ns::MESSAGE_CORRECT)
            .and_then(|replace| replace.attr("id"))
            .filter(|_| is_said(message));
        let body = message.body(&ctx.core.config.languages);
        let (Some(target), Some(body)) = (target, body) else {
            return Flow::Continue;
        };
        let (mut notes, text) = read(message, body.to_owned(), &ctx.core.config.languages);
        let (_, own) = xep0461_replies::read(message, body.to_owned());
        let target = target.to_owned();
        if let Some(envelope) = Envelope::open(ctx, incoming) {
            let named = mentions::read(ctx.core, &envelope, message, (body, &own), &notes);
            notes.set_mentions(named);
            let what = What::Correct(own);
            let alone = envelope.message(text, notes);
            envelope.change(ctx, target, what, Some(alone));
        }
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Correction(Command::Correct {
            conversation,
            target,
            body,
            notes,
        }) = command
        else {
            return Flow::Continue;
        };
        if !body.trim().is_empty() {
            let body = permitted(body);
            let what = What::Correct(body.clone().into_owned());
            let mut notes = notes.clone();
            let mentions = mentions::write(conversation, notes.mentions(), &body);
            notes.set_mentions(mentions.clone());
            send_change(ctx, conversation, target, what, mentions, |stanza| {
                say(stanza, &body, &notes);
                let replace = build("replace", ns::MESSAGE_CORRECT).attr("id", target.as_str());
                stanza.payloads.push(replace.done());
            });
        }
        Flow::Stop
    }
}
