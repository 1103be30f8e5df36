//! The shell around the engine: it does what the engine says and tells it what happened.
//!
//! It also holds the password, which the engine never sees: `sasl::Exchange` says
//! when a proof is needed, WebCrypto computes it.

use std::cell::RefCell;
use std::rc::Rc;

use couplet_engine::sasl::{self, Exchange, Identity, ProofRequest, Step};
use couplet_engine::store::{StoreEvent, Trouble};
use couplet_engine::{CloseReason, Command, Config, Engine, Input, Level, Output, SessionCommand};
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;
use zeroize::Zeroizing;

use crate::platform::{self, Happened, Socket, Timer};

/// A handle on the one engine of this page.
#[derive(Clone)]
pub(crate) struct Driver(Rc<Inner>);

impl PartialEq for Driver {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

struct Inner {
    engine: RefCell<Engine>,
    connection: RefCell<Connection>,
    credentials: RefCell<Option<Credentials>>,
    timer: RefCell<Option<Timer>>,
    url: String,
    on_events: Box<dyn Fn(Vec<StoreEvent>)>,
}

/// The socket of the moment. What an earlier one still has to say is not heard.
#[derive(Default)]
struct Connection {
    number: u64,
    socket: Option<Socket>,
    exchange: Option<Exchange>,
}

struct Credentials {
    username: Option<String>,
    password: Zeroizing<String>,
}

impl Driver {
    /// A driver whose sessions go through the proxy's WebSocket at `url`.
    /// `on_events` is told all events of a drain at once, in order.
    pub(crate) fn new(url: String, on_events: impl Fn(Vec<StoreEvent>) + 'static) -> Self {
        let config = Config {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            utc_offset: platform::utc_offset(),
            languages: platform::languages(),
        };
        Self(Rc::new(Inner {
            engine: RefCell::new(Engine::new(config, platform::random(), platform::now())),
            connection: RefCell::default(),
            credentials: RefCell::default(),
            timer: RefCell::default(),
            url,
            on_events: Box::new(on_events),
        }))
    }

    /// Whether this page can compute keys at all. It can't unless it came over
    /// https or from this machine.
    pub(crate) fn is_secure(&self) -> bool {
        platform::has_crypto()
    }

    /// Signs in. The password stays in memory until the session ends.
    pub(crate) fn sign_in(&self, jid: BareJid, password: String) {
        let username = jid.node().map(|node| node.to_string());
        *self.0.credentials.borrow_mut() = Some(Credentials {
            username,
            password: Zeroizing::new(password),
        });
        let url = self.0.url.clone();
        self.command(Command::Session(SessionCommand::SignIn { jid, url }));
    }

    /// Passes on what a person wants.
    pub(crate) fn command(&self, command: Command) {
        if command == Command::Session(SessionCommand::SignOut) {
            *self.0.credentials.borrow_mut() = None;
        }
        self.feed(Input::Command(command));
    }

    fn feed(&self, input: Input) {
        self.0
            .engine
            .borrow_mut()
            .handle_input(platform::now(), input);
        let mut events = Vec::new();
        loop {
            let output = self.0.engine.borrow_mut().poll_output();
            match output {
                Output::Open { url } => self.open(&url),
                Output::Sasl(request) => self.sasl(request),
                // This build keeps everything in memory, where it is safe at once.
                Output::Commit(commit, _) => {
                    let now = platform::now();
                    self.0
                        .engine
                        .borrow_mut()
                        .handle_input(now, Input::Committed(commit));
                }
                Output::Transmit(text) => self.transmit(&text),
                Output::Event(event) => events.push(event),
                Output::Log(level, line) => platform::log(level == Level::Warning, &line),
                Output::Close => self.0.connection.borrow_mut().socket = None,
                Output::Idle { wake_at } => {
                    self.wake_at(wake_at);
                    break;
                }
            }
        }
        if !events.is_empty() {
            (self.0.on_events)(events);
        }
    }

