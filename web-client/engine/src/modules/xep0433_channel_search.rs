//! XEP-0433 Extended Channel Search 0.1.0: public rooms of all servers, by what they say of
//! themselves.
//!
//! The XEP was made of search.jabber.network's own protocol, which differs in names, and which
//! that service and others still have nothing else but. Who knows which shows in the answer, so
//! nothing is asked before the search itself: it goes in the XEP's names, again in the older ones
//! if nobody knows those, and from then on in these.

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0045_muc::{LONGEST_NAME, LONGEST_SUBJECT};
use crate::foreign::{lines, one_line};
use crate::input::Command;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::StanzaError;
use crate::store::{About, ListedRoom, NotSaved, PageAnswer, RoomsAnswer, RoomsPage};
use crate::xep0059;
use crate::xml::{build, child_text};

/// So many rooms a page is to have, and of one that has more so many are looked at.
const PAGE: usize = 50;
const MOST_ROOMS: usize = 500;
/// The longest text to look for, in characters.
const LONGEST_WORDS: usize = 200;
/// A service that is asked too often is left alone for so long, or for as long as it says.
const QUIET_TIME: Duration = Duration::from_secs(30);
const LONGEST_QUIET: Duration = Duration::from_secs(3_600);

/// It is asked too often (3.2.2.4).
const TOO_OFTEN: &str = "resource-constraint";

/// A search. The answer is a [`RoomsAnswer::Page`], whose rooms say already what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// By which whoever asks knows the answer.
    pub request: String,
    /// Who is asked.
    pub service: Jid,
    /// What rooms are to have in their names, descriptions or addresses.
    pub words: String,
    /// Only those after this one, as an earlier answer calls it.
    pub after: Option<String>,
}

/// What is called otherwise in the two protocols.
#[derive(Debug, PartialEq)]
struct Names {
    namespace: &'static str,
    form: &'static str,
    in_address: &'static str,
    by_people: &'static str,
}

const XEP: Names = Names {
    namespace: "urn:xmpp:channel-search:0:search",
    form: "urn:xmpp:channel-search:0:search-params",
    in_address: "sinaddress",
    by_people: "{urn:xmpp:channel-search:0:order}nusers",
};

const OLDER: Names = Names {
    namespace: "https://xmlns.zombofant.net/muclumbus/search/1.0",
    form: "https://xmlns.zombofant.net/muclumbus/search/1.0#params",
    in_address: "sinaddr",
    by_people: "nusers",
};

#[derive(Debug, Default)]
pub(crate) struct ChannelSearch {
    asked: SortedMap<Ticket, (Search, &'static Names)>,
    /// Who knows the older names only.
    older: Option<Jid>,
    /// Nobody is asked before.
    quiet_until: Duration,
}

impl Module for ChannelSearch {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0433",
            title: "Extended Channel Search",
            version: "0.1.0",
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &Command) -> Flow {
        let Command::RoomSearch(search) = command else {
            return Flow::Continue;
        };
        let failure = if !ctx.core.established {
            NotSaved::Offline
        } else if ctx.core.now.monotonic < self.quiet_until {
            NotSaved::Refused {
                condition: TOO_OFTEN.to_owned(),
                text: None,
            }
        } else {
            let names = match self.older.as_ref() == Some(&search.service) {
                true => &OLDER,
                false => &XEP,
            };
            self.ask(ctx, search.clone(), names);
            return Flow::Stop;
        };
        answer(ctx, search.request.clone(), Err(failure));
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some((search, names)) = self.asked.remove(&ticket) else {
            return;
        };
        match &response {
            Err(NoResult::Error(error)) if is_unknown(error) => {
                if *names == XEP {
                    return self.ask(ctx, search, &OLDER);
                }
                // It may know others when it is back.
                self.older = None;
            }
            Err(NoResult::Error(error)) if error.condition == TOO_OFTEN => {
                self.quiet_until = ctx.core.now.monotonic + quiet_time(error);
            }
            Ok(_) if *names == OLDER => self.older = Some(search.service.clone()),
            _ => {}
        }
        let me = ctx.account().cloned();
        let page = response.map(|result| found(result.as_ref(), &search, names, me.as_ref()));
        answer(ctx, search.request, page.map_err(Into::into));
    }
}

