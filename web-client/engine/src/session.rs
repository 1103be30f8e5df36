//! One signed-in session: its connection, sign-in, resource and resumption.
//!
//! ```text
//! SignedOut ─▶ Opening ─▶ Greeting ─▶ Authenticating ─▶ Greeting ─▶ Binding | Resuming ─▶ Established
//!    ▲            ▲                          └───────────── or ─────────▶ Settling ─▶────────┤
//!    │            └────────────────────────────── Waiting ◀────── connection lost ───────────┤
//!    └── signed out, or refused for good ◀── Closing ◀───────────────────────────────────────┘
//! ```
//!
//! Between Authenticating and what follows it is Verifying for a moment.

mod dispute;
mod ending;
mod inline;
mod liveness;
mod proof;
mod revocation;
mod saved;
mod sign_in;
mod trouble;

pub(crate) use inline::Start;
pub(crate) use saved::Saved;

use std::time::Duration;

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::module::Core;
use crate::output::Level;
use crate::sasl;
use crate::stanza::{Iq, IqKind};
use crate::store::{Failure, MessageId, SessionStatus, SignInStep, StoreEvent, Trouble};
use crate::stream_management::{StreamManagement, Unacked};
use crate::timer::{Key, Owner};
use crate::xml::{self, Frame};
use dispute::Dispute;
use inline::Asked;
use revocation::Revocation;

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
    /// The server has removed the account: there is nothing left to be said to it.
    AccountDeleted,
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

/// From opening a socket to being established, and from then on to the answer to `<enable/>`.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);
/// How long we wait for `<close/>` to be answered (RFC 7395 3.6).
const CLOSE_TIME: Duration = Duration::from_secs(2);

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
    Authenticating(Asked),
    /// The server is content. Whether we are too, is being found out.
    Verifying(Asked, Option<Box<Element>>),
    /// There is a session; its features, which are on the way (XEP-0388 2.6.1), say
    /// whether it can be managed.
    Settling,
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
    /// Signing in begins, with what the modules add to it.
    Start(Box<Start>),
    Sasl(sasl::Request),
    /// The session is up.
    Established {
        resumed: bool,
    },
    /// It can't be resumed, or has been left: modules forget what hung on it.
    Lost {
        /// Whether the server knows nothing of it any more.
        forgotten: bool,
    },
    /// The account is left: everything is forgotten.
    Forget,
    /// A stanza for the modules.
    Stanza(Element),
    /// The server has this message.
    Proven(MessageId),
    /// The server has ended the stream, perhaps over something we sent; for sure, if it
    /// has `blamed` it.
    Ended {
        blamed: bool,
        failure: Failure,
    },
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
    /// How many it took to get this session: where the server ends it at once, they go on.
    earlier: u32,
    heard: Duration,
    asked_for_life: bool,
    hidden: bool,
    /// Whether the features that follow a sign-in are still to come; what is known of
    /// them until then.
    features_due: bool,
    foreseen: Vec<String>,
    revocation: Revocation,
    dispute: Dispute,
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
            earlier: 0,
            heard: Duration::ZERO,
            asked_for_life: false,
            hidden: false,
            features_due: false,
            foreseen: Vec::new(),
            revocation: Revocation::None,
            dispute: Dispute::None,
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

    /// Whether nobody can see the page.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether a stanza may be put on the wire.
    pub(crate) fn is_established(&self) -> bool {
        self.state == State::Established
    }

    pub(crate) fn command(&mut self, core: &mut Core, command: Command) {
        match command {
            Command::SignIn { jid, url } => {
                self.drop_session(core);
                if core.login().as_ref() != Some(&jid) {
                    self.resource = None;
                    self.effects.push(Effect::Forget);
                }
                core.sign_in_as(jid);
                self.url = url;
                self.lasting = false;
                self.revocation = Revocation::None;
                self.dispute = Dispute::None;
                self.attempts = 0;
                core.event(StoreEvent::Status(SessionStatus::SigningIn(
                    SignInStep::Connecting,
                )));
                self.open(core);
            }
            Command::AccountDeleted => {
                self.resource = None;
                self.effects.push(Effect::Close);
                self.state = State::SignedOut;
                self.end(core, Some(Trouble::AccountDeleted));
                self.effects.push(Effect::Forget);
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
                self.revocation = Revocation::Asked;
                self.effects.push(Effect::Sasl(sasl::Request::SignedOut));
            }
            Command::RetryNow => {
                self.hurry(core);
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
                    self.looked_at(core);
                }
            }
        }
    }

    pub(crate) fn opened(&mut self, core: &mut Core) {
        if self.state != State::Opening {
            return;
        }
        self.heard = core.now.monotonic;
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
            // Nothing of it is about us any more.
            Ok(Frame::Element(_)) if self.state == State::Closing => {}
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

    pub(crate) fn timeout(&mut self, core: &mut Core, key: Key) {
        match key {
            DEADLINE if self.state == State::Closing => {
                self.effects.push(Effect::Close);
                self.left(core);
            }
            DEADLINE => self.fail(core, Trouble::Timeout),
            LIVENESS => self.check_life(core),
            RETRY if self.state == State::Waiting => self.retry(core),
            REPORT if self.state == State::Established => self.acknowledge(core),
            HEARTBEAT => self.beat(core),
            _ => {}
        }
    }

    /// Whether there will be proof of what is sent: a session that can't be resumed yet leaves
    /// nothing behind that tells how far it had got.
    pub(crate) fn keeps_account(&self) -> bool {
        self.is_established() && (!self.managed || self.management.is_enabled())
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

    fn open(&mut self, core: &mut Core) {
        self.state = State::Opening;
        self.trouble = None;
        self.probe = None;
        self.features_due = false;
        self.heard = core.now.monotonic;
        self.deadline(core, HANDSHAKE_TIME);
        self.beat(core);
        self.effects.push(Effect::Open(self.url.clone()));
    }

    fn element(&mut self, core: &mut Core, element: Element) {
        if matches!(self.state, State::Verifying(..)) {
            let detail = "the server speaks before it may".to_owned();
            return self.fail(core, Trouble::Protocol { detail });
        }
        if element.ns() != ns::STREAM {
            self.settle(core, None);
        }
        match (element.name(), element.ns().as_str()) {
            ("features", ns::STREAM) => self.features(core, &element),
            ("error", ns::STREAM) => self.stream_error(core, &element),
            (_, ns::SASL | ns::SASL2) => self.sasl(core, &element),
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
