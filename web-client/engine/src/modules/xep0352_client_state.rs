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

    /// A new session is active unless it began otherwise, and so is a resumed one (XEP-0352 5).
    fn on_established(&mut self, ctx: &mut Ctx<'_>, _resumed: bool) {
        if self.hidden && !ctx.began_with(ns::CSI) {
            tell(ctx, "inactive");
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Session(Command::Visible(visible)) = command else {
            return Flow::Continue;
        };
        if self.hidden == *visible {
            self.hidden = !visible;
            tell(ctx, if *visible { "active" } else { "inactive" });
        }
        Flow::Stop
    }
}

fn tell(ctx: &mut Ctx<'_>, state: &str) {
    if ctx.core.offered.iter().any(|offered| offered == ns::CSI) {
        ctx.send_nonza(build(state, ns::CSI).done());
    }
}
