//! XEP-0352 Client State Indication 1.0.0: whether anybody looks.

use minidom::Element;
use xmpp_parsers::ns;

use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Module, Specification};
use crate::session::Command;
use crate::xml::build;

#[derive(Debug, Default)]
pub(crate) struct ClientState {
    hidden: bool,
}

impl Module for ClientState {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0352",
            title: "Client State Indication",
            version: "1.0.0",
        }
    }

    fn on_bind(&self) -> Option<Element> {
        self.hidden.then(|| build("inactive", ns::CSI).done())
    }

    /// A new session is active unless it began otherwise. So should a resumed one be
    /// (XEP-0352 5), but to Prosody 0.12 it is what it was, and then everything that comes a
    /// few seconds later waits for good: it is told in any case.
    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed || self.hidden && !ctx.began_with(ns::CSI) {
            self.tell(ctx);
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Session(Command::Visible(visible)) = command else {
            return Flow::Continue;
        };
        if self.hidden == *visible {
            self.hidden = !visible;
            self.tell(ctx);
        }
        Flow::Stop
    }
}

impl ClientState {
    fn tell(&self, ctx: &mut Ctx<'_>) {
        if ctx.core.offered.iter().any(|offered| offered == ns::CSI) {
            let state = if self.hidden { "inactive" } else { "active" };
            ctx.send_nonza(build(state, ns::CSI).done());
        }
    }
}
