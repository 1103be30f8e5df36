//! Telling people of what came while they were elsewhere: once, however many tabs there
//! are, for only whoever has the engine does it.

use std::cell::RefCell;

use couplet_engine::store::{Direction, Hear, Message, Room, Scope, StoreEvent};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;

use super::{Notice, State, Subject};
use crate::components::message_text::{action, gist};
use crate::components::room::nick;
use crate::i18n::{t, t_count};
use crate::platform::notifier::{self, Permission};
use crate::platform::{prefer, preference};
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
    /// unread before it is applied.
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
                        Hear::Mentions => concerns(message, room),
                        Hear::Nothing => false,
                    },
                    (Scope::Room, None) => false,
                    (Scope::Person | Scope::Whisper, _) => true,
                };
                (told && !self.is_silent(jid)).then(|| (jid.clone(), self.unread_of(jid)))
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
                tag.parse().is_ok_and(|jid| self.unread_of(&jid) > 0)
            };
            if !unread {
                let tag = tag.clone();
                spawn_local(async move { notifier::close(&tag).await });
            }
            unread
        });
        // What has been read is told of no more, whatever comes next.
        alerts
            .due
            .borrow_mut()
            .retain(|jid| self.unread_of(jid) > 0);
        // What an archive tells once more is no news.
        let news = news
            .into_iter()
            .filter(|(jid, before)| self.unread_of(jid) > *before);
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
        due.retain(|jid| self.unread_of(jid) > 0);
        if due.is_empty() {
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

    fn unread_of(&self, jid: &BareJid) -> u32 {
        let store = self.store();
        store.conversation(jid).map_or(0, |known| known.unread)
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

/// Whether what is said in a room is said to us: it names us, or answers us (XEP-0492 4).
fn concerns(message: &Message, room: &Room) -> bool {
    let answered = message
        .reply()
        .and_then(|reply| reply.to.as_ref()?.resource());
    let answers = answered.is_some_and(|nick| nick.as_str() == room.nick);
    answers || names(&message.body, &room.nick)
}

/// Whether `nick` is among the words of what is said in a room.
fn names(body: &str, nick: &str) -> bool {
    let (body, nick) = (body.to_lowercase(), nick.to_lowercase());
    if nick.is_empty() {
        return false;
    }
    body.match_indices(&nick).any(|(start, _)| {
        let before = body[..start].chars().next_back();
        let after = body[start + nick.len()..].chars().next();
        let goes_on = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        !goes_on(before) && !goes_on(after)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_is_a_word() {
        for body in ["alice", "Alice: hi", "is @ALICE here?", "malice, alice"] {
            assert!(names(body, "alice"), "{body}");
        }
        for body in ["", "malice", "alices", "ali ce"] {
            assert!(!names(body, "alice"), "{body}");
        }
        assert!(names("ask Zoë B.", "zoë b."));
        assert!(!names("anything", ""));
    }
}
