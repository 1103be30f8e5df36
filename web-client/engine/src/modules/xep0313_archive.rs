//! XEP-0313 Message Archive Management 1.1.3: the past, and what was missed.
//!
//! After a new session has begun, everything since the last message we know of is
//! read, a page at a time, before anything that was on the wire is sent again. What
//! of a conversation's history is here is the store's to know; it says from where to
//! where a page is wanted.

mod history;
mod progress;
mod query;

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use self::history::{answered, around, find, found, loading, older, original};
use self::progress::Progress;
pub(crate) use self::progress::{Repeated, Repeats};
pub(crate) use self::query::Fin;
use self::query::{Pending, Purpose, filter, no_archive};
use crate::codec::{decode, encode};
use crate::envelope::archive_id;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::modules::{xep0045_muc, xep0223_conversations};
use crate::now::Timestamp;
use crate::sorted_map::SortedMap;
use crate::stanza::MessageType;
use crate::store::{Cleared, Known, Message, MessageId, Older, Provenance, RoomChange, StoreEvent};
use crate::timer::Key;
use crate::xep0059::page;
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
    /// Show the stanza of a message. What comes of it is a
    /// [`PageAnswer::Original`](crate::store::PageAnswer).
    Original {
        /// Of which conversation.
        conversation: BareJid,
        /// Which.
        id: MessageId,
        /// When it was sent.
        at: Timestamp,
        /// What the archive, or its sender, calls it.
        known: Vec<String>,
    },
    /// Delete everything that is in a conversation now, on all of our devices. What the archive
    /// has of it isn't asked for any more. `Store::clearing` makes these.
    Clear {
        /// Which conversation.
        conversation: BareJid,
        /// When the newest message there was sent, by our own clock.
        newest: Timestamp,
        /// What it and those before it are called.
        known: Vec<String>,
    },
}

/// Messages a page.
const PAGE: usize = 50;
/// Messages read at first, over all conversations, when nothing is known yet.
const FIRST_PAGE: usize = 100;
/// By so much, in milliseconds, our clock and the server's differ where nobody notices.
const CLOCKS_NEARLY_AGREE: i64 = 30 * 1000;
/// What a server may send of a page that we asked `PAGE` of.
const LARGEST_PAGE: usize = 250;
/// A catch-up that failed is begun again after this time.
const RETRY_TIME: Duration = Duration::from_secs(10);
/// What comes while a session begins, or is handed over to another connection, may be neither
/// sent nor archived yet (ejabberd 23.01): so long after that, the archive is read once more.
const SETTLING_TIME: Duration = Duration::from_secs(5);
/// After so many failures, what waits to be sent waits no longer.
const PATIENCE: u8 = 3;

/// The key of its row.
const PART: &str = "archive";

const RETRY: Key = 0;

/// More rooms than this aren't read at a time, so that a page to look at comes soon.
const ROOMS_AT_A_TIME: usize = 8;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Archive {
    own: Progress,
    /// The archives of rooms.
    rooms: SortedMap<BareJid, Progress>,
    /// What is deleted here, and isn't known yet up to which message of the archive.
    clearing: Vec<Clearing>,
    /// Queries under way.
    #[serde(skip)]
    queries: SortedMap<Ticket, Pending>,
    /// Whether the session has just begun or been resumed, so that what our own archive has
    /// now isn't all that was missed.
    #[serde(skip)]
    unsettled: bool,
}

