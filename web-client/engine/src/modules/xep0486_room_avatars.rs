//! XEP-0486 MUC Avatars 0.1.0: pictures of rooms, on the room's card (XEP-0054).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0045_muc;
use super::xep0084_avatar::{Picture, file, hash};
use super::xep0153_vcard_avatars::{as_hash, ask, photo};
use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, PresenceType};
use crate::store::StoreEvent;
use crate::xep0004;
use crate::xml::build;

/// What can be done about pictures of rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A room says of itself which pictures it has: by their hashes.
    Told {
        /// Which room.
        room: BareJid,
        /// The hashes; none if there is no picture.
        hashes: Vec<String>,
    },
    /// Show everybody this picture of a room, or none any more. What becomes of it is a
    /// [`Fact::Saved`](crate::store::Fact).
    Set {
        /// By which whoever asks knows the answer.
        request: String,
        /// Which room.
        room: BareJid,
        /// The picture.
        picture: Option<Picture>,
    },
}

/// So many cards are asked for at a time.
const AT_ONCE: usize = 4;
/// A card has one picture in so many formats, at most.
const MOST_FORMATS: usize = 8;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RoomAvatars {
    known: SortedMap<BareJid, Known>,
    #[serde(skip)]
    wanted: SortedMap<BareJid, Told>,
    #[serde(skip)]
    fetching: SortedMap<Ticket, (BareJid, Told)>,
    #[serde(skip)]
    setting: SortedMap<Ticket, Setting>,
}

/// The picture that we have of a room.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    hash: String,
    /// Whether the room tells of it in what it says of itself, where it will also say that it
    /// is gone.
    described: bool,
}

/// The hashes that a room tells of, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    hashes: Vec<String>,
    described: bool,
}

/// A picture on its way: first the card is read, for there may be more on it.
#[derive(Debug)]
struct Setting {
    request: String,
    room: BareJid,
    picture: Option<Picture>,
    /// Whether the answer that is awaited is the one to the new card.
    told: bool,
}

impl Module for RoomAvatars {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0486",
            title: "MUC Avatars",
            version: "0.1.0",
        }
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        // Whoever is asked what it is tells it again.
        self.wanted.clear();
        self.fetching.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        match command {
            AnyCommand::RoomAvatar(Command::Told { room, hashes }) => {
                let told = Told {
                    hashes: hashes.clone(),
                    described: true,
                };
                self.told(ctx, room, told);
                Flow::Stop
            }
            AnyCommand::RoomAvatar(Command::Set {
                request,
                room,
                picture,
            }) => {
                let setting = Setting {
                    request: request.clone(),
                    room: room.clone(),
                    picture: picture.clone(),
                    told: false,
                };
                if ctx.core.established {
                    let ticket = ask(ctx, Jid::from(room.clone()));
                    self.setting.insert(ticket, setting);
                } else {
                    ctx.saved(setting.request, Err(NoResult::Lost));
                }
                Flow::Stop
            }
            AnyCommand::Muc(
                xep0045_muc::Command::Leave { room } | xep0045_muc::Command::Follow { room },
            ) => {
                self.forget(ctx, room);
                Flow::Continue
            }
            _ => Flow::Continue,
        }
    }

    /// Rooms told of it in this way before there was another.
    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        if let (PresenceType::Available, Some(from)) = (&presence.kind, &presence.from)
            && from.resource().is_none()
            && let Some(photo) = photo(presence)
        {
            let told = Told {
                hashes: as_hash(&photo).into_iter().collect(),
                described: false,
            };
            if !told.hashes.is_empty() || photo.is_empty() {
                self.told(ctx, &from.to_bare(), told);
            }
        }
        Flow::Continue
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if let Some(setting) = self.setting.remove(&ticket) {
            return self.go_on(ctx, setting, response);
        }
        let Some((room, told)) = self.fetching.remove(&ticket) else {
            return;
        };
        if response == Err(NoResult::Lost) {
            return;
        }
        match response
            .ok()
            .flatten()
            .and_then(|card| image(&card, &told.hashes))
        {
            Some(image) => self.show(ctx, room, image, told.described),
            None => ctx.warn("skipped a room's picture that is not what was announced"),
        }
        self.fetch(ctx);
    }

    fn part(&self) -> Option<&'static str> {
        Some("room-avatars")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let saved = decode(saved).map(|saved| *self = saved);
        saved.is_some()
    }
}

