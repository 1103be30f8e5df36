//! This page among the tabs of its browser: how it follows, how it leads others, and
//! how it takes over.

use std::rc::Rc;

use couplet_engine::store::{Store, Topic};
use couplet_engine::{Command, Record, SessionCommand};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::asked::happens_once;
use super::session::{Seat, Stage};
use super::{Notice, State, document};
use crate::driver::Enclosure;
use crate::platform;
use crate::platform::storage::{Durability, Fault};
use crate::second;
use crate::tabs::{self, Claim, Heard, Lock, Message, Standing};

/// How long a leader may be silent when it is asked.
const PATIENCE_MILLISECONDS: u32 = 5_000;

impl State {
    /// Follows whoever leads: it is asked how things stand, and its place taken if it
    /// doesn't answer or isn't there any more.
    pub(super) fn follow(&self) {
        let session = &self.0.session;
        session.seat.replace(Seat::Following(Stage::Asked));
        session.post(&Message::Hello {
            tab: session.tab.clone(),
        });
        self.expect_answer();
        if !session.waiting.replace(true) {
            let state = self.clone();
            spawn_local(async move {
                let lead = tabs::lead(Claim::Next, state.losing()).await;
                state.0.session.waiting.set(false);
                state.inherit(lead).await;
            });
        }
    }

    async fn inherit(&self, lead: Option<Lock>) {
        let session = &self.0.session;
        let follows = matches!(&*session.seat.borrow(), Seat::Following(_));
        let (true, Some(lead), Some(storage)) = (follows, lead, session.storage()) else {
            return;
        };
        // Whoever led may have signed out with its last breath.
        match storage.remembered().await {
            Ok(Some(account)) => {
                if let Ok(account) = account.parse() {
                    self.take_over(lead, &account).await;
                }
            }
            Ok(None) => drop(session.seat.replace(Seat::Vacant)),
            Err(fault) => self.note_fault(&fault),
        }
    }

    /// Takes the lead if nothing is heard of who has it.
    fn expect_answer(&self) {
        if self.0.session.impatience.borrow().is_some() {
            return;
        }
        let state = self.clone();
        let timeout = Timeout::new(PATIENCE_MILLISECONDS, move || {
            state.0.session.impatience.take();
            spawn_local(async move {
                let lead = tabs::lead(Claim::Now, state.losing()).await;
                state.inherit(lead).await;
            });
        });
        self.0.session.impatience.replace(Some(timeout));
    }

    /// The leader lives; and is no longer waited for if it has taken everything.
    fn answered(&self) {
        let session = &self.0.session;
        if session.unconfirmed.borrow().is_empty() {
            session.impatience.take();
        }
    }

    /// As a follower that somebody looks at: sees to it that the leader lives. A browser gives
    /// a hidden leader a timer a minute, but hands it what it is told at once.
    pub(super) fn look_after_leader(&self) {
        let session = &self.0.session;
        let abreast = matches!(&*session.seat.borrow(), Seat::Following(Stage::Abreast));
        if abreast && document().is_some_and(|document| !document.hidden()) {
            session.post(&Message::Ping {
                leader: session.leader.borrow().clone(),
                tab: session.tab.clone(),
            });
            self.expect_answer();
        }
    }

