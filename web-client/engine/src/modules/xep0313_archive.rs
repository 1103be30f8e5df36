//! XEP-0313 Message Archive Management 1.1.3: the past, and what was missed.
//!
//! After a new session has begun, everything since the last message we know of is
//! read before anything that was on the wire is sent again. Older messages come
//! a page at a time when somebody scrolls to them.

use std::collections::BTreeMap;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::rfc6121_message::archive_id;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::stanza;
use crate::store::{Older, Provenance, StoreEvent};
use crate::xml::{self, build};

/// What a person can ask of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Read a page before the oldest message that is here, or the newest page if none is.
    Older {
        /// Of which conversation.
        conversation: BareJid,
    },
}

/// Messages a page.
const PAGE: usize = 50;
/// Messages read at first, over all conversations, when nothing is known yet.
const FIRST_PAGE: usize = 100;
/// What a server may send of a page that we asked `PAGE` or `FIRST_PAGE` of.
const LARGEST_PAGE: usize = 250;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// The newest archived message up to which nothing is missing.
    cursor: Option<String>,
    /// The oldest archived message that is here, by conversation.
    oldest: BTreeMap<BareJid, String>,
    /// Queries under way.
    #[serde(skip)]
    queries: BTreeMap<Ticket, Pending>,
    /// Whether what was missed is still being read: then live messages don't
    /// move the cursor, for there is a gap before them.
    catching_up: bool,
}

#[derive(Debug)]
struct Pending {
    id: String,
    purpose: Purpose,
    /// A page of history, kept until it is whole: it is shown newest first. A
    /// restart asks for it again.
    page: Vec<Incoming>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// What was missed since the cursor.
    CatchUp,
    /// The newest messages of all conversations, where nothing is known.
    Newest,
    /// Before what is here.
    Older(BareJid),
}

impl Module for Archive {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0313",
            title: "Message Archive Management",
            version: "1.1.3",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed && (!self.catching_up || !self.queries.is_empty()) {
            return;
        }
        ctx.core.outbox.hold = true;
        self.catching_up = true;
        ctx.changed();
        self.catch_up(ctx);
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.queries.clear();
        self.catching_up = false;
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Archive(Command::Older { conversation }) = command else {
            return Flow::Continue;
        };
        let purpose = Purpose::Older(conversation.clone());
        let busy = self
            .queries
            .values()
            .any(|pending| pending.purpose == purpose);
        if busy || !ctx.core.established {
            return Flow::Stop;
        }
        let before = self.oldest.get(conversation).cloned().unwrap_or_default();
        let set = page(PAGE, "before", &before);
        self.ask(ctx, purpose, set);
        ctx.event(StoreEvent::Older {
            conversation: conversation.clone(),
            older: Older::Loading,
        });
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(result) = message.payload("result", ns::MAM) else {
            if incoming.origin == Origin::Live {
                self.note_live(ctx, incoming);
            }
            return Flow::Continue;
        };
        // Anybody can write a result; only our own account's are true (XEP-0313 4.2).
        if incoming.origin != Origin::Live || !ctx.is_own_account(message.from.as_ref()) {
            ctx.warn("refused an archived message that is not from our own archive");
            return Flow::Stop;
        }
        self.unwrap(ctx, result);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(Pending { purpose, page, .. }) = self.queries.remove(&ticket) else {
            return;
        };
        for incoming in page.into_iter().rev() {
            ctx.redispatch(incoming);
        }
        let fin = response.and_then(|fin| fin.map(|fin| Fin::read(&fin)).ok_or(NoResult::Timeout));
        match purpose {
            Purpose::Older(conversation) => self.older(ctx, conversation, fin),
            Purpose::CatchUp | Purpose::Newest => self.caught_up(ctx, &purpose, fin),
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("archive")
    }

    fn save(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &str) {
        if let Ok(saved) = serde_json::from_str(saved) {
            *self = saved;
            ctx.core.outbox.hold = self.catching_up;
        }
    }
}

impl Archive {
    fn catch_up(&mut self, ctx: &mut Ctx<'_>) {
        let (purpose, set) = match &self.cursor {
            Some(cursor) => (Purpose::CatchUp, page(PAGE, "after", cursor)),
            None => (Purpose::Newest, page(FIRST_PAGE, "before", "")),
        };
        self.ask(ctx, purpose, set);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>, purpose: Purpose, set: Element) {
        let id = ctx.id();
        let form = match &purpose {
            Purpose::Older(conversation) => Some(only_with(conversation)),
            Purpose::CatchUp | Purpose::Newest => None,
        };
        let query = build("query", ns::MAM)
            .attr("queryid", id.as_str())
            .children(form)
            .child(set);
        let ticket = ctx.set(None, query.done());
        self.queries.insert(
            ticket,
            Pending {
                id,
                purpose,
                page: Vec::new(),
            },
        );
    }

