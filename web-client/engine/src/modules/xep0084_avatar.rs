//! XEP-0084 User Avatar 1.1.4: pictures, those of others and our own.
//!
//! A server that converts (XEP-0398) tells of one picture twice; it is fetched once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Shown, Specification};
use crate::private_node::publish_openly;
use crate::sorted_map::SortedMap;
use crate::store::StoreEvent;
use crate::xml::build;

/// A larger picture than this, in bytes, isn't fetched.
const LARGEST: usize = 512 * 1024;

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Show others this picture of ourselves, or none any more. What becomes of it is a
    /// [`Fact::Saved`](crate::store::Fact).
    Set {
        /// By which whoever asks knows the answer.
        request: String,
        /// The picture.
        picture: Option<Picture>,
    },
}

/// A picture to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The image file.
    pub bytes: Vec<u8>,
    /// What kind of file: `image/png`.
    pub media_type: String,
    /// In pixels; it is a square.
    pub side: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Avatars {
    /// The hash of the picture we have, by person.
    known: SortedMap<BareJid, String>,
    #[serde(skip)]
    fetching: SortedMap<Ticket, (BareJid, String)>,
    #[serde(skip)]
    publishing: Option<Publishing>,
}

/// A picture of ours on its way: first the file goes, then word of it (XEP-0084 4.1).
#[derive(Debug)]
struct Publishing {
    request: String,
    picture: Option<Picture>,
    /// The answer that is awaited.
    ticket: Ticket,
    /// Whether it is the one to the word of it.
    told: bool,
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
            return self.forget(ctx, from);
        }
        let Some(id) = metadata.children().find_map(wanted) else {
            return;
        };
        let fetching = (from.clone(), id);
        let under_way = self.fetching.values().any(|other| *other == fetching);
        if under_way || self.is_ours(ctx, from, &fetching.1) {
            return;
        }
        let shown = ctx.core.avatars.get(from);
        if shown.is_some_and(|shown| shown.hash == fetching.1) {
            // It may have come with a card (XEP-0398).
            return self.keep(ctx, fetching.0, fetching.1);
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

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Avatar(Command::Set { request, picture }) = command else {
            return Flow::Continue;
        };
        if !ctx.core.established {
            ctx.saved(request.clone(), Err(NoResult::Lost));
            return Flow::Stop;
        }
        let payload = match picture {
            Some(picture) => {
                let data = build("data", ns::AVATAR_DATA).text(STANDARD.encode(&picture.bytes));
                publish_openly(ns::AVATAR_DATA, &picture.id(), data.done())
            }
            None => word(None),
        };
        self.publishing = Some(Publishing {
            request: request.clone(),
            picture: picture.clone(),
            ticket: ctx.set(None, payload),
            told: picture.is_none(),
        });
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let ours = self
            .publishing
            .take_if(|publishing| publishing.ticket == ticket);
        if let Some(publishing) = ours {
            return self.published(ctx, publishing, response);
        }
        let Some((jid, id)) = self.fetching.remove(&ticket) else {
            return;
        };
        match response.ok().flatten().as_ref().and_then(image) {
            Some(image) if hash(&image) == id => self.show(ctx, jid, id, image),
            _ => ctx.warn("skipped an avatar that is not what was announced"),
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("avatars")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let Some(saved) = decode(saved) else {
            return false;
        };
        *self = saved;
        for (jid, hash) in self.known.iter() {
            note(ctx, jid, hash);
        }
        true
    }
}

impl Avatars {
    /// Whether it is the one that we are just publishing.
    fn is_ours(&self, ctx: &Ctx<'_>, from: &BareJid, id: &str) -> bool {
        let picture = self
            .publishing
            .as_ref()
            .and_then(|ours| ours.picture.as_ref());
        ctx.account() == Some(from) && picture.is_some_and(|picture| picture.id() == id)
    }

    fn keep(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, id: String) {
        note(ctx, &jid, &id);
        self.known.insert(jid, id);
        ctx.changed();
    }

    fn show(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, id: String, image: Vec<u8>) {
        self.keep(ctx, jid.clone(), id);
        ctx.core.durable.due = true;
        ctx.event(StoreEvent::Avatar {
            jid,
            image: Some(image),
        });
    }

    fn forget(&mut self, ctx: &mut Ctx<'_>, jid: &BareJid) {
        self.known.remove(jid);
        ctx.core.avatars.remove(jid);
        ctx.changed();
        ctx.event(StoreEvent::Avatar {
            jid: jid.clone(),
            image: None,
        });
    }

    /// The server has answered to one of the two steps.
    fn published(&mut self, ctx: &mut Ctx<'_>, mut publishing: Publishing, response: Response) {
        let account = ctx.account().cloned();
        match (response, account) {
            (Err(error), _) => return ctx.saved(publishing.request, Err(error)),
            (Ok(_), _) if !publishing.told => {
                publishing.ticket = ctx.set(None, word(publishing.picture.as_ref()));
                publishing.told = true;
                self.publishing = Some(publishing);
                return;
            }
            (Ok(_), Some(account)) => match publishing.picture {
                Some(picture) => self.show(ctx, account, picture.id(), picture.bytes),
                None => self.forget(ctx, &account),
            },
            (Ok(_), None) => {}
        }
        ctx.saved(publishing.request, Ok(()));
    }
}

impl Picture {
    fn id(&self) -> String {
        hash(&self.bytes)
    }
}

fn note(ctx: &mut Ctx<'_>, jid: &BareJid, hash: &str) {
    let shown = Shown {
        hash: hash.to_owned(),
        published: true,
    };
    ctx.core.avatars.insert(jid.clone(), shown);
}

/// What tells others of a picture, or that there is none any more (XEP-0084 4.2).
fn word(picture: Option<&Picture>) -> Element {
    let id = picture.map(Picture::id).unwrap_or_default();
    let info = picture.map(|picture| {
        build("info", ns::AVATAR_METADATA)
            .attr("id", id.as_str())
            .attr("bytes", picture.bytes.len().to_string())
            .attr("type", picture.media_type.as_str())
            .attr("width", picture.side.to_string())
            .attr("height", picture.side.to_string())
            .done()
    });
    let metadata = build("metadata", ns::AVATAR_METADATA).children(info);
    publish_openly(ns::AVATAR_METADATA, &id, metadata.done())
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
    file(&item.get_child("data", ns::AVATAR_DATA)?.text())
}

/// A picture that isn't too large, from base64.
pub(super) fn file(base64: &str) -> Option<Vec<u8>> {
    let data: String = base64.split_ascii_whitespace().collect();
    STANDARD
        .decode(data)
        .ok()
        .filter(|image| image.len() <= LARGEST)
}

/// The SHA-1 of a file, in small hex.
pub(super) fn hash(image: &[u8]) -> String {
    let bytes = Sha1::digest(image);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