/// A conversation in which everything was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Clearing {
    conversation: BareJid,
    /// When the newest message there was sent, by our own clock.
    newest: Timestamp,
    /// What it and those before it are called.
    known: Vec<String>,
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
        // Before what was missed, which may have some of it once more.
        self.clear(ctx, None);
        if resumed {
            self.go_on(ctx);
        }
        // A resumed session has missed nothing, if the server kept all of what it promised.
        // ejabberd doesn't while it hands a session over, but its archive has it, then or later.
        if resumed && self.own.absent {
            return;
        }
        self.unsettled = true;
        if resumed && self.is_busy(None) {
            return;
        }
        self.own.begin();
        ctx.core.catching_up = true;
        ctx.core.outbox.hold = true;
        ctx.changed();
        if ctx.core.guest {
            // An archive of theirs is as new as they are, and that of who they were isn't theirs.
            self.own = Progress::none();
            return self.caught_up_with_all(ctx, None);
        }
        self.catch_up(ctx, None);
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.queries.clear();
        for progress in self.rooms.values_mut() {
            // It begins anew when we are in the room again.
            progress.catching_up = false;
        }
        ctx.cancel(RETRY);
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        if !ctx.core.established {
            return;
        }
        if self.own.catching_up && !self.is_busy(None) {
            self.catch_up(ctx, None);
        }
        self.go_on(ctx);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let command = match command {
            AnyCommand::Archive(command) => command,
            AnyCommand::Muc(xep0045_muc::Command::Entered { room }) => {
                self.entered(ctx, room.clone());
                return Flow::Stop;
            }
            _ => return Flow::Continue,
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
            Command::Original {
                conversation,
                id,
                at,
                known,
            } => Purpose::Original {
                conversation,
                id,
                since: Timestamp(at.0.saturating_sub(CLOCKS_NEARLY_AGREE)),
                known,
            },
            Command::Clear {
                conversation,
                newest,
                known,
            } => {
                ctx.event(StoreEvent::Cleared {
                    conversation: conversation.clone(),
                    until: Cleared::All,
                });
                self.clearing
                    .retain(|clearing| clearing.conversation != conversation);
                self.clearing.push(Clearing {
                    conversation: conversation.clone(),
                    newest,
                    known,
                });
                ctx.changed();
                ctx.core.durable.due = true;
                Purpose::Clear(conversation)
            }
        };
        let asked = |pending: &Pending| pending.purpose == purpose;
        if !ctx.core.established {
            match purpose {
                Purpose::Around(conversation, _) => answered(ctx, conversation),
                Purpose::Original { id, .. } => original(ctx, id, None),
                _ => {}
            }
        } else if !self.queries.values().any(asked) {
            let is_room = |jid: &&BareJid| ctx.core.rooms.contains_key(*jid);
            let room = purpose.conversation().filter(is_room).cloned();
            self.ask(ctx, room, purpose);
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(result) = message.payload("result", ns::MAM) else {
            self.note_live(ctx, incoming);
            return Flow::Continue;
        };
        // Anybody can write a result; only what whoever we asked says is true (XEP-0313 4.2).
        if incoming.origin != Origin::Live || !self.unwrap(ctx, message.from.as_ref(), result) {
            ctx.warn("refused an archived message that is not from the archive we asked");
        }
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(pending) = self.queries.remove(&ticket) else {
            return;
        };
        let Pending {
            room,
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
            Purpose::Original { id, known, .. } => {
                let found = find(&page, &known);
                original(ctx, id, found.map(|(_, incoming)| incoming));
            }
            Purpose::Clear(conversation) => match fin {
                // One that doesn't answer now is asked again in the next session.
                Err(NoResult::Error(error)) if !no_archive(&error.condition) => {}
                Err(NoResult::Lost | NoResult::Timeout) => {}
                _ => self.cleared(ctx, &conversation, &page),
            },
            Purpose::CatchUp | Purpose::CatchUpSince(_) | Purpose::Newest => {
                self.caught_up(ctx, room, &purpose, cursor, fin);
            }
        }
    }

    /// It may be behind the cursor, though it was written long before.
    fn on_proven(&mut self, ctx: &mut Ctx<'_>, message: &Message) {
        if self.own.cursor_at.is_some_and(|at| message.at < at) {
            self.own.cursor_at = Some(message.at);
            ctx.changed();
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some(PART)
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let Some(saved) = decode::<Self>(saved) else {
            return false;
        };
        *self = saved;
        ctx.core.outbox.hold = self.own.catching_up;
        ctx.core.catching_up = self.own.catching_up;
        for (jid, progress) in self.rooms.iter() {
            if let Some(room) = ctx.core.rooms.get_mut(jid) {
                room.catching_up |= progress.catching_up;
                room.hold |= progress.catching_up;
            }
        }
        true
    }

    fn recover(&mut self, known: &Known) {
        self.own = Progress::since(known.own);
        let rooms = known.rooms.iter();
        self.rooms = rooms
            .map(|(room, at)| (room.clone(), Progress::since(Some(*at))))
            .collect();
    }
}

impl Archive {
    /// Whether what was missed is being asked for, of this room or of our own archive.
    fn is_busy(&self, room: Option<&BareJid>) -> bool {
        self.queries
            .values()
            .any(|pending| pending.purpose.is_catch_up() && pending.room.as_ref() == room)
    }

    /// Asks up to where something is deleted: in this room, or everywhere else.
    fn clear(&mut self, ctx: &mut Ctx<'_>, room: Option<&BareJid>) {
        let is_due = |conversation: &&BareJid| match room {
            Some(room) => *conversation == room,
            None => !ctx.core.rooms.contains_key(*conversation),
        };
        let all = self.clearing.iter().map(|clearing| &clearing.conversation);
        let due: Vec<_> = all.filter(is_due).cloned().collect();
        for conversation in due {
            self.ask(ctx, room.cloned(), Purpose::Clear(conversation));
        }
    }