    fn unwrap(&mut self, ctx: &mut Ctx<'_>, result: &Element) {
        ctx.changed();
        let asked = |pending: &&mut Pending| result.attr("queryid") == Some(&pending.id);
        let Some(pending) = self.queries.values_mut().find(asked) else {
            return ctx.warn("refused an archived message that nobody had asked for");
        };
        let (Some(id), Some((message, stamp))) = (result.attr("id"), xml::forwarded(result)) else {
            return ctx.warn("skipped an archived message that can't be read");
        };
        let id = id.to_owned();
        if let Some(other) = other_side(ctx, &message) {
            self.oldest.entry(other).or_insert_with(|| id.clone());
        }
        let provenance = match pending.purpose {
            Purpose::CatchUp => Provenance::CatchUp,
            Purpose::Newest | Purpose::Older(_) => Provenance::History,
        };
        let at = stamp.unwrap_or(ctx.now().wall);
        let origin = Origin::Archive { id, at, provenance };
        let incoming = Incoming { message, origin };
        match provenance {
            Provenance::Live | Provenance::CatchUp => ctx.redispatch(incoming),
            Provenance::History if pending.page.len() < LARGEST_PAGE => pending.page.push(incoming),
            Provenance::History => ctx.warn("refused more of a page than was asked for"),
        }
    }

    fn note_live(&mut self, ctx: &mut Ctx<'_>, incoming: &Incoming) {
        ctx.changed();
        let archived = ctx
            .account()
            .and_then(|account| archive_id(&incoming.message, account));
        let Some(id) = archived else { return };
        if let Some(other) = other_side(ctx, &incoming.message) {
            self.oldest.entry(other).or_insert_with(|| id.clone());
        }
        if !self.catching_up {
            self.cursor = Some(id);
        }
    }

    fn older(&mut self, ctx: &mut Ctx<'_>, conversation: BareJid, fin: Result<Fin, NoResult>) {
        ctx.changed();
        let older = match fin {
            Ok(fin) => {
                if let Some(first) = fin.first {
                    self.oldest.insert(conversation.clone(), first);
                }
                if fin.complete {
                    Older::Complete
                } else {
                    Older::More
                }
            }
            // No archive, so there is nothing older in it either.
            Err(NoResult::Error(error)) if no_archive(&error.condition) => Older::Complete,
            Err(_) => Older::Failed,
        };
        ctx.event(StoreEvent::Older {
            conversation,
            older,
        });
    }

    fn caught_up(&mut self, ctx: &mut Ctx<'_>, purpose: &Purpose, fin: Result<Fin, NoResult>) {
        ctx.changed();
        match fin {
            Ok(fin) => {
                let moved = fin.last.is_some() && fin.last != self.cursor;
                self.cursor = fin.last.or(self.cursor.take());
                if *purpose == Purpose::CatchUp && !fin.complete && moved {
                    return self.catch_up(ctx);
                }
            }
            // The cursor has been deleted from the archive (XEP-0059 2.2).
            Err(NoResult::Error(error))
                if *purpose == Purpose::CatchUp && error.condition == "item-not-found" =>
            {
                self.cursor = None;
                return self.catch_up(ctx);
            }
            Err(NoResult::Lost) => return,
            Err(error) => ctx.warn(format!("the archive can't be read: {error:?}")),
        }
        self.catching_up = false;
        ctx.core.outbox.hold = false;
    }
}

/// How a page ended (XEP-0313 4.3, XEP-0059 2.2).
struct Fin {
    complete: bool,
    first: Option<String>,
    last: Option<String>,
}

impl Fin {
    fn read(fin: &Element) -> Self {
        let set = fin.get_child("set", ns::RSM);
        Self {
            complete: matches!(fin.attr("complete"), Some("true" | "1")),
            first: set.and_then(|set| xml::child_text(set, "first")),
            last: set.and_then(|set| xml::child_text(set, "last")),
        }
    }
}

/// So many messages, before or after one; before nothing are the newest.
fn page(max: usize, direction: &str, id: &str) -> Element {
    build("set", ns::RSM)
        .child(build("max", ns::RSM).text(max.to_string()).done())
        .child(build(direction, ns::RSM).text(id).done())
        .done()
}

/// The filter for one conversation (XEP-0313 4.1.1).
fn only_with(conversation: &BareJid) -> Element {
    let field = |name: &'static str, value: &str| {
        let value = build("value", ns::DATA_FORMS).text(value).done();
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(value)
    };
    build("x", ns::DATA_FORMS)
        .attr("type", "submit")
        .child(field("FORM_TYPE", ns::MAM).attr("type", "hidden").done())
        .child(field("with", conversation.as_str()).done())
        .done()
}

fn no_archive(condition: &str) -> bool {
    matches!(condition, "service-unavailable" | "feature-not-implemented")
}

fn other_side(ctx: &Ctx<'_>, message: &stanza::Message) -> Option<BareJid> {
    let account = ctx.account()?;
    let from = message.from.as_ref().map(Jid::to_bare)?;
    if from == *account {
        message.to.as_ref().map(Jid::to_bare)
    } else {
        Some(from)
    }
}
