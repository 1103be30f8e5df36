//! Which rooms a service has, and what they say of themselves (XEP-0045 6.3, 6.4).

use std::collections::VecDeque;

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use super::{LONGEST_NAME, LONGEST_SUBJECT, making};
use crate::foreign::{lines, one_line};
use crate::iq::{NoResult, Response, Ticket};
use crate::module::Ctx;
use crate::service::{self, Looked, Lookup};
use crate::sorted_map::SortedMap;
use crate::store::{About, ListedRoom, PageAnswer, RoomsAnswer, RoomsPage};
use crate::xep0004;
use crate::xep0059;
use crate::xml::build;

/// So many rooms a page is to have (XEP-0059), and at most has.
const PAGE: usize = 100;
const MOST_ROOMS: usize = 2_000;
/// So many rooms are asked at a time what they are, and so many wait to be.
const AT_A_TIME: usize = 4;
const MOST_WAITING: usize = 64;

/// What rooms say of themselves, in a form (15.5.5 and XEP-0128).
pub(in crate::modules) const ROOM_INFO: &str = "http://jabber.org/protocol/muc#roominfo";

#[derive(Debug, Default)]
pub(super) struct Directory {
    asked: SortedMap<Ticket, Asked>,
    /// The way to the rooms of a server that isn't a service of rooms itself.
    lookup: Lookup,
    /// For which question.
    looking: Option<String>,
    /// Rooms that are in view and haven't been asked yet.
    waiting: VecDeque<BareJid>,
}

#[derive(Debug)]
enum Asked {
    /// What somebody has typed, what it is.
    Kind(String, BareJid),
    /// A service, which rooms it has; after which of them.
    Rooms(String, BareJid, Option<String>),
    /// A room, what it is.
    Room(BareJid),
}

impl Directory {
    /// The session is over; what was asked in it has been answered.
    pub(super) fn stop(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(request) = self.looking.take() {
            page(ctx, request, Err(NoResult::Lost));
        }
        *self = Self::default();
    }

    /// The rooms of a service, or of whichever part of a server has rooms; with `after`, those that
    /// come after this one.
    pub(super) fn browse(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        service: BareJid,
        after: Option<String>,
    ) {
        if !ctx.core.established {
            return page(ctx, request, Err(NoResult::Lost));
        }
        if after.is_some() {
            return self.list(ctx, request, service, after);
        }
        let query = build("query", ns::DISCO_INFO).done();
        let ticket = ctx.get(Some(Jid::from(service.clone())), query);
        self.asked.insert(ticket, Asked::Kind(request, service));
    }

    /// These rooms are in view. What others weren't asked yet they aren't any more.
    pub(super) fn describe(&mut self, ctx: &mut Ctx<'_>, rooms: &[BareJid]) {
        self.waiting = rooms.iter().take(MOST_WAITING).cloned().collect();
        self.go_on(ctx);
    }

    /// Takes the answer to a request, if it was made here.
    pub(super) fn take(
        &mut self,
        ctx: &mut Ctx<'_>,
        ticket: Ticket,
        response: &Response,
    ) -> Option<()> {
        if let Some(looked) = self.lookup.take(ctx, ticket, response, ns::MUC) {
            self.looked(ctx, looked);
            return Some(());
        }
        match self.asked.remove(&ticket)? {
            Asked::Kind(request, service) => match response {
                Ok(Some(info)) if service::has(info, ns::MUC) => {
                    self.list(ctx, request, service, None);
                }
                Ok(_) => {
                    self.lookup.stop();
                    self.lookup.begin_at(ctx, Jid::from(service));
                    self.looking = Some(request);
                }
                Err(error) => page(ctx, request, Err(error.clone())),
            },
            Asked::Rooms(request, service, after) => {
                let items = match response {
                    Ok(items) => Ok(rooms(service, after.as_deref(), items.as_ref())),
                    Err(error) => Err(error.clone()),
                };
                page(ctx, request, items);
            }
            Asked::Room(room) => {
                let info = response.as_ref().ok().and_then(Option::as_ref);
                let about = info.map(about).unwrap_or_default();
                tell(ctx, RoomsAnswer::Room { room, about });
                self.go_on(ctx);
            }
        }
        Some(())
    }

