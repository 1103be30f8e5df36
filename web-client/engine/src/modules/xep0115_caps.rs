//! XEP-0115 Entity Capabilities 1.6.0: a hash of what we can do in our presence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use xmpp_parsers::ns;

use super::xep0030_disco::{CATEGORY, NAME, TYPE};
use crate::module::{Ctx, Module, Specification};
use crate::stanza::{self, PresenceType};
use crate::xml::build;

/// Names the software; with `#` and the hash, the node to ask about it.
const NODE: &str = "urn:couplet:client:0";

#[derive(Debug, Default)]
pub(crate) struct Caps;

impl Module for Caps {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0115",
            title: "Entity Capabilities",
            version: "1.6.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::CAPS]
    }

    fn on_outgoing_presence(&mut self, ctx: &mut Ctx<'_>, presence: &mut stanza::Presence) {
        if presence.kind == PresenceType::Available && presence.to.is_none() {
            let caps = build("c", ns::CAPS)
                .attr("hash", "sha-1")
                .attr("node", NODE)
                .attr("ver", verification(&ctx.core.features));
            presence.payloads.push(caps.done());
        }
    }
}

/// The verification string of one identity and these features (XEP-0115 5.1).
fn verification(features: &[&str]) -> String {
    let mut features = features.to_vec();
    features.sort_unstable();
    let mut text = format!("{CATEGORY}/{TYPE}//{NAME}<");
    for feature in features {
        text.push_str(feature);
        text.push('<');
    }
    STANDARD.encode(Sha1::digest(text))
}
