//! What a module is, and what it may do.

use std::collections::VecDeque;
use std::time::Duration;

use jid::{BareJid, FullJid, Jid};
use minidom::Element;

use crate::durable::Durable;
use crate::engine::Config;
use crate::ids::Ids;
use crate::input::Command;
use crate::iq::{self, NoResult, Requests, Response, Ticket};
use crate::now::{Now, Timestamp};
use crate::outbox::Outbox;
use crate::output::Level;
use crate::rooms::{Names, Room};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, Iq, IqKind, StanzaError};
use crate::store::{
    Fact, Known, Message, NotSaved, PageAnswer, Privacy, Provenance, Saved, StoreEvent,
    Subscription,
};
use crate::timer::{Key, Owner, Timers};

/// So many devices of one person are asked something.
const MOST_DEVICES: usize = 8;

/// Whether the modules after this one shall see it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Stop,
}

/// The document a module implements, for the README's table and the DOAP file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Specification {
    /// `XEP-0184`, `RFC 6121`.
    pub number: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The version implemented.
    pub version: &'static str,
}

/// One protocol extension. Every hook does nothing unless a module says otherwise.
/// Modules never call each other; they meet in the table's order and in [`Core`].
pub(crate) trait Module {
    /// What it implements.
    fn specification(&self) -> Specification;

