//! Whose session this page shows, and where its engine is: here, or in another tab.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use couplet_engine::codec::encode;
use couplet_engine::store::{SessionStatus, Store, StoreEvent, Topic};
use couplet_engine::{Command, Engine, ForeignState, Record, SessionCommand, Table};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::asked::Asked;
use super::{Notice, State};
use crate::config::websocket_url;
use crate::driver::{self, Driver, Enclosure, Journal, News, Secrets, TokenAnswer};
use crate::early;
use crate::i18n;
use crate::platform::profile::{self, VOUCHED};
use crate::platform::storage::{self, Fault, Kept, Storage};
use crate::platform::{self, prefer};
use crate::tabs::{self, Channel, Claim, Lock, Message, Standing};

/// This page among the tabs of its browser.
pub(super) struct Session {
    pub(super) seat: RefCell<Seat>,
    /// Where things are kept, or why nowhere.
    pub(super) storage: RefCell<Result<Storage, Fault>>,
    pub(super) channel: RefCell<Option<Channel>>,
    pub(super) account: RefCell<Option<BareJid>>,
    /// How the site around this page is asked for a token, if it vouches for its user.
    site: RefCell<Option<Site>>,
    pub(super) tab: String,
    /// Commands that no leader has confirmed yet, with in which name and number.
    pub(super) unconfirmed: RefCell<Vec<(String, u32, Command)>>,
    /// As a follower: who has welcomed us.
    pub(super) leader: RefCell<String>,
    pub(super) commands: Cell<u32>,
    /// As a follower: how many times what is on disk has been read.
    pub(super) readings: Cell<u32>,
    /// As the leader: the last command taken of each tab.
    pub(super) taken: RefCell<Vec<(String, u32)>>,
    /// As the leader: whether somebody follows.
    pub(super) followed: Cell<bool>,
    /// Runs while an answer of the leader is due.
    pub(super) impatience: RefCell<Option<Timeout>>,
    /// As the leader: the tabs that follow and are looked at.
    pub(super) watched: RefCell<Vec<String>>,
    /// Whether a claim to lead is queued.
    pub(super) waiting: Cell<bool>,
    /// Whether everything is to go as soon as nobody is signed in.
    pub(super) clearing: Cell<bool>,
}

/// Asks the site around this page for a token.
type Site = Rc<dyn Fn(TokenAnswer)>;

/// Where the engine is that this page's commands go to.
pub(super) enum Seat {
    /// Nowhere: nobody is signed in.
    Vacant,
    /// Here, for all tabs.
    Leading(Driver, #[expect(dead_code, reason = "held, not used")] Lock),
    /// Here, and for this tab only.
    Alone(Driver),
    /// In another tab.
    Following(Stage),
    /// A newer build has taken over: this page is of the past.
    Past,
}

/// How far a tab that follows has got.
pub(super) enum Stage {
    /// It has asked how things stand.
    Asked,
    /// It reads what is on disk.
    Reading {
        /// How many times this page has begun to; only the last counts.
        number: u32,
        /// What has been written meanwhile.
        rows: Vec<Record>,
        /// How it stands.
        standing: Standing,
    },
    /// It hears everything.
    Abreast,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            seat: RefCell::new(Seat::Vacant),
            storage: RefCell::new(Err(Fault::Missing)),
            channel: RefCell::default(),
            account: RefCell::default(),
            site: RefCell::default(),
            tab: tabs::name(),
            unconfirmed: RefCell::default(),
            leader: RefCell::default(),
            commands: Cell::default(),
            readings: Cell::default(),
            taken: RefCell::default(),
            followed: Cell::default(),
            watched: RefCell::default(),
            impatience: RefCell::default(),
            waiting: Cell::default(),
            clearing: Cell::default(),
        }
    }

    pub(super) fn driver(&self) -> Option<Driver> {
        match &*self.seat.borrow() {
            Seat::Leading(driver, _) | Seat::Alone(driver) => Some(driver.clone()),
            Seat::Vacant | Seat::Following(_) | Seat::Past => None,
        }
    }

    /// What is on the disk, and what was to be written until now.
    pub(super) fn storage(&self) -> Option<Storage> {
        if let Some(driver) = self.driver() {
            driver.flush();
        }
        self.storage.borrow().as_ref().ok().cloned()
    }

    /// Whether what this page shows outlives it.
    pub(super) fn is_kept(&self) -> bool {
        matches!(&*self.seat.borrow(), Seat::Leading(..) | Seat::Following(_))
    }

    pub(super) fn post(&self, message: &Message) {
        if let Some(channel) = &*self.channel.borrow() {
            channel.post(message);
        }
    }

    /// As a follower: has the leader do something. It says when it has.
    pub(super) fn ask(&self, name: &str, number: u32, command: JsValue) {
        self.post(&Message::Command {
            leader: self.leader.borrow().clone(),
            tab: name.to_owned(),
            number,
            command,
        });
    }

    /// Whoever has driven here no longer does.
    pub(super) fn vacate(&self) {
        let seat = self.seat.replace(Seat::Vacant);
        if let Seat::Leading(driver, _) | Seat::Alone(driver) = seat {
            driver.stop();
        }
    }
}

