//! What all components share: the store, the way to the engine, the page, and
//! who watches what of them.

mod affiliations;
mod alerts;
mod answers;
mod asked;
mod clear_answers;
mod commands;
mod directory;
mod drafts;
mod elsewhere;
mod export;
mod follow;
mod history;
mod jump;
mod notice;
mod order;
mod original;
mod page;
mod pictures;
mod profile;
mod replies;
mod room_admin;
mod rooms;
mod search;
mod session;
mod uploads;
mod watch;
mod whispers;
mod wishes;

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use couplet_engine::Record;
use couplet_engine::modules::xep0313_archive;
use couplet_engine::store::{SessionStatus, Store, StoreEvent, Topic};
use couplet_shared::config::ClientConfig;
use jid::BareJid;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

pub(crate) use directory::Step;
pub(crate) use export::{End, Format};
pub(crate) use jump::Target;
pub(crate) use notice::Notice;
pub(crate) use order::Filter;
pub(crate) use original::Sought;
pub(crate) use page::document;
pub(crate) use profile::Pending;
pub(crate) use room_admin::own_occupant;
pub(crate) use rooms::Listing;
pub(crate) use search::Found;
pub(crate) use uploads::{Failure, Progress, Upload};
pub(crate) use watch::Subject;

use crate::platform;
use crate::route::Route;

/// A handle that costs nothing to pass around; equal to its clones only.
#[derive(Clone)]
pub(crate) struct State(Rc<Inner>);

struct Inner {
    config: ClientConfig,
    session: session::Session,
    store: RefCell<Store>,
    page: RefCell<page::Page>,
    watchers: watch::Watchers,
    /// What has changed since the watchers were last told.
    touched: RefCell<Vec<Subject>>,
    /// Goes up with every change.
    version: Cell<u32>,
    /// Whether an animation frame has been asked for.
    frame_due: Cell<bool>,
    by_name: RefCell<Option<Rc<Vec<BareJid>>>>,
    directory: directory::Directory,
    originals: original::Originals,
    drafts: drafts::Drafts,
    export: export::Slot,
    clear_answers: clear_answers::ClearAnswers,
    pictures: pictures::Pictures,
    /// Conversations of which more is being read from disk.
    loading: RefCell<Vec<BareJid>>,
    /// What the archive was last asked for to fill a gap.
    gap: RefCell<Option<xep0313_archive::Command>>,
    notices: notice::Notices,
    affiliations: affiliations::Lists,
    alerts: alerts::Alerts,
    rooms: rooms::Rooms,
    search: search::Search,
    jump: jump::Jump,
    uploads: uploads::Uploads,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl State {
    /// The state of a page that was served with `config`. Nobody is signed in until
    /// [`begin`](Self::begin) finds out that somebody is.
    pub(crate) fn new(config: ClientConfig) -> Self {
        let state = Self(Rc::new(Inner {
            config,
            session: session::Session::new(),
            store: RefCell::default(),
            page: RefCell::new(page::Page::new()),
            watchers: watch::Watchers::default(),
            touched: RefCell::default(),
            version: Cell::default(),
            frame_due: Cell::default(),
            by_name: RefCell::default(),
            directory: directory::Directory::default(),
            originals: original::Originals::default(),
            drafts: drafts::Drafts::default(),
            export: export::Slot::default(),
            clear_answers: clear_answers::ClearAnswers::default(),
            pictures: pictures::Pictures::default(),
            loading: RefCell::default(),
            gap: RefCell::default(),
            notices: notice::Notices::default(),
            affiliations: affiliations::Lists::default(),
            alerts: alerts::Alerts::default(),
            rooms: rooms::Rooms::default(),
            search: search::Search::default(),
            jump: jump::Jump::default(),
            uploads: uploads::Uploads::default(),
        }));
        state.follow_browser();
        state.follow_notifications();
        state
    }

    /// What the server of this page told about itself.
    pub(crate) fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// What there is to show. The borrow must not outlive the statement it is in.
    pub(crate) fn store(&self) -> Ref<'_, Store> {
        self.0.store.borrow()
    }

    /// Whether the page may compute keys; where not, nobody can sign in.
    pub(crate) fn is_secure(&self) -> bool {
        platform::has_crypto()
    }

    /// Our own address, once we are signed in.
    pub(crate) fn me(&self) -> Option<BareJid> {
        let bound = self.store().me().map(|jid| jid.to_bare());
        bound.or_else(|| self.account())
    }

    /// Has `tell` called when one of `subjects` changes, until [`unwatch`](Self::unwatch)
    /// with the number that this returns.
    pub(crate) fn watch(&self, subjects: Vec<Subject>, tell: Rc<dyn Fn()>) -> u32 {
        self.0.watchers.add(subjects, tell)
    }

    /// Ends what [`watch`](Self::watch) began.
    pub(crate) fn unwatch(&self, number: u32) {
        self.0.watchers.remove(number);
    }

    /// Differs after every change of anything.
    pub(crate) fn version(&self) -> u32 {
        self.0.version.get()
    }

    /// Shows what has happened, and returns what of it has to be kept.
    fn apply(&self, events: Vec<StoreEvent>) -> Vec<Record> {
        let is_online =
            |event: &StoreEvent| matches!(event, StoreEvent::Status(SessionStatus::Online));
        let online = events.iter().any(is_online);
        let is_end = |event: &StoreEvent| {
            matches!(event, StoreEvent::Status(SessionStatus::SignedOut { .. }))
        };
        if events.iter().any(is_end) {
            // Whoever signs in next has nothing lying over their page.
            self.close();
        }
        let (records, gone) = {
            let mut store = self.0.store.borrow_mut();
            let mut touched = self.0.touched.borrow_mut();
            for event in events {
                for topic in store.apply(event) {
                    if topic == Topic::Roster {
                        *self.0.by_name.borrow_mut() = None;
                    }
                    // Neighbours are often the same; a few doubles do no harm.
                    let subject = Subject::Store(topic);
                    if !touched.iter().rev().take(4).any(|known| *known == subject) {
                        touched.push(subject);
                    }
                }
            }
            let gone = store.status().is_left();
            if gone {
                self.0.drafts.clear();
                self.0.pictures.clear();
            }
            (store.take_records(), gone)
        };
        self.note_written(&records);
        if gone {
            // Nor do they land in somebody else's conversation.
            Route::Home.go_instead();
            self.forget_uploads();
            self.forget_search();
            self.forget_directory();
            self.forget_rooms();
            self.clear_if_asked();
        }
        if online {
            self.resume_uploads();
        }
        self.tell_soon();
        records
    }

    fn touch_conversation(&self, jid: &BareJid) {
        self.touch(Topic::Conversation(jid.clone()).into());
    }

    fn touch(&self, subject: Subject) {
        self.0.touched.borrow_mut().push(subject);
        self.tell_soon();
    }

    /// Tells the watchers with the next frame, so that a thousand events render
    /// once; at once where there are no frames.
    fn tell_soon(&self) {
        self.0.version.set(self.0.version.get().wrapping_add(1));
        let hidden = document().is_some_and(|document| document.hidden());
        if hidden {
            self.tell();
        } else if !self.0.frame_due.replace(true) {
            let state = self.clone();
            let tell = Closure::once_into_js(move || state.tell());
            if let Some(window) = web_sys::window() {
                // Only a document without a window refuses.
                let _ = window.request_animation_frame(tell.unchecked_ref());
            }
        }
    }

    fn tell(&self) {
        self.0.frame_due.set(false);
        let touched = self.0.touched.take();
        if !touched.is_empty() {
            self.0.watchers.tell(&touched);
        }
    }
}
