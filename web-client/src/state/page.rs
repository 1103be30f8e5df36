//! The page around the store: where in it we are, what lies over it, who looks
//! at it, and what day it is.

use couplet_engine::store::{Entry, Message, Room, Topic};
use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use jid::BareJid;
use std::rc::Rc;
use web_sys::{Document, VisibilityState};
use yew::AttrValue;

use super::{Notice, State, Subject};
use crate::components::layer::Layer;
use crate::i18n::{self, Clock};
use crate::look::Look;
use crate::platform::{prefer, preference};
use crate::route::Route;
use crate::uri::{Uri, Wish};

const MINUTE: u32 = 60_000;
/// What Enter does in the composer, if it doesn't send.
const ENTER: &str = "couplet.enter";
/// In which rooms one sees who comes and goes: private groups, if nothing is chosen.
const PASSAGES: &str = "couplet.passages";
const EVERYWHERE: &str = "all";
const PASSAGES_SHOWN: [&str; 3] = ["", EVERYWHERE, "none"];
/// How often whoever looks at a tab that follows has it ask whether the leader lives.
const PING_MILLISECONDS: u32 = 2_000;

/// What has been seen of the page when it last changed.
pub(super) struct Page {
    pub(super) route: Route,
    pub(super) layer: Option<Layer>,
    /// The link that was followed to here, until something comes of it.
    pub(super) link: Option<String>,
    /// The message of ours that is being edited.
    pub(super) editing: Option<Rc<Message>>,
    pub(super) attended: bool,
    /// Whether the site that this page is in has it closed.
    covered: bool,
    pub(super) clock: Clock,
}

impl Page {
    pub(super) fn new() -> Self {
        let (route, link) = match Route::current() {
            Route::Open(link) => (Route::Home, Some(link)),
            route => (route, None),
        };
        Self {
            route,
            layer: None,
            link,
            editing: None,
            attended: is_attended(),
            covered: false,
            clock: i18n::clock(),
        }
    }
}

impl State {
    /// Where in the application we are.
    pub(crate) fn route(&self) -> Route {
        self.0.page.borrow().route.clone()
    }

    /// The dialog that is open.
    pub(crate) fn layer(&self) -> Option<Layer> {
        self.0.page.borrow().layer.clone()
    }

    /// Opens a dialog in place of any other.
    pub(crate) fn open(&self, layer: Layer) {
        self.0.page.borrow_mut().layer = Some(layer);
        self.touch(Subject::Place);
    }

    /// Closes the dialog that is open.
    pub(crate) fn close(&self) {
        self.0.page.borrow_mut().layer = None;
        self.touch(Subject::Place);
    }

    /// The message that is being edited.
    pub(crate) fn editing(&self) -> Option<Rc<Message>> {
        self.0.page.borrow().editing.clone()
    }

    /// Begins to edit a message, or ends it.
    pub(crate) fn edit(&self, message: Option<Rc<Message>>) {
        let before = std::mem::replace(&mut self.0.page.borrow_mut().editing, message.clone());
        for message in before.into_iter().chain(message) {
            self.touch(Topic::Conversation(message.conversation.clone()).into());
        }
    }

    /// Looks otherwise from now on.
    pub(crate) fn set_look(&self, look: &Look, value: &str) {
        look.choose(value);
        self.touch(Subject::Choices);
    }