    fn open(&self, url: &str) {
        let number = {
            let mut connection = self.0.connection.borrow_mut();
            *connection = Connection {
                number: connection.number + 1,
                ..Connection::default()
            };
            connection.number
        };
        let driver = self.clone();
        let socket = Socket::open(url, move |happened| driver.happened(number, happened));
        match socket {
            Ok(socket) => self.0.connection.borrow_mut().socket = Some(socket),
            Err(_) => {
                // As if it had failed a moment later, outside of this drain.
                let driver = self.clone();
                spawn_local(async move {
                    let reason = CloseReason {
                        opened: false,
                        code: 1006,
                    };
                    driver.happened(number, Happened::Closed(reason));
                });
            }
        }
    }

    fn happened(&self, number: u64, happened: Happened) {
        if self.0.connection.borrow().number != number {
            return;
        }
        self.feed(match happened {
            Happened::Opened => Input::Opened,
            Happened::Frame(text) => Input::Frame(text),
            Happened::Closed(reason) => Input::Closed(reason),
        });
    }

    fn transmit(&self, text: &str) {
        if let Some(socket) = &self.0.connection.borrow().socket {
            socket.send(text);
        }
    }

    fn sasl(&self, request: sasl::Request) {
        let step = {
            let mut connection = self.0.connection.borrow_mut();
            if matches!(request, sasl::Request::Start { .. }) {
                let identity = self.identity();
                connection.exchange = Some(Exchange::new(identity, platform::nonce()));
            }
            match &mut connection.exchange {
                Some(exchange) => exchange.handle(request),
                None => return,
            }
        };
        self.take(step);
    }

    fn identity(&self) -> Identity {
        let credentials = self.0.credentials.borrow();
        let username = credentials
            .as_ref()
            .and_then(|credentials| credentials.username.clone());
        username.map_or(Identity::Anonymous, Identity::User)
    }

    /// Replies from a task of its own: the engine is still being drained.
    fn take(&self, step: Step) {
        let driver = self.clone();
        let number = self.0.connection.borrow().number;
        spawn_local(async move {
            let reply = match step {
                Step::Reply(reply) => reply,
                Step::SendPlain => driver.send_plain(),
                Step::Prove(request) => match driver.prove(request).await {
                    Ok(step) => return driver.take_of(number, step),
                    Err(trouble) => sasl::Reply::Failed(trouble),
                },
            };
            if driver.0.connection.borrow().number == number {
                driver.feed(Input::SaslReply(reply));
            }
        });
    }

    fn take_of(&self, number: u64, proof: sasl::Proof) {
        let step = {
            let mut connection = self.0.connection.borrow_mut();
            if connection.number != number {
                return;
            }
            let Some(exchange) = &mut connection.exchange else {
                return;
            };
            exchange.proved(proof)
        };
        self.take(step);
    }

    async fn prove(&self, request: ProofRequest) -> Result<sasl::Proof, Trouble> {
        let password = self.prepared_password()?;
        platform::prove(request, &password)
            .await
            .map_err(|_| Trouble::InsecurePage)
    }

    fn send_plain(&self) -> sasl::Reply {
        let password = match self.prepared_password() {
            Ok(password) => password,
            Err(trouble) => return sasl::Reply::Failed(trouble),
        };
        let Identity::User(username) = self.identity() else {
            return sasl::Reply::AuthSent;
        };
        self.transmit(&Zeroizing::new(sasl::plain_auth(&username, &password)));
        sasl::Reply::AuthSent
    }

    /// The password as RFC 4013 wants it; one that it forbids can't be right.
    fn prepared_password(&self) -> Result<Zeroizing<String>, Trouble> {
        let credentials = self.0.credentials.borrow();
        let wrong = Trouble::WrongPassword { text: None };
        let Some(Credentials { password, .. }) = credentials.as_ref() else {
            return Err(wrong);
        };
        match stringprep::saslprep(password) {
            Ok(prepared) => Ok(Zeroizing::new(prepared.into_owned())),
            Err(_) => Err(wrong),
        }
    }

    fn wake_at(&self, wake_at: Option<std::time::Duration>) {
        let timer = wake_at.and_then(|at| {
            let driver = self.clone();
            let delay = at.saturating_sub(platform::now().monotonic);
            Timer::after(delay, move || driver.feed(Input::Timeout))
        });
        *self.0.timer.borrow_mut() = timer;
    }
}
