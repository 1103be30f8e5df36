//! Telling people of what came while they were elsewhere: once, however many tabs there
//! are, for only whoever has the engine does it.

use std::cell::RefCell;

use couplet_engine::store::{Conversation, Direction, Hear, Scope, StoreEvent};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;

use super::{Notice, State, Subject};
use crate::components::message_text::{action, gist};
use crate::components::room::nick;
use crate::i18n::{t, t_count};
use crate::platform::notifier::{self, Permission};
use crate::platform::{prefer, preference, profile};
use crate::route::Route;

/// For so long a message may be read, here, in another tab or on another device, before
/// anybody is told of it.
const SETTLE_MILLISECONDS: u32 = 600;
/// News of more conversations than this is one notification.
const ONE_BY_ONE: usize = 4;
/// Characters of a message that a notification shows.
const TEXT: usize = 200;
/// The tag of the notification that stands for many conversations.
const ALL: &str = "all";

const NOTIFICATIONS: &str = "couplet.notifications";
const WORDS: &str = "couplet.notifications.words";
const SOUNDS: &str = "couplet.sounds";
const OFF: &str = "off";

/// What there is to be told, and what is on screen.
#[derive(Default)]
pub(super) struct Alerts {
    due: RefCell<Vec<BareJid>>,
    settling: RefCell<Option<Timeout>>,
    shown: RefCell<Vec<String>>,
}

impl State {
    /// The conversations in which there may be something new to be told of, with how much is
    /// to be read before it is applied.
    pub(super) fn news(&self, events: &[StoreEvent]) -> Vec<(BareJid, u32)> {
        let store = self.store();
        let new = |event: &StoreEvent| match event {
            StoreEvent::Message {
                message,
                provenance,
            }
            | StoreEvent::Change {
                alone: Some(message),
                provenance,
                ..
            } if provenance.is_news() && message.direction == Direction::Incoming => {
                let jid = &message.conversation;
                let told = match (message.scope, store.room(jid)) {
                    (Scope::Room, Some(room)) => match room.hear() {
                        Hear::All => true,
                        Hear::Mentions => message.is_to_us(),
                        Hear::Nothing => false,
                    },
                    (Scope::Room, None) => false,
                    (Scope::Person | Scope::Whisper, _) => true,
                };
                (told && !self.is_silent(jid)).then(|| (jid.clone(), self.to_read(jid)))
            }
            _ => None,
        };
        events.iter().filter_map(new).collect()
    }

    /// Goes where a click on a notification leads, and knows what an earlier page showed.
    pub(super) fn follow_notifications(&self) {
        notifier::on_click(|href| {
            if let Some(route) = Route::parse(href) {
                route.go();
            }
        });
        let state = self.clone();
        spawn_local(async move {
            let shown = notifier::shown().await;
            state.0.alerts.shown.borrow_mut().extend(shown);
        });
    }

    /// Tells of the conversations in `news` that nobody reads meanwhile, and no longer of
    /// those that have been read.
    pub(super) fn alert(&self, news: Vec<(BareJid, u32)>) {
        let alerts = &self.0.alerts;
        alerts.shown.borrow_mut().retain(|tag| {
            let unread = if tag == ALL {
                self.unread() > 0
            } else {
                tag.parse().is_ok_and(|jid| self.to_read(&jid) > 0)
            };
            if !unread {
                let tag = tag.clone();
                spawn_local(async move { notifier::close(&tag).await });
            }
            unread
        });
        // What has been read is told of no more, whatever comes next.
        alerts.due.borrow_mut().retain(|jid| self.to_read(jid) > 0);
        // What an archive tells once more is no news.
        let news = news
            .into_iter()
            .filter(|(jid, before)| self.to_read(jid) > *before);
        let news: Vec<BareJid> = news.map(|(jid, _)| jid).collect();
        if news.is_empty() {
            return;
        }
        alerts.due.borrow_mut().extend(news);
        if alerts.settling.borrow().is_none() {
            let state = self.clone();
            let settled = Timeout::new(SETTLE_MILLISECONDS, move || {
                state.0.alerts.settling.take();
                state.tell_of_news();
            });
            alerts.settling.replace(Some(settled));
        }
    }

