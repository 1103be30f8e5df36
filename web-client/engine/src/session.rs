//! One signed-in session: its connection, sign-in, resource and resumption.
//!
//! ```text
//! SignedOut ─▶ Opening ─▶ Greeting ─▶ Authenticating ─▶ Greeting ─▶ Binding | Resuming ─▶ Established
//!    ▲            ▲                                                                          │
//!    │            └────────────────────────────── Waiting ◀────── connection lost ───────────┤
//!    └── signed out, or refused for good ◀── Closing ◀───────────────────────────────────────┘
//! ```

mod trouble;

use std::time::Duration;

use jid::{BareJid, FullJid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::durable::{FORMAT, ForeignState};
use crate::input::CloseReason;
use crate::module::Core;
use crate::output::Level;
use crate::sasl;
use crate::stanza::{Iq, IqKind};
use crate::store::{MessageId, SessionStatus, SignInStep, StoreEvent, Trouble};
use crate::stream_management::{StreamManagement, Unacked};
use crate::timer::{Key, Owner};
use crate::xml::{self, Frame, build};

/// What a person can ask of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Sign in. The secrets are with the driver.
    SignIn {
        /// The account; without a local part, anonymously at that domain.
        jid: BareJid,
        /// The WebSocket that leads to it.
        url: String,
    },
    /// End the session. What is queued is given up.
    SignOut,
    /// Don't wait any longer for the next attempt.
    RetryNow,
    /// The device says that it has got or lost its network.
    NetworkChanged {
        /// Whether there is one.
        online: bool,
    },
    /// Whether the page can be seen. One is taken to be until it says otherwise.
    Visible(bool),
}

/// From opening a socket to being established.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);
/// How long the other side may be silent before it is asked whether it is still there,
/// and how long it may take to answer.
struct Patience {
    silence: Duration,
    answer: Duration,
}

/// Somebody looks at the page: a dead connection is found within 20 seconds.
const WATCHED: Patience = Patience {
    silence: Duration::from_secs(12),
    answer: Duration::from_secs(6),
};
/// Nobody does: traffic costs, and browsers keep the timers of hidden pages back.
const UNWATCHED: Patience = Patience {
    silence: Duration::from_secs(25),
    answer: Duration::from_secs(15),
};
/// The same where there is reason to think that the connection is dead.
const SUSPICION_TIME: Duration = Duration::from_secs(4);
/// How often a page that is seen looks whether the machine has slept.
const HEARTBEAT_TIME: Duration = Duration::from_secs(2);
/// Stanzas are acknowledged unasked after this time, or this many of them.
const REPORT_TIME: Duration = Duration::from_secs(10);
const REPORT_COUNT: u32 = 50;
/// How long we wait for `<close/>` to be answered (RFC 7395 3.6).
const CLOSE_TIME: Duration = Duration::from_secs(2);
/// Back-off: the first wait, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

const DEADLINE: Key = 0;
const LIVENESS: Key = 1;
const RETRY: Key = 2;
const REPORT: Key = 3;
const HEARTBEAT: Key = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    SignedOut,
    /// The connection is lost; the RETRY timer runs.
    Waiting,
    Opening,
    /// `<open/>` has been sent; the features are awaited.
    Greeting {
        authenticated: bool,
    },
    Authenticating,
    Resuming,
    Binding {
        id: String,
    },
    Established,
    /// `<close/>` has been sent.
    Closing,
}

/// What the session wants of the engine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Open(String),
    Transmit(String),
    /// On the way to a session: it promises nothing, and waits for no disk.
    Handshake(String),
    Close,
    Sasl(sasl::Request),
    /// The session is up.
    Established {
        resumed: bool,
    },
    /// It can't be resumed, or has been left: modules forget what hung on it.
    Lost,
    /// The account is left: everything is forgotten.
    Forget,
    /// A stanza for the modules.
    Stanza(Element),
    /// The server has this message.
    Proven(MessageId),
    /// The server ended the stream over something we sent.
    Blamed,
}

/// What survives the page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) account: Option<BareJid>,
    me: Option<FullJid>,
    url: String,
    resource: Option<String>,
    lasting: bool,
    managed: bool,
    management: StreamManagement,
}

