//! XEP-0045 Multi-User Chat 1.35.1: rooms.
//!
//! Before we go into a room it is asked what it is: with an archive the history comes from
//! there, and a room that isn't there is made only by who wants to make it. What is said
//! in rooms is for `rfc6121_message`.

pub mod admin;
mod directory;
mod making;
mod presence;
mod refusal;
mod requests;
mod settings;
mod wishes;

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::{xep0317_hats, xep0425_moderation, xep0486_room_avatars};
use crate::codec::{decode, encode};
use crate::foreign;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::rooms::{self, Moderates, Room, is_whisper};
use crate::service::{Looked, Lookup};
use crate::session::Command as SessionCommand;
use crate::sorted_map::SortedMap;
use crate::stanza::{self, MessageType, PresenceType, StanzaError};
use crate::store::{
    Answer, Delivery, Entry, Failure, Left, Occupant, PageAnswer, RoomChange, RoomRequest,
    RoomsAnswer, StoreEvent,
};
use crate::timer::Key;
use crate::xml::{self, build};
use directory::Directory;
pub(super) use directory::ROOM_INFO;
pub use making::{New, Preset};
use wishes::Wish;

/// What a person can do with rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Go into a room, which is made if there is none.
    Join {
        /// Which.
        room: BareJid,
        /// Under what name; `None` for the one that we had there, or else our own.
        nick: Option<String>,
        /// What the room wants to hear.
        password: Option<String>,
    },
    /// Go back into a room where we belong, if it is there and we aren't in it.
    Return {
        /// Which.
        room: BareJid,
        /// Under what name; as for [`Join`](Self::Join).
        nick: Option<String>,
        /// What the room wants to hear.
        password: Option<String>,
    },
    /// The room doesn't know us any more: go back.
    Rejoin {
        /// Which.
        room: BareJid,
    },
    /// Go out of a room.
    Leave {
        /// Which.
        room: BareJid,
    },
    /// Go out of a room because another of our devices has.
    Follow {
        /// Which.
        room: BareJid,
    },
    /// What was said to a room that we are not in goes back to the person.
    GiveUp {
        /// Which.
        room: BareJid,
    },
    /// We are in a room with an archive now: what was missed can be read.
    Entered {
        /// Which.
        room: BareJid,
    },
    /// Say what is being talked about. What becomes of it is a
    /// [`Fact::Saved`](crate::store::Fact).
    Subject {
        /// By which whoever asks knows the answer.
        request: String,
        /// In which room.
        room: BareJid,
        /// In what words.
        subject: String,
    },
    /// Be called otherwise. What becomes of it is a [`Fact::Saved`](crate::store::Fact).
    Nick {
        /// By which whoever asks knows the answer.
        request: String,
        /// In which room.
        room: BareJid,
        /// The name.
        nick: String,
    },
    /// We are called otherwise.
    Renamed {
        /// In which room.
        room: BareJid,
        /// The name.
        nick: String,
    },
    /// Find out where our server has rooms. The answer is a [`RoomsAnswer`].
    Service,
    /// Find out which rooms a service has, or a server. The answer is a [`RoomsAnswer`].
    Browse {
        /// By which whoever asks knows the answer.
        request: String,
        /// Whose.
        service: BareJid,
        /// Only those after this one, as an earlier answer calls it.
        after: Option<String>,
    },
    /// Rooms are in view: find out what they are. Each answers for itself.
    Describe {
        /// Which.
        rooms: Vec<BareJid>,
    },
    /// Make a room that isn't there, and go into it.
    Make(New),
    /// A room is made, and we are in it.
    Made {
        /// Which.
        room: BareJid,
    },
    /// Find out what can be otherwise with a room. The answer is a [`RoomsAnswer`].
    Settings {
        /// By which whoever asks knows the answer.
        request: String,
        /// Which room.
        room: BareJid,
    },
    /// Find out what a room wants to know of those who would be its members. The answer is a
    /// [`RoomsAnswer`].
    Registration {
        /// By which whoever asks knows the answer.
        request: String,
        /// Which room.
        room: BareJid,
    },
    /// Tell it. What becomes of it is a [`Fact::Saved`](crate::store::Fact).
    Register {
        /// By which whoever asks knows the answer.
        request: String,
        /// Which room.
        room: BareJid,
        /// What its form says.
        answer: Answer,
    },
    /// Ask for leave to speak. What becomes of it is a [`Fact::Saved`](crate::store::Fact):
    /// whether the moderators are asked.
    AskToSpeak {
        /// By which whoever asks knows the answer.
        request: String,
        /// In which room.
        room: BareJid,
    },
    /// Answer somebody who asks for something.
    AnswerRequest {
        /// In which room.
        room: BareJid,
        /// What, and who.
        request: RoomRequest,
        /// Whether they are to have it.
        allow: bool,
    },
    /// Have something otherwise. What becomes of it is a [`Fact::Saved`](crate::store::Fact).
    Configure {
        /// By which whoever asks knows the answer.
        request: String,
        /// Which room.
        room: BareJid,
        /// What its form says.
        answer: Answer,
    },
}

