//! XEP-0313 Message Archive Management 1.1.3: the past, and what was missed.
//!
//! After a new session has begun, everything since the last message we know of is
//! read, a page at a time, before anything that was on the wire is sent again. What
//! of a conversation's history is here is the store's to know; it says from where to
//! where a page is wanted.

use std::time::Duration;

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::envelope::archive_id;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::sorted_map::SortedMap;
use crate::store::{Older, Provenance, StoreEvent};
use crate::timer::Key;
use crate::xep0082;
use crate::xml::{self, build};

/// What a person can ask of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Read a page of what is missing. `Store::older` and `Store::gaps` make these.
    Older {
        /// Of which conversation.
        conversation: BareJid,
        /// The archive's id of what comes after the gap; `None` for the newest page.
        before: Option<String>,
        /// The archive's id of what comes before it, where something does.
        until: Option<String>,
    },
    /// Read what was said at some time, and a page from then on. What is on disk of that
    /// time, a page before and a page after it, has to be loaded first.
    Around {
        /// Of which conversation.
        conversation: BareJid,
        /// When.
        at: Timestamp,
    },
}

/// Messages a page.
const PAGE: usize = 50;
/// Messages read at first, over all conversations, when nothing is known yet.
const FIRST_PAGE: usize = 100;
/// What a server may send of a page that we asked `PAGE` of.
const LARGEST_PAGE: usize = 250;
/// A catch-up that failed is begun again after this time.
const RETRY_TIME: Duration = Duration::from_secs(10);
/// After so many failures, what waits to be sent waits no longer.
const PATIENCE: u8 = 3;

/// By so much, in milliseconds, our clock and the archive's may differ.
const CLOCKS_DIFFER: i64 = 15 * 60 * 1000;

const RETRY: Key = 0;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// The newest archived message up to which nothing is missing.
    cursor: Option<String>,
    /// When that was sent, in case the archive forgets it.
    cursor_at: Option<Timestamp>,
    /// Whether, without a cursor, the archive was empty when it was read.
    from_the_beginning: bool,
    /// Whether what was missed is still being read: then live messages don't
    /// move the cursor, for there is a gap before them.
    catching_up: bool,
    /// How often reading has failed in this session.
    #[serde(skip)]
    failures: u8,
    /// Queries under way.
    #[serde(skip)]
    queries: SortedMap<Ticket, Pending>,
}

#[derive(Debug)]
struct Pending {
    id: String,
    purpose: Purpose,
    /// The cursor when it was asked.
    cursor: Option<String>,
    /// A page of history, kept until it is whole: it is shown newest first.
    page: Vec<(String, Incoming)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// What was missed since the cursor.
    CatchUp,
    /// The same where the archive has forgotten the cursor, by time.
    CatchUpSince(Timestamp),
    /// The newest messages of all conversations, where nothing is known.
    Newest,
    /// A gap in a conversation.
    Older {
        conversation: BareJid,
        before: Option<String>,
        until: Option<String>,
    },
    Around(BareJid, Timestamp),
}

impl Purpose {
    fn is_catch_up(&self) -> bool {
        matches!(self, Self::CatchUp | Self::CatchUpSince(_) | Self::Newest)
    }