    /// What it adds to our answer to service discovery (XEP-0030).
    fn features(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a new session is to begin with (XEP-0386), if its namespace is offered for
    /// that. [`Core::bound_with`] says whether it was.
    fn on_bind(&self) -> Option<Element> {
        None
    }

    /// The session is up: resumed, or new and ready for requests.
    fn on_established(&mut self, _ctx: &mut Ctx<'_>, _resumed: bool) {}

    /// The session is over for good; a broken connection alone is not the end.
    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {}

    /// Somebody asks us something. `Stop` means that it has been answered.
    fn on_iq(&mut self, _ctx: &mut Ctx<'_>, _request: &IqRequest) -> Flow {
        Flow::Continue
    }

    /// The answer to a request of this module, exactly once for each.
    fn on_iq_result(&mut self, _ctx: &mut Ctx<'_>, _ticket: Ticket, _response: Response) {}

    fn on_message(&mut self, _ctx: &mut Ctx<'_>, _incoming: &mut Incoming) -> Flow {
        Flow::Continue
    }

    fn on_presence(&mut self, _ctx: &mut Ctx<'_>, _presence: &stanza::Presence) -> Flow {
        Flow::Continue
    }

    /// News from a personal node (XEP-0163) of `from`: each an `<item/>` or a `<retract/>`.
    fn on_pep(&mut self, _ctx: &mut Ctx<'_>, _from: &BareJid, _node: &str, _items: &[Element]) {}

    /// A message of ours is about to be queued, or a passing one to be sent.
    fn on_outgoing_message(&mut self, _ctx: &mut Ctx<'_>, _message: &mut stanza::Message) {}

    /// A message of ours has reached the server, by stream management; where it is in the
    /// archive isn't known.
    fn on_proven(&mut self, _ctx: &mut Ctx<'_>, _message: &Message) {}

    /// A presence of ours is about to be sent.
    fn on_outgoing_presence(&mut self, _ctx: &mut Ctx<'_>, _presence: &mut stanza::Presence) {}

    fn on_command(&mut self, _ctx: &mut Ctx<'_>, _command: &Command) -> Flow {
        Flow::Continue
    }

    fn on_timeout(&mut self, _ctx: &mut Ctx<'_>, _key: Key) {}

    /// The key of its row in [`Table::Engine`](crate::Table::Engine), if it has state to keep.
    fn part(&self) -> Option<&'static str> {
        None
    }

    /// The row: what has to survive the page, requests under way apart, for these are made
    /// again by [`on_established`](Self::on_established). Written after [`Ctx::changed`].
    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    /// Takes back what [`save`](Self::save) gave; false if that can't be read.
    fn restore(&mut self, _ctx: &mut Ctx<'_>, _saved: &[u8]) -> bool {
        true
    }

    /// What was saved can't be had: what the store knows has to do.
    fn recover(&mut self, _known: &Known) {}
}

/// A message on its way through the modules.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) message: stanza::Message,
    pub(crate) origin: Origin,
}

/// Where a message came from. Only what has been validated gets any but `Live`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Addressed to this session.
    Live,
    /// A copy of what another of our devices received (XEP-0280).
    CarbonReceived,
    /// A copy of what another of our devices sent.
    CarbonSent,
    /// From our own archive (XEP-0313), or that of a room that we are in.
    Archive {
        room: Option<BareJid>,
        id: String,
        at: Timestamp,
        provenance: Provenance,
    },
}

/// A request somebody made of us.
#[derive(Debug, Clone)]
pub(crate) struct IqRequest {
    pub(crate) from: Option<Jid>,
    pub(crate) id: String,
    pub(crate) kind: IqKind,
    pub(crate) payload: Element,
}

/// Something a module wants sent. The other modules see it first.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    /// A message somebody wrote: kept until the server has it.
    Queued(Box<stanza::Message>, Box<Message>),
    /// A message that may get lost, such as a chat state.
    Passing(Box<stanza::Message>),
    Presence(Box<stanza::Presence>),
    Iq(Element),
    /// What is not a stanza and is not counted (XEP-0198 4).
    Nonza(Element),
}

/// A picture that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The SHA-1 of the file, in small hex.
    pub(crate) hash: String,
    /// Whether it is published as one (XEP-0084), or part of a card (XEP-0153), which counts
    /// for nothing then.
    pub(crate) published: bool,
}

/// What session and modules share.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) ids: Ids,
    pub(crate) timers: Timers,
    pub(crate) requests: Requests,
    pub(crate) outbox: Outbox,
    /// The account that is signed in.
    pub(crate) account: Option<BareJid>,
    /// Whether it is nobody's in particular (RFC 4505): of this session only, so that nothing is
    /// kept for it and no other session knows of it.
    pub(crate) guest: bool,
    /// The address the server bound us to.
    pub(crate) me: Option<FullJid>,
    /// Whether what was missed is still being read.
    pub(crate) catching_up: bool,
    /// Whether we hear at once of what our other devices send (XEP-0280).
    pub(crate) carbons: bool,
    /// Whether stanzas can be sent just now.
    pub(crate) established: bool,
    /// The namespaces of the features that the server offered after sign-in.
    pub(crate) offered: Vec<String>,
    /// The namespaces of what the session has begun with ([`Module::on_bind`]).
    pub(crate) bound_with: Vec<String>,
    /// Who sees whose presence, as the roster has it.
    pub(crate) subscriptions: SortedMap<BareJid, Subscription>,
    /// The rooms that we are in, have been in, or are about to be.
    pub(crate) rooms: SortedMap<BareJid, Room>,
    /// Who has come to be called what in them, or is no longer.
    pub(crate) names: Names,
    /// The pictures that are shown.
    pub(crate) avatars: SortedMap<BareJid, Shown>,
    /// What others learn of us, and who may contact us.
    pub(crate) privacy: Privacy,
    /// What all modules together advertise.
    pub(crate) features: Vec<&'static str>,
    pub(crate) outgoing: VecDeque<Outgoing>,
    pub(crate) redispatched: VecDeque<Incoming>,
    /// What one module wants of another.
    pub(crate) commands: VecDeque<Command>,
    pub(crate) events: Vec<StoreEvent>,
    /// What is to be shown when everything else of this drain is.
    pub(crate) last_events: Vec<StoreEvent>,
    pub(crate) durable: Durable,
    pub(crate) logs: Vec<(Level, String)>,
}

impl Core {
    /// Somebody signs in; without a local part, as nobody in particular.
    pub(crate) fn sign_in_as(&mut self, account: BareJid) {
        self.guest = account.node().is_none();
        self.account = Some(account);
    }

    /// As whom to sign in: a guest as nobody, whoever that was the last time.
    pub(crate) fn login(&self) -> Option<BareJid> {
        let account = self.account.as_ref()?;
        match self.guest {
            true => Some(BareJid::from_parts(None, account.domain())),
            false => Some(account.clone()),
        }
    }

    /// The address that the session has.
    pub(crate) fn bind(&mut self, me: FullJid) {
        // Whoever came as nobody in particular is somebody now (RFC 6120 7.6).
        self.account = Some(me.to_bare());
        self.event(match self.guest {
            true => StoreEvent::Guest(me.clone()),
            false => StoreEvent::Bound(me.clone()),
        });
        self.me = Some(me);
    }

    pub(crate) fn event(&mut self, event: StoreEvent) {
        if matches!(
            event,
            StoreEvent::Message { .. }
                | StoreEvent::Change { .. }
                | StoreEvent::Displayed { .. }
                | StoreEvent::Seen { .. }
        ) {
            // In one transaction with the counter that says it was received, so that
            // it can't come twice.
            self.durable.due = true;
        }
        self.events.push(event);
    }

    /// Shows this when everything else of this drain is shown.
    pub(crate) fn event_last(&mut self, event: StoreEvent) {
        self.last_events.push(event);
    }

    pub(crate) fn log(&mut self, level: Level, line: impl Into<String>) {
        self.logs.push((level, line.into()));
    }
}

/// What a hook may do.
pub(crate) struct Ctx<'a> {
    pub(crate) core: &'a mut Core,
    /// The place in the table of the module that is being called.
    pub(crate) module: usize,
}

impl Ctx<'_> {
    pub(crate) fn now(&self) -> Now {
        self.core.now
    }

