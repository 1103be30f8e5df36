//! XEP-0202 Entity Time 2.0: what time it is here.

use xmpp_parsers::ns;

use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::stanza::IqKind;
use crate::xep0082;
use crate::xml::build;

#[derive(Debug, Default)]
pub(crate) struct Time;

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
}
