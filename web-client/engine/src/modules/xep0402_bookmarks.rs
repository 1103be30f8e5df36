//! XEP-0402 PEP Native Bookmarks 1.2.0: the rooms that we want to find again everywhere.
//!
//! Where there are none, those of older clients are read and kept in the way of today: XEP-0048,
//! in its personal node or, before that, in private storage (XEP-0049).

use std::collections::VecDeque;

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::modules::{xep0045_muc, xep0492_notifications};
use crate::private_node::{self, NodeOption, OPTIONS, PRIVATE};
use crate::sorted_map::SortedMap;
use crate::store::{Bookmark, Hear, RoomChange, StoreEvent};
use crate::xml::{self, Frame, build, write};

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Hear of this in a room, on all devices (XEP-0492).
    Hear {
        /// Which.
        room: BareJid,
        /// What.
        hear: Hear,
    },
}

/// More rooms than this are nobody's.
const MOST: usize = 2000;
/// So many bookmarks are on their way to the server at a time.
const AT_ONCE: usize = 8;
/// XEP-0049.
const PRIVATE_STORAGE: &str = "jabber:iq:private";
/// What other clients have added to a bookmark is kept up to this length, in bytes.
const LONGEST_EXTENSIONS: usize = 16 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bookmarks {
    known: SortedMap<BareJid, Conference>,
    /// Whether the server has told us all of them in this session.
    whole: bool,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
    /// What the server has still to be told.
    #[serde(skip)]
    unsent: VecDeque<BareJid>,
}

/// A bookmark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Conference {
    name: Option<String>,
    autojoin: bool,
    nick: Option<String>,
    password: Option<String>,
    /// What we don't know of is written back as it was (XEP-0402 3.3).
    extensions: Option<String>,
    /// Whether the server doesn't have it so yet.
    unsaved: bool,
}

#[derive(Debug)]
enum Asked {
    All,
    /// What clients of XEP-0048 have left in its node.
    Legacy,
    /// What they have left in private storage.
    Older,
    /// A change, and whether it is the second attempt.
    Publish(BareJid, bool),
}

