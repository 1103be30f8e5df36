//! Somebody on the engine itself, without a browser: the other side of a
//! conversation, and the shortest way from the engine to a real server.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use couplet_engine::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0055_search, xep0363_upload,
    xep0433_channel_search,
};
use couplet_engine::sasl::{self, Exchange, Identity, Means, Reply, Request, Step};
use couplet_engine::store::{
    self, DirectoryAnswer, Message, NotFound, NotSaved, Notes, PageAnswer, Refusal, RoomsAnswer,
    RoomsPage, SessionStatus, Slot, Store, StoreEvent, UploadAnswer,
};
use couplet_engine::{
    CloseReason, Command, Config, Engine, Input, Now, Output, SessionCommand, Timestamp,
};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use jid::BareJid;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, protocol};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::until;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A person. What they know is in [`Person::store`].
pub struct Person {
    jid: BareJid,
    url: String,
    state: Rc<RefCell<State>>,
    commands: mpsc::UnboundedSender<Command>,
    pump: JoinHandle<()>,
}

impl Drop for Person {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

#[derive(Default)]
struct State {
    store: Store,
    log: Vec<String>,
    /// What became of requests for places for files.
    uploads: Vec<UploadAnswer>,
    /// What a directory of people has said.
    directory: Vec<DirectoryAnswer>,
    /// What services and rooms have said.
    rooms: Vec<RoomsAnswer>,
    /// The mechanisms that were tried.
    mechanisms: Vec<String>,
    /// How many sessions were taken up again.
    resumptions: usize,
    /// Whether the server has nothing more to be told.
    over: bool,
}

impl Person {
    /// Somebody who is about to sign in over the WebSocket at `url`.
    ///
    /// # Errors
    /// When `jid` is not an address.
    pub fn new(jid: &str, password: &str, url: String) -> Result<Self> {
        Self::with(jid, url, |driver| {
            driver.password = Some(password.to_owned());
        })
    }

    /// Somebody for whom a site vouches with this token (RFC 7628), the only one it gives.
    ///
    /// # Errors
    /// When `jid` is not an address.
    pub fn vouched_for(jid: &str, token: &str, url: String) -> Result<Self> {
        Self::with(jid, url, |driver| driver.bearer = Some(token.to_owned()))
    }

    fn with(jid: &str, url: String, means: impl FnOnce(&mut Driver)) -> Result<Self> {
        let jid: BareJid = jid.parse()?;
        let state = Rc::<RefCell<State>>::default();
        let (commands, asked) = mpsc::unbounded_channel();
        let mut driver = Driver::new(&jid, state.clone());
        means(&mut driver);
        let pump = tokio::task::spawn_local(driver.run(asked));
        let person = Self {
            jid,
            url,
            state,
            commands,
            pump,
        };
        person.sign_in_again();
        Ok(person)
    }

    /// The same, and waits until they are online and know their contacts.
    ///
    /// # Errors
    /// When the sign-in fails.
    pub async fn signed_in(jid: &str, password: &str, url: String) -> Result<Self> {
        let person = Self::new(jid, password, url)?;
        person.is_online().await?;
        Ok(person)
    }

    /// Waits until they are online and know their contacts.
    ///
    /// # Errors
    /// When the sign-in fails.
    pub async fn is_online(&self) -> Result<()> {
        until(&format!("{} is online", self.jid), || async {
            let state = self.state.borrow();
            if let SessionStatus::SignedOut {
                trouble: Some(trouble),
            } = state.store.status()
            {
                bail!("{trouble:?}");
            }
            let online = *state.store.status() == SessionStatus::Online;
            Ok((online && state.store.roster_loaded()).then_some(()))
        })
        .await
    }

    /// Signs in once more.
    pub fn sign_in_again(&self) {
        let (jid, url) = (self.jid.clone(), self.url.clone());
        self.command(Command::Session(SessionCommand::SignIn { jid, url }));
    }

