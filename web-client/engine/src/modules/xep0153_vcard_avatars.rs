//! XEP-0153 vCard-Based Avatars 1.1.1: pictures of those who publish none (XEP-0084), read.
//!
//! A server that converts (XEP-0398) tells of one picture in both ways. So a card isn't asked
//! for until what is published has had the time to come.

mod occupants;

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use self::occupants::Occupants;
use super::xep0084_avatar::{file, hash};
use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
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

/// What a page can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Show the pictures of these people in a room, who are in view.
    Show {
        /// Which room.
        room: BareJid,
        /// What they are called there, each with the hash of the picture that they tell of.
        occupants: Vec<(String, String)>,
    },
}

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
    #[serde(skip)]
    occupants: Occupants,
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
        self.occupants = Occupants::default();
        ctx.cancel(LOOK);
    }

    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        if let (PresenceType::Available, Some(from)) = (&presence.kind, &presence.from)
            && let Some(photo) = photo(presence)
        {
            self.told(ctx, from.to_bare(), &photo);
        }
        Flow::Continue
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::CardAvatars(Command::Show { room, occupants }) = command else {
            return Flow::Continue;
        };
        self.occupants.show(ctx, room, occupants);
        Flow::Stop
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
                let ticket = ask(ctx, Jid::from(jid.clone()));
                self.fetching.insert(ticket, (jid, hash));
            }
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some((jid, wanted)) = self.fetching.remove(&ticket) else {
            return self.occupants.answered(ctx, ticket, response);
        };
        if response == Err(NoResult::Lost) {
            return;
        }
        if !self.wanted.is_empty() {
            ctx.wake_in(LOOK, Duration::ZERO);
        }
        let image = image(response, &wanted);
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
        let Some(hash) = as_hash(hash) else {
            return;
        };
        let wanted = (jid, hash);
        let under_way = self.fetching.values().any(|other| *other == wanted);
        let (jid, hash) = wanted;
        let useless = self.useless.get(&jid) == Some(&hash);
        if !under_way && !useless && is_wanted(ctx, &jid, &hash) {
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

/// What a presence says of the picture on the card; it is empty where there is none.
pub(super) fn photo(presence: &stanza::Presence) -> Option<String> {
    let mut told = presence.payloads.iter();
    let told = told.find(|payload| payload.is("x", ns::VCARD_UPDATE))?;
    let photo = told.get_child("photo", ns::VCARD_UPDATE)?;
    Some(photo.text().trim().to_owned())
}

/// The hash of the picture that somebody in a room tells of.
pub(super) fn told_of(presence: &stanza::Presence) -> Option<String> {
    as_hash(&photo(presence)?)
}

/// A SHA-1 in small hex, if it is one.
pub(super) fn as_hash(text: &str) -> Option<String> {
    let is_hash = text.len() == 40 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

pub(super) fn ask(ctx: &mut Ctx<'_>, whom: Jid) -> Ticket {
    ctx.get(Some(whom), build("vCard", ns::VCARD).done())
}

/// The picture on a card, if it is the one that was told of.
fn image(response: Response, told: &str) -> Option<Vec<u8>> {
    let card = response.ok().flatten()?;
    let photo = card.get_child("PHOTO", ns::VCARD)?;
    let image = file(&photo.get_child("BINVAL", ns::VCARD)?.text())?;
    (hash(&image) == told).then_some(image)
}
