//! XEP-0084 User Avatar 1.1.4: pictures, read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::store::StoreEvent;
use crate::xml::build;

/// A larger picture than this, in bytes, isn't fetched.
const LARGEST: usize = 512 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Avatars {
    /// The hash of the picture we have, by person.
    known: SortedMap<BareJid, String>,
    #[serde(skip)]
    fetching: SortedMap<Ticket, (BareJid, String)>,
}

impl Module for Avatars {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0084",
            title: "User Avatar",
            version: "1.1.4",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &["urn:xmpp:avatar:metadata+notify"]
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        // What was being fetched has not come; it will be announced again.
        self.fetching.clear();
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        if node != ns::AVATAR_METADATA {
            return;
        }
        let metadata = items
            .first()
            .and_then(|item| item.get_child("metadata", ns::AVATAR_METADATA));
        let Some(metadata) = metadata else { return };
        if metadata.children().next().is_none() {
            self.known.remove(from);
            ctx.changed();
            return ctx.event(StoreEvent::Avatar {
                jid: from.clone(),
                image: None,
            });
        }
        let Some(id) = metadata.children().find_map(wanted) else {
            return;
        };
        let fetching = (from.clone(), id);
        let under_way = self.fetching.values().any(|other| *other == fetching);
        if under_way || self.known.get(from) == Some(&fetching.1) {
            return;
        }
        let (_, id) = &fetching;
        let item = build("item", ns::PUBSUB).attr("id", id.as_str()).done();
        let items = build("items", ns::PUBSUB)
            .attr("node", ns::AVATAR_DATA)
            .child(item)
            .done();
        let request = build("pubsub", ns::PUBSUB).child(items).done();
        let ticket = ctx.get(Some(Jid::from(from.clone())), request);
        self.fetching.insert(ticket, fetching);
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some((jid, id)) = self.fetching.remove(&ticket) else {
            return;
        };
        match response.ok().flatten().as_ref().and_then(image) {
            Some(image) if hex(&Sha1::digest(&image)) == id => {
                self.known.insert(jid.clone(), id);
                ctx.changed();
                ctx.core.durable.due = true;
                ctx.event(StoreEvent::Avatar {
                    jid,
                    image: Some(image),
                });
            }
            _ => ctx.warn("skipped an avatar that is not what was announced"),
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("avatars")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

/// The id of a picture that we would fetch. What has a URL is somewhere on the web:
/// fetching it would tell who looks.
fn wanted(info: &Element) -> Option<String> {
    let bytes: usize = info.attr("bytes")?.parse().ok()?;
    let fits = info.is("info", ns::AVATAR_METADATA) && bytes <= LARGEST;
    let id = info
        .attr("id")
        .filter(|_| fits && info.attr("url").is_none())?;
    Some(id.to_ascii_lowercase())
}

fn image(pubsub: &Element) -> Option<Vec<u8>> {
    let item = pubsub
        .get_child("items", ns::PUBSUB)?
        .get_child("item", ns::PUBSUB)?;
    let mut data = item.get_child("data", ns::AVATAR_DATA)?.text();
    data.retain(|character| !character.is_ascii_whitespace());
    STANDARD
        .decode(data)
        .ok()
        .filter(|image| image.len() <= LARGEST)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