    /// Asks for something.
    pub fn command(&self, command: Command) {
        // The pump ends with the person only.
        let _ = self.commands.send(command);
    }

    /// Writes to somebody.
    ///
    /// # Errors
    /// When `to` is not an address.
    pub fn say(&self, to: &str, body: &str) -> Result<()> {
        let (to, body) = (to.parse()?, body.to_owned());
        self.command(Command::Message(rfc6121_message::Command::Send {
            to,
            body,
            notes: Notes::default(),
        }));
        Ok(())
    }

    /// Asks the server for a place for a file of so many bytes, and waits for the answer.
    ///
    /// # Errors
    /// When none comes.
    pub async fn place_for(&self, name: &str, size: u64) -> Result<Result<Slot, Refusal>> {
        let upload = format!("{} {name}", self.state.borrow().uploads.len());
        let request = xep0363_upload::Request {
            upload: upload.clone(),
            name: name.to_owned(),
            size,
            media_type: String::new(),
        };
        self.command(Command::Upload(xep0363_upload::Command::Request(request)));
        until("a place for a file", || async {
            let state = self.state.borrow();
            let answer = state.uploads.iter().find(|answer| answer.upload == upload);
            Ok(answer.map(|answer| answer.outcome.clone()))
        })
        .await
    }

    /// Asks whether there is a directory of people, and waits for the answer.
    ///
    /// # Errors
    /// When none comes.
    pub async fn has_directory(&self) -> Result<bool> {
        self.command(Command::Search(xep0055_search::Command::Open));
        until("a directory or none", || async {
            let state = self.state.borrow();
            let mut answers = state.directory.iter();
            Ok(answers.find_map(|answer| match answer {
                DirectoryAnswer::Offered(offered) => Some(*offered),
                DirectoryAnswer::Found { .. } => None,
            }))
        })
        .await
    }

    /// Looks for people of this name in it, and waits for the answer.
    ///
    /// # Errors
    /// When none comes.
    pub async fn find(&self, name: &str) -> Result<Result<Vec<store::Person>, NotFound>> {
        let number = self.state.borrow().directory.len().to_string();
        self.command(Command::Search(xep0055_search::Command::Find {
            search: number.clone(),
            text: name.to_owned(),
        }));
        until(&format!("an answer about {name:?}"), || async {
            let state = self.state.borrow();
            let mut answers = state.directory.iter();
            Ok(answers.find_map(|answer| match answer {
                DirectoryAnswer::Found {
                    search, outcome, ..
                } if *search == number => Some(outcome.clone()),
                _ => None,
            }))
        })
        .await
    }

    /// Has `service` look for rooms behind `after`, and waits for the answer.
    ///
    /// # Errors
    /// When none comes, or `service` is not an address.
    pub async fn search_rooms(
        &self,
        service: &str,
        words: &str,
        after: Option<String>,
    ) -> Result<Result<RoomsPage, NotSaved>> {
        let number = self.state.borrow().rooms.len().to_string();
        self.command(Command::RoomSearch(xep0433_channel_search::Search {
            request: number.clone(),
            service: service.parse()?,
            words: words.to_owned(),
            after,
        }));
        until(&format!("an answer about {words:?}"), || async {
            let state = self.state.borrow();
            let mut answers = state.rooms.iter();
            Ok(answers.find_map(|answer| match answer {
                RoomsAnswer::Page { request, outcome } if *request == number => {
                    Some(outcome.clone())
                }
                _ => None,
            }))
        })
        .await
    }

    /// Adds somebody and asks to see their presence.
    ///
    /// # Errors
    /// When `jid` is not an address.
    pub fn add(&self, jid: &str) -> Result<()> {
        let command = rfc6121_roster::Command::Add {
            jid: jid.parse()?,
            name: None,
        };
        self.command(Command::Roster(command));
        Ok(())
    }