/// What a room without an archive tells us of what was said before we came.
pub(super) const HISTORY: u8 = 50;
/// A room that hasn't let us in after this time isn't there.
const PATIENCE: Duration = Duration::from_secs(60);
/// The history of a room without an archive ends with its subject, or after this time.
const HISTORY_TIME: Duration = Duration::from_secs(10);
/// A room whose service can't be reached is tried again after this time, then twice of it,
/// and so on.
const RETRY_TIME: Duration = Duration::from_secs(15);
const LONGEST_RETRY: u32 = 16;
/// More names than this aren't tried where somebody has ours.
const NAMES: u8 = 3;
/// A room with more occupants is shown without the rest of them.
const MOST_OCCUPANTS: usize = 50_000;
/// Of whom we were in a room before, so many are remembered.
const MOST_FORMER: usize = 16;
/// More of a name than this, in characters, nobody reads.
pub(super) const LONGEST_NAME: usize = 200;
/// More of a subject than this, in characters, is no subject.
pub(super) const LONGEST_SUBJECT: usize = 4096;
/// More of a reason than this, in characters, nobody reads.
pub(super) const LONGEST_REASON: usize = 500;

const DUE: Key = 0;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Muc {
    rooms: SortedMap<BareJid, Membership>,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
    /// What isn't made yet.
    #[serde(skip)]
    making: SortedMap<BareJid, New>,
    /// The way to where our server has rooms, and whether somebody wants to know.
    #[serde(skip)]
    lookup: Lookup,
    #[serde(skip)]
    is_service_wanted: bool,
    #[serde(skip)]
    directory: Directory,
    #[serde(skip)]
    wishes: Vec<Wish>,
    /// Who is to have what they asked for, or not, as soon as we are there.
    #[serde(skip)]
    answers: Vec<(BareJid, RoomRequest, bool)>,
}

/// What we are to a room.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Membership {
    nick: String,
    /// Whether the room has said that somebody else is called so.
    taken: bool,
    password: Option<String>,
    stage: Stage,
    /// Whether it may be made if it isn't there, and what is wrong is for the person to mend.
    by_hand: bool,
    /// Whether we have ever been in it.
    known: bool,
    occupant: Option<String>,
    /// The occupant ids of the guests that we were before, the last ones.
    #[serde(skip)]
    former: Vec<String>,
    archived: bool,
    moderates: Moderates,
    /// Whether it says who wears what (XEP-0317).
    hats: bool,
    /// Whether it hasn't said yet what it is.
    untold: bool,
    /// Names that were taken, or attempts to reach it.
    attempts: u8,
    /// Who is there, until we are.
    #[serde(skip)]
    arriving: Vec<Occupant>,
    /// What somebody there is about to be called.
    #[serde(skip)]
    renamed: Option<String>,
    /// When something has to have happened.
    #[serde(skip)]
    due: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// We are not in it, and don't try to be.
    #[default]
    Out,
    /// The session in which we were in it is over.
    Lost,
    /// It has been asked what it is.
    Asking,
    /// It has been told that we are coming.
    Joining,
    Joined,
    /// It is to be tried again.
    Waiting,
    /// It isn't there yet: we make it.
    Making,
}