impl Saved {
    /// A session of `account` that has yet to be made.
    pub(crate) fn new(account: BareJid, url: String) -> Self {
        Self {
            account: Some(account),
            me: None,
            url,
            resource: None,
            lasting: true,
            managed: false,
            management: StreamManagement::default(),
        }
    }

    pub(crate) fn read(stored: &[u8]) -> Result<Self, ForeignState> {
        match stored.split_first() {
            Some((&FORMAT, saved)) => decode(saved).ok_or(ForeignState::Unreadable),
            Some((&other, _)) => Err(ForeignState::Format(other)),
            None => Err(ForeignState::Unreadable),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut row = vec![FORMAT];
        row.extend(encode(self));
        row
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    url: String,
    /// The resource that the server gave us, to be asked for again: a new session then
    /// takes the place of what is left of the old one (RFC 6120 7.7.2.2).
    resource: Option<String>,
    management: StreamManagement,
    /// Whether the server lets us manage the stream; else pings prove what arrived.
    managed: bool,
    probe: Option<String>,
    /// Whether this sign-in has ever been established: then lost connections are
    /// made again, before it they are an answer to the person who waits.
    lasting: bool,
    attempts: u32,
    heard: Duration,
    asked_for_life: bool,
    hidden: bool,
    /// What the stream error said, until the socket closes.
    trouble: Option<Trouble>,
    effects: Vec<Effect>,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            state: State::SignedOut,
            url: String::new(),
            resource: None,
            management: StreamManagement::default(),
            managed: false,
            probe: None,
            lasting: false,
            attempts: 0,
            heard: Duration::ZERO,
            asked_for_life: false,
            hidden: false,
            trouble: None,
            effects: Vec::new(),
        }
    }

    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether nothing waits to be carried out.
    pub(crate) fn is_quiet(&self) -> bool {
        self.effects.is_empty()
    }

    /// Whether a stanza may be put on the wire.
    pub(crate) fn is_established(&self) -> bool {
        self.state == State::Established
    }

    /// What to write, if there is anything to come back to.
    pub(crate) fn save(&self, core: &Core) -> Option<Vec<u8>> {
        if !self.lasting && core.outbox.is_empty() {
            return None;
        }
        let saved = Saved {
            account: core.account.clone(),
            me: core.me.clone(),
            url: self.url.clone(),
            resource: self.resource.clone(),
            lasting: self.lasting,
            managed: self.managed,
            management: self.management.clone(),
        };
        Some(saved.write())
    }

    /// The page is new: a session that was established is resumed at once.
    pub(crate) fn restore(&mut self, core: &mut Core, saved: Saved) {
        self.url = saved.url;
        self.resource = saved.resource;
        self.lasting = saved.lasting;
        self.managed = saved.managed;
        if !saved.lasting {
            return;
        }
        self.management = saved.management;
        self.management.restored();
        core.outbox.on_the_wire(self.management.messages());
        core.me = saved.me;
        if let Some(me) = core.me.clone() {
            core.event(StoreEvent::Bound(me));
        }
        self.retry(core);
    }

    pub(crate) fn command(&mut self, core: &mut Core, command: Command) {
        match command {
            Command::SignIn { jid, url } => {
                self.drop_session(core);
                if core.account.as_ref() != Some(&jid) {
                    self.resource = None;
                    self.effects.push(Effect::Forget);
                }
                core.account = Some(jid);
                self.url = url;
                self.lasting = false;
                self.attempts = 0;
                core.event(StoreEvent::Status(SessionStatus::SigningIn(
                    SignInStep::Connecting,
                )));
                self.open(core);
            }
            Command::SignOut => {
                self.resource = None;
                if self.state == State::Established {
                    self.transmit(couplet_shared::framing::CLOSE.to_owned());
                    self.deadline(core, CLOSE_TIME);
                    self.state = State::Closing;
                } else {
                    self.effects.push(Effect::Close);
                    self.state = State::SignedOut;
                }
                self.end(core, None);
                self.effects.push(Effect::Forget);
            }
            Command::RetryNow => {
                if self.state == State::Waiting {
                    self.retry(core);
                }
            }
            Command::NetworkChanged { online } => {
                if online {
                    self.attempts = 0;
                    self.woken(core);
                } else {
                    self.suspect(core);
                }
            }
            Command::Visible(visible) => {
                self.hidden = !visible;
                self.beat(core);
                if visible {
                    self.woken(core);
                }
            }
        }
    }