    /// The archive has shown its newest messages of the conversation, if it has any: what was
    /// said up to the newest one that was deleted, by the archive's clock, is.
    fn cleared(&mut self, ctx: &mut Ctx<'_>, conversation: &BareJid, page: &[(String, Incoming)]) {
        let mut all = self.clearing.iter();
        let Some(index) = all.position(|clearing| clearing.conversation == *conversation) else {
            return;
        };
        let clearing = self.clearing.remove(index);
        let (until, last) = match found(page, &clearing.known) {
            Some((until, last)) => (until, Some(last)),
            None => (clearing.newest, None),
        };
        ctx.changed();
        ctx.command(AnyCommand::Conversation(
            xep0223_conversations::Command::Cleared {
                conversation: clearing.conversation,
                until,
                last,
            },
        ));
    }

    /// We are in this room now.
    fn entered(&mut self, ctx: &mut Ctx<'_>, room: BareJid) {
        self.clear(ctx, Some(&room));
        let progress = self.rooms.get_or_insert_with(room, Progress::default);
        progress.begin();
        ctx.changed();
        self.go_on(ctx);
    }

    /// Asks the rooms whose turn it is.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        let asked = |pending: &&Pending| pending.room.is_some() && pending.purpose.is_catch_up();
        let under_way = self.queries.values().filter(asked).count();
        let due = self.rooms.iter().filter(|(room, progress)| {
            let joined = ctx.core.rooms.get(*room).is_some_and(|room| room.joined);
            progress.catching_up && joined && !self.is_busy(Some(room))
        });
        let places = ROOMS_AT_A_TIME.saturating_sub(under_way);
        let due: Vec<_> = due.take(places).map(|(room, _)| room.clone()).collect();
        for room in due {
            self.catch_up(ctx, Some(room));
        }
    }

    fn catch_up(&mut self, ctx: &mut Ctx<'_>, room: Option<BareJid>) {
        let purpose = self.progress(room.as_ref()).purpose();
        self.ask(ctx, room, purpose);
    }

    fn progress(&mut self, room: Option<&BareJid>) -> &mut Progress {
        match room {
            Some(room) => self
                .rooms
                .get_or_insert_with(room.clone(), Progress::default),
            None => &mut self.own,
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>, room: Option<BareJid>, purpose: Purpose) {
        let id = ctx.id();
        let cursor = self.progress(room.as_ref()).cursor.clone();
        // What a room's archive has is all of that room.
        let with = purpose.conversation().filter(|_| room.is_none());
        let (form, set) = match &purpose {
            Purpose::CatchUp => (None, page(PAGE, "after", cursor.as_deref())),
            Purpose::CatchUpSince(start) => (filter(None, Some(*start)), page(PAGE, "after", None)),
            Purpose::Newest if room.is_some() => (None, page(PAGE, "before", Some(""))),
            Purpose::Newest => (None, page(FIRST_PAGE, "before", Some(""))),
            Purpose::Older {
                conversation,
                before,
                ..
            } => {
                loading(ctx, conversation, before, Older::Loading);
                let before = before.as_deref().unwrap_or_default();
                (filter(with, None), page(PAGE, "before", Some(before)))
            }
            Purpose::Around(_, since) | Purpose::Original { since, .. } => {
                (filter(with, Some(*since)), page(PAGE, "after", None))
            }
            Purpose::Clear(_) => (filter(with, None), page(PAGE, "before", Some(""))),
        };
        let query = build("query", ns::MAM)
            .attr("queryid", id.as_str())
            .children(form)
            .child(set);
        let ticket = ctx.set(room.clone().map(Jid::from), query.done());
        let pending = Pending {
            id,
            room,
            purpose,
            cursor,
            page: Vec::new(),
        };
        self.queries.insert(ticket, pending);
    }

    /// Takes a result that `from` gives; whether that is whom we asked.
    fn unwrap(&mut self, ctx: &mut Ctx<'_>, from: Option<&Jid>, result: &Element) -> bool {
        let asked = |pending: &&mut Pending| result.attr("queryid") == Some(&pending.id);
        let Some(pending) = self.queries.values_mut().find(asked) else {
            return false;
        };
        let room = pending.room.clone();
        let true_one = match &room {
            Some(room) => from.is_some_and(|from| from == room),
            None => ctx.is_own_account(from),
        };
        if !true_one {
            return false;
        }
        let (Some(id), Some((message, stamp))) = (result.attr("id"), xml::forwarded(result)) else {
            ctx.warn("skipped an archived message that can't be read");
            return true;
        };
        let id = id.to_owned();
        let at = stamp.unwrap_or(ctx.now().wall);
        let provenance = pending.purpose.provenance();
        let origin = Origin::Archive {
            room: room.clone(),
            id: id.clone(),
            at,
            provenance,
        };
        let incoming = Incoming { message, origin };
        if provenance != Provenance::History {
            // They come oldest first, so that nothing is missing before this one.
            let progress = self.progress(room.as_ref());
            progress.cursor = Some(id);
            progress.cursor_at = Some(at);
            ctx.changed();
            ctx.redispatch(incoming);
        } else if pending.page.len() < LARGEST_PAGE {
            pending.page.push((id, incoming));
        } else {
            ctx.warn("refused more of a page than was asked for");
        }
        true
    }

    /// What comes by itself moves the cursor, which stays a little behind, once nothing is
    /// missing before it: no gap, nothing of ours that only the archive could prove, and
    /// nothing that our other devices have sent without our hearing of it. (A room shows
    /// everybody everything.)
    fn note_live(&mut self, ctx: &mut Ctx<'_>, incoming: &Incoming) {
        let message = &incoming.message;
        if matches!(incoming.origin, Origin::Archive { .. }) {
            return;
        }
        let (archived, room) = if message.kind == MessageType::Groupchat {
            let room = message.from.as_ref().map(Jid::to_bare);
            let joined = |room: &BareJid| {
                let known = ctx.core.rooms.get(room);
                known.is_some_and(|known| known.joined && known.archived && !known.catching_up)
            };
            let Some(room) = room.filter(joined) else {
                return;
            };
            (archive_id(message, &room), Some(room))
        } else {
            let deaf = self.own.catching_up || !ctx.core.carbons;
            if deaf || ctx.core.outbox.is_unproven() {
                return;
            }
            let id = ctx
                .account()
                .and_then(|account| archive_id(message, account));
            (id, None)
        };
        if let Some(id) = archived
            && self.progress(room.as_ref()).note_live(id, ctx.now().wall)
        {
            ctx.changed();
        }
    }

    fn caught_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: Option<BareJid>,
        purpose: &Purpose,
        asked_after: Option<String>,
        fin: Result<Fin, NoResult>,
    ) {
        ctx.changed();
        ctx.core.durable.due = true;
        let progress = self.progress(room.as_ref());
        match fin {
            Ok(fin) => {
                progress.absent = false;
                let moved = fin.last.is_some() && fin.last != asked_after;
                progress.cursor = fin.last.or(progress.cursor.take());
                progress.from_the_beginning |= *purpose == Purpose::Newest && fin.complete;
                progress.failures = 0;
                if *purpose != Purpose::Newest && !fin.complete && moved {
                    return self.catch_up(ctx, room);
                }
            }
            // The cursor has been deleted from the archive (XEP-0059 2.2): by time, then.
            Err(NoResult::Error(error))
                if *purpose == Purpose::CatchUp && error.condition == "item-not-found" =>
            {
                (progress.cursor, progress.from_the_beginning) = (None, false);
                ctx.warn("the archive has forgotten where we were, so it is read by time");
                return self.catch_up(ctx, room);
            }
            Err(NoResult::Lost) => return,
            Err(NoResult::Error(error)) if no_archive(&error.condition) => progress.absent = true,
            Err(error) => {
                progress.failures = progress.failures.saturating_add(1);
                let hold = progress.failures < PATIENCE;
                ctx.warn(format!("the archive can't be read: {error:?}"));
                hold_back(ctx, room.as_ref(), hold);
                return ctx.wake_in(RETRY, RETRY_TIME);
            }
        }
        self.caught_up_with_all(ctx, room);
    }

    /// Nothing is missing any more that this archive has.
    fn caught_up_with_all(&mut self, ctx: &mut Ctx<'_>, room: Option<BareJid>) {
        hold_back(ctx, room.as_ref(), false);
        if room.is_none() && std::mem::take(&mut self.unsettled) && !self.own.absent {
            return ctx.wake_in(RETRY, SETTLING_TIME);
        }
        self.progress(room.as_ref()).catching_up = false;
        match room {
            None => {
                ctx.core.catching_up = false;
                ctx.event_last(StoreEvent::CaughtUp);
            }
            Some(jid) => {
                if let Some(room) = ctx.core.rooms.get_mut(&jid) {
                    room.catching_up = false;
                }
                let change = RoomChange::CaughtUp;
                ctx.event_last(StoreEvent::Room { jid, change });
                self.go_on(ctx);
            }
        }
    }
}

/// Whether what was on the wire when a session ended, or we lost the room, has to wait.
fn hold_back(ctx: &mut Ctx<'_>, room: Option<&BareJid>, hold: bool) {
    match room {
        None => ctx.core.outbox.hold = hold,
        Some(room) => {
            if let Some(room) = ctx.core.rooms.get_mut(room) {
                room.hold = hold;
            }
        }
    }
}