#[derive(Debug)]
enum Asked {
    What(BareJid),
    Create,
    /// Whether there is such a room already.
    IsThere(BareJid),
    /// What a new room can be.
    Form(BareJid),
    /// To be that.
    Filled(BareJid),
    /// Not to be at all.
    Cancelled,
    /// What can be otherwise, by the name of the question.
    Settings(String),
    /// To be otherwise.
    Configured(String),
    /// Our server, whether it is there: what was missed has come before that.
    Missed,
    /// What the room is, once it has passed on a request to speak.
    Voice(BareJid, String),
}

impl Module for Muc {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0045",
            title: "Multi-User Chat",
            version: "1.35.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::MUC]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            ctx.event(StoreEvent::RoomsLost);
            self.recover(ctx);
        } else if ctx.core.outbox.has_whispers() {
            // Whoever they are for may have gone meanwhile, which we are about to be told.
            let ticket = ctx.get(None, build("ping", ns::PING).done());
            self.asked.insert(ticket, Asked::Missed);
            ctx.core.outbox.hold_whispers = true;
        }
        self.cancel_half_made(ctx);
        self.look_for_service(ctx);
        self.answer_late(ctx);
        let back = |membership: &Membership| match membership.stage {
            Stage::Out | Stage::Making => false,
            Stage::Joined => !resumed,
            Stage::Lost | Stage::Asking | Stage::Joining | Stage::Waiting => true,
        };
        let due = self.rooms.iter().filter(|(_, membership)| back(membership));
        for room in due.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            self.ask(ctx, &room);
        }
        let inside = |membership: &Membership| membership.stage == Stage::Joined;
        let untold = self
            .rooms
            .iter()
            .filter(|(_, known)| inside(known) && known.untold);
        for room in untold.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            self.ask_what_it_is(ctx, room);
        }
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.asked.clear();
        self.lookup.stop();
        self.directory.stop(ctx);
        self.give_up_making(ctx);
        self.give_up_wishes(ctx, None);
        for (jid, membership) in self.rooms.iter_mut() {
            membership.due = None;
            membership.arriving.clear();
            if membership.stage != Stage::Out {
                membership.stage = Stage::Lost;
            }
            ctx.core.rooms.insert(jid.clone(), membership.shared());
        }
        ctx.changed();
        ctx.cancel(DUE);
    }

    fn on_outgoing_message(&mut self, ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        let room = message.to.as_ref().map(Jid::to_bare);
        let out = |room: &BareJid| {
            let membership = self.rooms.get(room);
            membership.is_some_and(|membership| membership.stage == Stage::Out)
        };
        let said = message.kind == MessageType::Groupchat || is_whisper(message);
        if let Some(room) = room.filter(|room| said && out(room)) {
            // There is nothing to wait for.
            ctx.command(AnyCommand::Muc(Command::GiveUp { room }));
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let command = match command {
            AnyCommand::Muc(command) => command,
            AnyCommand::Session(SessionCommand::SignIn { .. }) => {
                // What the store may know of them is of another life.
                ctx.event(StoreEvent::RoomsLost);
                return Flow::Continue;
            }
            _ => return Flow::Continue,
        };
        match command.clone() {
            Command::Join {
                room,
                nick,
                password,
            } => {
                self.want(ctx, &room, nick, password, true);
                self.ask(ctx, &room);
            }
            Command::Return {
                room,
                nick,
                password,
            } => {
                let stage = self.rooms.get(&room).map(|known| known.stage);
                if matches!(stage, None | Some(Stage::Out)) {
                    self.want(ctx, &room, nick, password, false);
                    self.ask(ctx, &room);
                }
            }
            Command::Rejoin { room } => self.rejoin(ctx, &room),
            Command::GiveUp { room } => give_up(ctx, &room, &Left::Away),
            Command::Entered { .. } | Command::Made { .. } | Command::Renamed { .. } => {}
            Command::Leave { room } | Command::Follow { room } => self.leave(ctx, &room),
            Command::Subject {
                request,
                room,
                subject,
            } => self.set_subject(ctx, request, room, subject),
            Command::Nick {
                request,
                room,
                nick,
            } => self.rename(ctx, request, room, nick),
            Command::Service => {
                self.is_service_wanted = true;
                self.look_for_service(ctx);
            }
            Command::Browse {
                request,
                service,
                after,
            } => self.directory.browse(ctx, request, service, after),
            Command::Describe { rooms } => self.directory.describe(ctx, &rooms),
            Command::Make(new) => self.make(ctx, new),
            Command::Settings { request, room } => self.ask_form(ctx, request, room, MUC_OWNER),
            Command::Configure {
                request,
                room,
                answer,
            } => self.fill_in(ctx, request, room, &answer, MUC_OWNER),
            Command::Registration { request, room } => {
                self.ask_form(ctx, request, room, ns::REGISTER);
            }
            Command::Register {
                request,
                room,
                answer,
            } => self.fill_in(ctx, request, room, &answer, ns::REGISTER),
            Command::AskToSpeak { request, room } => self.ask_to_speak(ctx, request, room),
            Command::AnswerRequest {
                room,
                request,
                allow,
            } => self.answer_request(ctx, room, request, allow),
        }
        // Bookmarks are kept of it.
        Flow::Continue
    }

    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        let Some(from) = &presence.from else {
            return Flow::Continue;
        };
        let room = from.to_bare();
        let nick = from.resource().map(|nick| nick.to_string());
        if !self.rooms.contains_key(&room) {
            // An echo of a room that was given up is about no person.
            let of_room = presence
                .payloads
                .iter()
                .any(|payload| payload.ns() == ns::MUC_USER);
            return if of_room { Flow::Stop } else { Flow::Continue };
        }
        match (presence.kind, nick) {
            (PresenceType::Error, nick) => self.refused(ctx, room, nick, presence),
            (PresenceType::Available, Some(nick)) => self.here(ctx, room, nick, presence),
            (PresenceType::Unavailable, Some(nick)) => self.gone(ctx, room, &nick, presence),
            _ => {}
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(room) = message.from.as_ref().map(Jid::to_bare) else {
            return Flow::Continue;
        };
        if incoming.origin != Origin::Live || !self.rooms.contains_key(&room) {
            return Flow::Continue;
        }
        let by_room = message
            .from
            .as_ref()
            .is_some_and(|from| from.resource().is_none());
        match message.kind {
            MessageType::Error if by_room && self.wish_refused(ctx, &room, message) => {
                return Flow::Stop;
            }
            MessageType::Error => {
                let error = message
                    .payload("error", ns::JABBER_CLIENT)
                    .map(StanzaError::read);
                // It doesn't know us (XEP-0045 7.4).
                if by_room && error.is_some_and(|error| error.condition == "not-acceptable") {
                    ctx.command(AnyCommand::Muc(Command::Rejoin { room }));
                }
            }
            MessageType::Groupchat => self.heard(ctx, room, message),
            MessageType::Normal if by_room => {
                if let Some(request) = requests::read(message) {
                    change(ctx, &room, RoomChange::Request(request));
                    return Flow::Stop;
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if let Some(looked) = self.lookup.take(ctx, ticket, &response, ns::MUC) {
            self.is_service_wanted &= matches!(looked, Looked::On);
            return found_service(ctx, looked);
        }
        if self.directory.take(ctx, ticket, &response).is_some() {
            return;
        }
        match self.asked.remove(&ticket) {
            Some(Asked::What(room)) => self.told(ctx, room, response),
            Some(Asked::Create) if response.is_err() => {
                ctx.warn("a new room can't be used as it is");
            }
            Some(Asked::IsThere(room)) => self.is_there(ctx, &room, response),
            Some(Asked::Form(room)) => self.fill(ctx, &room, response),
            Some(Asked::Filled(room)) => self.filled(ctx, &room, response),
            Some(Asked::Settings(request)) => settings::tell(ctx, request, response),
            Some(Asked::Configured(request)) => ctx.saved(request, response.map(drop)),
            Some(Asked::Voice(room, id)) if response != Err(NoResult::Lost) => {
                self.passed_on(ctx, &room, id);
            }
            Some(Asked::Missed) => ctx.core.outbox.hold_whispers = false,
            _ => {}
        }
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        let now = ctx.now().monotonic;
        let is_due = |membership: &Membership| membership.due.is_some_and(|due| due <= now);
        let due = self
            .rooms
            .iter()
            .filter(|(_, membership)| is_due(membership));
        for room in due.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            self.overdue(ctx, room);
        }
        self.expire_wishes(ctx, now);
        self.schedule(ctx);
    }

    fn part(&self) -> Option<&'static str> {
        Some("rooms")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let Some(saved) = decode::<Self>(saved) else {
            return false;
        };
        *self = saved;
        for (jid, membership) in self.rooms.iter() {
            let room = membership.shared();
            ctx.core.rooms.insert(jid.clone(), room);
        }
        true
    }
}

impl Membership {
    /// The room knows us by `id` now. A guest was somebody else in the last session.
    fn known_as(&mut self, id: Option<String>, guest: bool) {
        let before = std::mem::replace(&mut self.occupant, id);
        let former = before.filter(|before| guest && self.occupant.as_ref() != Some(before));
        self.former.extend(former);
        let many = self.former.len().saturating_sub(MOST_FORMER);
        self.former.drain(..many);
    }

    /// What others have to know. On the way in something is missing before whatever comes.
    fn shared(&self) -> Room {
        let under_way = match self.stage {
            Stage::Out => false,
            Stage::Joined => self.untold,
            Stage::Lost | Stage::Asking | Stage::Joining | Stage::Waiting | Stage::Making => true,
        };
        Room {
            nick: self.nick.clone(),
            taken: self.taken,
            occupant: self.occupant.clone(),
            former: self.former.clone(),
            joined: self.stage == Stage::Joined,
            archived: self.archived,
            new: !self.known,
            catching_up: under_way,
            hold: under_way,
            moderates: self.moderates,
            password: self.password.clone(),
        }
    }
}

impl Muc {
    /// Messages that nobody knows the rooms of any more are still to be sent.
    fn recover(&mut self, ctx: &mut Ctx<'_>) {
        for from in ctx.core.outbox.rooms() {
            let room = from.to_bare();
            if !self.rooms.contains_key(&room) {
                let nick = from.resource().map(|nick| nick.to_string());
                self.want(ctx, &room, nick, None, false);
                if let Some(membership) = self.rooms.get_mut(&room) {
                    membership.stage = Stage::Lost;
                }
            }
        }
    }

    fn want(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: &BareJid,
        nick: Option<String>,
        password: Option<String>,
        by_hand: bool,
    ) {
        let own = || {
            let account = ctx.core.account.as_ref();
            let node = account.and_then(|account| account.node());
            node.map_or_else(|| "guest".to_owned(), |node| node.to_string())
        };
        let membership = self
            .rooms
            .get_or_insert_with(room.clone(), Membership::default);
        if let Some(nick) = nick.filter(|nick| room.with_resource_str(nick).is_ok()) {
            membership.taken &= membership.nick == nick;
            membership.nick = nick;
        } else if membership.nick.is_empty() {
            membership.nick = own();
        }
        membership.password = password.or(membership.password.take());
        membership.by_hand = by_hand;
        membership.attempts = 0;
        if !ctx.core.rooms.contains_key(room) {
            ctx.core.rooms.insert(room.clone(), membership.shared());
        }
        ctx.changed();
    }

    /// Asks a room what it is; its answer leads on.
    fn ask(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let Some(membership) = self.rooms.get_mut(room) else {
            return;
        };
        membership.arriving.clear();
        membership.due = None;
        membership.stage = Stage::Asking;
        membership.untold = true;
        if !ctx.core.established {
            membership.stage = Stage::Lost;
        }
        ctx.core.rooms.insert(room.clone(), membership.shared());
        ctx.changed();
        entry(ctx, room, Entry::Joining, &membership.nick);
        if ctx.core.established {
            self.ask_what_it_is(ctx, room.clone());
        }
    }

    fn ask_what_it_is(&mut self, ctx: &mut Ctx<'_>, room: BareJid) {
        let query = build("query", ns::DISCO_INFO).done();
        let ticket = ctx.get(Some(Jid::from(room.clone())), query);
        self.asked.insert(ticket, Asked::What(room));
    }

    fn is_asked_what_it_is(&self, room: &BareJid) -> bool {
        let mut asked = self.asked.values();
        asked.any(|asked| matches!(asked, Asked::What(known) if known == room))
    }

    /// A room has said what it is, or something else has.
    fn told(&mut self, ctx: &mut Ctx<'_>, room: BareJid, response: Response) {
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        let timed_out = matches!(response, Err(NoResult::Timeout));
        let info = match response {
            Ok(info) => info,
            Err(NoResult::Lost) => return,
            Err(NoResult::Error(error)) => {
                let left = refusal::of_service(&error.condition);
                let missing = error.condition == "item-not-found" && !membership.by_hand;
                if let Some(left) = left.or(missing.then_some(Left::NotFound))
                    && membership.stage == Stage::Asking
                {
                    return self.out(ctx, room, left);
                }
                None
            }
            Err(NoResult::Timeout) => None,
        };
        if !timed_out {
            membership.untold = false;
            ctx.changed();
        }
        if let Some(info) = &info {
            let feature = |name: &str| {
                let named = |child: &&Element| child.attr("var") == Some(name);
                info.children().any(|child| named(&child))
            };
            membership.archived = feature(ns::MAM);
            membership.moderates = xep0425_moderation::offered(feature);
            membership.hats = feature(xep0317_hats::HATS);
            change(ctx, &room, RoomChange::About(directory::about(info)));
            change(
                ctx,
                &room,
                RoomChange::ShowsAddresses(feature("muc_nonanonymous")),
            );
            change(ctx, &room, RoomChange::Registers(feature(ns::REGISTER)));
            let moderates = membership.moderates != Moderates::No;
            change(ctx, &room, RoomChange::Moderates(moderates));
            let told = xep0486_room_avatars::Command::Told {
                room: room.clone(),
                hashes: xep0486_room_avatars::told_of(info),
            };
            ctx.command(AnyCommand::RoomAvatar(told));
        } else if membership.stage == Stage::Asking {
            membership.archived = false;
        }
        if membership.stage == Stage::Asking {
            self.enter(ctx, &room);
        } else if let Some(shared) = ctx.core.rooms.get_mut(&room) {
            let found = shared.joined && membership.archived && !shared.archived;
            shared.archived = membership.archived;
            shared.moderates = membership.moderates;
            if found {
                // We came in for the room's own history; its archive has the rest.
                membership.due = None;
                shared.catching_up = true;
                ctx.command(AnyCommand::Muc(Command::Entered { room }));
            } else if membership.due.is_none() {
                // Nobody has ended it while this wasn't known.
                self.history_ends(ctx, &room);
            }
        }
    }

    /// Tells a room that we are coming.
    fn enter(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let Some(membership) = self.rooms.get_mut(room) else {
            return;
        };
        let Ok(to) = room.with_resource_str(&membership.nick) else {
            return;
        };
        membership.stage = Stage::Joining;
        membership.arriving.clear();
        membership.due = Some(ctx.now().monotonic + PATIENCE);
        ctx.core.rooms.insert(room.clone(), membership.shared());
        ctx.core.outbox.room_lost(room);
        let history = build("history", ns::MUC);
        let history = match membership.archived {
            true => history.attr("maxchars", "0").attr("maxstanzas", "0"),
            false => history.attr("maxstanzas", HISTORY.to_string()),
        };
        let password = membership.password.as_deref();
        let password = password.map(|password| build("password", ns::MUC).text(password).done());
        let muc = build("x", ns::MUC).children(password).child(history.done());
        let mut presence = stanza::Presence::new(PresenceType::Available, Some(Jid::from(to)));
        presence.payloads.push(muc.done());
        ctx.send_presence(presence);
        ctx.changed();
        self.schedule(ctx);
    }

    fn rejoin(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let Some(membership) = self.rooms.get_mut(room) else {
            return;
        };
        if membership.stage == Stage::Joined {
            membership.by_hand = false;
            membership.attempts = 0;
            ctx.core.outbox.room_lost(room);
            self.ask(ctx, room);
        }
    }

    fn leave(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let Some(membership) = self.rooms.get(room) else {
            return;
        };
        if let Ok(to) = room.with_resource_str(&membership.nick) {
            let to = Some(Jid::from(to));
            ctx.send_presence(stanza::Presence::new(PresenceType::Unavailable, to));
        }
        self.out(ctx, room.clone(), Left::Away);
    }

    /// We are not in the room, and why.
    fn out(&mut self, ctx: &mut Ctx<'_>, room: BareJid, left: Left) {
        self.give_up_wishes(ctx, Some(&room));
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        membership.arriving.clear();
        membership.due = None;
        membership.stage = Stage::Out;
        ctx.core.names.forget(&room);
        ctx.core.outbox.room_lost(&room);
        if left == Left::Unreachable {
            membership.stage = Stage::Waiting;
            membership.attempts = membership.attempts.saturating_add(1);
            let times = 1_u32.checked_shl(u32::from(membership.attempts - 1));
            let times = times.unwrap_or(LONGEST_RETRY).min(LONGEST_RETRY);
            membership.due = Some(ctx.now().monotonic + RETRY_TIME * times);
        } else {
            give_up(ctx, &room, &left);
        }
        ctx.core.rooms.insert(room.clone(), membership.shared());
        ctx.changed();
        entry(ctx, &room, Entry::Left(left), &membership.nick);
        self.schedule(ctx);
    }

    /// What had to happen hasn't.
    fn overdue(&mut self, ctx: &mut Ctx<'_>, room: BareJid) {
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        membership.due = None;
        match membership.stage {
            Stage::Joining => self.out(ctx, room, Left::Unreachable),
            Stage::Waiting => self.ask(ctx, &room),
            Stage::Joined => self.history_ends(ctx, &room),
            Stage::Making => {
                self.cannot_make(ctx, &room, NoResult::Timeout);
            }
            Stage::Out | Stage::Lost | Stage::Asking => {}
        }
    }

    /// Nothing of ours can be in what is still to come.
    fn history_ends(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let unknown = self.is_asked_what_it_is(room);
        if let (Some(membership), Some(shared)) =
            (self.rooms.get_mut(room), ctx.core.rooms.get_mut(room))
            && membership.stage == Stage::Joined
            && !shared.archived
        {
            membership.due = None;
            if unknown && membership.untold {
                // It may have an archive that has more.
                return;
            }
            shared.hold = false;
            shared.catching_up = false;
            change(ctx, room, RoomChange::CaughtUp);
        }
    }

    /// What the room says of itself, and its subject, which ends the history (7.2.15).
    fn heard(&mut self, ctx: &mut Ctx<'_>, room: BareJid, message: &stanza::Message) {
        let stage = self.rooms.get(&room).map(|known| known.stage);
        if stage == Some(Stage::Making) {
            return;
        }
        if let Some(subject) = message.payload("subject", ns::JABBER_CLIENT)
            && message.bodies.is_empty()
        {
            self.subject_changed(ctx, &room, message);
            let subject = foreign::lines(&subject.text(), LONGEST_SUBJECT);
            change(ctx, &room, RoomChange::Subject(subject.unwrap_or_default()));
            self.history_ends(ctx, &room);
        }
        let from_room = message
            .from
            .as_ref()
            .is_some_and(|from| from.resource().is_none());
        let Some(user) = rooms::muc_user(message).filter(|_| from_room) else {
            return;
        };
        let codes = presence::codes(user);
        presence::traits(ctx, &room, &codes);
        if codes.contains(&104) {
            // It isn't what it was (10.2.1).
            self.ask_what_it_is(ctx, room);
        }
    }

    fn look_for_service(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.core.established && self.is_service_wanted && !self.lookup.is_under_way() {
            self.lookup.begin(ctx);
        }
    }

    /// Takes a room that we have made as it is (10.1.2).
    fn create(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        let form = build("x", ns::DATA_FORMS).attr("type", "submit").done();
        let query = build("query", MUC_OWNER).child(form).done();
        let ticket = ctx.set(Some(Jid::from(room.clone())), query);
        self.asked.insert(ticket, Asked::Create);
    }

    fn schedule(&self, ctx: &mut Ctx<'_>) {
        let rooms = self.rooms.values().filter_map(|known| known.due);
        let wishes = self.wishes.iter().map(|wish| wish.due);
        match rooms.chain(wishes).min() {
            Some(due) => ctx.wake_in(DUE, due.saturating_sub(ctx.now().monotonic)),
            None => ctx.cancel(DUE),
        }
    }

    /// We are in, and so is everybody else who is there.
    fn entered(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, codes: &[u16]) {
        let Some(membership) = self.rooms.get_mut(room) else {
            return;
        };
        let everybody = std::mem::take(&mut membership.arriving);
        presence::keep_whispers_of(ctx, room, &everybody);
        if codes.contains(&201) {
            // A new room has no history, and whoever made it may ask for it now.
            membership.archived = false;
        }
        membership.stage = Stage::Joined;
        membership.taken = false;
        membership.attempts = 0;
        membership.due = None;
        if !membership.archived {
            membership.due = Some(ctx.now().monotonic + HISTORY_TIME);
        }
        if let Some(shared) = ctx.core.rooms.get_mut(room) {
            shared.joined = true;
            shared.taken = false;
            shared.nick.clone_from(&membership.nick);
            shared.occupant.clone_from(&membership.occupant);
            shared.former.clone_from(&membership.former);
            shared.archived = membership.archived;
        }
        membership.known = true;
        // From now on nobody waits for it.
        membership.by_hand = false;
        let (archived, untold) = (membership.archived, membership.untold);
        change(ctx, room, RoomChange::Occupants(everybody));
        entry(ctx, room, Entry::Joined, &membership.nick);
        change(ctx, room, RoomChange::Invitation(None));
        self.answer_late(ctx);
        ctx.changed();
        ctx.core.durable.due = true;
        if archived {
            let room = room.clone();
            ctx.command(AnyCommand::Muc(Command::Entered { room }));
        }
        if codes.contains(&201) {
            self.create(ctx, room);
        }
        if codes.contains(&201) || untold && !self.is_asked_what_it_is(room) {
            self.ask_what_it_is(ctx, room.clone());
        }
        self.schedule(ctx);
    }
}

fn found_service(ctx: &mut Ctx<'_>, looked: Looked) {
    let service = match looked {
        Looked::On => return,
        Looked::Service(jid, _) => Some(jid.to_bare()),
        Looked::Nobody => None,
    };
    ctx.answer_page(PageAnswer::Rooms(RoomsAnswer::Service(service)));
}

/// What was said to the room has reached nobody, and why.
fn give_up(ctx: &mut Ctx<'_>, room: &BareJid, why: &Left) {
    for id in ctx.core.outbox.give_up(room) {
        let condition = refusal::condition(why).to_owned();
        ctx.event(StoreEvent::Delivery {
            conversation: room.clone(),
            id,
            delivery: Delivery::Failed(Failure {
                condition,
                text: None,
            }),
        });
    }
}

/// The namespace of what owners do (XEP-0045 10).
const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";

fn change(ctx: &mut Ctx<'_>, room: &BareJid, change: RoomChange) {
    let jid = room.clone();
    ctx.event(StoreEvent::Room { jid, change });
}

fn entry(ctx: &mut Ctx<'_>, room: &BareJid, entry: Entry, nick: &str) {
    change(ctx, room, RoomChange::Entry(entry, nick.to_owned()));
}

/// The text of a child of a payload, if it says something.
fn text(element: &Element, name: &str) -> Option<String> {
    foreign::lines(&xml::child_text(element, name)?, LONGEST_REASON)
}
