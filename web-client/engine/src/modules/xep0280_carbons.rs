//! XEP-0280 Message Carbons 1.0.1: what our other devices send and receive.

use minidom::Element;
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::xml::{build, forwarded};

#[derive(Debug, Default)]
pub(crate) struct Carbons {
    /// What the server has answered in this session: whether it does them.
    answer: Option<bool>,
    asked: Option<Ticket>,
}

impl Module for Carbons {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0280",
            title: "Message Carbons",
            version: "1.0.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::CARBONS]
    }

    fn on_bind(&self) -> Option<Element> {
        Some(enable())
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if ctx.began_with(ns::CARBONS) {
            return self.settle(ctx, Some(true));
        }
        if resumed && (self.answer.is_some() || self.asked.is_some()) {
            return;
        }
        self.asked = Some(ctx.set(None, enable()));
        self.settle(ctx, None);
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, _ticket: Ticket, response: Response) {
        self.asked = None;
        let lost = matches!(response, Err(NoResult::Lost));
        self.settle(ctx, (!lost).then_some(response.is_ok()));
        if matches!(response, Err(NoResult::Error(_) | NoResult::Timeout)) {
            ctx.warn(
                "the server doesn't do carbons: other devices' messages come from the archive",
            );
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(carbon) = message
            .payloads
            .iter()
            .find(|payload| payload.ns() == ns::CARBONS)
        else {
            return Flow::Continue;
        };
        // Anybody can write a carbon; only our own account's are true (XEP-0280 11).
        if incoming.origin != Origin::Live || !ctx.is_own_account(message.from.as_ref()) {
            ctx.warn("refused a carbon that is not from our own account");
            return Flow::Stop;
        }
        let origin = match carbon.name() {
            "received" => Origin::CarbonReceived,
            "sent" => Origin::CarbonSent,
            _ => return Flow::Continue,
        };
        match forwarded(carbon) {
            Some((message, _)) => ctx.redispatch(Incoming { message, origin }),
            None => ctx.warn("skipped a carbon that can't be read"),
        }
        Flow::Stop
    }

    fn part(&self) -> Option<&'static str> {
        Some("carbons")
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.answer.map(|answer| encode(&answer))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        // A row that doesn't say it is of an earlier build: the server is asked again.
        self.answer = decode(saved);
        ctx.core.carbons = self.answer == Some(true);
        true
    }
}

impl Carbons {
    fn settle(&mut self, ctx: &mut Ctx<'_>, answer: Option<bool>) {
        self.answer = answer;
        ctx.core.carbons = answer == Some(true);
        ctx.changed();
    }
}

fn enable() -> Element {
    build("enable", ns::CARBONS).done()
}