impl Module for Bookmarks {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0402",
            title: "PEP Native Bookmarks",
            version: "1.2.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &["urn:xmpp:bookmarks:1+notify"]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed && (self.whole || !self.asked.is_empty()) {
            return;
        }
        self.whole = ctx.core.guest;
        if !self.whole {
            self.read(ctx, ns::BOOKMARKS2, Asked::All);
        }
        ctx.changed();
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
        self.unsent.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        match command {
            AnyCommand::Muc(xep0045_muc::Command::Join {
                room,
                nick,
                password,
            }) => {
                let mut conference = self.known.get(room).cloned().unwrap_or_default();
                conference.autojoin = true;
                conference.nick = nick.clone().or(conference.nick);
                conference.password = password.clone().or(conference.password);
                self.publish(ctx, room.clone(), conference);
            }
            AnyCommand::Muc(xep0045_muc::Command::Made { room }) => {
                let mut conference = self.known.get(room).cloned().unwrap_or_default();
                conference.autojoin = true;
                self.publish(ctx, room.clone(), conference);
            }
            AnyCommand::Muc(xep0045_muc::Command::Renamed { room, nick }) => {
                if let Some(known) = self.known.get(room) {
                    let nick = Some(nick.clone());
                    let conference = Conference {
                        nick,
                        ..known.clone()
                    };
                    self.publish(ctx, room.clone(), conference);
                }
            }
            AnyCommand::Muc(xep0045_muc::Command::Leave { room }) => {
                // It stays a bookmark: other devices leave too (XEP-0402 3.4).
                if let Some(known) = self.known.get(room) {
                    let autojoin = false;
                    let conference = Conference {
                        autojoin,
                        ..known.clone()
                    };
                    self.publish(ctx, room.clone(), conference);
                }
            }
            AnyCommand::Bookmark(Command::Hear { room, hear }) => {
                let mut conference = self.known.get(room).cloned().unwrap_or_default();
                conference.want_to_hear(*hear);
                self.publish(ctx, room.clone(), conference);
                return Flow::Stop;
            }
            _ => {}
        }
        Flow::Continue
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        if node != ns::BOOKMARKS2 || ctx.account() != Some(from) {
            return;
        }
        for item in items {
            let Some(room) = item.attr("id").and_then(|id| id.parse().ok()) else {
                continue;
            };
            match conference(item) {
                // What we have published comes back to us.
                Some(conference) if self.knows(&room, &conference) => {}
                Some(conference) => self.learn(ctx, room, conference),
                // Another device has removed it.
                None if item.name() == "retract" => {
                    self.forget(ctx, &room);
                    ctx.command(AnyCommand::Muc(xep0045_muc::Command::Follow { room }));
                }
                None => {}
            }
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match (self.asked.remove(&ticket), response) {
            (_, Err(NoResult::Lost)) | (None, _) => {}
            (Some(Asked::All), response) => {
                let none = match &response {
                    Ok(_) => false,
                    Err(NoResult::Error(error)) => error.condition == "item-not-found",
                    Err(_) => return ctx.warn("the server doesn't tell our bookmarks"),
                };
                let all = response.ok().flatten().map(|all| items(&all));
                let all = all.unwrap_or_default();
                self.whole = true;
                ctx.changed();
                let ours = self.known.values().all(|conference| conference.unsaved);
                if all.is_empty() && (none || ours) {
                    self.read(ctx, ns::BOOKMARKS, Asked::Legacy);
                }
                self.learn_all(ctx, all);
            }
            (Some(Asked::Legacy), response) => {
                let answer = response.ok().flatten();
                let item = answer.as_ref().map(private_node::items);
                let more = legacy(item.and_then(|mut items| items.next()));
                if more.is_empty() {
                    self.read_private_storage(ctx);
                }
                self.learn_more(ctx, more);
            }
            (Some(Asked::Older), response) => {
                let more = legacy(response.ok().flatten().as_ref());
                self.learn_more(ctx, more);
            }
            (Some(Asked::Publish(room, false)), Err(NoResult::Error(_))) => {
                // Older services know fewer options; what matters is who may read it.
                self.send(ctx, room, &[PRIVATE], true);
            }
            (Some(Asked::Publish(..)), Err(_)) => {
                ctx.warn("the server didn't keep a bookmark");
                self.send_more(ctx);
            }
            (Some(Asked::Publish(room, _)), Ok(_)) => {
                if let Some(conference) = self.known.get_mut(&room) {
                    conference.unsaved = false;
                    ctx.changed();
                }
                self.send_more(ctx);
            }
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("bookmarks")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl Bookmarks {
    fn read(&mut self, ctx: &mut Ctx<'_>, node: &str, asked: Asked) {
        let ticket = ctx.get(None, private_node::read(node));
        self.asked.insert(ticket, asked);
    }

    fn knows(&self, room: &BareJid, news: &Conference) -> bool {
        self.known.get(room).is_some_and(|known| {
            let unsaved = known.unsaved;
            *known
                == Conference {
                    unsaved,
                    ..news.clone()
                }
        })
    }

    /// What isn't there any more, another device has removed, unless it never was there.
    fn learn_all(&mut self, ctx: &mut Ctx<'_>, all: Vec<(BareJid, Conference)>) {
        let gone = |room: &BareJid| all.iter().all(|(known, _)| known != room);
        let known = self.known.iter();
        let (ours, theirs): (Vec<_>, Vec<_>) = known
            .map(|(room, conference)| (room.clone(), conference.unsaved))
            .partition(|(_, unsaved)| *unsaved);
        self.unsent = ours.iter().map(|(room, _)| room.clone()).collect();
        self.send_more(ctx);
        for (room, _) in theirs.into_iter().filter(|(room, _)| gone(room)) {
            self.forget(ctx, &room);
            ctx.command(AnyCommand::Muc(xep0045_muc::Command::Follow { room }));
        }
        let news = all.into_iter();
        for (room, conference) in
            news.filter(|(room, _)| ours.iter().all(|(known, _)| known != room))
        {
            self.learn(ctx, room, conference);
        }
    }

    /// What an older client has kept, elsewhere. Meanwhile we may know better. From now on it
    /// is kept with the others, for where there is one of these nobody looks elsewhere.
    fn learn_more(&mut self, ctx: &mut Ctx<'_>, more: Vec<(BareJid, Conference)>) {
        for (room, conference) in more {
            if !self.known.contains_key(&room) {
                self.unsent.push_back(room.clone());
                let unsaved = true;
                self.learn(
                    ctx,
                    room,
                    Conference {
                        unsaved,
                        ..conference
                    },
                );
            }
        }
        self.send_more(ctx);
    }

    fn read_private_storage(&mut self, ctx: &mut Ctx<'_>) {
        let storage = build("storage", ns::BOOKMARKS).done();
        let query = build("query", PRIVATE_STORAGE).child(storage).done();
        let ticket = ctx.get(None, query);
        self.asked.insert(ticket, Asked::Older);
    }

    fn send_more(&mut self, ctx: &mut Ctx<'_>) {
        while self.asked.keys().len() < AT_ONCE
            && let Some(room) = self.unsent.pop_front()
        {
            self.send(ctx, room, OPTIONS, false);
        }
    }

    fn learn(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, conference: Conference) {
        if self.known.keys().len() >= MOST && !self.known.contains_key(&jid) {
            return;
        }
        let bookmark = Some(conference.bookmark());
        let before = self.known.insert(jid.clone(), conference.clone());
        ctx.changed();
        let room = jid.clone();
        let change = RoomChange::Bookmark(bookmark);
        ctx.event(StoreEvent::Room { jid, change });
        let Conference {
            autojoin,
            nick,
            password,
            ..
        } = conference;
        if autojoin {
            let back = xep0045_muc::Command::Return {
                room,
                nick,
                password,
            };
            ctx.command(AnyCommand::Muc(back));
        } else if before.is_some_and(|before| before.autojoin) {
            ctx.command(AnyCommand::Muc(xep0045_muc::Command::Follow { room }));
        }
    }

    fn forget(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        self.known.remove(room);
        ctx.changed();
        ctx.event(StoreEvent::Room {
            jid: room.clone(),
            change: RoomChange::Bookmark(None),
        });
    }

    fn publish(&mut self, ctx: &mut Ctx<'_>, room: BareJid, conference: Conference) {
        if self.known.get(&room) == Some(&conference) {
            return;
        }
        let unsaved = true;
        let conference = Conference {
            unsaved,
            ..conference
        };
        let bookmark = conference.bookmark();
        self.known.insert(room.clone(), conference);
        ctx.changed();
        ctx.event(StoreEvent::Room {
            jid: room.clone(),
            change: RoomChange::Bookmark(Some(bookmark)),
        });
        if ctx.core.established && !ctx.core.guest {
            self.send(ctx, room, OPTIONS, false);
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, room: BareJid, options: &[NodeOption], again: bool) {
        let Some(conference) = self.known.get(&room) else {
            return;
        };
        let (id, element) = (room.as_str(), conference.element());
        let pubsub = private_node::publish(ns::BOOKMARKS2, id, element, options);
        let ticket = ctx.set(None, pubsub);
        self.asked.insert(ticket, Asked::Publish(room, again));
    }
}

impl Conference {
    /// As people see it.
    fn bookmark(&self) -> Bookmark {
        let extensions = self.extensions();
        Bookmark {
            name: self.name.clone(),
            autojoin: self.autojoin,
            hear: extensions.and_then(|known| xep0492_notifications::read(&known)),
        }
    }

    fn extensions(&self) -> Option<Element> {
        match xml::parse(self.extensions.as_deref()?) {
            Ok(Frame::Element(known)) => Some(known),
            _ => None,
        }
    }

    fn want_to_hear(&mut self, hear: Hear) {
        let known = self.extensions();
        let known = known.unwrap_or_else(|| build("extensions", ns::BOOKMARKS2).done());
        self.extensions = Some(write(&xep0492_notifications::write(known, hear)));
    }

    fn element(&self) -> Element {
        let child = |name: &'static str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| build(name, ns::BOOKMARKS2).text(text).done())
        };
        build("conference", ns::BOOKMARKS2)
            .attr("name", self.name.as_deref())
            .attr("autojoin", if self.autojoin { "true" } else { "false" })
            .children(child("nick", &self.nick))
            .children(child("password", &self.password))
            .children(self.extensions())
            .done()
    }

    /// In either form: they say the same in two namespaces.
    fn read(element: &Element) -> Self {
        let text = |name| xml::child_text(element, name).filter(|text| !text.is_empty());
        let extensions = element.get_child("extensions", ns::BOOKMARKS2).map(write);
        Self {
            name: element
                .attr("name")
                .filter(|name| !name.trim().is_empty())
                .map(str::to_owned),
            autojoin: matches!(element.attr("autojoin"), Some("true" | "1")),
            nick: text("nick"),
            password: text("password"),
            extensions: extensions.filter(|text| text.len() <= LONGEST_EXTENSIONS),
            unsaved: false,
        }
    }
}

fn conference(item: &Element) -> Option<Conference> {
    let conference = item.get_child("conference", ns::BOOKMARKS2)?;
    Some(Conference::read(conference))
}

fn items(answer: &Element) -> Vec<(BareJid, Conference)> {
    private_node::items(answer)
        .filter_map(|item| Some((item.attr("id")?.parse().ok()?, conference(item)?)))
        .take(MOST)
        .collect()
}

/// XEP-0048 3: all of them in one element, which is in this one.
fn legacy(whole: Option<&Element>) -> Vec<(BareJid, Conference)> {
    let storage = whole.and_then(|whole| whole.get_child("storage", ns::BOOKMARKS));
    let conferences = storage.into_iter().flat_map(Element::children);
    conferences
        .filter(|child| child.is("conference", ns::BOOKMARKS))
        .filter_map(|child| Some((child.attr("jid")?.parse().ok()?, Conference::read(child))))
        .take(MOST)
        .collect()
}