    /// What to do when another tab takes the lead away.
    pub(super) fn losing(&self) -> impl FnOnce() + 'static {
        let state = self.clone();
        move || state.lose_lead()
    }

    pub(super) fn lose_lead(&self) {
        let session = &self.0.session;
        let led = matches!(&*session.seat.borrow(), Seat::Leading(..));
        if led {
            // Whoever leads now knows nothing of what was noted since, and takes what comes
            // later for all there is.
            *session.unconfirmed.borrow_mut() = self.asked_here();
            session.vacate();
            self.follow();
        }
    }

    pub(super) fn heard(&self, heard: Heard) {
        let session = &self.0.session;
        let message = match heard {
            Heard::Message(message) => *message,
            Heard::OtherBuild { later: true } => return self.give_way(),
            Heard::OtherBuild { later: false } => return,
        };
        let leads = matches!(&*session.seat.borrow(), Seat::Leading(..));
        match message {
            Message::Hello { tab } if leads => self.welcome(tab),
            Message::Command {
                leader,
                tab,
                number,
                command,
            } if leads && leader == session.tab => match tabs::read_command(&command) {
                Some(command) => self.take_command(&tab, number, command),
                None => self.take_rare(tab, number, command),
            },
            Message::Password {
                leader,
                request,
                password,
            } if leads && leader == session.tab => self.pass_password(&request, password),
            Message::Welcome {
                tab,
                leader,
                account,
                standing,
            } if tab == session.tab => {
                *session.leader.borrow_mut() = leader;
                self.welcomed(&account, standing);
            }
            Message::News {
                leader,
                rows,
                standing,
            } if leader == *session.leader.borrow() => self.follow_news(rows, standing),
            Message::Taken { tab, number } if self.is_ours(&tab) => {
                session
                    .unconfirmed
                    .borrow_mut()
                    .retain(|(name, known, _)| (name, known) != (&tab, &number));
                self.answered();
            }
            Message::Ping { leader, tab } if leads && leader == session.tab => {
                session.post(&Message::Pong { tab });
                if let Some(driver) = session.driver() {
                    driver.look_at_the_time();
                }
            }
            Message::Pong { tab } if tab == session.tab => self.answered(),
            // It has been taken over from us while we weren't looking.
            Message::Leads if leads => self.lose_lead(),
            Message::Leads => self.meet_leader(),
            Message::Draft {
                conversation,
                text,
                before,
                notes,
            } if session.is_kept() => self.learn_draft(conversation, &text, &before, notes),
            Message::DraftKept { conversation, text } if session.is_kept() => {
                self.outlast_draft(&conversation, &text);
            }
            Message::Answer(answer) => self.page_answered(&answer),
            _ => {}
        }
    }

    fn meet_leader(&self) {
        let session = &self.0.session;
        let joins = matches!(&*session.seat.borrow(), Seat::Vacant | Seat::Following(_));
        if joins && session.storage.borrow().is_ok() {
            self.follow();
        }
    }

    /// Tells `tab` how things stand, as soon as the rest of it can be read from disk.
    fn welcome(&self, tab: String) {
        let session = &self.0.session;
        session.followed.set(true);
        let (Some(account), Some(storage)) = (self.account(), session.storage()) else {
            return;
        };
        let state = self.clone();
        spawn_local(async move {
            // Behind whatever is being written.
            let outcome = match storage.write(account.as_str(), &Rc::default(), Durability::Relaxed)
            {
                Ok(writing) => writing.done().await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = outcome {
                return state.note_fault(&fault);
            }
            let standing = Standing::of(&state.store());
            state.0.session.post(&Message::Welcome {
                tab,
                leader: state.0.session.tab.clone(),
                account: account.to_string(),
                standing,
            });
        });
    }

    fn welcomed(&self, account: &str, standing: Standing) {
        let Ok(account) = account.parse::<BareJid>() else {
            return;
        };
        let session = &self.0.session;
        session.impatience.take();
        let number = session.readings.get() + 1;
        session.readings.set(number);
        session.seat.replace(Seat::Following(Stage::Reading {
            number,
            rows: Vec::new(),
            standing,
        }));
        let before = session.account.replace(Some(account.clone()));
        if before.as_ref() != Some(&account) {
            self.forget_search();
        }
        for (name, number, command) in &*session.unconfirmed.borrow() {
            self.ask(name, *number, command);
        }
        let Some(storage) = session.storage() else {
            return;
        };
        let state = self.clone();
        spawn_local(async move {
            let read = state.read_store(&storage, &account).await;
            state.keep_abreast(number, read);
        });
    }

    /// Follows from where reading the disk has led to.
    fn keep_abreast(&self, number: u32, read: Result<Store, Fault>) {
        let mut seat = self.0.session.seat.borrow_mut();
        let abreast = Seat::Following(Stage::Abreast);
        let (rows, standing) = match std::mem::replace(&mut *seat, abreast) {
            Seat::Following(Stage::Reading {
                number: last,
                rows,
                standing,
            }) if last == number => (rows, standing),
            // Something else has happened since.
            other => return *seat = other,
        };
        drop(seat);
        match read {
            Ok(store) => self.replace_store(store),
            Err(fault) => self.note_fault(&fault),
        }
        self.follow_news(rows, standing);
        self.tell_visible();
        self.find_files();
    }

    /// As a follower: the leader's store has written this, and stands so.
    fn follow_news(&self, mut rows: Vec<Record>, standing: Standing) {
        match &mut *self.0.session.seat.borrow_mut() {
            Seat::Following(Stage::Reading {
                rows: before,
                standing: stands,
                ..
            }) => {
                before.append(&mut rows);
                *stands = standing;
                return;
            }
            Seat::Following(Stage::Abreast) => {}
            _ => return,
        }
        let topics = self.0.store.borrow_mut().mirror(&rows);
        self.note_written(&rows);
        if topics.contains(&Topic::Roster) {
            *self.0.by_name.borrow_mut() = None;
        }
        for topic in topics {
            self.touch(topic.into());
        }
        let now = Standing::of(&self.store());
        // The leader keeps what has to be kept.
        self.apply(standing.events(&now));
    }

    /// Passes on what a person wants, to wherever the engine is.
    pub(super) fn command(&self, command: Command) {
        let session = &self.0.session;
        let number = session.commands.get() + 1;
        session.commands.set(number);
        self.command_as(&session.tab, number, command);
    }

    /// The same in this name and with this number, by which what happens once is known.
    pub(super) fn command_as(&self, name: &str, number: u32, command: Command) {
        let session = &self.0.session;
        let once = happens_once(&command) && session.is_kept();
        if once {
            self.keep_asked(name, number, &command);
        }
        if let Some(driver) = session.driver() {
            return if once {
                self.do_once(&driver, name, number, command);
            } else {
                driver.command(command, Enclosure::default());
            };
        }
        if !matches!(&*session.seat.borrow(), Seat::Following(_)) {
            return;
        }
        self.ask(name, number, &command);
        let unconfirmed = (name.to_owned(), number, command);
        session.unconfirmed.borrow_mut().push(unconfirmed);
        self.expect_answer();
    }

    /// As a follower: has the leader do something.
    fn ask(&self, name: &str, number: u32, command: &Command) {
        if let Some(command) = tabs::write_command(command) {
            return self.0.session.ask(name, number, command);
        }
        let (state, name, command) = (self.clone(), name.to_owned(), command.clone());
        let ask = move || {
            let command = tabs::write_rare(&command);
            state.0.session.ask(&name, number, command);
        };
        second::once_here(self, Box::new(ask));
    }

    /// Has whoever leads know the password that `request` will be about.
    pub(super) fn pass_password(&self, request: &str, password: String) {
        let session = &self.0.session;
        let request = request.to_owned();
        match session.driver() {
            Some(driver) => driver.prepare_password(request, password),
            None => session.post(&Message::Password {
                leader: session.leader.borrow().clone(),
                request,
                password,
            }),
        }
    }

    /// As the leader: does what is wanted in `tab` as soon as it can be read, and meanwhile
    /// what is wanted there besides.
    fn take_rare(&self, tab: String, number: u32, command: JsValue) {
        let state = self.clone();
        let take = move || {
            if let Some(command) = tabs::read_rare(&command) {
                state.take_command(&tab, number, command);
            }
        };
        second::once_here(self, Box::new(take));
    }

    /// As the leader: does what is wanted in `tab`.
    pub(super) fn take_command(&self, tab: &str, number: u32, command: Command) {
        let session = &self.0.session;
        let Some(driver) = session.driver() else {
            return;
        };
        session.followed.set(true);
        match command {
            command if happens_once(&command) => {
                return match self.is_taken(tab, number) {
                    true => self.confirm(tab, number),
                    false => self.do_once(&driver, tab, number, command),
                };
            }
            Command::Archive(command) => self.load_from_archive(command),
            Command::Session(SessionCommand::Visible(visible)) => self.note_watched(tab, visible),
            command => driver.command(command, Enclosure::default()),
        }
        self.confirm(tab, number);
    }

    /// As the leader: whether somebody looks at another tab.
    fn note_watched(&self, tab: &str, visible: bool) {
        let session = &self.0.session;
        session.watched.borrow_mut().retain(|known| known != tab);
        if visible {
            session.watched.borrow_mut().push(tab.to_owned());
        }
        self.tell_visible();
    }

    /// Tells whether anybody looks at any tab.
    pub(super) fn tell_visible(&self) {
        let session = &self.0.session;
        let here = document().is_some_and(|document| !document.hidden());
        let elsewhere = || !session.watched.borrow().is_empty();
        let follows = matches!(&*session.seat.borrow(), Seat::Following(_));
        let visible = here || !follows && elsewhere();
        self.command(Command::Session(SessionCommand::Visible(visible)));
    }

    /// A newer build is here: what is on disk is its own from now on.
    pub(super) fn give_way(&self) {
        let session = &self.0.session;
        let shared = matches!(
            &*session.seat.borrow(),
            Seat::Leading(..) | Seat::Following(_) | Seat::Vacant
        );
        if shared {
            let vacant = matches!(&*session.seat.borrow(), Seat::Vacant);
            session.vacate();
            session.seat.replace(Seat::Past);
            // Drafts are kept: where nobody looks there is nobody to ask.
            if vacant || document().is_some_and(|document| document.hidden()) {
                return platform::reload();
            }
            self.notice(Notice::NewBuild);
        }
    }
}
