//! The engine: one input in, outputs out, nothing in between.

use std::collections::VecDeque;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::durable::{self, Durable, ForeignState};
use crate::ids::Ids;
use crate::input::{Command, Input};
use crate::iq::{NoResult, Requests, Response, Ticket};
use crate::module::{
    Core, Ctx, Flow, Incoming, IqRequest, Module, Origin, Outgoing, Specification,
};
use crate::modules;
use crate::now::Now;
use crate::outbox::{Outbox, Queued};
use crate::output::{Level, Output, Record, Table};
use crate::rooms::Names;
use crate::sasl;
use crate::session::{self, Effect, Session};
use crate::sorted_map::SortedMap;
use crate::specification;
use crate::stanza::{self, Iq, IqKind, MessageType, StanzaError};
use crate::store::{
    Delivery, Failure, Known, Message, MessageId, Privacy, Provenance, Source, StoreEvent,
};
use crate::timer::{Owner, Timers};
use crate::xml;

/// What an engine has to be told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The version we answer with (XEP-0092).
    pub version: String,
    /// How far the wall clock is ahead of UTC, in minutes (XEP-0202).
    pub utc_offset: i32,
    /// The languages that the person reads (RFC 5646), best first: where a message
    /// comes in several, it is shown in one of these.
    pub languages: Vec<String>,
}

/// An XMPP client without I/O. See the [crate's documentation](crate).
pub struct Engine {
    core: Core,
    session: Session,
    modules: Vec<Box<dyn Module>>,
    outputs: VecDeque<Output>,
    /// What goes over the wire, each behind the commit it waits for.
    wire: VecDeque<(u64, Wire)>,
    commits: u64,
    committed: u64,
    storage_failed: bool,
    /// Whether the next commit has to have everything in it, for an earlier one failed.
    rewrite: bool,
}

/// What became of a module's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Restored,
    Missing,
    Unreadable,
}

enum Wire {
    Transmit(String),
    /// What leads to a transmission by whoever holds the secrets.
    Sasl(sasl::Request),
    Close,
}

impl Engine {
    /// An engine nobody has signed in to. `seed` is random and used for no other.
    pub fn new(config: Config, seed: [u8; 32], now: Now) -> Self {
        let modules = modules::table();
        let features = modules
            .iter()
            .flat_map(|module| module.features())
            .copied()
            .collect();
        let core = Core {
            config,
            now,
            ids: Ids::new(seed),
            timers: Timers::default(),
            requests: Requests::default(),
            outbox: Outbox::default(),
            account: None,
            guest: false,
            me: None,
            established: false,
            offered: Vec::new(),
            bound_with: Vec::new(),
            catching_up: false,
            carbons: false,
            subscriptions: SortedMap::default(),
            rooms: SortedMap::default(),
            names: Names::default(),
            avatars: SortedMap::default(),
            privacy: Privacy::default(),
            features,
            outgoing: VecDeque::new(),
            redispatched: VecDeque::new(),
            commands: VecDeque::new(),
            events: Vec::new(),
            last_events: Vec::new(),
            durable: Durable::default(),
            logs: Vec::new(),
        };
        Self {
            core,
            session: Session::new(),
            modules,
            outputs: VecDeque::new(),
            wire: VecDeque::new(),
            commits: 0,
            committed: 0,
            storage_failed: false,
            rewrite: false,
        }
    }

    /// Goes on from what is stored: `rows` of the tables Engine and Outbox. A session that
    /// was established is resumed at once: [`poll_output`](Self::poll_output) says how.
    /// `seed` is a fresh one, so that no id is ever
    /// used twice.
    ///
    /// # Errors
    /// When there is no session that this build can go on from. The messages that have to
    /// reach the server are still good for [`recover`](Self::recover).
    pub fn restore(
        config: Config,
        rows: &[Record],
        seed: [u8; 32],
        now: Now,
    ) -> Result<Self, ForeignState> {
        let stored = durable::part(rows, durable::SESSION).ok_or(ForeignState::Missing)?;
        let saved = session::Saved::read(stored)?;
        let mut engine = Self::new(config, seed, now);
        engine.restore_outbox(rows);
        engine.core.durable.restored(stored.to_owned());
        if let Some(account) = &saved.account {
            engine.core.sign_in_as(account.clone());
        }
        if engine.restore_parts(rows).contains(&Part::Unreadable) {
            return Err(ForeignState::Unreadable);
        }
        engine.session.restore(&mut engine.core, saved);
        engine.settle();
        Ok(engine)
    }