impl State {
    /// Goes on where the last page has stopped, or joins the tab that leads.
    pub(crate) async fn begin(&self) {
        let session = &self.0.session;
        if !tabs::have_locks() {
            *session.storage.borrow_mut() = Err(Fault::NoLocks);
            return;
        }
        self.hold_files();
        let lost = {
            let state = self.clone();
            move || state.storage_lost()
        };
        let opened = Storage::open(lost).await;
        let remembered = match &opened {
            Ok(storage) => storage.remembered().await,
            Err(fault) => Err(fault.clone()),
        };
        early::note(matches!(remembered, Ok(Some(_))));
        *session.storage.borrow_mut() = opened;
        let heard = {
            let state = self.clone();
            move |heard| state.heard(heard)
        };
        *session.channel.borrow_mut() = Channel::open(heard);
        match remembered {
            Ok(Some(account)) => {
                // In another site's page it is for that to say who is here.
                if let Ok(account) = account.parse()
                    && !profile::is_embedded()
                {
                    self.join(account).await;
                }
            }
            Ok(None) => {}
            Err(fault) => *session.storage.borrow_mut() = Err(fault),
        }
    }

    /// Goes on with whoever the device remembers, whom [`begin`](Self::begin) has left to the
    /// site; if that is nobody, there is something else to do.
    pub(crate) fn take_up(&self, otherwise: impl FnOnce(&Self) + 'static) {
        let state = self.clone();
        spawn_local(async move {
            let remembered = match state.0.session.storage() {
                Some(storage) => storage.remembered().await.ok().flatten(),
                None => None,
            };
            match remembered.and_then(|account| account.parse().ok()) {
                Some(account) => state.join(account).await,
                None => otherwise(&state),
            }
            // Whoever leads may stand as this tab did already.
            state.touch(Topic::Session.into());
        });
    }

    /// Whether another tab leads.
    pub(crate) fn follows(&self) -> bool {
        matches!(&*self.0.session.seat.borrow(), Seat::Following(_))
    }

    /// Whether it is known who is signed in: a tab that follows has to be told first.
    pub(crate) fn is_abreast(&self) -> bool {
        let seat = self.0.session.seat.borrow();
        !matches!(
            &*seat,
            Seat::Following(Stage::Asked | Stage::Reading { .. })
        )
    }