    /// How its messages come to us.
    fn provenance(&self) -> Provenance {
        match self {
            Self::CatchUp | Self::CatchUpSince(_) => Provenance::CatchUp,
            Self::Newest => Provenance::Before,
            Self::Older { .. } | Self::Around(..) => Provenance::History,
        }
    }
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
        if resumed && (!self.catching_up || self.is_busy()) {
            return;
        }
        self.failures = 0;
        self.catching_up = true;
        ctx.core.catching_up = true;
        ctx.core.outbox.hold = true;
        ctx.changed();
        self.catch_up(ctx);
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.queries.clear();
        ctx.cancel(RETRY);
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        if self.catching_up && !self.is_busy() && ctx.core.established {
            self.catch_up(ctx);
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Archive(command) = command else {
            return Flow::Continue;
        };
        let purpose = match command.clone() {
            Command::Older {
                conversation,
                before,
                until,
            } => Purpose::Older {
                conversation,
                before,
                until,
            },
            Command::Around { conversation, at } => Purpose::Around(conversation, at),
        };
        let asked = |pending: &Pending| pending.purpose == purpose;
        if !ctx.core.established {
            if let Purpose::Around(conversation, _) = purpose {
                answered(ctx, conversation);
            }
        } else if !self.queries.values().any(asked) {
            self.ask(ctx, purpose);
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(result) = message.payload("result", ns::MAM) else {
            self.note_live(ctx, incoming);
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
        let Some(pending) = self.queries.remove(&ticket) else {
            return;
        };
        let Pending {
            purpose,
            cursor,
            page,
            ..
        } = pending;
        let fin = response.and_then(|fin| fin.map(|fin| Fin::read(&fin)).ok_or(NoResult::Timeout));
        match purpose {
            Purpose::Older {
                conversation,
                before,
                until,
            } => older(ctx, conversation, before, until, page, fin),
            Purpose::Around(conversation, _) => around(ctx, conversation, page, fin),
            Purpose::CatchUp | Purpose::CatchUpSince(_) | Purpose::Newest => {
                self.caught_up(ctx, &purpose, cursor, fin);
            }
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("archive")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) {
        if let Some(saved) = decode(saved) {
            *self = saved;
            ctx.core.outbox.hold = self.catching_up;
            ctx.core.catching_up = self.catching_up;
        }
    }
}

impl Archive {
    fn is_busy(&self) -> bool {
        let catch_up = |pending: &Pending| pending.purpose.is_catch_up();
        self.queries.values().any(catch_up)
    }

    fn catch_up(&mut self, ctx: &mut Ctx<'_>) {
        let purpose = if self.cursor.is_some() || self.from_the_beginning {
            Purpose::CatchUp
        } else {
            Purpose::Newest
        };
        self.ask(ctx, purpose);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>, purpose: Purpose) {
        let id = ctx.id();
        let (form, set) = match &purpose {
            Purpose::CatchUp => (None, page(PAGE, "after", self.cursor.as_deref())),
            Purpose::CatchUpSince(start) => (filter(None, Some(*start)), page(PAGE, "after", None)),
            Purpose::Newest => (None, page(FIRST_PAGE, "before", Some(""))),
            Purpose::Older {
                conversation,
                before,
                ..
            } => {
                loading(ctx, conversation, before, Older::Loading);
                let before = before.as_deref().unwrap_or_default();
                (
                    filter(Some(conversation), None),
                    page(PAGE, "before", Some(before)),
                )
            }
            Purpose::Around(conversation, at) => (
                filter(Some(conversation), Some(*at)),
                page(PAGE, "after", None),
            ),
        };
        let query = build("query", ns::MAM)
            .attr("queryid", id.as_str())
            .children(form)
            .child(set);
        let ticket = ctx.set(None, query.done());
        let pending = Pending {
            id,
            purpose,
            cursor: self.cursor.clone(),
            page: Vec::new(),
        };
        self.queries.insert(ticket, pending);
    }

    fn unwrap(&mut self, ctx: &mut Ctx<'_>, result: &Element) {
        let asked = |pending: &&mut Pending| result.attr("queryid") == Some(&pending.id);
        let Some(pending) = self.queries.values_mut().find(asked) else {
            return ctx.warn("refused an archived message that nobody had asked for");
        };
        let (Some(id), Some((message, stamp))) = (result.attr("id"), xml::forwarded(result)) else {
            return ctx.warn("skipped an archived message that can't be read");
        };
        let id = id.to_owned();
        let at = stamp.unwrap_or(ctx.now().wall);
        let provenance = pending.purpose.provenance();
        let origin = Origin::Archive {
            id: id.clone(),
            at,
            provenance,
        };
        let incoming = Incoming { message, origin };
        if provenance != Provenance::History {
            // They come oldest first, so that nothing is missing before this one.
            self.cursor = Some(id);
            self.cursor_at = Some(at);
            ctx.changed();
            ctx.redispatch(incoming);
        } else if pending.page.len() < LARGEST_PAGE {
            pending.page.push((id, incoming));
        } else {
            ctx.warn("refused more of a page than was asked for");
        }
    }

    /// What comes by itself moves the cursor, once nothing is missing before it: no gap, and
    /// nothing of ours that only the archive could prove.
    fn note_live(&mut self, ctx: &mut Ctx<'_>, incoming: &Incoming) {
        let archived = matches!(incoming.origin, Origin::Archive { .. });
        if archived || self.catching_up || ctx.core.outbox.is_unproven() {
            return;
        }
        let archived = ctx
            .account()
            .and_then(|account| archive_id(&incoming.message, account));
        if archived.is_some() {
            self.cursor = archived;
            // Our clock may be ahead of the archive's.
            self.cursor_at = Some(Timestamp(ctx.now().wall.0 - CLOCKS_DIFFER));
            ctx.changed();
        }
    }

    fn caught_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        purpose: &Purpose,
        asked_after: Option<String>,
        fin: Result<Fin, NoResult>,
    ) {
        ctx.changed();
        ctx.core.durable.due = true;
        match fin {
            Ok(fin) => {
                let moved = fin.last.is_some() && fin.last != asked_after;
                self.cursor = fin.last.or(self.cursor.take());
                self.from_the_beginning |= *purpose == Purpose::Newest && fin.complete;
                self.failures = 0;
                if *purpose != Purpose::Newest && !fin.complete && moved {
                    return self.catch_up(ctx);
                }
            }
            // The cursor has been deleted from the archive (XEP-0059 2.2): by time, then.
            Err(NoResult::Error(error))
                if *purpose == Purpose::CatchUp && error.condition == "item-not-found" =>
            {
                self.cursor = None;
                let purpose = match self.cursor_at {
                    Some(at) => Purpose::CatchUpSince(at),
                    None => Purpose::Newest,
                };
                return self.ask(ctx, purpose);
            }
            Err(NoResult::Lost) => return,
            Err(NoResult::Error(error)) if no_archive(&error.condition) => {}
            Err(error) => {
                ctx.warn(format!("the archive can't be read: {error:?}"));
                self.failures = self.failures.saturating_add(1);
                ctx.core.outbox.hold = self.failures < PATIENCE;
                return ctx.wake_in(RETRY, RETRY_TIME);
            }
        }
        self.catching_up = false;
        ctx.core.catching_up = false;
        ctx.core.outbox.hold = false;
        ctx.event_last(StoreEvent::CaughtUp);
    }
}

/// A page of history, newest first.
fn show(ctx: &mut Ctx<'_>, page: Vec<(String, Incoming)>) {
    for (_, incoming) in page.into_iter().rev() {
        ctx.redispatch(incoming);
    }
}

fn loading(ctx: &mut Ctx<'_>, conversation: &BareJid, before: &Option<String>, older: Older) {
    ctx.event(StoreEvent::Older {
        conversation: conversation.clone(),
        before: before.clone(),
        older,
        next: None,
    });
}

/// A page before `before` is here, down to `until` at most.
fn older(
    ctx: &mut Ctx<'_>,
    conversation: BareJid,
    before: Option<String>,
    until: Option<String>,
    mut page: Vec<(String, Incoming)>,
    fin: Result<Fin, NoResult>,
) {
    let reached = until
        .as_ref()
        .and_then(|until| page.iter().position(|(id, _)| id == until));
    if let Some(reached) = reached {
        page.drain(..=reached);
    }
    let (older, next) = match fin {
        Ok(_) if reached.is_some() => (Older::Complete, None),
        Ok(fin) if !fin.complete && fin.first.is_some() => (Older::More, fin.first),
        Ok(_) => (Older::Complete, None),
        // No archive, so there is nothing older in it either; but what is known to be missing is.
        Err(NoResult::Error(error)) if until.is_none() && no_archive(&error.condition) => {
            (Older::Complete, None)
        }
        Err(_) => (Older::Failed, None),
    };
    // From here on it is the page. What came of one that broke off comes again.
    loading(ctx, &conversation, &before, Older::Loading);
    if older != Older::Failed {
        show(ctx, page);
    }
    ctx.event_last(StoreEvent::Older {
        conversation,
        before,
        older,
        next,
    });
}

/// A page from some time on is here.
fn around(
    ctx: &mut Ctx<'_>,
    conversation: BareJid,
    page: Vec<(String, Incoming)>,
    fin: Result<Fin, NoResult>,
) {
    let Ok(fin) = fin else {
        ctx.warn("the archive doesn't tell what was said then");
        return answered(ctx, conversation);
    };
    let end = |(id, incoming): &(String, Incoming)| match incoming.origin {
        Origin::Archive { at, .. } => Some((id.clone(), at)),
        _ => None,
    };
    let ends = (page.first().and_then(end), page.last().and_then(end));
    if let (Some(first), Some(last)) = ends {
        ctx.event(StoreEvent::Island {
            conversation: conversation.clone(),
            first,
            last,
            newest: fin.complete,
        });
    }
    show(ctx, page);
    answered(ctx, conversation);
}

fn answered(ctx: &mut Ctx<'_>, conversation: BareJid) {
    ctx.event_last(StoreEvent::Answered { conversation });
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
fn page(max: usize, direction: &str, id: Option<&str>) -> Element {
    build("set", ns::RSM)
        .child(build("max", ns::RSM).text(max.to_string()).done())
        .children(id.map(|id| build(direction, ns::RSM).text(id).done()))
        .done()
}

/// The filter for one conversation, for what was archived since some time (XEP-0313 4.1).
fn filter(with: Option<&BareJid>, start: Option<Timestamp>) -> Option<Element> {
    if with.is_none() && start.is_none() {
        return None;
    }
    let field = |name: &'static str, value: &str| {
        let value = build("value", ns::DATA_FORMS).text(value).done();
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(value)
    };
    let start = start.map(xep0082::write);
    let form = build("x", ns::DATA_FORMS)
        .attr("type", "submit")
        .child(field("FORM_TYPE", ns::MAM).attr("type", "hidden").done())
        .children(with.map(|with| field("with", with.as_str()).done()))
        .children(start.map(|start| field("start", &start).done()));
    Some(form.done())
}

fn no_archive(condition: &str) -> bool {
    matches!(condition, "service-unavailable" | "feature-not-implemented")
}