    /// Where one sees who comes and goes: what was chosen on this device, by its name.
    pub(crate) fn chosen_passages(&self) -> &'static str {
        let chosen = preference(PASSAGES);
        let known = PASSAGES_SHOWN
            .iter()
            .find(|known| chosen.as_deref() == Some(**known));
        known.copied().unwrap_or_default()
    }

    /// Sees it there from now on.
    pub(crate) fn choose_passages(&self, chosen: &str) {
        prefer(PASSAGES, Some(chosen).filter(|chosen| !chosen.is_empty()));
        self.touch(Subject::Choices);
    }

    /// Whether one sees who comes into this room, and who leaves it. In a private group
    /// everybody knows everybody, and it matters who hears what is said; elsewhere it is mostly
    /// somebody's connection that comes and goes.
    pub(crate) fn shows_passages(&self, room: &Room) -> bool {
        match self.chosen_passages() {
            "" => room.is_private(),
            chosen => chosen == EVERYWHERE,
        }
    }

    /// Whether Enter sends; otherwise it begins a new line, and sends with Ctrl or ⌘.
    pub(crate) fn enter_sends(&self) -> bool {
        preference(ENTER).is_none()
    }

    /// Has Enter send, or not.
    pub(crate) fn set_enter_sends(&self, sends: bool) {
        prefer(ENTER, (!sends).then_some("line"));
        self.touch(Subject::Choices);
    }

    /// On screen and focused: only then does what arrives count as read.
    pub(crate) fn is_attended(&self) -> bool {
        self.0.page.borrow().attended
    }

    /// The days around now.
    pub(crate) fn clock(&self) -> Clock {
        self.0.page.borrow().clock
    }

    /// Has a screen reader say something that isn't where its focus is, in the one
    /// live region of the page, which is part of `index.html`.
    pub(crate) fn announce(&self, text: &AttrValue) {
        let Some(region) = document().and_then(|document| document.get_element_by_id("announcer"))
        else {
            return;
        };
        // The same words again are only read if the text differs.
        let again = region.text_content().as_deref() == Some(text);
        let end = if again { "\u{a0}" } else { "" };
        region.set_text_content(Some(&[text, end].concat()));
    }

    /// Follows the browser for as long as the page lives.
    pub(super) fn follow_browser(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let listen = |target: &web_sys::EventTarget, event: &'static str, follow: fn(&Self)| {
            let state = self.clone();
            EventListener::new(target, event, move |_| follow(&state)).forget();
        };
        listen(&window, "hashchange", Self::follow_route);
        listen(&window, "focus", Self::follow_attention);
        listen(&window, "blur", Self::follow_attention);
        listen(&window, "pagehide", Self::part);
        listen(&window, "online", |state| state.network(true));
        listen(&window, "offline", |state| state.network(false));
        // Out of the browser's cache of pages: whatever was open is so no longer.
        listen(&window, "pageshow", |state| state.network(true));
        if let Some(document) = window.document() {
            listen(&document, "visibilitychange", Self::follow_attention);
            listen(&document, "visibilitychange", Self::tell_visible);
            listen(&document, "visibilitychange", Self::find_files);
            listen(&document, "resume", |state| state.network(true));
        }
        let state = self.clone();
        Interval::new(MINUTE, move || state.follow_clock()).forget();
        let state = self.clone();
        Interval::new(PING_MILLISECONDS, move || state.look_after_leader()).forget();
    }

    fn follow_route(&self) {
        let route = Route::current();
        let mut page = self.0.page.borrow_mut();
        match route {
            Route::Open(link) => page.link = Some(link),
            route => page.route = route,
        }
        drop(page);
        self.touch(Subject::Place);
    }

    /// Goes where the link leads that was followed to here, if one was. Whatever it is for is
    /// left to the person.
    pub(crate) fn follow_link(&self) {
        let Some(link) = self.0.page.borrow_mut().link.take() else {
            return;
        };
        let Some(Uri { jid, wish }) = Uri::parse(&link) else {
            self.route().go_instead();
            return self.notice(Notice::BadLink);
        };
        let known = self.store().contact(&jid).is_some();
        match wish {
            Wish::Join => return self.go_into(jid),
            Wish::Add(name) if !known => {
                self.route().go_instead();
                return self.open(Layer::AddContact(Some((jid, name.unwrap_or_default()))));
            }
            Wish::Write(text) => self.suggest(&jid, &text),
            Wish::Add(_) | Wish::Talk => {}
        }
        Route::Chat(jid).go_instead();
    }

    /// Asks whether one wants to go into a room, unless one is there.
    fn go_into(&self, room: BareJid) {
        let joined = {
            let store = self.store();
            let known = store.room(&room);
            known.is_some_and(|known| known.entry == Entry::Joined)
        };
        if joined {
            return Route::Chat(room).go_instead();
        }
        self.route().go_instead();
        self.open(Layer::JoinRoom(Some(room)));
    }

    fn follow_attention(&self) {
        {
            let mut page = self.0.page.borrow_mut();
            page.attended = is_attended() && !page.covered;
        }
        self.touch(Subject::Attention);
    }

    /// The site that this page is in has closed it, or opened it.
    pub(crate) fn cover(&self, covered: bool) {
        self.0.page.borrow_mut().covered = covered;
        self.follow_attention();
    }

    /// Nobody goes on with a guest's session: the next one is another's. So it ends with the
    /// page, and whoever comes next can have the name.
    fn part(&self) {
        if self.is_guest()
            && let Some(driver) = self.0.session.driver()
        {
            driver.part();
        }
    }

    fn follow_clock(&self) {
        let clock = i18n::clock();
        let before = std::mem::replace(&mut self.0.page.borrow_mut().clock, clock);
        if before != clock {
            self.touch(Subject::Day);
        }
    }
}

/// The document of the page.
pub(crate) fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn is_attended() -> bool {
    document().is_some_and(|document| {
        document.visibility_state() == VisibilityState::Visible
            && document.has_focus().unwrap_or(false)
    })
}
