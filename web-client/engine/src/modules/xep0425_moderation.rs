//! XEP-0425 Moderated Message Retraction 0.3.0, and 0.2.1, which is still most servers' own:
//! what moderators take away.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use super::xep0424_retraction::RETRACT;
use crate::envelope::Envelope;
use crate::foreign;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::rooms::Moderates;
use crate::sorted_map::SortedMap;
use crate::stanza;
use crate::store::{Moderation, What};
use crate::xep0082;
use crate::xml::{self, build};

/// Version 0.3.0.
const MODERATE: &str = "urn:xmpp:message-moderate:1";
/// Version 0.2.1, with what it is fastened with and what it fastens.
const MODERATE_0: &str = "urn:xmpp:message-moderate:0";
const FASTEN: &str = "urn:xmpp:fasten:0";
const RETRACT_0: &str = "urn:xmpp:message-retract:0";

/// More of a name than this, in characters, nobody reads.
const LONGEST_NAME: usize = 200;
/// More of a reason than this, in characters, nobody reads.
const LONGEST_REASON: usize = 500;
/// So many messages are taken away at once.
const MOST_AT_ONCE: usize = 200;

/// What moderators can do about messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Take messages away from everybody.
    Remove {
        /// By which the outcome is known.
        request: String,
        /// In which room.
        room: BareJid,
        /// The ids that the room gave them, the most urgent first.
        targets: Vec<String>,
        /// What everybody is told of why.
        reason: Option<String>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Moderations {
    asked: SortedMap<Ticket, Removal>,
}

/// Messages that are being taken away, one at a time.
#[derive(Debug)]
struct Removal {
    request: String,
    room: BareJid,
    /// Those that are left, the next one last.
    targets: Vec<String>,
    reason: Option<String>,
}

impl Module for Moderations {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0425",
            title: "Moderated Message Retraction",
            version: "0.3.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[MODERATE, MODERATE_0]
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let Some((target, moderated, reason)) = read(&incoming.message) else {
            return Flow::Continue;
        };
        let by_room = incoming.message.from.as_ref();
        if by_room.is_none_or(|from| from.resource().is_some()) {
            // Only the room itself says so (XEP-0425 5).
            ctx.warn("refused a moderation that is not from the room");
            return Flow::Stop;
        }
        let by = moderated.attr("by").and_then(|by| by.parse::<Jid>().ok());
        let by = by.as_ref().and_then(Jid::resource);
        let moderation = Moderation {
            by: by.and_then(|by| foreign::one_line(by.as_str(), LONGEST_NAME)),
            reason: reason.and_then(|reason| foreign::lines(&reason, LONGEST_REASON)),
        };
        let target = target.to_owned();
        if let Some(envelope) = Envelope::open(ctx, incoming) {
            envelope.change(ctx, target, What::Moderate(moderation), None);
        }
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Moderation(Command::Remove {
            request,
            room,
            targets,
            reason,
        }) = command
        else {
            return Flow::Continue;
        };
        let targets = targets.iter().take(MOST_AT_ONCE).rev();
        let removal = Removal {
            request: request.clone(),
            room: room.clone(),
            targets: targets.cloned().collect(),
            reason: reason.clone(),
        };
        self.go_on(ctx, removal);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(removal) = self.asked.remove(&ticket) else {
            return;
        };
        match response {
            Ok(_) => self.go_on(ctx, removal),
            // What the room keeps no more it can't take away; the others it can.
            Err(NoResult::Error(error))
                if error.condition == "item-not-found" && !removal.targets.is_empty() =>
            {
                self.go_on(ctx, removal);
            }
            Err(error) => ctx.saved(removal.request, Err(error)),
        }
    }
}

impl Moderations {
    /// Asks for the next message to be taken away.
    fn go_on(&mut self, ctx: &mut Ctx<'_>, mut removal: Removal) {
        let Some(target) = removal.targets.pop() else {
            return ctx.saved(removal.request, Ok(()));
        };
        if !ctx.core.established {
            return ctx.saved(removal.request, Err(NoResult::Lost));
        }
        let room = ctx.core.rooms.get(&removal.room);
        let plain = room.is_none_or(|room| room.moderates != Moderates::Fastened);
        let reason = removal.reason.as_deref();
        let payload = match plain {
            true => moderate(MODERATE, RETRACT, reason).attr("id", target),
            false => {
                let moderate = moderate(MODERATE_0, RETRACT_0, reason);
                build("apply-to", FASTEN)
                    .attr("id", target)
                    .child(moderate.done())
            }
        };
        let ticket = ctx.set(Some(Jid::from(removal.room.clone())), payload.done());
        self.asked.insert(ticket, removal);
    }
}

fn moderate(namespace: &str, retract: &str, reason: Option<&str>) -> xml::Builder {
    let reason = reason.map(|reason| build("reason", namespace).text(reason).done());
    build("moderate", namespace)
        .child(build("retract", retract).done())
        .children(reason)
}

/// How a room with these features lets moderators take messages away.
pub(super) fn offered(has: impl Fn(&str) -> bool) -> Moderates {
    if has(MODERATE) {
        Moderates::Plain
    } else if has(MODERATE_0) {
        Moderates::Fastened
    } else {
        Moderates::No
    }
}

/// The message that is taken away, by whom, and why.
fn read(message: &stanza::Message) -> Option<(&str, &Element, Option<String>)> {
    if let Some(retract) = message.payload("retract", RETRACT)
        && let Some(moderated) = retract.get_child("moderated", MODERATE)
    {
        return Some((
            retract.attr("id")?,
            moderated,
            xml::child_text(retract, "reason"),
        ));
    }
    let fastened = message.payload("apply-to", FASTEN)?;
    let moderated = fastened.get_child("moderated", MODERATE_0)?;
    moderated.get_child("retract", RETRACT_0)?;
    Some((
        fastened.attr("id")?,
        moderated,
        xml::child_text(moderated, "reason"),
    ))
}

/// When the archive was told to keep nothing else of the message, if it was. It doesn't count
/// who is said to have done that, for before it was archived anybody could write so of their
/// own; who has, the room has told when it happened.
pub(super) fn tombstone(incoming: &Incoming) -> Option<Option<Timestamp>> {
    if !matches!(incoming.origin, Origin::Archive { room: Some(_), .. }) {
        return None;
    }
    let message = &incoming.message;
    let retracted = match message.payload("moderated", MODERATE_0) {
        Some(moderated) => moderated.get_child("retracted", RETRACT_0)?,
        None => {
            let retracted = message.payload("retracted", RETRACT)?;
            retracted.get_child("moderated", MODERATE)?;
            retracted
        }
    };
    Some(retracted.attr("stamp").and_then(xep0082::read))
}