    /// Whether the session has begun with what is in `namespace`.
    pub(crate) fn began_with(&self, namespace: &str) -> bool {
        self.core.bound_with.iter().any(|known| known == namespace)
    }

    /// Our own bare address, once somebody is signed in.
    pub(crate) fn account(&self) -> Option<&BareJid> {
        self.core.account.as_ref()
    }

    /// Whether `from` speaks for our own account (RFC 6120 8.1.2.1).
    pub(crate) fn is_own_account(&self, from: Option<&Jid>) -> bool {
        match (from, self.account()) {
            (None, _) => true,
            (Some(from), Some(account)) => from == account,
            (Some(_), None) => false,
        }
    }

    /// Whether `jid` is our own account, signed in elsewhere.
    pub(crate) fn is_other_device(&self, jid: &FullJid) -> bool {
        self.account() == Some(&jid.to_bare()) && self.core.me.as_ref() != Some(jid)
    }

    pub(crate) fn event(&mut self, event: StoreEvent) {
        self.core.event(event);
    }

    /// Answers whoever has asked.
    pub(crate) fn answer_page(&mut self, answer: PageAnswer) {
        self.event(StoreEvent::PageAnswer(Box::new(answer)));
    }

    /// Shows this when everything else of this drain is shown.
    pub(crate) fn event_last(&mut self, event: StoreEvent) {
        self.core.event_last(event);
    }

    pub(crate) fn warn(&mut self, line: impl Into<String>) {
        self.core.log(Level::Warning, line);
    }

    /// What [`Module::save`] gives has changed.
    pub(crate) fn changed(&mut self) {
        self.core.durable.changed(self.module);
    }

    pub(crate) fn id(&mut self) -> String {
        self.core.ids.id()
    }

    pub(crate) fn get(&mut self, to: Option<Jid>, payload: Element) -> Ticket {
        self.request(IqKind::Get, to, payload)
    }

    pub(crate) fn set(&mut self, to: Option<Jid>, payload: Element) -> Ticket {
        self.request(IqKind::Set, to, payload)
    }

    fn request(&mut self, kind: IqKind, to: Option<Jid>, payload: Element) -> Ticket {
        let core = &mut *self.core;
        let deadline = core.now.monotonic + iq::PATIENCE;
        let (id, ticket) = core
            .requests
            .register(&mut core.ids, self.module, to.clone(), deadline);
        let payload = Some(payload);
        let iq = Iq {
            from: None,
            to,
            id,
            kind,
            payload,
        };
        core.outgoing.push_back(Outgoing::Iq(iq.into()));
        ticket
    }

