//! XEP-0280 Message Carbons 1.0.1: what our other devices send and receive.

use xmpp_parsers::ns;

use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::xml::{build, forwarded};

#[derive(Debug, Default)]
pub(crate) struct Carbons;

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

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            ctx.set(None, build("enable", ns::CARBONS).done());
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, _ticket: Ticket, response: Response) {
        if response.is_err() {
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
}
