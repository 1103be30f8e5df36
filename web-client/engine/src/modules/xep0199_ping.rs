//! XEP-0199 XMPP Ping 2.0.1: we are here.

use xmpp_parsers::ns;

use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::stanza::IqKind;

#[derive(Debug, Default)]
pub(crate) struct Ping;

impl Module for Ping {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0199",
            title: "XMPP Ping",
            version: "2.0.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::PING]
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        if request.kind != IqKind::Get || !request.payload.is("ping", ns::PING) {
            return Flow::Continue;
        }
        ctx.answer(request, None);
        Flow::Stop
    }
}
