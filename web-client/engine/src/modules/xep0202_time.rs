//! XEP-0202 Entity Time 2.0: what time it is here, and where others are.

use jid::{FullJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::IqKind;
use crate::store::Fact;
use crate::xep0082;
use crate::xml::{build, child_text};

/// No clock is further from UTC than that, in minutes.
const FURTHEST: i32 = 14 * 60;

#[derive(Debug, Default)]
pub(crate) struct Time {
    asked: SortedMap<Ticket, FullJid>,
}

impl Module for Time {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0202",
            title: "Entity Time",
            version: "2.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::TIME]
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        if request.kind != IqKind::Get || !request.payload.is("time", ns::TIME) {
            return Flow::Continue;
        }
        let offset = ctx.core.config.utc_offset;
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let utc = xep0082::write(ctx.now().wall);
        let answer = build("time", ns::TIME)
            .child(
                build("tzo", ns::TIME)
                    .text(format!("{sign}{hours:02}:{minutes:02}"))
                    .done(),
            )
            .child(build("utc", ns::TIME).text(utc).done())
            .done();
        ctx.answer(request, Some(answer));
        Flow::Stop
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        if let AnyCommand::Look { jid, devices } = command {
            for device in ctx.askable(jid, devices) {
                let query = build("time", ns::TIME).done();
                let ticket = ctx.get(Some(Jid::from(device.clone())), query);
                self.asked.insert(ticket, device);
            }
        }
        Flow::Continue
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let (Some(device), Ok(answer)) = (self.asked.remove(&ticket), response) else {
            return;
        };
        if let Some(minutes) = answer.as_ref().and_then(offset) {
            let resource = device.resource().as_str().to_owned();
            ctx.learned(device.to_bare(), Fact::Offset(resource, minutes));
        }
    }
}

/// How far a clock is ahead of UTC, in minutes (XEP-0082 3.2): `+02:00`, `Z`.
fn offset(answer: &Element) -> Option<i32> {
    let offset = child_text(answer, "tzo").filter(|_| answer.is("time", ns::TIME))?;
    if offset == "Z" {
        return Some(0);
    }
    let (sign, rest) = match offset.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, offset.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| {
        let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|_| two)
    };
    let minutes = sign * (number(hours)? * 60 + number(minutes)?);
    (minutes.abs() <= FURTHEST).then_some(minutes)
}