    pub(crate) fn opened(&mut self, core: &mut Core) {
        if self.state != State::Opening {
            return;
        }
        self.greet(core, false);
    }

    pub(crate) fn frame(&mut self, core: &mut Core, text: &str) {
        if matches!(self.state, State::Waiting | State::SignedOut) {
            // Of a connection that has been given up: it comes again over the next one.
            return;
        }
        self.heard = core.now.monotonic;
        self.asked_for_life = false;
        match xml::parse(text) {
            Ok(Frame::Open) => {}
            Ok(Frame::Close) => self.closed_by_server(core),
            Ok(Frame::Element(element)) => self.element(core, element),
            Err(error) => {
                // It counts: the server has counted it too (XEP-0198 4).
                self.management.received();
                core.log(
                    Level::Warning,
                    format!("skipped a stanza that can't be read: {error}"),
                );
            }
        }
    }

    pub(crate) fn closed(&mut self, core: &mut Core, reason: &CloseReason) {
        match self.state {
            State::SignedOut | State::Waiting => {}
            State::Closing => {
                self.state = State::SignedOut;
                core.timers.cancel(Owner::Session, DEADLINE);
            }
            _ => {
                let trouble = self.trouble.take().unwrap_or(if reason.opened {
                    Trouble::ConnectionLost
                } else {
                    Trouble::ProxyUnreachable
                });
                core.log(
                    Level::Info,
                    format!("connection closed, code {}", reason.code),
                );
                self.fail(core, trouble);
            }
        }
    }

    pub(crate) fn timeout(&mut self, core: &mut Core, key: Key) {
        match key {
            DEADLINE if self.state == State::Closing => {
                self.state = State::SignedOut;
                self.effects.push(Effect::Close);
            }
            DEADLINE => self.fail(core, Trouble::Timeout),
            LIVENESS => self.check_life(core),
            RETRY if self.state == State::Waiting => self.retry(core),
            REPORT if self.state == State::Established => self.acknowledge(core),
            HEARTBEAT => self.beat(core),
            _ => {}
        }
    }

    pub(crate) fn sasl_reply(&mut self, core: &mut Core, reply: sasl::Reply) {
        if self.state != State::Authenticating {
            return;
        }
        match reply {
            sasl::Reply::Auth { mechanism, initial } => {
                let auth = xml::write(&sasl::auth(&mechanism, &initial));
                self.effects.push(Effect::Handshake(auth));
            }
            sasl::Reply::AuthSent => {}
            sasl::Reply::Response(data) => {
                let response = xml::write(&sasl::response(&data));
                self.effects.push(Effect::Handshake(response));
            }
            sasl::Reply::Verified => self.greet(core, true),
            sasl::Reply::Failed(trouble) => self.fail(core, trouble),
        }
    }

    /// Puts a stanza on the wire and into the queue of what isn't acknowledged.
    pub(crate) fn send(&mut self, stanza: String, message: Option<MessageId>) {
        let unacked = match message {
            Some(id) => Unacked::Message(id),
            None => Unacked::Other(stanza.clone()),
        };
        self.management.sent(unacked);
        self.transmit(stanza);
    }

    /// Asks for proof of what has been sent, once a drain.
    pub(crate) fn ask_for_proof(&mut self, core: &mut Core) {
        if self.state != State::Established || !self.management.request() {
            return;
        }
        if self.managed {
            self.transmit(StreamManagement::request_ack());
        } else {
            self.ping(core);
        }
    }

    fn open(&mut self, core: &mut Core) {
        self.state = State::Opening;
        self.trouble = None;
        self.probe = None;
        self.deadline(core, HANDSHAKE_TIME);
        self.beat(core);
        self.effects.push(Effect::Open(self.url.clone()));
    }

    fn greet(&mut self, core: &mut Core, authenticated: bool) {
        let Some(account) = &core.account else { return };
        let open = xml::open(account);
        self.state = State::Greeting { authenticated };
        self.effects.push(Effect::Handshake(open));
    }

    fn element(&mut self, core: &mut Core, element: Element) {
        match (element.name(), element.ns().as_str()) {
            ("features", ns::STREAM) => self.features(core, &element),
            ("error", ns::STREAM) => self.stream_error(core, &element),
            (name, ns::SASL) => self.sasl(core, name, &element),
            (name, ns::SM) => self.managed(core, name, &element),
            ("iq" | "message" | "presence", ns::JABBER_CLIENT) => self.stanza(core, element),
            (name, namespace) => {
                core.log(
                    Level::Warning,
                    format!("skipped an unknown <{name} xmlns={namespace:?}>"),
                );
            }
        }
    }

