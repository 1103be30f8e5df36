//! Running a room: who is what there, who may do what (XEP-0045 8, 9, 10), and its end (10.9).
//!
//! The room alone decides. What comes of it, everybody is told by presences; whoever asked is
//! told besides whether the room has agreed.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use super::{LONGEST_NAME, MUC_OWNER, text};
use crate::foreign;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::store::{Affiliation, AffiliationList, Listed, NotSaved, PageAnswer, Role, Standing};
use crate::xml::build;

/// What those who run a room can do. `request` is what whoever asks calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Somebody is to be something else to a room, or to be able to do something else there.
    Set {
        /// By which the outcome is known.
        request: String,
        /// Which room.
        room: BareJid,
        /// Who, and what.
        standing: Standing,
        /// What everybody is told of why.
        reason: Option<String>,
    },
    /// Who is that to a room, there or not.
    List {
        /// By which the answer is known.
        request: String,
        /// Which room.
        room: BareJid,
        /// What.
        affiliation: Affiliation,
    },
    /// The room is to be no more.
    Destroy {
        /// By which the outcome is known.
        request: String,
        /// Which room.
        room: BareJid,
        /// Where to go instead.
        alternative: Option<BareJid>,
        /// What everybody is told of why.
        reason: Option<String>,
    },
}

const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";

/// A longer list is shown without the rest of it.
const MOST_LISTED: usize = 5_000;

#[derive(Debug, Default)]
pub(crate) struct Admin {
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    Change(String),
    List(String),
}

impl Module for Admin {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0045",
            title: "Multi-User Chat",
            version: "1.35.1",
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::RoomAdmin(command) = command else {
            return Flow::Continue;
        };
        let (request, room) = match command {
            Command::Set { request, room, .. }
            | Command::List { request, room, .. }
            | Command::Destroy { request, room, .. } => (request.clone(), room.clone()),
        };
        let asked = match command {
            Command::List { .. } => Asked::List(request),
            Command::Set { .. } | Command::Destroy { .. } => Asked::Change(request),
        };
        if !ctx.core.established {
            answer(ctx, asked, Err(NoResult::Lost));
            return Flow::Stop;
        }
        let room = Some(Jid::from(room));
        let ticket = match command {
            Command::Set {
                standing, reason, ..
            } => {
                let item = item(standing, reason.as_deref());
                ctx.set(room, build("query", MUC_ADMIN).child(item).done())
            }
            Command::List { affiliation, .. } => {
                let item = build("item", MUC_ADMIN).attr("affiliation", word(*affiliation));
                ctx.get(room, build("query", MUC_ADMIN).child(item.done()).done())
            }
            Command::Destroy {
                alternative,
                reason,
                ..
            } => {
                let destroy = build("destroy", MUC_OWNER)
                    .attr("jid", alternative.as_ref().map(BareJid::to_string))
                    .children(because(MUC_OWNER, reason.as_deref()));
                ctx.set(room, build("query", MUC_OWNER).child(destroy.done()).done())
            }
        };
        self.asked.insert(ticket, asked);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if let Some(asked) = self.asked.remove(&ticket) {
            answer(ctx, asked, response);
        }
    }
}

/// Tells whoever asked what has come of it.
fn answer(ctx: &mut Ctx<'_>, asked: Asked, response: Response) {
    match asked {
        Asked::Change(request) => ctx.saved(request, response.map(|_| ())),
        Asked::List(request) => {
            let outcome = response.map(|query| query.as_ref().map(listed).unwrap_or_default());
            let outcome = outcome.map_err(NotSaved::from);
            let list = AffiliationList { request, outcome };
            ctx.answer_page(PageAnswer::Affiliations(list));
        }
    }
}

fn item(standing: &Standing, reason: Option<&str>) -> Element {
    let item = build("item", MUC_ADMIN);
    let item = match standing {
        Standing::Role(nick, role) => {
            let role = match role {
                Some(Role::Moderator) => "moderator",
                Some(Role::Participant) => "participant",
                Some(Role::Visitor) => "visitor",
                None => "none",
            };
            item.attr("nick", nick.as_str()).attr("role", role)
        }
        Standing::Affiliation(jid, affiliation) => {
            let item = item.attr("jid", jid.to_string());
            item.attr("affiliation", word(*affiliation))
        }
    };
    item.children(because(MUC_ADMIN, reason)).done()
}

fn because(namespace: &'static str, reason: Option<&str>) -> Option<Element> {
    reason.map(|reason| build("reason", namespace).text(reason).done())
}

fn word(affiliation: Affiliation) -> &'static str {
    match affiliation {
        Affiliation::Owner => "owner",
        Affiliation::Admin => "admin",
        Affiliation::Member => "member",
        Affiliation::None => "none",
        Affiliation::Outcast => "outcast",
    }
}

/// What a room calls an affiliation.
pub(super) fn affiliation(word: &str) -> Affiliation {
    match word {
        "owner" => Affiliation::Owner,
        "admin" => Affiliation::Admin,
        "member" => Affiliation::Member,
        "outcast" => Affiliation::Outcast,
        _ => Affiliation::None,
    }
}

/// Those on a list of the room (9.5).
fn listed(query: &Element) -> Vec<Listed> {
    let items = query.children().filter(|item| item.is("item", MUC_ADMIN));
    let one = |item: &Element| {
        let nick = item.attr("nick");
        Some(Listed {
            jid: item.attr("jid")?.parse::<Jid>().ok()?.to_bare(),
            nick: nick.and_then(|nick| foreign::one_line(nick, LONGEST_NAME)),
            reason: text(item, "reason"),
        })
    };
    items.filter_map(one).take(MOST_LISTED).collect()
}
