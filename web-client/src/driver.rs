//! The shell around the engine: it does what the engine says and tells it what happened.
//!
//! It also holds the password and the tokens, which the engine never sees.

mod journal;
mod secrets;
mod sign_in;
mod turns;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use couplet_engine::modules::xep0077_account::fill;
use couplet_engine::sasl::Exchange;
use couplet_engine::store::{Fact, SessionStatus, StoreEvent};
use couplet_engine::{
    CloseReason, Command, Config, Engine, Input, Level, Output, Record, SessionCommand,
};
use couplet_shared::framing::CLOSE;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use zeroize::Zeroizing;

use journal::Entry;
pub(crate) use journal::Journal;
use secrets::NewToken;
pub(crate) use secrets::Secrets;
use turns::Turns;

use crate::early;
use crate::platform::storage::{Change, Durability, Fault};
use crate::platform::{self, Happened, Socket, Timer};
use crate::state::document;

/// A handle on an engine of this page.
#[derive(Clone)]
pub(crate) struct Driver(Rc<Inner>);

struct Inner {
    engine: RefCell<Engine>,
    connection: RefCell<Connection>,
    secrets: RefCell<Secrets>,
    /// What is due next, and when.
    timer: RefCell<Option<(Duration, Timer)>>,
    /// None if the session is to live in memory only.
    journal: Option<Journal>,
    host: Box<dyn Fn(News) -> Vec<Record>>,
    stopped: Cell<bool>,
    /// What waits for the server to have been told everything.
    last: RefCell<Option<Box<dyn FnOnce()>>>,
}

/// What a driver tells whoever has it.
pub(crate) enum News {
    /// All events of a drain, in order. What has to be kept of them is the answer.
    Events(Vec<StoreEvent>),
    /// Something couldn't be kept. The session goes on.
    Fault(Fault),
    /// The server wants the password itself; the next page won't have it.
    PasswordEachTime,
    /// The site around the page has to give a token for its user, or another one than the last.
    TokenWanted(TokenAnswer),
}

/// Takes the site's token, or that it gives none.
pub(crate) type TokenAnswer = Box<dyn FnOnce(Option<String>)>;

/// The socket of the moment. What an earlier one still has to say is not heard.
#[derive(Default)]
struct Connection {
    number: u64,
    socket: Option<Socket>,
    /// The sign-in that is under way.
    exchange: Option<Exchange>,
    /// What the server has given along with its consent.
    token: Option<NewToken>,
    turns: Turns,
    next_turn: Option<Timer>,
}

/// What is kept with the effects of a command, or not at all.
#[derive(Default)]
pub(crate) struct Enclosure {
    pub(crate) changes: Vec<Change>,
    /// Called as soon as it is kept; or can't be, and the session goes on without.
    pub(crate) then: Option<Box<dyn FnOnce()>>,
}

/// What this page tells the engine about itself.
pub(crate) fn config() -> Config {
    Config {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        utc_offset: platform::utc_offset(),
        languages: platform::languages(),
    }
}

impl Driver {
    /// A driver for `engine`, which [`start`](Self::start) sets going.
    pub(crate) fn new(
        engine: Engine,
        secrets: Secrets,
        journal: Option<Journal>,
        host: impl Fn(News) -> Vec<Record> + 'static,
    ) -> Self {
        Self(Rc::new(Inner {
            engine: RefCell::new(engine),
            connection: RefCell::default(),
            secrets: RefCell::new(secrets),
            timer: RefCell::default(),
            journal,
            host: Box::new(host),
            stopped: Cell::default(),
            last: RefCell::default(),
        }))
    }

    /// Does what the engine has to say already: one that was restored reconnects.
    pub(crate) fn start(&self) {
        self.drain(Enclosure::default());
    }

    /// Ends without a word to anybody: another tab goes on with the session.
    pub(crate) fn stop(&self) {
        self.flush();
        self.0.stopped.set(true);
        self.0.connection.take();
        self.0.timer.take();
    }

    /// Calls `then` as soon as nobody is signed in and the server has been told so.
    pub(crate) fn when_over(&self, then: impl FnOnce() + 'static) {
        *self.0.last.borrow_mut() = Some(Box::new(then));
        self.drain(Enclosure::default());
    }

    /// The same, to be waited for.
    pub(crate) async fn over(&self) {
        let over = Promise::new(&mut |resolve, _| {
            self.when_over(move || {
                // A function that settles a promise doesn't throw.
                let _ = resolve.call0(&JsValue::UNDEFINED);
            });
        });
        // It never fails.
        let _ = JsFuture::from(over).await;
    }