    /// Accepts somebody's request.
    ///
    /// # Errors
    /// When `jid` is not an address.
    pub fn accept(&self, jid: &str) -> Result<()> {
        let command = rfc6121_presence::Command::Accept { jid: jid.parse()? };
        self.command(Command::Presence(command));
        Ok(())
    }

    /// Looks at what they know.
    pub fn store<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&self.state.borrow().store)
    }

    /// What they have been warned of.
    pub fn log(&self) -> Vec<String> {
        self.state.borrow().log.clone()
    }

    /// Whether they have signed out and the server knows everything about it.
    pub fn is_gone(&self) -> bool {
        self.state.borrow().over
    }

    /// The mechanisms by which they have tried to sign in, in order.
    pub fn mechanisms(&self) -> Vec<String> {
        self.state.borrow().mechanisms.clone()
    }

    /// How often the server has taken a session of theirs up again (XEP-0198 5).
    pub fn resumptions(&self) -> usize {
        self.state.borrow().resumptions
    }

    /// Waits until what they know is as `look` wants it.
    ///
    /// # Errors
    /// When it never is.
    pub async fn until(&self, what: &str, look: impl Fn(&Store) -> bool) -> Result<()> {
        until(what, || async { Ok(self.store(&look).then_some(())) })
            .await
            .with_context(|| self.store(|store| format!("{} is {:?}", self.jid, store.status())))
    }

    /// Their full address, once the server has told it.
    ///
    /// # Errors
    /// When it never does.
    pub async fn address(&self) -> Result<String> {
        let resource = |store: &Store| {
            let (resource, _) = store.resources(&self.jid).next()?;
            Some(format!("{}/{resource}", self.jid))
        };
        until("an address", || async { Ok(self.store(resource)) }).await
    }

    /// Everything in the conversation with `jid`.
    pub fn messages(&self, jid: &str) -> Vec<Message> {
        let Ok(jid) = jid.parse::<BareJid>() else {
            return Vec::new();
        };
        self.store(|store| {
            let conversation = store.conversation(&jid);
            let messages = conversation
                .into_iter()
                .flat_map(|known| known.timeline.iter());
            messages.map(|message| Message::clone(message)).collect()
        })
    }

    /// The texts of the conversation with `jid`.
    pub fn bodies(&self, jid: &str) -> Vec<String> {
        self.messages(jid)
            .into_iter()
            .map(|message| message.body)
            .collect()
    }
}

/// What stands for the password from the first sign-in on, where the server gives one.
struct Token {
    secret: String,
    count: u32,
}

/// The native counterpart of the browser's driver.
struct Driver {
    engine: Engine,
    state: Rc<RefCell<State>>,
    identity: Identity,
    /// As whom a site vouches for them.
    account: String,
    /// Forgotten by whoever has got a token for it.
    password: Option<String>,
    /// What the site vouches with.
    bearer: Option<String>,
    token: Option<Token>,
    /// What the server has given along with its consent.
    given: Option<sasl::GivenToken>,
    device: String,
    started: Instant,
    socket: Option<(SplitSink<Socket, tungstenite::Message>, SplitStream<Socket>)>,
    /// A socket that is still being opened.
    opening: Option<JoinHandle<Result<Socket>>>,
    exchange: Option<Exchange>,
    next: VecDeque<Input>,
    wake_at: Option<Duration>,
}