    fn tell_of_news(&self) {
        let mut due = self.0.alerts.due.take();
        due.sort();
        due.dedup();
        due.retain(|jid| self.to_read(jid) > 0);
        // What is said on a site is that site's to tell of.
        if due.is_empty() || profile::is_embedded() {
            return;
        }
        if self.plays_sounds() {
            notifier::sound();
        }
        // Whoever looks at the page sees the list.
        if self.is_attended() || preference(NOTIFICATIONS).is_some() {
            return;
        }
        match notifier::permission() {
            Permission::Granted => self.notify(due),
            Permission::Unasked => self.notice(Notice::OfferNotifications),
            Permission::Denied | Permission::Missing => {}
        }
    }

    fn notify(&self, due: Vec<BareJid>) {
        if due.len() > ONE_BY_ONE {
            let count = u32::try_from(due.len()).unwrap_or(u32::MAX);
            let text = t_count("notification.many", count);
            return self.show_notification(&t("app.name"), &text, ALL, &Route::Home);
        }
        for jid in due {
            if !self.shows_words() {
                let place = Route::Chat(jid.clone());
                self.show_notification(&t("app.name"), &t("alerts.hidden"), jid.as_str(), &place);
                continue;
            }
            let (name, text) = {
                let store = self.store();
                let last = store.conversation(&jid).and_then(|known| known.last());
                let text = last.map(|message| match nick(message) {
                    Some(nick) if action(message).is_none() => {
                        [&nick, ": ", &gist(self, message)].concat()
                    }
                    _ => gist(self, message),
                });
                let text: String = text.unwrap_or_default().chars().take(TEXT).collect();
                (store.name(&jid).to_owned(), text)
            };
            let place = Route::Chat(jid.clone());
            self.show_notification(&name, &text, jid.as_str(), &place);
        }
    }

    fn show_notification(&self, title: &str, text: &str, tag: &str, place: &Route) {
        let (title, text) = (title.to_owned(), text.to_owned());
        let (tag, href) = (tag.to_owned(), place.href());
        self.0.alerts.shown.borrow_mut().push(tag.clone());
        let state = self.clone();
        spawn_local(async move {
            notifier::show(&notifier::Notice {
                title: &title,
                text: &text,
                tag: &tag,
                href: &href,
            })
            .await;
            // It may have been read meanwhile.
            if !state.0.alerts.shown.borrow().contains(&tag) {
                notifier::close(&tag).await;
            }
        });
    }

    /// How many messages nobody has read, where one wants to hear of them.
    pub(crate) fn unread(&self) -> u32 {
        let store = self.store();
        let heard = store
            .conversations()
            .filter(|(jid, _)| !self.is_silent(jid));
        heard
            .map(|(jid, known)| known.unread.max(store.wishes(jid).unread.into()))
            .sum()
    }

    /// What is said to us counts twice: so what comes to be said to us is news.
    fn to_read(&self, jid: &BareJid) -> u32 {
        let store = self.store();
        let to_read = |known: &Conversation| known.unread + known.mentions();
        store.conversation(jid).map_or(0, to_read)
    }

    /// Whether there are notifications, `None` where the browser has none.
    pub(crate) fn shows_notifications(&self) -> Option<bool> {
        match notifier::permission() {
            Permission::Missing => None,
            Permission::Granted => Some(preference(NOTIFICATIONS).is_none()),
            Permission::Unasked | Permission::Denied => Some(false),
        }
    }

    /// Turns notifications on, for which the browser may have to ask; or off, and then they
    /// aren't offered again.
    pub(crate) fn show_notifications(&self, show: bool) {
        prefer(NOTIFICATIONS, (!show).then_some(OFF));
        self.touch(Subject::Choices);
        if show {
            let state = self.clone();
            spawn_local(async move {
                if notifier::ask().await == Permission::Denied {
                    state.notice(Notice::NotificationsDenied);
                }
                state.touch(Subject::Choices);
            });
        }
    }

    /// Whether a notification shows who wrote, and what.
    pub(crate) fn shows_words(&self) -> bool {
        preference(WORDS).is_none()
    }

    /// Has them show it, or only that there is something.
    pub(crate) fn show_words(&self, show: bool) {
        prefer(WORDS, (!show).then_some(OFF));
        self.touch(Subject::Choices);
    }

    /// Whether a new message makes a sound.
    pub(crate) fn plays_sounds(&self) -> bool {
        preference(SOUNDS).is_none()
    }

    /// Makes sounds from now on, or none.
    pub(crate) fn play_sounds(&self, play: bool) {
        prefer(SOUNDS, (!play).then_some(OFF));
        self.touch(Subject::Choices);
        if play {
            notifier::sound();
        }
    }
}