impl ChannelSearch {
    fn ask(&mut self, ctx: &mut Ctx<'_>, search: Search, names: &'static Names) {
        let field = |var: &str, kind: &str, value: &str| {
            let field = build("field", ns::DATA_FORMS).attr("var", var);
            let value = build("value", ns::DATA_FORMS).text(value).done();
            field.attr("type", kind).child(value).done()
        };
        // A quotation mark that has no other is an error to who takes words between two for one.
        let words = search.words.replace(['"', '\'', '\\'], " ");
        let words: String = words.chars().take(LONGEST_WORDS).collect();
        // With types: search.jabber.network takes the form for none whose FORM_TYPE isn't hidden.
        let form = build("x", ns::DATA_FORMS)
            .attr("type", "submit")
            .child(field("FORM_TYPE", "hidden", names.form))
            .child(field("q", "text-single", &words))
            .child(field("sinname", "boolean", "true"))
            .child(field("sindescription", "boolean", "true"))
            .child(field(names.in_address, "boolean", "true"))
            .child(field("min_users", "text-single", "1"))
            .child(field("key", "list-single", names.by_people));
        let query = build("search", names.namespace)
            .child(xep0059::page(PAGE, "after", search.after.as_deref()))
            .child(form.done());
        let ticket = ctx.get(Some(search.service.clone()), query.done());
        self.asked.insert(ticket, (search, names));
    }
}

fn answer(ctx: &mut Ctx<'_>, request: String, outcome: Result<RoomsPage, NotSaved>) {
    ctx.answer_page(PageAnswer::Rooms(RoomsAnswer::Page { request, outcome }));
}

/// Whether a service doesn't know what it is asked, or isn't there.
fn is_unknown(error: &StanzaError) -> bool {
    matches!(
        error.condition.as_str(),
        "feature-not-implemented" | "service-unavailable"
    )
}

/// For how long a service wants to be left alone (3.2.2.4).
fn quiet_time(error: &StanzaError) -> Duration {
    let limit = error.application.as_ref();
    let seconds = limit.and_then(|limit| limit.attr("retry-after")?.parse().ok());
    seconds.map_or(QUIET_TIME, |seconds| {
        Duration::from_secs(seconds).min(LONGEST_QUIET)
    })
}

/// The rooms of an answer (4.2).
fn found(
    result: Option<&Element>,
    search: &Search,
    names: &Names,
    me: Option<&BareJid>,
) -> RoomsPage {
    let children = result.into_iter().flat_map(Element::children);
    let items = children.filter(|item| item.is("item", names.namespace));
    let items: Vec<_> = items.take(MOST_ROOMS).collect();
    let rooms = items.iter().filter_map(|item| room(item));
    let after = search.after.as_deref();
    RoomsPage {
        service: search.service.to_bare(),
        rooms: rooms.filter(|room| me != Some(&room.jid)).collect(),
        next: result.and_then(|result| xep0059::next(result, items.len(), PAGE, after)),
    }
}

/// `None` if it is nothing that one could go into.
fn room(item: &Element) -> Option<ListedRoom> {
    let jid: BareJid = item.attr("address")?.parse().ok()?;
    jid.node()?;
    let text = |name| child_text(item, name);
    if text("service-type").is_some_and(|kind| kind != "xep-0045") {
        return None;
    }
    // Empty in the XEP's examples and with those who have it, a boolean by its table.
    let open = text("is-open").is_some_and(|open| !matches!(open.as_str(), "false" | "0"));
    let about = About {
        name: text("name").and_then(|name| one_line(&name, LONGEST_NAME)),
        description: text("description").and_then(|text| lines(&text, LONGEST_SUBJECT)),
        people: text("nusers").and_then(|count| count.parse().ok()),
        closed: !open,
    };
    Some(ListedRoom {
        jid,
        name: None,
        about: Some(about),
    })
}