impl Driver {
    fn new(jid: &BareJid, state: Rc<RefCell<State>>) -> Self {
        let started = Instant::now();
        let identity = jid
            .node()
            .map_or(Identity::Anonymous, |node| Identity::User(node.to_string()));
        let config = Config {
            version: "0".to_owned(),
            utc_offset: 0,
            languages: vec!["en".into()],
        };
        Self {
            engine: Engine::new(config, seed(), now(started)),
            state,
            identity,
            account: jid.to_string(),
            password: None,
            bearer: None,
            token: None,
            given: None,
            device: sasl::device_id(seed()[..16].try_into().unwrap_or_default()),
            started,
            socket: None,
            opening: None,
            exchange: None,
            next: VecDeque::new(),
            wake_at: None,
        }
    }

    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Command>) {
        loop {
            while let Some(input) = self.next.pop_front() {
                self.engine.handle_input(now(self.started), input);
                self.drain().await;
            }
            let wake = self
                .wake_at
                .map(|at| at.saturating_sub(self.started.elapsed()))
                .unwrap_or(Duration::from_secs(3600));
            let input = tokio::select! {
                command = asked.recv() => match command {
                    Some(command) => Some(Input::Command(command)),
                    None => return,
                },
                opened = opened(&mut self.opening) => Some(self.opened(opened)),
                message = received(&mut self.socket) => self.received(message),
                () = tokio::time::sleep(wake) => Some(Input::Timeout),
            };
            self.next.extend(input);
        }
    }

    fn opened(&mut self, socket: Result<Socket>) -> Input {
        match socket {
            Ok(socket) => {
                self.socket = Some(socket.split());
                Input::Opened
            }
            Err(_) => Input::Closed(CloseReason {
                opened: false,
                code: 1006,
            }),
        }
    }

    fn received(
        &mut self,
        message: Option<Result<tungstenite::Message, tungstenite::Error>>,
    ) -> Option<Input> {
        match message {
            Some(Ok(tungstenite::Message::Text(text))) => {
                trace(&self.identity, "<-", &text);
                // By itself, or inside the answer to a sign-in (XEP-0388).
                if text.starts_with("<resumed")
                    || text.starts_with("<success") && text.contains("<resumed")
                {
                    self.state.borrow_mut().resumptions += 1;
                }
                let (text, given) = sasl::lift_token(text.to_string());
                self.given = given.or(self.given.take());
                Some(Input::Frame(text))
            }
            Some(Ok(tungstenite::Message::Close(frame))) => {
                self.socket = None;
                let code =
                    frame.map_or(CloseCode::Status, |frame: protocol::CloseFrame| frame.code);
                Some(Input::Closed(CloseReason {
                    opened: true,
                    code: code.into(),
                }))
            }
            Some(Ok(_)) => None,
            Some(Err(_)) | None => {
                self.socket = None;
                Some(Input::Closed(CloseReason {
                    opened: true,
                    code: 1006,
                }))
            }
        }
    }

    async fn drain(&mut self) {
        loop {
            match self.engine.poll_output() {
                Output::Open { url } => {
                    self.socket = None;
                    self.opening = Some(tokio::spawn(open(url)));
                }
                Output::Sasl(request) => self.sasl(request).await,
                Output::Commit(commit, _) => self.next.push_back(Input::Committed(commit)),
                Output::Transmit(text) => self.transmit(text).await,
                Output::Event(event) => {
                    let state = &mut *self.state.borrow_mut();
                    if let StoreEvent::PageAnswer(answer) = &event {
                        match &**answer {
                            PageAnswer::Upload(answer) => state.uploads.push(answer.clone()),
                            PageAnswer::Directory(answer) => state.directory.push(answer.clone()),
                            PageAnswer::Rooms(answer) => state.rooms.push(answer.clone()),
                            _ => {}
                        }
                    }
                    state.store.apply(event);
                }
                Output::Log(_, line) => self.state.borrow_mut().log.push(line),
                Output::Close => self.socket = None,
                Output::Idle { wake_at } => {
                    self.wake_at = wake_at;
                    self.state.borrow_mut().over = self.engine.is_over();
                    return;
                }
            }
        }
    }

    async fn transmit(&mut self, text: String) {
        trace(&self.identity, "->", &text);
        let mechanism = text
            .split_once("mechanism='")
            .filter(|_| text.starts_with("<auth"));
        if let Some((_, rest)) = mechanism {
            let name = rest.split('\'').next().unwrap_or_default().to_owned();
            self.state.borrow_mut().mechanisms.push(name);
        }
        if let Some((sink, _)) = &mut self.socket {
            // What can't be sent shows in the other half.
            let _ = sink.send(tungstenite::Message::text(text)).await;
        }
    }

    async fn sasl(&mut self, request: Request) {
        if matches!(request, Request::Start(_) | Request::SignedOut) {
            let nonce = base64::engine::general_purpose::STANDARD.encode(&seed()[..18]);
            let means = Means {
                password: self.password.is_some(),
                token: self.token.as_ref().map(|token| token.count),
                bearer: self.bearer.is_some(),
                ..Means::default()
            };
            let (identity, device) = (self.identity.clone(), self.device.clone());
            self.exchange = Some(Exchange::new(identity, device, means, nonce));
        }
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        let mut step = exchange.handle(request);
        if let (Step::Prove(request), Some(password)) = (&step, &self.password) {
            match sasl::native::prove(request, password) {
                Ok(proof) => step = exchange.proved(proof),
                Err(error) => return self.state.borrow_mut().log.push(error.to_string()),
            }
        }
        let reply = match step {
            Step::Reply(reply) => reply,
            Step::SendPlain => {
                let frame = exchange.plain(self.password.as_deref().unwrap_or_default());
                self.transmit(frame).await;
                Reply::Sent
            }
            Step::SendToken => {
                let Some(token) = &mut self.token else { return };
                token.count += 1;
                let frame = exchange.token(sasl::native::token_proof(&token.secret));
                self.transmit(frame).await;
                Reply::Sent
            }
            Step::SendBearer => {
                let token = self.bearer.as_deref().unwrap_or_default();
                let frame = exchange.bearer(&self.account, token);
                self.transmit(frame).await;
                Reply::Sent
            }
            Step::RenewBearer(trouble) => Reply::Failed(trouble),
            Step::ForgetToken(_, reply) => {
                self.token = None;
                reply
            }
            Step::Prove(_) => return,
        };
        if let (Reply::Verified, Some(given)) = (&reply, self.given.take()) {
            let secret = given.secret;
            self.token = Some(Token { secret, count: 0 });
            self.password = None;
        }
        self.next.push_back(Input::SaslReply(reply));
    }
}