    /// Begins a new session of `account` with what is left where there is none to go on
    /// from: `rows` of the tables Engine and Outbox, and what the store has, which is `known`.
    /// The archive is read before anything is sent again, from where we know it on.
    pub fn recover(
        config: Config,
        rows: &[Record],
        account: BareJid,
        url: String,
        known: &Known,
        seed: [u8; 32],
        now: Now,
    ) -> Self {
        let mut engine = Self::new(config, seed, now);
        engine.restore_outbox(rows);
        engine.core.sign_in_as(account.clone());
        let foreign = durable::part(rows, durable::SESSION).is_some_and(|saved| {
            matches!(session::Saved::read(saved), Err(ForeignState::Format(_)))
        });
        let parts = engine.restore_parts(if foreign { &[] } else { rows });
        for (module, part) in engine.modules.iter_mut().zip(parts) {
            if part != Part::Restored {
                module.recover(known);
            }
        }
        // Who wrote them sees them, whatever has become of what else there was.
        let words = |message: &&Message| !message.body.is_empty();
        for message in engine.core.outbox.messages().filter(words) {
            engine.core.events.push(StoreEvent::Message {
                message: Box::new(message.clone()),
                provenance: Provenance::Ahead,
            });
        }
        engine.core.outbox.doubt();
        engine.core.outbox.rewrite();
        engine.core.durable.rewrite();
        // What the store knows of rooms, this engine doesn't.
        engine.core.event(StoreEvent::RoomsLost);
        let saved = session::Saved::new(account, url);
        engine.session.restore(&mut engine.core, saved);
        engine.settle();
        engine
    }

    /// Whether nobody is signed in, and the server has been told all there was to tell.
    pub fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// The documents that are implemented, by number.
    pub fn specifications() -> Vec<Specification> {
        let modules = modules::table();
        specification::all(modules.iter().map(|module| module.specification()))
    }

