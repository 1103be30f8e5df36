//! The way into the conversation, step by step: each rendering does what is next.

use couplet_engine::Timestamp;
use couplet_engine::modules::xep0045_muc::Preset;
use couplet_engine::store::{Entry, Left, MessageId, Notes, SessionStatus};
use jid::BareJid;
use yew::AttrValue;

use super::support::{find_room, support};
use crate::embedding::{Ask, Embedding, Mode};
use crate::hooks::Model;
use crate::platform::{self, profile};
use crate::state::{Pending, State};

/// Names of guests that somebody else has already are tried so often with a number, at first with
/// one after the other.
pub(super) const NAMES: u32 = 20;
const COUNTED: u32 = 10;

/// How far it is, and what the site has been told.
pub(super) struct Course {
    /// When it began: what is older is no news.
    pub(super) began: Timestamp,
    /// Whether anybody has opened it.
    pub(super) seen: bool,
    /// Whether the focus is to go into a field as soon as there is one.
    pub(super) wants_focus: bool,
    /// Whether it is still to be found out who was here on an earlier page.
    pub(super) looking: bool,
    /// Whether somebody has been signed in.
    pub(super) begun: bool,
    /// Whether what has failed is to be tried anew.
    pub(super) insists: bool,
    /// Whether what has failed in another tab has been tried here.
    pub(super) tried: bool,
    /// Whether whom the site vouches for has been here.
    pub(super) was_here: bool,
    /// Whether whoever is signed in has been told to go.
    pub(super) leaving: bool,
    /// How often the room has been entered since there is a connection.
    pub(super) entered: u32,
    /// Whether it has been asked where those who help have rooms.
    pub(super) looked: bool,
    /// The guest's own room is being made.
    pub(super) making: Option<Pending>,
    /// It couldn't be.
    pub(super) refused: bool,
    /// What a guest has been asked in vain.
    pub(super) unanswered: Vec<Ask>,
    /// Whether they have answered everything.
    pub(super) answered: bool,
    /// When the last was said that this device keeps.
    pub(super) last: Option<Timestamp>,
    /// What the site wants to be said.
    pub(super) to_say: Vec<String>,
    pub(super) unread: u32,
    pub(super) told: Vec<MessageId>,
    pub(super) complaint: Option<AttrValue>,
}

impl Course {
    pub(super) fn new() -> Self {
        Self {
            began: platform::now().wall,
            seen: false,
            wants_focus: false,
            looking: true,
            begun: false,
            insists: false,
            tried: false,
            was_here: false,
            leaving: false,
            entered: 0,
            looked: false,
            making: None,
            refused: false,
            unanswered: Vec::new(),
            answered: false,
            last: None,
            to_say: Vec::new(),
            unread: 0,
            told: Vec::new(),
            complaint: None,
        }
    }

    /// What a guest is still to be asked before the conversation.
    pub(super) fn asks(&self, site: &Embedding) -> Vec<Ask> {
        if self.answered {
            return Vec::new();
        }
        let mut asks = site.asks();
        if site.is_named() {
            asks.retain(|ask| *ask != Ask::Name);
        } else if site.nickname().is_none() && !asks.contains(&Ask::Name) {
            asks.insert(0, Ask::Name);
        }
        asks
    }
}

/// Does what is next on the way into the conversation.
pub(super) fn go_on(state: &State, site: &Embedding, course: &Model<Course>) {
    let status = state.store().status().clone();
    if !state.is_abreast() || site.consent().is_some() || site.is_empty() {
        return;
    }
    if site.guests && site.has_expired(platform::now().wall) {
        site.forget_guest();
        course.note(|course| {
            *course = Course {
                seen: course.seen,
                looking: course.looking,
                ..Course::new()
            }
        });
        if state.is_guest() {
            return state.sign_out();
        }
    }
    if let SessionStatus::SignedOut { trouble } = &status {
        course.note(|course| course.leaving = false);
        return sign_in(state, site, trouble.is_some(), course);
    }
    if is_of_somebody_else(state, site) {
        if !course.read().leaving {
            course.note(|course| (course.begun, course.leaving) = (false, true));
            state.sign_out();
        }
        return;
    }
    course.note(|course| course.was_here = site.user().is_some());
    if status != SessionStatus::Online {
        return course.note(|course| {
            (course.entered, course.looked, course.making) = (0, false, None);
        });
    }
    let target = site.target();
    let Some(target) = &target else {
        if let Some(agents) = site.agents() {
            find_room(state, site, agents, course);
        }
        return;
    };
    let entry = state.store().room(target).map(|room| room.entry.clone());
    if let Some(agents) = site.agents() {
        support(state, site, agents, target, entry.as_ref(), course);
    }
    if site.is_room() {
        enter(state, site, target, entry.as_ref(), course);
    }
    if site.is_room() && entry.is_none() {
        return;
    }
    let mut to_say = Vec::new();
    course.note(|course| to_say = std::mem::take(&mut course.to_say));
    if course.read().answered && !site.asks().is_empty() {
        site.note_asked();
    }
    for text in to_say {
        if state.is_guest() {
            state.send(target.clone(), text, Notes::default());
        } else {
            // Nobody speaks for whoever has signed in.
            state.suggest(target, &text);
        }
    }
}