    fn stanza(&mut self, core: &mut Core, element: Element) {
        self.management.received();
        if self.state == State::Established {
            self.report(core);
        }
        match &self.state {
            State::Binding { id } if element.name() == "iq" && element.attr("id") == Some(id) => {
                self.bound(core, &element);
            }
            State::Established => {
                if self.probe.is_some() && element.attr("id") == self.probe.as_deref() {
                    self.ponged();
                } else {
                    self.effects.push(Effect::Stanza(element));
                }
            }
            _ => core.log(Level::Warning, "skipped a stanza before the session was up"),
        }
    }

    fn features(&mut self, core: &mut Core, features: &Element) {
        match self.state {
            State::Greeting {
                authenticated: false,
            } => {
                let mechanisms = features
                    .get_child("mechanisms", ns::SASL)
                    .into_iter()
                    .flat_map(Element::children)
                    .map(Element::text)
                    .collect();
                self.state = State::Authenticating;
                self.signing_in(core, SignInStep::Authenticating);
                self.effects
                    .push(Effect::Sasl(sasl::Request::Start { mechanisms }));
            }
            State::Greeting {
                authenticated: true,
            } => {
                self.signing_in(core, SignInStep::Binding);
                self.managed = StreamManagement::offered(features);
                core.offered = features.children().map(Element::ns).collect();
                match self.management.resume().filter(|_| self.managed) {
                    Some(resume) => {
                        // It acknowledges too.
                        core.durable.due = true;
                        self.state = State::Resuming;
                        self.transmit(resume);
                    }
                    None => {
                        self.drop_session(core);
                        self.bind(core);
                    }
                }
            }
            _ => core.log(Level::Warning, "skipped stream features out of turn"),
        }
    }

    fn sasl(&mut self, core: &mut Core, name: &str, element: &Element) {
        if self.state != State::Authenticating {
            return;
        }
        let request = match (name, sasl::data(element)) {
            ("failure", _) => return self.fail(core, trouble::of_sasl_failure(element)),
            ("challenge", Some(data)) => sasl::Request::Challenge(data),
            ("success", Some(data)) => sasl::Request::Success(data),
            _ => {
                let detail = format!("<{name}/> can't be read");
                return self.fail(core, Trouble::Protocol { detail });
            }
        };
        self.effects.push(Effect::Sasl(request));
    }

    fn bind(&mut self, core: &mut Core) {
        let id = core.ids.id();
        self.state = State::Binding { id: id.clone() };
        let resource = self.resource.as_ref();
        let resource = resource.map(|name| build("resource", ns::BIND).text(name).done());
        let bind = build("bind", ns::BIND).children(resource);
        self.transmit(request(IqKind::Set, id, bind.done()));
    }

    fn bound(&mut self, core: &mut Core, element: &Element) {
        let bound = element
            .get_child("bind", ns::BIND)
            .and_then(|bind| xml::child_text(bind, "jid"))
            .and_then(|jid| jid.parse::<FullJid>().ok());
        let Some(me) = bound else {
            let detail = "the server gives us no address".to_owned();
            return self.fail(core, Trouble::Protocol { detail });
        };
        // Whoever came as nobody in particular is somebody now (RFC 6120 7.6).
        core.account = Some(me.to_bare());
        core.event(StoreEvent::Bound(me.clone()));
        self.resource = Some(me.resource().to_string());
        core.me = Some(me);
        if self.managed {
            let enable = self.management.enable();
            self.transmit(enable);
        }
        self.establish(core, false);
    }

    fn establish(&mut self, core: &mut Core, resumed: bool) {
        self.state = State::Established;
        self.lasting = true;
        self.attempts = 0;
        core.established = true;
        core.timers.cancel(Owner::Session, DEADLINE);
        self.heard = core.now.monotonic;
        self.asked_for_life = false;
        core.timers.set(
            Owner::Session,
            LIVENESS,
            self.heard + self.patience().silence,
        );
        self.beat(core);
        core.event(StoreEvent::Status(SessionStatus::Online));
        let how = if resumed { "resumed" } else { "begun" };
        core.log(Level::Info, format!("session {how}"));
        self.effects.push(Effect::Established { resumed });
    }