    /// Whether what this page shows outlives it.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.session.is_kept()
    }

    /// Shows the page in this language, or in the browser's if the tag is empty.
    pub(crate) fn set_language(&self, tag: &str) {
        i18n::choose_language(tag);
        platform::reload();
    }

    /// Why nobody can stay signed in on this device, if so.
    pub(crate) fn keeps_nothing(&self) -> Option<Fault> {
        self.0.session.storage.borrow().as_ref().err().cloned()
    }

    /// Whether there is anybody to do what a person wants.
    pub(crate) fn takes_commands(&self) -> bool {
        !matches!(&*self.0.session.seat.borrow(), Seat::Past | Seat::Vacant)
    }

    /// Who is or was signed in here.
    pub(crate) fn account(&self) -> Option<BareJid> {
        self.0.session.account.borrow().clone()
    }

    /// Signs in; the store says how that goes. With `stay` the device remembers it.
    pub(crate) fn sign_in(&self, jid: BareJid, password: String, stay: bool) {
        let secrets = Secrets::typed(&jid, password);
        self.sign_in_with(jid, secrets, stay);
    }

    /// Has the site around this page vouch for its user (RFC 7628): `ask` is called each time one
    /// of its tokens is wanted, and answers, now or later, with the token or that there is none.
    /// A page that goes on with the session of an earlier one has to know it before
    /// [`begin`](Self::begin).
    pub(crate) fn vouched_for_by(&self, ask: impl Fn(TokenAnswer) + 'static) {
        *self.0.session.site.borrow_mut() = Some(Rc::new(ask));
    }

    /// Signs in whom the site vouches for, or goes on with what another page of it has begun; what
    /// that one couldn't go on with is begun anew here if it `insists`.
    pub(crate) fn sign_in_by_site(&self, jid: BareJid, insists: bool) {
        let claim = if insists { Claim::Now } else { Claim::IfFree };
        self.be(jid.clone(), claim, move || Secrets::bearer(&jid, None));
    }

    fn ask_site(&self, answer: TokenAnswer) {
        let site = self.0.session.site.borrow().clone();
        match site {
            Some(ask) => ask(answer),
            None => answer(None),
        }
    }

    fn sign_in_with(&self, jid: BareJid, secrets: Secrets, stay: bool) {
        self.forget_search();
        let state = self.clone();
        spawn_local(async move {
            let storage = state.0.session.storage();
            *state.0.session.account.borrow_mut() = Some(jid.clone());
            match storage.filter(|_| stay) {
                Some(storage) => state.sign_in_to_stay(storage, jid, secrets).await,
                None => state.sign_in_alone(jid, secrets).await,
            }
        });
    }

    /// Signs in without an account, at this domain; or goes on as the guest who another page of
    /// the site has already.
    pub(crate) fn be_guest(&self, domain: BareJid) {
        let secrets = {
            let domain = domain.clone();
            move || Secrets::kept(&domain, Kept::default())
        };
        self.be(domain, Claim::IfFree, secrets);
    }

    /// Signs in as this account of the site's, unless another of its pages has somebody already.
    fn be(&self, account: BareJid, claim: Claim, secrets: impl Fn() -> Secrets + 'static) {
        let state = self.clone();
        spawn_local(async move {
            let session = &state.0.session;
            if !matches!(state.store().status(), SessionStatus::SignedOut { .. }) {
                return;
            }
            if let Some(driver) = session.driver() {
                // Whoever was here before has the last word.
                driver.over().await;
            }
            // A lock of our own isn't free.
            let leads = matches!(&*session.seat.borrow(), Seat::Leading(..));
            let claim = if leads { Claim::Now } else { claim };
            session.vacate();
            *session.account.borrow_mut() = Some(account.clone());
            let Some(storage) = session.storage() else {
                return state.sign_in_alone(account.clone(), secrets()).await;
            };
            let Some(lead) = tabs::lead(claim, state.losing()).await else {
                return state.follow();
            };
            match state.lead(storage, lead, &account, Some(secrets())).await {
                Ok((driver, asked)) => {
                    let sign_in = state.signing_in(account.clone());
                    driver.command(sign_in, Enclosure::default());
                    state.do_what_was_asked(&driver, asked);
                }
                Err(fault) => state.note_fault(&fault),
            }
        });
    }

    /// Whether whoever is signed in has no account.
    pub(crate) fn is_guest(&self) -> bool {
        self.account()
            .is_some_and(|account| account.node().is_none())
    }

    async fn sign_in_alone(&self, jid: BareJid, secrets: Secrets) {
        let session = &self.0.session;
        session.vacate();
        if let Some(storage) = session.storage()
            && let Ok(Some(account)) = storage.remembered().await
            && account == jid.as_str()
            // To be remembered no longer is a wish of who signs in.
            && storage.lead().await.is_ok()
            && let Ok(writing) = storage.forget(&account)
        {
            // What is left then is what was left before.
            let _ = writing.done().await;
        }
        let engine = Engine::new(driver::config(), platform::random(), platform::now());
        let driver = self.driver(engine, secrets, None);
        session.seat.replace(Seat::Alone(driver.clone()));
        driver.command(self.signing_in(jid), Enclosure::default());
    }

    async fn sign_in_to_stay(&self, storage: Storage, jid: BareJid, secrets: Secrets) {
        self.0.session.vacate();
        let Some(lead) = tabs::lead(Claim::Now, self.losing()).await else {
            return self.sign_in_alone(jid, secrets).await;
        };
        match self.lead(storage, lead, &jid, Some(secrets)).await {
            Ok((driver, asked)) => {
                driver.command(self.signing_in(jid), Enclosure::default());
                self.do_what_was_asked(&driver, asked);
            }
            Err(fault) => self.note_fault(&fault),
        }
    }

    fn signing_in(&self, jid: BareJid) -> Command {
        let url = websocket_url(&self.config().websocket);
        Command::Session(SessionCommand::SignIn { jid, url })
    }

    /// Leads if nobody does, else follows.
    async fn join(&self, account: BareJid) {
        *self.0.session.account.borrow_mut() = Some(account.clone());
        match tabs::lead(Claim::IfFree, self.losing()).await {
            Some(lead) => self.take_over(lead, &account).await,
            None => self.follow(),
        }
    }

    /// Goes on with the session of `account` as the disk has it.
    pub(super) async fn take_over(&self, lead: Lock, account: &BareJid) {
        let Some(storage) = self.0.session.storage() else {
            return;
        };
        match self.lead(storage, lead, account, None).await {
            Ok((driver, asked)) => {
                driver.start();
                self.tell_visible();
                self.do_what_was_asked(&driver, asked);
                let unconfirmed = self.0.session.unconfirmed.take();
                for (name, number, command) in unconfirmed {
                    self.take_command(&name, number, command);
                }
            }
            Err(fault) => self.note_fault(&fault),
        }
    }

    /// Reads everything there is of `account` and gets ready to go on with it. With
    /// what earlier pages were asked for.
    async fn lead(
        &self,
        storage: Storage,
        lead: Lock,
        account: &BareJid,
        secrets: Option<Secrets>,
    ) -> Result<(Driver, Vec<Asked>), Fault> {
        let session = &self.0.session;
        storage.lead().await?;
        let name = account.as_str();
        let rows = storage.all(name, &[Table::Engine, Table::Outbox]).await?;
        let asked = self.read_asked(&storage, name).await?;
        let store = self.read_store(&storage, account).await?;
        let typed = secrets.is_some();
        let kept = storage.kept(name).await?;
        let secrets = match secrets {
            Some(secrets) => secrets.on_device(kept.device),
            None if session.site.borrow().is_some() => {
                Secrets::kept(account, kept).or_bearer(account, None)
            }
            None => Secrets::kept(account, kept),
        };
        let engine = self.engine(rows, account, &store, typed);
        let journal = Journal::new(storage, name.to_owned());
        let driver = self.driver(engine, secrets, Some(journal));
        self.replace_store(store);
        session.impatience.take();
        session.seat.replace(Seat::Leading(driver.clone(), lead));
        session.post(&Message::Leads);
        self.find_files();
        Ok((driver, asked))
    }

    /// The engine that `rows` make, or that does what is left to do of them.
    fn engine(&self, rows: Vec<Record>, account: &BareJid, store: &Store, typed: bool) -> Engine {
        let (seed, now) = (platform::random(), platform::now());
        match Engine::restore(driver::config(), &rows, seed, now) {
            Ok(engine) => engine,
            Err(_) if typed && rows.is_empty() => Engine::new(driver::config(), seed, now),
            Err(foreign) => {
                platform::log(true, &foreign.to_string());
                if matches!(foreign, ForeignState::Unreadable) {
                    self.notice(Notice::Damaged);
                }
                let url = websocket_url(&self.config().websocket);
                let (account, known) = (account.clone(), store.known(now.wall));
                Engine::recover(driver::config(), &rows, account, url, &known, seed, now)
            }
        }
    }

    fn driver(&self, engine: Engine, secrets: Secrets, journal: Option<Journal>) -> Driver {
        let state = self.clone();
        Driver::new(engine, secrets, journal, move |news| match news {
            News::Events(events) => state.show(events),
            News::Fault(fault) => {
                state.note_fault(&fault);
                Vec::new()
            }
            News::PasswordEachTime => {
                state.notice(Notice::PasswordEachTime);
                Vec::new()
            }
            News::TokenWanted(answer) => {
                state.ask_site(answer);
                Vec::new()
            }
        })
    }

    /// What the engine of this page has to show, and what of it has to be kept.
    fn show(&self, events: Vec<StoreEvent>) -> Vec<Record> {
        let session = &self.0.session;
        let is_end =
            |event: &StoreEvent| matches!(event, StoreEvent::Status(status) if status.is_left());
        if events.iter().any(is_end) {
            self.forget();
        }
        let damaged = |event: &StoreEvent| matches!(event, StoreEvent::OutboxDamaged { .. });
        if events.iter().any(damaged) {
            self.notice(Notice::Damaged);
        }
        for event in &events {
            if let StoreEvent::PageAnswer(answer) = event {
                let answer = encode(&**answer);
                self.page_answered(&answer);
                session.post(&Message::Answer(answer));
            }
        }
        let news = self.news(&events);
        let records = self.apply(events);
        self.alert(news);
        if !session.followed.get() {
            return records;
        }
        let message = Message::News {
            leader: session.tab.clone(),
            rows: records,
            standing: Standing::of(&self.store()),
        };
        session.post(&message);
        match message {
            Message::News { rows, .. } => rows,
            _ => Vec::new(),
        }
    }

    /// Nobody is signed in any more, and the device knows nothing of who was.
    fn forget(&self) {
        let Some(driver) = self.0.session.driver() else {
            return;
        };
        if let Some(journal) = driver.journal() {
            early::note(false);
            prefer(VOUCHED, None);
            journal.close();
        }
        self.forget_asked();
        self.forget_noted_drafts();
        let state = self.clone();
        spawn_local(async move {
            if let Some(journal) = driver.journal()
                && let Err(fault) = journal.forget().await
            {
                state.note_fault(&fault);
            }
        });
    }

    /// Another tab clears everything, or has a newer build.
    fn storage_lost(&self) {
        let nobody = matches!(self.store().status(), SessionStatus::SignedOut { .. });
        if nobody {
            return self.reload_when_over();
        }
        *self.0.session.storage.borrow_mut() = Err(Fault::Newer);
        self.give_way();
    }

    /// Signs out, and removes everything that this page has ever left on the device.
    pub(crate) fn clear_data(&self) {
        self.0.session.clearing.set(true);
        self.command(Command::Session(SessionCommand::SignOut));
    }

    /// After signing out, once everything has been said to the server.
    pub(super) fn clear_if_asked(&self) {
        let session = &self.0.session;
        if !session.clearing.replace(false) {
            return;
        }
        let storage = session.storage();
        let state = self.clone();
        spawn_local(async move {
            if let Some(storage) = storage {
                storage.close();
                if let Err(fault) = storage::clear().await {
                    return state.note_fault(&fault);
                }
            }
            platform::clear_preferences();
            state.reload_when_over();
        });
    }

    /// Loads the page anew as soon as the server knows that nobody is signed in.
    fn reload_when_over(&self) {
        match self.0.session.driver() {
            Some(driver) => driver.when_over(platform::reload),
            None => platform::reload(),
        }
    }

    pub(super) fn note_fault(&self, fault: &Fault) {
        if *fault == Fault::Deposed {
            return self.lose_lead();
        }
        platform::log(true, fault.words());
        self.notice(Notice::MemoryOnly(fault.clone()));
    }
}
