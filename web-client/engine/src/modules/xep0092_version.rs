//! XEP-0092 Software Version 1.1: what we are, and what others are.

use jid::{FullJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use crate::foreign::one_line;
use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, IqKind, PresenceType};
use crate::store::Fact;
use crate::xml::{build, child_text};

/// So many other devices of ours are asked in a session when they come.
const MOST_DEVICES: usize = 16;
/// The longest name of a program that is shown, in characters; the same for the rest.
const LONGEST: usize = 60;

#[derive(Debug, Default)]
pub(crate) struct Version {
    asked: SortedMap<Ticket, FullJid>,
    /// Our other devices, which nobody has to look at for us to ask: once they have gone it is
    /// too late.
    ours: Vec<FullJid>,
}

impl Module for Version {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0092",
            title: "Software Version",
            version: "1.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::VERSION]
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        if request.kind != IqKind::Get || !request.payload.is("query", ns::VERSION) {
            return Flow::Continue;
        }
        let text = |name, text: &str| build(name, ns::VERSION).text(text).done();
        let answer = build("query", ns::VERSION)
            .child(text("name", "Couplet"))
            .child(text("version", &ctx.core.config.version))
            .done();
        ctx.answer(request, Some(answer));
        Flow::Stop
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
        self.ours.clear();
    }

    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        let from = presence.from.clone().map(FullJid::try_from);
        if let (PresenceType::Available, Some(Ok(from))) = (&presence.kind, from)
            && ctx.is_other_device(&from)
            && !self.ours.contains(&from)
            && self.ours.len() < MOST_DEVICES
        {
            self.ours.push(from.clone());
            self.ask(ctx, from);
        }
        Flow::Continue
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        if let AnyCommand::Look { jid, devices } = command {
            for device in ctx.askable(jid, devices) {
                self.ask(ctx, device);
            }
        }
        Flow::Continue
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let (Some(device), Ok(answer)) = (self.asked.remove(&ticket), response) else {
            return;
        };
        if let Some(program) = answer.as_ref().and_then(program) {
            let resource = device.resource().as_str().to_owned();
            ctx.learned(device.to_bare(), Fact::Program(resource, program));
        }
    }
}

impl Version {
    fn ask(&mut self, ctx: &mut Ctx<'_>, device: FullJid) {
        let query = build("query", ns::VERSION).done();
        let ticket = ctx.get(Some(Jid::from(device.clone())), query);
        self.asked.insert(ticket, device);
    }
}

/// Name and version.
fn program(answer: &Element) -> Option<String> {
    let part = |name| one_line(&child_text(answer, name)?, LONGEST);
    let name = part("name").filter(|_| answer.is("query", ns::VERSION))?;
    Some(match part("version") {
        Some(version) => [name, version].join(" "),
        None => name,
    })
}