    /// Where this session is kept, if it is.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.0.journal.as_ref()
    }

    /// Passes on what a person wants.
    pub(crate) fn command(&self, command: Command, enclosure: Enclosure) {
        self.feed_with(Input::Command(command), enclosure);
    }

    /// Does what is due, for whoever may have timers that the browser holds back.
    pub(crate) fn look_at_the_time(&self) {
        self.feed(Input::Timeout);
    }

    fn feed(&self, input: Input) {
        self.feed_with(input, Enclosure::default());
    }

    fn feed_with(&self, input: Input, enclosure: Enclosure) {
        if self.0.stopped.get() {
            return;
        }
        self.0
            .engine
            .borrow_mut()
            .handle_input(platform::now(), input);
        self.drain(enclosure);
    }

    fn drain(&self, enclosure: Enclosure) {
        let mut events = Vec::new();
        let mut records = Vec::new();
        let mut commit = None;
        let mut renewed = false;
        loop {
            let output = self.0.engine.borrow_mut().poll_output();
            match output {
                Output::Open { url } => self.open(&url),
                Output::Sasl(request) => self.sasl(request),
                Output::Commit(number, changes) => {
                    commit = Some(number);
                    if self.0.journal.is_some() {
                        records.extend(changes);
                    } else {
                        self.committed(number);
                    }
                }
                Output::Transmit(text) => self.transmit_stanza(&text),
                Output::Event(event) => {
                    if let StoreEvent::Profile { fact, .. } = &event
                        && let Fact::Saved(saved) = &**fact
                    {
                        renewed |= self.0.secrets.borrow_mut().settle(saved);
                    }
                    events.push(event);
                }
                Output::Log(level, line) => platform::log(level == Level::Warning, &line),
                Output::Close => self.0.connection.borrow_mut().socket = None,
                Output::Idle { wake_at } => {
                    self.wake_at(wake_at);
                    break;
                }
            }
        }
        let is_online =
            |event: &StoreEvent| matches!(event, StoreEvent::Status(SessionStatus::Online));
        let online = events.iter().any(is_online);
        if !events.is_empty() {
            records.extend((self.0.host)(News::Events(events)));
        }
        self.keep(commit, records, enclosure);
        if online {
            self.remember();
        }
        if renewed {
            self.sign_in_anew();
        }
        let over = self.0.engine.borrow().is_over();
        if over && let Some(then) = self.0.last.take() {
            then();
        }
    }

    /// Writes what a drain has changed; what waits for that goes on when it is done.
    fn keep(&self, commit: Option<u64>, records: Vec<Record>, enclosure: Enclosure) {
        let Enclosure {
            changes: more,
            then,
        } = enclosure;
        let Some(journal) = &self.0.journal else {
            if let Some(then) = then {
                then();
            }
            return;
        };
        if commit.is_none() && records.is_empty() && more.is_empty() {
            return;
        }
        let durability = match (commit, more.is_empty()) {
            (None, true) => Durability::Relaxed,
            _ => Durability::Strict,
        };
        let mut changes: Vec<Change> = records.into_iter().map(Change::from).collect();
        changes.extend(more);
        journal.push(Entry {
            changes,
            commit,
            durability,
            then,
        });
        if journal.is_idle() {
            self.write();
        }
    }

    /// Begins to write all that waits for an earlier transaction, so that whoever reads after
    /// this finds it.
    pub(crate) fn flush(&self) {
        while self.write() {}
    }

    /// Begins a transaction, after which the next one begins. False if there is nothing to write.
    fn write(&self) -> bool {
        let Some(batch) = self.0.journal.as_ref().and_then(Journal::begin) else {
            return false;
        };
        let driver = self.clone();
        spawn_local(async move {
            let outcome = match batch.writing {
                Ok(None) => Ok(()),
                Ok(Some(writing)) => {
                    let outcome = writing.done().await;
                    if let Some(journal) = &driver.0.journal {
                        journal.ended(outcome.clone());
                    }
                    outcome
                }
                Err(fault) => Err(fault),
            };
            if outcome != Err(Fault::Deposed) {
                for then in batch.then {
                    then();
                }
            }
            driver.kept(batch.commit, outcome);
            if driver.0.journal.as_ref().is_some_and(Journal::is_idle) {
                driver.write();
            }
        });
        true
    }

    fn kept(&self, commit: Option<u64>, outcome: Result<(), Fault>) {
        if self.0.stopped.get() {
            return;
        }
        if let Err(fault) = &outcome {
            self.tell(fault.clone());
            if *fault == Fault::Deposed {
                // The session is another tab's: not a word more.
                return self.stop();
            }
        }
        if let Some(commit) = commit {
            // What the disk hasn't taken is the journal's to try again: the session goes on.
            self.committed(commit);
            self.drain(Enclosure::default());
        }
    }

    fn committed(&self, commit: u64) {
        let now = platform::now();
        let input = Input::Committed(commit);
        self.0.engine.borrow_mut().handle_input(now, input);
    }

    /// Sees to it that the next page can go on with this session.
    fn remember(&self) {
        let driver = self.clone();
        spawn_local(async move {
            driver.learn_token().await;
            let Some(journal) = &driver.0.journal else {
                return;
            };
            let (kept, is_enough) = {
                let secrets = driver.0.secrets.borrow();
                let kept = secrets.to_keep();
                let is_enough = kept.is_enough() || !secrets.needs_password();
                (kept, is_enough)
            };
            match journal.remember(kept).await {
                Ok(true) => {
                    early::note(true);
                    platform::ask_to_persist();
                    if !is_enough {
                        driver.say(News::PasswordEachTime);
                    }
                }
                Ok(false) => {}
                Err(fault) => driver.tell(fault),
            }
        });
    }

    fn tell(&self, fault: Fault) {
        self.say(News::Fault(fault));
    }

    fn say(&self, news: News) {
        if !self.0.stopped.get() {
            // None of this has to be kept.
            (self.0.host)(news);
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
        let socket = Socket::open(url, move |happened| driver.heard(number, happened));
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

    /// Takes what has happened to a socket, now or in the next turn.
    fn heard(&self, number: u64, happened: Happened) {
        {
            let mut connection = self.0.connection.borrow_mut();
            if connection.number != number {
                return;
            }
            connection.turns.add(happened);
            if connection.next_turn.is_some() && !connection.turns.is_full() {
                return;
            }
        }
        self.take_turn(number);
    }

    /// Takes of what waits as much as there is time for.
    fn take_turn(&self, number: u64) {
        loop {
            let happened = {
                let mut connection = self.0.connection.borrow_mut();
                if connection.number != number {
                    return;
                }
                let Some(happened) = connection.turns.next(platform::elapsed(), is_seen()) else {
                    return self.go_on_later(&mut connection);
                };
                happened
            };
            self.happened(number, happened);
            let mut connection = self.0.connection.borrow_mut();
            connection.turns.done(platform::elapsed());
        }
    }

    /// Takes the rest of what waits in a turn of its own.
    fn go_on_later(&self, connection: &mut Connection) {
        connection.next_turn = None;
        if !connection.turns.is_empty() {
            let (driver, number) = (self.clone(), connection.number);
            connection.next_turn = Timer::after(Duration::ZERO, move || {
                let now = platform::elapsed();
                driver.0.connection.borrow_mut().turns.begin(now);
                driver.take_turn(number);
            });
        }
    }

    fn happened(&self, number: u64, happened: Happened) {
        if self.0.connection.borrow().number != number {
            return;
        }
        self.feed(match happened {
            Happened::Opened => Input::Opened,
            Happened::Frame(text) => Input::Frame(self.without_token(text)),
            Happened::Closed(reason) => Input::Closed(reason),
        });
    }

    /// A password is put in here, where nothing keeps it.
    fn transmit_stanza(&self, text: &str) {
        let whole = fill(text, self.0.secrets.borrow().next()).map(Zeroizing::new);
        self.transmit(whole.as_deref().map_or(text, String::as_str));
    }

    /// Has the next connection take the place of this one, for which one signs in with what
    /// there is now.
    fn sign_in_anew(&self) {
        self.0.connection.borrow_mut().socket = None;
        self.feed(Input::Closed(CloseReason {
            opened: true,
            code: 1000,
        }));
        self.feed(Input::Command(Command::Session(SessionCommand::RetryNow)));
    }

    /// With `request` the server is to be told this password.
    pub(crate) fn prepare_password(&self, request: String, password: String) {
        self.0.secrets.borrow_mut().prepare(request, password);
    }

    fn transmit(&self, text: &str) {
        if let Some(socket) = &self.0.connection.borrow().socket {
            socket.send(text);
        }
    }

    /// Ends the stream for good.
    pub(crate) fn part(&self) {
        self.transmit(CLOSE);
    }

    fn wake_at(&self, wake_at: Option<Duration>) {
        let Some(at) = wake_at else {
            return drop(self.0.timer.take());
        };
        // Most of what comes puts off what is due: that a timer is early is found out then.
        let comes = |(due, _): &(Duration, Timer)| *due <= at;
        if self.0.timer.borrow().as_ref().is_some_and(comes) {
            return;
        }
        let driver = self.clone();
        let delay = at.saturating_sub(platform::now().monotonic);
        let timer = Timer::after(delay, move || {
            let gone = driver.0.timer.take();
            driver.feed(Input::Timeout);
            drop(gone);
        });
        *self.0.timer.borrow_mut() = timer.map(|timer| (at, timer));
    }
}

/// Whether anybody sees the page.
fn is_seen() -> bool {
    document().is_some_and(|document| !document.hidden())
}