    /// Nonzas of stream management (XEP-0198).
    fn managed(&mut self, core: &mut Core, name: &str, element: &Element) {
        match name {
            "enabled" => {
                self.management.enabled(element);
                core.durable.due = true;
            }
            "r" => self.acknowledge(core),
            "a" => self.acked(core, element),
            "resumed" if self.state == State::Resuming => {
                self.acked(core, element);
                // Messages go again as the outbox has them, in order.
                core.outbox.send_again();
                for unacked in self.management.resumed() {
                    if let Unacked::Other(stanza) = unacked {
                        self.send(stanza, None);
                    }
                }
                core.durable.due = true;
                self.establish(core, true);
            }
            "failed" if self.state == State::Resuming => {
                self.acked(core, element);
                self.drop_session(core);
                self.bind(core);
            }
            // Pings prove what acks would have.
            "failed" => self.managed = false,
            _ => {}
        }
    }

    /// Behind the commit of everything that it acknowledges.
    fn acknowledge(&mut self, core: &mut Core) {
        core.durable.due = true;
        core.timers.cancel(Owner::Session, REPORT);
        let ack = self.management.ack();
        self.transmit(ack);
    }

    /// What the server keeps for us is not to grow without end, even if it doesn't ask.
    fn report(&mut self, core: &mut Core) {
        match self.management.unreported() {
            0 => {}
            1 => core
                .timers
                .set(Owner::Session, REPORT, core.now.monotonic + REPORT_TIME),
            count if count >= REPORT_COUNT => self.acknowledge(core),
            _ => {}
        }
    }

    fn acked(&mut self, core: &mut Core, element: &Element) {
        let Some(h) = StreamManagement::h(element) else {
            return;
        };
        match self.management.acked(h) {
            Ok(acked) => self.proven(acked),
            Err(error) => {
                // XEP-0198 4: the two sides no longer agree on what was said.
                let detail = error.to_string();
                self.drop_session(core);
                self.fail(core, Trouble::Protocol { detail });
            }
        }
    }

    fn ponged(&mut self) {
        self.probe = None;
        let arrived = self.management.ponged();
        self.proven(arrived);
    }

    fn proven(&mut self, stanzas: Vec<Unacked>) {
        for unacked in stanzas {
            if let Unacked::Message(id) = unacked {
                self.effects.push(Effect::Proven(id));
            }
        }
    }

    fn ping(&mut self, core: &mut Core) {
        let id = core.ids.id();
        self.probe = Some(id.clone());
        let ping = request(IqKind::Get, id, build("ping", ns::PING).done());
        if self.managed {
            self.send(ping, None);
        } else {
            self.transmit(ping);
        }
    }

    /// Browsers keep timers of hidden pages back, so that one may come late: what
    /// counts is when we last heard anything.
    fn check_life(&mut self, core: &mut Core) {
        if self.state != State::Established {
            return;
        }
        let now = core.now.monotonic;
        let Patience { silence, answer } = self.patience();
        let next = if !self.asked_for_life && now.saturating_sub(self.heard) < silence {
            self.heard + silence
        } else if self.asked_for_life {
            return self.fail(core, Trouble::Timeout);
        } else {
            self.ask_for_life(core);
            now + answer
        };
        core.timers.set(Owner::Session, LIVENESS, next);
    }

    fn patience(&self) -> Patience {
        if self.hidden { UNWATCHED } else { WATCHED }
    }

    fn ask_for_life(&mut self, core: &mut Core) {
        self.asked_for_life = true;
        if self.managed {
            self.transmit(StreamManagement::request_ack());
        } else {
            self.ping(core);
        }
    }

    /// The machine has slept, the network has come back, somebody looks again: a wait is
    /// over, a connection is not to be trusted.
    pub(crate) fn woken(&mut self, core: &mut Core) {
        if self.state == State::Waiting {
            self.retry(core);
        } else {
            self.suspect(core);
        }
    }

    /// The connection may be dead; it has little time to prove that it isn't.
    fn suspect(&mut self, core: &mut Core) {
        if self.state == State::Established {
            self.ask_for_life(core);
            let at = core.now.monotonic + SUSPICION_TIME;
            core.timers.set(Owner::Session, LIVENESS, at);
        }
    }

