//! Public rooms of other servers (XEP-0433), which are searched for whoever wants that.

use std::cell::Ref;

use couplet_engine::Command;
use couplet_engine::modules::xep0433_channel_search::Search;
use gloo_timers::callback::Timeout;
use jid::Jid;

use super::rooms::Listing;
use super::{State, Subject};
use crate::platform::{prefer, preference};

/// Where it is kept that rooms of other servers are searched, too.
const ELSEWHERE: &str = "couplet.roomSearch";
/// Who searches them, unless whoever serves this page knows better.
const SEARCH_SERVICE: &str = "api@search.jabber.network";
/// Nothing is searched before nothing has been typed for so long.
const PAUSE_MILLISECONDS: u32 = 400;
/// The shortest text to look for, in characters: services take no shorter words.
const SHORTEST: usize = 3;

/// A search for rooms of other servers.
#[derive(Default)]
pub(crate) struct Elsewhere {
    /// What is typed; empty if that is too little, or nobody wants the search.
    words: String,
    /// Begins it once nothing more is typed.
    timer: Option<Timeout>,
    /// What the last one has found; that may have been for less than is typed.
    pub(crate) found: Listing,
}

impl Elsewhere {
    /// Whether what is typed is searched.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_asking(&self) -> bool {
        self.timer.is_some() || self.found.is_asking()
    }
}

impl State {
    /// Who searches rooms of other servers, if anybody does.
    pub(crate) fn room_search(&self) -> Option<Jid> {
        let service = self.config().room_search.as_deref();
        service.unwrap_or(SEARCH_SERVICE).parse().ok()
    }

    /// Whether what is typed is to be searched there.
    pub(crate) fn searches_elsewhere(&self) -> bool {
        preference(ELSEWHERE).is_some()
    }

    /// From now on it is, or is not any more.
    pub(crate) fn search_elsewhere(&self, wanted: bool) {
        prefer(ELSEWHERE, wanted.then_some("on"));
    }

    /// What was found there.
    pub(crate) fn elsewhere(&self) -> Ref<'_, Elsewhere> {
        self.0.rooms.elsewhere.borrow()
    }

    /// Looks for rooms of other servers, as soon as no more is typed, where that is wanted.
    pub(crate) fn seek_rooms(&self, typed: &str) {
        let words = typed.trim();
        let too_little = words.chars().count() < SHORTEST;
        {
            let mut elsewhere = self.0.rooms.elsewhere.borrow_mut();
            if too_little || !self.searches_elsewhere() {
                *elsewhere = Elsewhere::default();
            } else if elsewhere.words != words {
                let state = self.clone();
                let timer = Timeout::new(PAUSE_MILLISECONDS, move || state.seek_now());
                elsewhere.timer = Some(timer);
                words.clone_into(&mut elsewhere.words);
                // Nobody waits any more for what goes with other words.
                elsewhere.found = Listing {
                    rooms: std::mem::take(&mut elsewhere.found.rooms),
                    ..Listing::default()
                };
            }
        }
        self.touch(Subject::Rooms);
    }

    /// Does so without waiting for more, or once more where that has failed.
    pub(crate) fn seek_now(&self) {
        let mut elsewhere = self.0.rooms.elsewhere.borrow_mut();
        let waits = elsewhere.timer.take().is_some();
        if waits || elsewhere.found.failure.is_some() {
            drop(elsewhere);
            self.more_elsewhere();
        }
    }

    /// Finds out which more there are, or the first ones.
    pub(crate) fn more_elsewhere(&self) {
        let service = self.room_search().filter(|_| self.searches_elsewhere());
        let Some(service) = service else { return };
        let search = {
            let mut elsewhere = self.0.rooms.elsewhere.borrow_mut();
            if elsewhere.is_asking() {
                return;
            }
            let request = self.new_request("rooms");
            elsewhere.found.request = Some(request.clone());
            elsewhere.found.failure = None;
            Search {
                request,
                service,
                words: elsewhere.words.clone(),
                after: elsewhere.found.next.clone(),
            }
        };
        self.command(Command::RoomSearch(search));
        self.touch(Subject::Rooms);
    }
}
