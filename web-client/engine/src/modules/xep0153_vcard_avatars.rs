//! XEP-0153 vCard-Based Avatars 1.1.1: pictures of those who publish none (XEP-0084), read.
//!
//! A server that converts (XEP-0398) tells of one picture in both ways. So a card isn't asked
//! for until what is published has had the time to come.

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0084_avatar::{file, hash};
use crate::codec::{decode, encode};
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Shown, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, PresenceType};
use crate::store::StoreEvent;
use crate::timer::Key;
use crate::xml::build;

/// For how long what is published may take to come.
const PAUSE: Duration = Duration::from_secs(3);
const LOOK: Key = 0;
/// So many cards are asked for at a time.
const AT_ONCE: usize = 4;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CardAvatars {
    /// The hash of the picture that we have from a card, by person.
    known: SortedMap<BareJid, String>,
    /// Which one is to be fetched, if nothing is published.
    #[serde(skip)]
    wanted: SortedMap<BareJid, String>,
    #[serde(skip)]
    fetching: SortedMap<Ticket, (BareJid, String)>,
    /// Cards that had another picture than was told, or none.
    #[serde(skip)]
    useless: SortedMap<BareJid, String>,
}

impl Module for CardAvatars {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0153",
            title: "vCard-Based Avatars",
            version: "1.1.1",
        }
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.wanted.clear();
        self.fetching.clear();
        self.useless.clear();
        ctx.cancel(LOOK);
    }

    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        if let (PresenceType::Available, Some(from)) = (&presence.kind, &presence.from) {
            let mut told = presence.payloads.iter();
            let told = told.find(|payload| payload.is("x", ns::VCARD_UPDATE));
            let photo = told.and_then(|told| told.get_child("photo", ns::VCARD_UPDATE));
            if let Some(photo) = photo {
                self.told(ctx, from.to_bare(), photo.text().trim());
            }
        }
        Flow::Continue
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, _items: &[Element]) {
        // Whoever publishes one means that one.
        if node == ns::AVATAR_METADATA && self.known.remove(from).is_some() {
            ctx.changed();
        }
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        while self.fetching.keys().len() < AT_ONCE
            && let Some((jid, hash)) = self.wanted.pop_first()
        {
            if is_wanted(ctx, &jid, &hash) {
                let card = build("vCard", ns::VCARD).done();
                let ticket = ctx.get(Some(Jid::from(jid.clone())), card);
                self.fetching.insert(ticket, (jid, hash));
            }
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some((jid, wanted)) = self.fetching.remove(&ticket) else {
            return;
        };
        if response == Err(NoResult::Lost) {
            return;
        }
        if !self.wanted.is_empty() {
            ctx.wake_in(LOOK, Duration::ZERO);
        }
        let image = response.ok().flatten().as_ref().and_then(image);
        let image = image.filter(|image| hash(image) == wanted);
        if !is_wanted(ctx, &jid, &wanted) {
            return;
        }
        if image.is_some() {
            note(ctx, &jid, &wanted);
            self.known.insert(jid.clone(), wanted);
            ctx.changed();
            ctx.core.durable.due = true;
            ctx.event(StoreEvent::Avatar { jid, image });
        } else {
            self.useless.insert(jid, wanted);
            ctx.warn("skipped a card's picture that is not what was announced");
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("card-avatars")
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
            if !ctx.core.avatars.contains_key(jid) {
                note(ctx, jid, hash);
            }
        }
        true
    }
}

impl CardAvatars {
    /// A presence says which picture is on the card, or that none is.
    fn told(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, hash: &str) {
        if !ctx.knows(&jid) || ctx.core.rooms.contains_key(&jid) {
            return;
        }
        let shown = ctx.core.avatars.get(&jid);
        if hash.is_empty() {
            self.wanted.remove(&jid);
            if shown.is_some_and(|shown| !shown.published) {
                ctx.core.avatars.remove(&jid);
                self.known.remove(&jid);
                ctx.changed();
                ctx.event(StoreEvent::Avatar { jid, image: None });
            }
            return;
        }
        let is_hash = hash.len() == 40 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        let hash = hash.to_ascii_lowercase();
        let wanted = (jid, hash);
        let under_way = self.fetching.values().any(|other| *other == wanted);
        let (jid, hash) = wanted;
        let useless = self.useless.get(&jid) == Some(&hash);
        if is_hash && !under_way && !useless && is_wanted(ctx, &jid, &hash) {
            if self.wanted.is_empty() {
                ctx.wake_in(LOOK, PAUSE);
            }
            self.wanted.insert(jid, hash);
        }
    }
}

/// Whether it would be shown, and isn't.
fn is_wanted(ctx: &Ctx<'_>, jid: &BareJid, hash: &str) -> bool {
    let shown = ctx.core.avatars.get(jid);
    shown.is_none_or(|shown| !shown.published && shown.hash != hash)
}

fn note(ctx: &mut Ctx<'_>, jid: &BareJid, hash: &str) {
    let shown = Shown {
        hash: hash.to_owned(),
        published: false,
    };
    ctx.core.avatars.insert(jid.clone(), shown);
}

fn image(card: &Element) -> Option<Vec<u8>> {
    let photo = card.get_child("PHOTO", ns::VCARD)?;
    file(&photo.get_child("BINVAL", ns::VCARD)?.text())
}