async fn open(url: String) -> Result<Socket> {
    let mut request = url.into_client_request()?;
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", HeaderValue::from_static("xmpp"));
    Ok(connect_async(request).await?.0)
}

async fn opened(opening: &mut Option<JoinHandle<Result<Socket>>>) -> Result<Socket> {
    let Some(handle) = opening else {
        return std::future::pending().await;
    };
    let socket = handle.await;
    *opening = None;
    socket.context("opening a socket")?
}

async fn received(
    socket: &mut Option<(SplitSink<Socket, tungstenite::Message>, SplitStream<Socket>)>,
) -> Option<Result<tungstenite::Message, tungstenite::Error>> {
    match socket {
        Some((_, stream)) => stream.next().await,
        None => std::future::pending().await,
    }
}

fn now(started: Instant) -> Now {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    Now {
        monotonic: started.elapsed(),
        wall: Timestamp(i64::try_from(wall).unwrap_or(i64::MAX)),
    }
}

/// With `COUPLET_TRACE` set, a failed test shows what crossed the wire.
fn trace(who: &Identity, direction: &str, text: &str) {
    if std::env::var_os("COUPLET_TRACE").is_some() {
        let name = match who {
            Identity::User(name) => name,
            Identity::Anonymous => "guest",
        };
        eprintln!("{:?} {name} {direction} {text}", SystemTime::now());
    }
}

/// Different in each process and each time, which is all a test needs.
fn seed() -> [u8; 32] {
    use std::hash::{BuildHasher as _, RandomState};
    let mut seed = [0; 32];
    for chunk in seed.chunks_mut(8) {
        chunk.copy_from_slice(&RandomState::new().hash_one(0).to_be_bytes());
    }
    seed
}
