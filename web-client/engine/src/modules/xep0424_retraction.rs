//! XEP-0424 Message Retraction 0.4.2: what somebody would rather not have said.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{xep0334_hints, xep0428_fallback};
use crate::envelope::{Envelope, is_said, send_change};
use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::store::{MessageId, StoreEvent, What};
use crate::xep0082;
use crate::xml::build;

pub(super) const RETRACT: &str = "urn:xmpp:message-retract:1";

/// What those read whose client doesn't know retractions (XEP-0424 3).
const FALLBACK: &str = "/me retracted a previous message, but it's unsupported by your client.";

/// What a person can do about what they wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Take a message of ours back.
    Retract {
        /// To whom it was.
        conversation: BareJid,
        /// Which one.
        id: MessageId,
        /// The id that others know it by.
        target: String,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Retractions;

impl Module for Retractions {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0424",
            title: "Message Retraction",
            version: "0.4.2",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[RETRACT]
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let retract = message.payload("retract", RETRACT);
        let target = retract.and_then(|retract| retract.attr("id"));
        let Some(target) = target.filter(|_| is_said(message)).map(str::to_owned) else {
            return Flow::Continue;
        };
        if let Some(envelope) = Envelope::open(ctx, incoming) {
            envelope.change(ctx, target, What::Retract, None);
        }
        // The text is for those who don't know better.
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Retraction(Command::Retract {
            conversation,
            id,
            target,
        }) = command
        else {
            return Flow::Continue;
        };
        if ctx.core.outbox.discard(id) {
            // It has not left this device, and never will.
            let (conversation, id) = (conversation.clone(), id.clone());
            ctx.event(StoreEvent::Discarded { conversation, id });
            return Flow::Stop;
        }
        let what = What::Retract;
        send_change(ctx, conversation, target, what, Vec::new(), |stanza| {
            stanza.bodies.push((String::new(), FALLBACK.to_owned()));
            stanza.payloads.extend([
                build("retract", RETRACT).attr("id", target.as_str()).done(),
                xep0428_fallback::whole(RETRACT),
                xep0334_hints::store(),
            ]);
        });
        Flow::Stop
    }
}

/// The id of the retraction and its time, where the archive has kept nothing else of the
/// message. Only the archive says so: what somebody writes is a [`Command::Retract`].
pub(super) fn tombstone(incoming: &Incoming) -> Option<(String, Option<Timestamp>)> {
    let archived = matches!(incoming.origin, Origin::Archive { .. });
    let retracted = incoming.message.payload("retracted", RETRACT);
    let retracted = retracted.filter(|_| archived)?;
    let stamp = retracted.attr("stamp").and_then(xep0082::read);
    Some((retracted.attr("id").unwrap_or_default().to_owned(), stamp))
}