    /// Sleep is noticed at the next input, which has to come.
    fn beat(&self, core: &mut Core) {
        let asleep = matches!(self.state, State::SignedOut | State::Closing);
        if self.hidden || asleep {
            core.timers.cancel(Owner::Session, HEARTBEAT);
        } else {
            let at = core.now.monotonic + HEARTBEAT_TIME;
            core.timers.set(Owner::Session, HEARTBEAT, at);
        }
    }

    fn stream_error(&mut self, core: &mut Core, element: &Element) {
        let (trouble, blamed) = trouble::of_stream_error(element, core.account.as_ref());
        core.log(Level::Info, format!("stream error: {trouble:?}"));
        if blamed {
            self.effects.push(Effect::Blamed);
        }
        // A stream error ends the session too (RFC 6120 4.9.1.1, XEP-0198 5): what
        // is left to do is to begin a new one, when the socket closes.
        self.trouble = Some(trouble);
    }

    fn closed_by_server(&mut self, core: &mut Core) {
        if self.state == State::Closing {
            self.state = State::SignedOut;
            core.timers.cancel(Owner::Session, DEADLINE);
            self.effects.push(Effect::Close);
            return;
        }
        self.transmit(couplet_shared::framing::CLOSE.to_owned());
        let trouble = self.trouble.take().unwrap_or(Trouble::ConnectionLost);
        self.fail(core, trouble);
    }

    /// The connection is no longer of use.
    fn fail(&mut self, core: &mut Core, trouble: Trouble) {
        self.effects.push(Effect::Close);
        core.established = false;
        core.timers.cancel(Owner::Session, DEADLINE);
        core.timers.cancel(Owner::Session, LIVENESS);
        core.timers.cancel(Owner::Session, REPORT);
        if !self.lasting || trouble::is_final(&trouble) {
            self.state = State::SignedOut;
            return self.end(core, Some(trouble));
        }
        let wait = self.next_wait(core);
        self.state = State::Waiting;
        let at = core.now.monotonic + wait;
        core.timers.set(Owner::Session, RETRY, at);
        let until = core.now.wall_at(at);
        core.event(StoreEvent::Status(SessionStatus::Waiting {
            trouble,
            until,
        }));
    }

    /// Twice as long each time, of which a random half is spared so that a
    /// server that comes back isn't met by everybody at once.
    fn next_wait(&mut self, core: &mut Core) -> Duration {
        let longest = FIRST_WAIT
            .saturating_mul(1 << self.attempts.min(10))
            .min(LONGEST_WAIT);
        self.attempts = self.attempts.saturating_add(1);
        let half = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX) / 2;
        Duration::from_millis(half + core.ids.below(half.max(1)))
    }

    fn retry(&mut self, core: &mut Core) {
        core.timers.cancel(Owner::Session, RETRY);
        core.event(StoreEvent::Status(SessionStatus::Reconnecting {
            trouble: Trouble::ConnectionLost,
        }));
        self.open(core);
    }

    /// Nobody is signed in any more.
    fn end(&mut self, core: &mut Core, trouble: Option<Trouble>) {
        self.drop_session(core);
        self.lasting = false;
        core.established = false;
        core.timers.cancel(Owner::Session, LIVENESS);
        core.timers.cancel(Owner::Session, RETRY);
        core.event(StoreEvent::Status(SessionStatus::SignedOut { trouble }));
    }

    fn drop_session(&mut self, core: &mut Core) {
        core.durable.due |= self.lasting;
        self.management.reset();
        self.probe = None;
        core.me = None;
        self.effects.push(Effect::Lost);
    }

    fn signing_in(&self, core: &mut Core, step: SignInStep) {
        if !self.lasting {
            core.event(StoreEvent::Status(SessionStatus::SigningIn(step)));
        }
    }

    fn deadline(&self, core: &mut Core, after: Duration) {
        core.timers
            .set(Owner::Session, DEADLINE, core.now.monotonic + after);
    }

    fn transmit(&mut self, text: String) {
        self.effects.push(Effect::Transmit(text));
    }
}

/// A request of the session's own, to our server.
fn request(kind: IqKind, id: String, payload: Element) -> String {
    let iq = Iq {
        from: None,
        to: None,
        id,
        kind,
        payload: Some(payload),
    };
    xml::write(&iq.into())
}