/// Signs in whoever is to be here: whom the site vouches for, or a guest.
fn sign_in(state: &State, site: &Embedding, failed: bool, course: &Model<Course>) {
    let user = site.user();
    if failed && is_of_somebody_else(state, site) {
        // Nothing of theirs stays.
        return state.sign_out();
    }
    if course.read().looking {
        course.change(|course| course.looking = false);
        // For whom the site has vouched it has to say that it is still them.
        if !state.takes_commands() && user.is_none() && !profile::has_vouched() {
            return state.take_up(|_| {});
        }
    }
    let (first, insists, wanted) = {
        let course = course.read();
        let first = !course.begun && !course.was_here && !failed;
        let insists = course.insists || state.follows() && !course.tried;
        let wanted = course.seen || site.mode != Mode::Bubble;
        let wanted = wanted && site.guests && course.asks(site).is_empty();
        (first, failed && insists, wanted)
    };
    let begin: Box<dyn FnOnce(&State)> = match user {
        Some(user) if first || insists => {
            site.vouch(state, &user);
            Box::new(move |state| state.sign_in_by_site(user, failed))
        }
        None if (first || insists && course.read().insists) && wanted => {
            let site = site.clone();
            Box::new(move |state| be_guest(state, &site))
        }
        // For whom it vouched before is to go.
        None if first && site.knows_nobody() && profile::has_vouched() => Box::new(|_| {}),
        _ => return,
    };
    course.note(|course| {
        (course.begun, course.insists) = (true, false);
        course.tried |= insists;
    });
    if state.takes_commands() {
        begin(state);
    } else {
        // Who was here on an earlier page comes first, be it to be signed out.
        state.take_up(begin);
    }
}

fn enter(
    state: &State,
    site: &Embedding,
    room: &BareJid,
    entry: Option<&Entry>,
    course: &Model<Course>,
) {
    let tried = course.read().entered;
    let nickname = site.nickname().filter(|_| state.is_guest());
    let name = match entry {
        None | Some(Entry::Left(Left::Away)) if tried == 0 && site.agents().is_some() => {
            // Only there if it was made before: whoever knows its name has come back.
            let title = nickname.clone().unwrap_or_default();
            let making = state.make_room(room.clone(), title, nickname, Preset::Support);
            return course.note(|course| {
                (course.entered, course.making) = (1, Some(making));
            });
        }
        None | Some(Entry::Left(Left::Away)) if tried == 0 => nickname,
        Some(Entry::Left(Left::NickTaken)) if (1..NAMES).contains(&tried) => {
            let Some(nickname) = nickname else { return };
            // Where many are called so, counting them takes long.
            let number = match tried {
                1..COUNTED => tried + 1,
                _ => u32::from(u16::from_be_bytes(platform::random())),
            };
            Some(format!("{nickname} {number}"))
        }
        _ => return,
    };
    course.note(|course| course.entered += 1);
    state.join_room(room.clone(), name, None);
}

pub(super) fn be_guest(state: &State, site: &Embedding) {
    let first = || state.config().domains.first().cloned();
    let domain = site.setting("domain").or_else(first);
    if let Some(domain) = domain.and_then(|domain| domain.parse::<BareJid>().ok()) {
        state.be_guest(domain);
    }
}

/// Whether who is signed in isn't who the site says is here.
pub(super) fn is_of_somebody_else(state: &State, site: &Embedding) -> bool {
    state.account().is_some_and(|account| match site.user() {
        Some(user) => account != user,
        // As long as the site doesn't deny it, another page of it may know better.
        None => profile::is_vouched(&account) && (site.knows_nobody() || !state.follows()),
    })
}