    /// Takes in what happened. Call [`poll_output`](Self::poll_output) until it is idle afterwards.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        let before = std::mem::replace(&mut self.core.now, now);
        let woken = now.slept_since(before);
        // What the socket has kept for us is heard before it is given up.
        let of_socket = matches!(input, Input::Opened | Input::Frame(_) | Input::Closed(_));
        if woken && !of_socket {
            self.session.woken(&mut self.core);
        }
        match input {
            Input::Opened => self.session.opened(&mut self.core),
            Input::Frame(text) => self.session.frame(&mut self.core, &text),
            Input::Closed(reason) => self.session.closed(&mut self.core, &reason),
            Input::Timeout => self.wake(),
            Input::Command(command) => self.command(command),
            Input::SaslReply(reply) => self.session.sasl_reply(&mut self.core, reply),
            Input::Committed(commit) => self.committed = self.committed.max(commit),
            Input::CommitFailed(commit, why) => {
                if !self.storage_failed {
                    self.storage_failed = true;
                    self.core
                        .log(Level::Warning, format!("going on in memory: {why}"));
                }
                self.rewrite = true;
                self.committed = self.committed.max(commit);
            }
        }
        if woken && of_socket {
            self.session.woken(&mut self.core);
        }
        self.settle();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if self
            .wire
            .front()
            .is_some_and(|(commit, _)| *commit <= self.committed)
        {
            match self.wire.pop_front() {
                Some((_, Wire::Transmit(text))) => return Output::Transmit(text),
                Some((_, Wire::Sasl(request))) => return Output::Sasl(request),
                Some((_, Wire::Close)) => return Output::Close,
                None => {}
            }
        }
        let timers = [self.core.timers.next(), self.core.requests.next_deadline()];
        Output::Idle {
            wake_at: timers.into_iter().flatten().min(),
        }
    }

    /// Takes what waits to be sent; whoever wrote something of which that can't be read, has
    /// to know.
    fn restore_outbox(&mut self, rows: &[Record]) {
        self.core.outbox = Outbox::restore(rows);
        if self.core.outbox.is_changed() {
            let line = "what was to be sent is damaged in part";
            self.core.log(Level::Warning, line);
            let left = self.core.outbox.messages();
            let left = left.map(|message| message.id.clone()).collect();
            self.core.event_last(StoreEvent::OutboxDamaged { left });
        }
    }

    /// Gives each module its part of `rows`; what became of that, in the table's order.
    fn restore_parts(&mut self, rows: &[Record]) -> Vec<Part> {
        let mut parts = Vec::new();
        for index in 0..self.modules.len() {
            self.call(index, |module, ctx| {
                let part = module.part().and_then(|key| durable::part(rows, key));
                parts.push(match part.map(|part| module.restore(ctx, part)) {
                    Some(true) => Part::Restored,
                    Some(false) => Part::Unreadable,
                    None => Part::Missing,
                });
            });
        }
        parts
    }

    fn wake(&mut self) {
        let now = self.core.now.monotonic;
        while let Some((owner, key)) = self.core.timers.pop(now) {
            match owner {
                Owner::Session => self.session.timeout(&mut self.core, key),
                Owner::Module(index) => {
                    self.call(index, |module, ctx| module.on_timeout(ctx, key));
                }
            }
        }
        while let Some((module, ticket)) = self.core.requests.expire(now) {
            self.answered(module, ticket, Err(NoResult::Timeout));
        }
    }

    fn command(&mut self, command: Command) {
        if let Command::Session(command) = &command {
            self.session.command(&mut self.core, command.clone());
        }
        self.each(|module, ctx| module.on_command(ctx, &command));
    }

    /// Works off what the input has set going, then hands the results out.
    fn settle(&mut self) {
        loop {
            let effects = self.session.effects();
            if !effects.is_empty() {
                for effect in effects {
                    self.carry_out(effect);
                }
            } else if let Some(incoming) = self.core.redispatched.pop_front() {
                self.message(incoming);
            } else if let Some(command) = self.core.commands.pop_front() {
                self.command(command);
            } else if let Some(outgoing) = self.core.outgoing.pop_front() {
                self.send(outgoing);
            } else if !self.send_next_queued() {
                self.session.ask_for_proof(&mut self.core);
                if self.session.is_quiet() {
                    break;
                }
            }
        }
        self.hand_out();
    }

    /// In the order of the barrier: what was decided is committed, shown at once,
    /// and goes over the wire when the commit is safe.
    fn hand_out(&mut self) {
        let records = self.records();
        if !records.is_empty() {
            self.commits += 1;
            self.outputs
                .push_back(Output::Commit(self.commits, records));
        }
        let events = self.core.events.drain(..);
        let events = events.chain(self.core.last_events.drain(..));
        self.outputs.extend(events.map(Output::Event));
        self.outputs.extend(
            self.core
                .logs
                .drain(..)
                .map(|(level, line)| Output::Log(level, line)),
        );
        for (commit, _) in &mut self.wire {
            if *commit == PENDING {
                *commit = self.commits;
            }
        }
    }

    /// What has to be written before the wire may have what this drain decided.
    fn records(&mut self) -> Vec<Record> {
        let due = std::mem::take(&mut self.core.durable.due);
        if !due && !self.core.outbox.is_changed() {
            return Vec::new();
        }
        if std::mem::take(&mut self.rewrite) {
            self.core.outbox.rewrite();
            self.core.durable.rewrite();
            self.core.durable.due = false;
        }
        let mut records = self.core.outbox.take_records();
        let session = self.session.save(&self.core);
        records.extend(self.core.durable.session(session));
        for (index, module) in self.modules.iter().enumerate() {
            if let (Some(key), true) = (module.part(), self.core.durable.take(index)) {
                records.push(Record::new(Table::Engine, key, module.save()));
            }
        }
        records
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open(url) => {
                // What was meant for the old socket is of no use to the new one.
                self.wire.clear();
                self.outputs.push_back(Output::Open { url });
            }
            Effect::Transmit(text) => self.wire.push_back((PENDING, Wire::Transmit(text))),
            Effect::Handshake(text) => self.wire.push_back((0, Wire::Transmit(text))),
            Effect::Close => self.wire.push_back((PENDING, Wire::Close)),
            Effect::Start(start) => {
                let number = if start.acknowledges() { PENDING } else { 0 };
                let wishes = self.modules.iter().filter_map(|module| module.on_bind());
                let (request, granted) = start.request(wishes);
                self.core.bound_with = granted;
                self.wire.push_back((number, Wire::Sasl(request)));
            }
            Effect::Sasl(request) => self.outputs.push_back(Output::Sasl(request)),
            Effect::Established { resumed } => {
                for index in 0..self.modules.len() {
                    self.call(index, |module, ctx| module.on_established(ctx, resumed));
                }
            }
            Effect::Lost { forgotten } => {
                self.core.outbox.session_lost(forgotten);
                while let Some((module, ticket)) = self.core.requests.abandon() {
                    self.answered(module, ticket, Err(NoResult::Lost));
                }
                for index in 0..self.modules.len() {
                    self.call(index, |module, ctx| module.on_lost(ctx));
                }
                self.core
                    .outgoing
                    .retain(|outgoing| matches!(outgoing, Outgoing::Queued(..)));
            }
            Effect::Forget => {
                self.modules = modules::table();
                self.core.subscriptions.clear();
                self.core.rooms.clear();
                self.core.names = Names::default();
                self.core.avatars.clear();
                self.core.privacy = Privacy::default();
                self.core.catching_up = false;
                self.core.carbons = false;
                self.core.outbox.clear();
                self.core.durable.rewrite();
                if self.session.is_hidden() {
                    // That is about the page, not about who was signed in.
                    let hidden = Command::Session(session::Command::Visible(false));
                    self.each(|module, ctx| module.on_command(ctx, &hidden));
                }
            }
            Effect::Stanza(element) => self.stanza(&element),
            Effect::Proven(id) => self.proven(&id),
            Effect::Ended { blamed, failure } => {
                for condemned in self.core.outbox.strike(blamed) {
                    self.condemn(condemned, failure.clone());
                }
            }
        }
    }

    /// The server has it. Of a room's message that says nothing of the room.
    fn proven(&mut self, id: &MessageId) {
        if self.core.outbox.take(id) {
            return;
        }
        if let Some(queued) = self.core.outbox.prove(id) {
            self.each(|module, ctx| {
                module.on_proven(ctx, &queued.message);
                Flow::Continue
            });
            self.core.event(StoreEvent::Delivery {
                conversation: queued.message.conversation,
                id: queued.message.id,
                delivery: Delivery::Sent,
            });
        }
    }

    fn condemn(&mut self, queued: Queued, failure: Failure) {
        let Queued { message, .. } = queued;
        self.core.event(StoreEvent::Delivery {
            conversation: message.conversation,
            id: message.id,
            delivery: Delivery::Failed(failure),
        });
    }

    fn stanza(&mut self, element: &Element) {
        let read = match element.name() {
            "message" => stanza::Message::read(element).map(|message| {
                let origin = Origin::Live;
                self.core
                    .redispatched
                    .push_back(Incoming { message, origin });
            }),
            "presence" => stanza::Presence::read(element).map(|presence| {
                self.each(|module, ctx| module.on_presence(ctx, &presence));
            }),
            _ => Iq::read(element).map(|iq| self.iq(iq)),
        };
        if let Err(nonsense) = read {
            let line = format!("skipped a stanza that makes no sense: {nonsense}");
            self.core.log(Level::Warning, line);
        }
    }

    fn message(&mut self, mut incoming: Incoming) {
        if incoming.message.kind != MessageType::Error {
            self.pep(&incoming.message);
        }
        self.each(|module, ctx| module.on_message(ctx, &mut incoming));
    }

    fn pep(&mut self, message: &stanza::Message) {
        let event = message.payload("event", ns::PUBSUB_EVENT);
        let items = event.and_then(|event| event.get_child("items", ns::PUBSUB_EVENT));
        let (Some(items), Some(account)) = (items, &self.core.account) else {
            return;
        };
        let from = message
            .from
            .as_ref()
            .map_or_else(|| account.clone(), Jid::to_bare);
        let Some(node) = items.attr("node") else {
            return;
        };
        let published: Vec<_> = items
            .children()
            .filter(|item| matches!(item.name(), "item" | "retract"))
            .cloned()
            .collect();
        for index in 0..self.modules.len() {
            self.call(index, |module, ctx| {
                module.on_pep(ctx, &from, node, &published)
            });
        }
    }

    fn iq(&mut self, iq: Iq) {
        let Iq {
            from,
            id,
            kind,
            payload,
            ..
        } = iq;
        let payload = match (kind, payload) {
            (IqKind::Get | IqKind::Set, Some(payload)) => payload,
            (IqKind::Error, error) => {
                let error =
                    StanzaError::read(&error.unwrap_or_else(|| xml::build("error", "").done()));
                return self.response(from.as_ref(), &id, Err(NoResult::Error(error)));
            }
            (_, payload) => return self.response(from.as_ref(), &id, Ok(payload)),
        };
        let request = IqRequest {
            from,
            id,
            kind,
            payload,
        };
        if self.each(|module, ctx| module.on_iq(ctx, &request)) == Flow::Continue {
            // RFC 6120 8.4: what nobody understands is answered all the same.
            let mut ctx = Ctx {
                core: &mut self.core,
                module: 0,
            };
            ctx.refuse(&request, "service-unavailable");
        }
    }

    fn response(&mut self, from: Option<&Jid>, id: &str, response: Response) {
        let Some(account) = &self.core.account else {
            return;
        };
        match self.core.requests.answered(id, from, account) {
            Some((module, ticket)) => self.answered(module, ticket, response),
            None => self
                .core
                .log(Level::Warning, "skipped an answer to nothing we asked"),
        }
    }

    fn answered(&mut self, module: usize, ticket: Ticket, response: Response) {
        self.call(module, |module, ctx| {
            module.on_iq_result(ctx, ticket, response)
        });
    }

    fn send(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Queued(mut stanza, message) => {
                self.each(|module, ctx| {
                    module.on_outgoing_message(ctx, &mut stanza);
                    Flow::Continue
                });
                let room = stanza.kind == MessageType::Groupchat;
                let stanza = xml::write(&(*stanza).into());
                self.core.outbox.push(Queued::new(*message, stanza, room));
            }
            Outgoing::Passing(mut stanza) => {
                self.each(|module, ctx| {
                    module.on_outgoing_message(ctx, &mut stanza);
                    Flow::Continue
                });
                self.transmit(xml::write(&(*stanza).into()));
            }
            Outgoing::Presence(mut presence) => {
                self.each(|module, ctx| {
                    module.on_outgoing_presence(ctx, &mut presence);
                    Flow::Continue
                });
                self.core.durable.due = true;
                self.transmit(xml::write(&(*presence).into()));
            }
            Outgoing::Nonza(element) => {
                if self.session.is_established() {
                    self.wire
                        .push_back((PENDING, Wire::Transmit(xml::write(&element))));
                }
            }
            Outgoing::Iq(element) => {
                // A request is to survive; an answer nobody waits for later.
                self.core.durable.due |= matches!(element.attr("type"), Some("get" | "set"));
                self.transmit(xml::write(&element));
            }
        }
    }

    fn transmit(&mut self, stanza: String) {
        if self.session.is_established() {
            self.session.send(stanza, None);
        }
    }

    /// Puts the next queued message on the wire, if one may go.
    fn send_next_queued(&mut self) -> bool {
        if !self.session.keeps_account() {
            return false;
        }
        let now = self.core.now.wall;
        let Some(queued) = self.core.outbox.next_unsent(&self.core.rooms) else {
            return false;
        };
        let id = queued.message.id.clone();
        let stanza = queued.stanza(now);
        let source = Source {
            id: id.clone(),
            xml: stanza.clone(),
            received: None,
        };
        self.core.event(StoreEvent::Source(Box::new(source)));
        self.session.send(stanza, Some(id));
        self.core.durable.due = true;
        true
    }

    /// Calls each module in turn until one stops.
    fn each(&mut self, mut hook: impl FnMut(&mut dyn Module, &mut Ctx<'_>) -> Flow) -> Flow {
        for (index, module) in self.modules.iter_mut().enumerate() {
            let mut ctx = Ctx {
                core: &mut self.core,
                module: index,
            };
            if hook(module.as_mut(), &mut ctx) == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    fn call(&mut self, index: usize, hook: impl FnOnce(&mut dyn Module, &mut Ctx<'_>)) {
        if let Some(module) = self.modules.get_mut(index) {
            hook(
                module.as_mut(),
                &mut Ctx {
                    core: &mut self.core,
                    module: index,
                },
            );
        }
    }
}

/// The commit of the drain that is under way.
const PENDING: u64 = u64::MAX;
