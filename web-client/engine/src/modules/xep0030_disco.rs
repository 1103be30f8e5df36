//! XEP-0030 Service Discovery 2.5.0: what we can do.

use minidom::Element;
use xmpp_parsers::ns;

use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::stanza::IqKind;
use crate::xml::build;

/// What we are (XEP-0030 3.1): a client in a browser.
pub(super) const CATEGORY: &str = "client";
pub(super) const TYPE: &str = "web";
pub(super) const NAME: &str = "Couplet";

#[derive(Debug, Default)]
pub(crate) struct Disco;

impl Module for Disco {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0030",
            title: "Service Discovery",
            version: "2.5.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::DISCO_INFO, ns::DISCO_ITEMS]
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        let query = &request.payload;
        let info = query.is("query", ns::DISCO_INFO);
        if request.kind != IqKind::Get || !(info || query.is("query", ns::DISCO_ITEMS)) {
            return Flow::Continue;
        }
        let answer = build("query", query.ns().as_str()).attr("node", query.attr("node"));
        let answer = if info {
            answer.children(what_we_are(ctx))
        } else {
            answer
        };
        ctx.answer(request, Some(answer.done()));
        Flow::Stop
    }
}

fn what_we_are(ctx: &Ctx<'_>) -> Vec<Element> {
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", CATEGORY)
        .attr("type", TYPE)
        .attr("name", NAME)
        .done();
    let feature = |feature: &&str| {
        build("feature", ns::DISCO_INFO)
            .attr("var", *feature)
            .done()
    };
    std::iter::once(identity)
        .chain(ctx.core.features.iter().map(feature))
        .collect()
}