    pub(crate) fn answer(&mut self, request: &IqRequest, payload: Option<Element>) {
        self.reply(request, IqKind::Result, payload);
    }

    /// Answers with an error: asking again won't help.
    pub(crate) fn refuse(&mut self, request: &IqRequest, condition: &str) {
        self.reply(request, IqKind::Error, Some(StanzaError::cancel(condition)));
    }

    fn reply(&mut self, request: &IqRequest, kind: IqKind, payload: Option<Element>) {
        let (to, id) = (request.from.clone(), request.id.clone());
        let iq = Iq {
            from: None,
            to,
            id,
            kind,
            payload,
        };
        self.core.outgoing.push_back(Outgoing::Iq(iq.into()));
    }

    pub(crate) fn send_presence(&mut self, presence: stanza::Presence) {
        self.core
            .outgoing
            .push_back(Outgoing::Presence(Box::new(presence)));
    }

    /// Sends what is not a stanza; dropped when offline.
    pub(crate) fn send_nonza(&mut self, element: Element) {
        if self.core.established {
            self.core.outgoing.push_back(Outgoing::Nonza(element));
        }
    }

    /// Sends a message that nobody misses if it gets lost; dropped when offline.
    pub(crate) fn send_passing(&mut self, message: stanza::Message) {
        if self.core.established {
            self.core
                .outgoing
                .push_back(Outgoing::Passing(Box::new(message)));
        }
    }

    /// Sends a message that somebody wrote, now or when there is a session again.
    pub(crate) fn send_queued(&mut self, stanza: stanza::Message, message: Message) {
        self.core
            .outgoing
            .push_back(Outgoing::Queued(Box::new(stanza), Box::new(message)));
    }

    /// Whether `jid` is somebody whom we know: a contact, or we ourselves.
    pub(crate) fn knows(&self, jid: &BareJid) -> bool {
        self.account() == Some(jid) || self.core.subscriptions.contains_key(jid)
    }

    /// The devices of `jid` that may be asked something: those of people who see that we are
    /// there anyway.
    pub(crate) fn askable(&self, jid: &BareJid, devices: &[String]) -> Vec<FullJid> {
        let subscription = self.core.subscriptions.get(jid);
        let sees_us = subscription.is_some_and(|subscription| subscription.from());
        if !self.core.established || !(sees_us || self.account() == Some(jid)) {
            return Vec::new();
        }
        let devices = devices.iter().take(MOST_DEVICES);
        let devices = devices.filter_map(|device| jid.with_resource_str(device).ok());
        devices.collect()
    }

    /// Tells what somebody tells of themselves, or a device of theirs.
    pub(crate) fn learned(&mut self, jid: BareJid, fact: Fact) {
        let fact = Box::new(fact);
        self.event(StoreEvent::Profile { jid, fact });
    }

    /// Tells what became of a change of our own profile.
    pub(crate) fn saved(&mut self, request: String, outcome: Result<(), NoResult>) {
        let outcome = outcome.map_err(NotSaved::from);
        if let Some(account) = self.account().cloned() {
            self.learned(account, Fact::Saved(Saved { request, outcome }));
        }
    }

    /// Lets every module see a message that was wrapped in another.
    pub(crate) fn redispatch(&mut self, incoming: Incoming) {
        self.core.redispatched.push_back(incoming);
    }

    /// Wants something as a person would, of whichever module does it.
    pub(crate) fn command(&mut self, command: Command) {
        self.core.commands.push_back(command);
    }

    pub(crate) fn wake_in(&mut self, key: Key, after: Duration) {
        let at = self.core.now.monotonic + after;
        self.core.timers.set(Owner::Module(self.module), key, at);
    }

    pub(crate) fn cancel(&mut self, key: Key) {
        self.core.timers.cancel(Owner::Module(self.module), key);
    }
}