impl RoomAvatars {
    fn told(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, told: Told) {
        if !ctx.core.rooms.contains_key(room) {
            return;
        }
        let known = self.known.get(room);
        if told.hashes.is_empty() {
            self.wanted.remove(room);
            if known.is_some_and(|known| known.described || !told.described) {
                self.forget(ctx, room);
            }
            return;
        }
        let is_shown = known.is_some_and(|known| told.hashes.contains(&known.hash));
        if is_shown && told.described {
            self.is_described(ctx, room);
        }
        let under_way =
            |(other, asked): &(BareJid, Told)| other == room && asked.hashes == told.hashes;
        if !is_shown && !self.fetching.values().any(under_way) {
            self.wanted.insert(room.clone(), told);
            self.fetch(ctx);
        }
    }

    fn fetch(&mut self, ctx: &mut Ctx<'_>) {
        while self.fetching.keys().len() < AT_ONCE
            && let Some((room, told)) = self.wanted.pop_first()
        {
            let ticket = ask(ctx, Jid::from(room.clone()));
            self.fetching.insert(ticket, (room, told));
        }
    }

    fn show(&mut self, ctx: &mut Ctx<'_>, room: BareJid, image: Vec<u8>, described: bool) {
        let hash = hash(&image);
        self.known.insert(room.clone(), Known { hash, described });
        ctx.changed();
        ctx.core.durable.due = true;
        ctx.event(StoreEvent::Avatar {
            jid: room,
            image: Some(image),
        });
    }

    fn is_described(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        if let Some(known) = self.known.get_mut(room)
            && !known.described
        {
            known.described = true;
            ctx.changed();
        }
    }

    fn forget(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        if self.known.remove(room).is_some() {
            ctx.changed();
            ctx.event(StoreEvent::Avatar {
                jid: room.clone(),
                image: None,
            });
        }
    }

    /// The room has answered to one of the two steps.
    fn go_on(&mut self, ctx: &mut Ctx<'_>, mut setting: Setting, response: Response) {
        if setting.told {
            if response.is_ok() {
                match setting.picture {
                    Some(picture) => self.show(ctx, setting.room, picture.bytes, false),
                    None => self.forget(ctx, &setting.room),
                }
            }
            return ctx.saved(setting.request, response.map(drop));
        }
        let card = match response {
            // There may be none yet, which rooms say in different ways.
            Ok(card) => card,
            Err(NoResult::Error(_)) => None,
            Err(error) => return ctx.saved(setting.request, Err(error)),
        };
        let card = with_photo(card, setting.picture.as_ref());
        let ticket = ctx.set(Some(Jid::from(setting.room.clone())), card);
        setting.told = true;
        self.setting.insert(ticket, setting);
    }
}

/// The hashes of a room's pictures, as it says in what it says of itself.
pub(super) fn told_of(info: &Element) -> Vec<String> {
    let form = xep0004::extension(info, xep0045_muc::ROOM_INFO);
    let values = form.map(|form| xep0004::values(form, "muc#roominfo_avatarhash"));
    let hashes = values.into_iter().flatten();
    hashes
        .filter_map(|text| as_hash(text.trim()))
        .take(MOST_FORMATS)
        .collect()
}

/// The first picture of a card that has one of these hashes.
fn image(card: &Element, hashes: &[String]) -> Option<Vec<u8>> {
    let photos = card.children().filter(|child| child.is("PHOTO", ns::VCARD));
    let images = photos.take(MOST_FORMATS).filter_map(|photo| {
        let image = file(&photo.get_child("BINVAL", ns::VCARD)?.text())?;
        hashes.contains(&hash(&image)).then_some(image)
    });
    images.into_iter().next()
}

/// The card with another picture, or none.
fn with_photo(card: Option<Element>, picture: Option<&Picture>) -> Element {
    let others = card.iter().flat_map(Element::children);
    let others = others
        .filter(|child| !child.is("PHOTO", ns::VCARD))
        .cloned();
    let photo = picture.map(|picture| {
        let part = |name, text: &str| build(name, ns::VCARD).text(text).done();
        build("PHOTO", ns::VCARD)
            .child(part("TYPE", &picture.media_type))
            .child(part("BINVAL", &STANDARD.encode(&picture.bytes)))
            .done()
    });
    build("vCard", ns::VCARD)
        .children(others.chain(photo))
        .done()
}
