//! XEP-0359 Unique and Stable Stanza IDs 0.7.0: ours, on what we write.

use xmpp_parsers::ns;

use crate::module::{Ctx, Module, Specification};
use crate::stanza;
use crate::xml::build;

#[derive(Debug, Default)]
pub(crate) struct StanzaIds;

impl Module for StanzaIds {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0359",
            title: "Unique and Stable Stanza IDs",
            version: "0.7.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::SID]
    }

    fn on_outgoing_message(&mut self, _ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        if let Some(id) = &message.id {
            let origin_id = build("origin-id", ns::SID).attr("id", id.as_str());
            message.payloads.push(origin_id.done());
        }
    }
}
