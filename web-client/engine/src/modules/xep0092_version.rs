//! XEP-0092 Software Version 1.1: what we are.

use xmpp_parsers::ns;

use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::stanza::IqKind;
use crate::xml::build;

#[derive(Debug, Default)]
pub(crate) struct Version;

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
}