    fn looked(&mut self, ctx: &mut Ctx<'_>, looked: Looked) {
        let request = match looked {
            Looked::On => return,
            Looked::Service(..) | Looked::Nobody => self.looking.take(),
        };
        match (request, looked) {
            (Some(request), Looked::Service(service, _)) => {
                self.list(ctx, request, service.to_bare(), None);
            }
            (Some(request), _) => page(ctx, request, Err(making::refused("item-not-found"))),
            (None, _) => {}
        }
    }

    fn list(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        service: BareJid,
        after: Option<String>,
    ) {
        let set = xep0059::page(PAGE, "after", after.as_deref());
        let query = build("query", ns::DISCO_ITEMS).child(set);
        let ticket = ctx.get(Some(Jid::from(service.clone())), query.done());
        self.asked
            .insert(ticket, Asked::Rooms(request, service, after));
    }

    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        let is_room = |asked: &&Asked| matches!(asked, Asked::Room(_));
        let mut under_way = self.asked.values().filter(is_room).count();
        while under_way < AT_A_TIME
            && let Some(room) = self.waiting.pop_front()
        {
            let asked = |asked: &Asked| matches!(asked, Asked::Room(known) if *known == room);
            if !ctx.core.established || self.asked.values().any(asked) {
                continue;
            }
            let query = build("query", ns::DISCO_INFO).done();
            let ticket = ctx.get(Some(Jid::from(room.clone())), query);
            self.asked.insert(ticket, Asked::Room(room));
            under_way += 1;
        }
    }
}

fn page(ctx: &mut Ctx<'_>, request: String, outcome: Result<RoomsPage, NoResult>) {
    let outcome = outcome.map_err(Into::into);
    tell(ctx, RoomsAnswer::Page { request, outcome });
}

fn tell(ctx: &mut Ctx<'_>, answer: RoomsAnswer) {
    ctx.answer_page(PageAnswer::Rooms(answer));
}

/// Those of a service that are rooms (6.3).
fn rooms(service: BareJid, after: Option<&str>, items: Option<&Element>) -> RoomsPage {
    let children = items.into_iter().flat_map(Element::children);
    let items_of = children.filter(|item| item.is("item", ns::DISCO_ITEMS));
    let rooms = items_of.filter_map(|item| {
        let room: BareJid = item.attr("jid")?.parse().ok()?;
        // What has no name before the @ is a part of a service.
        room.node()?;
        let name = item
            .attr("name")
            .and_then(|name| one_line(name, LONGEST_NAME));
        Some(ListedRoom {
            jid: room,
            name,
            about: None,
        })
    });
    let rooms: Vec<_> = rooms.take(MOST_ROOMS).collect();
    RoomsPage {
        service,
        next: items.and_then(|items| xep0059::next(items, rooms.len(), PAGE, after)),
        rooms,
    }
}

/// What a room says of itself.
pub(super) fn about(info: &Element) -> About {
    let form = xep0004::extension(info, ROOM_INFO);
    let value = |name: &str| xep0004::value(form?, name);
    let mut features = info.children().filter_map(|child| child.attr("var"));
    let identity = info.get_child("identity", ns::DISCO_INFO);
    let name = identity.and_then(|identity| identity.attr("name"));
    About {
        name: name.and_then(|name| one_line(name, LONGEST_NAME)),
        description: value("muc#roominfo_description")
            .and_then(|description| lines(&description, LONGEST_SUBJECT)),
        people: value("muc#roominfo_occupants").and_then(|count| count.parse().ok()),
        closed: features.any(|feature| feature == "muc_membersonly"),
    }
}
