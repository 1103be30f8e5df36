//! What is typed into the search field, looked for in everything that is kept here.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use couplet_engine::Record;
use couplet_engine::store::Message;
use couplet_engine::store::search::{Hit, Index, read_message};
use wasm_bindgen_futures::spawn_local;

use super::session::Seat;
use super::{State, Subject};
use crate::i18n;
use crate::platform;
use crate::platform::storage::{Fault, Page};

/// How many rows are read at a time: what takes one frame or two.
const PAGE: u32 = 2_000;
/// While everything is read for the first time, what has been found is shown this often.
const PROGRESS_TIME: Duration = Duration::from_millis(400);

/// All there is to be found, and what has been.
#[derive(Default)]
pub(super) struct Search {
    /// None before anybody has searched.
    index: RefCell<Option<Index>>,
    /// Whether the index is still being read from disk.
    reading: Cell<bool>,
    /// Goes up with every index that is given up: what is still read for it is another one's.
    era: Cell<u32>,
    wanted: RefCell<Wanted>,
    /// Goes up with every question: an answer to an earlier one is no answer.
    number: Cell<u32>,
    found: RefCell<Rc<Found>>,
}

#[derive(Default)]
struct Wanted {
    query: String,
    limit: usize,
}

/// The answer to a question.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// What was asked.
    pub(crate) query: String,
    /// What was looked for, folded.
    pub(crate) words: Vec<String>,
    /// Newest first, each with the key of its row.
    pub(crate) messages: Vec<(String, Rc<Message>)>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// Whether everything there is has been looked through, or else how much has.
    pub(crate) whole: bool,
    pub(crate) read: usize,
}

impl State {
    /// Gets ready to be searched.
    pub(crate) fn prepare_search(&self) {
        if self.0.search.index.borrow().is_some() {
            return;
        }
        let mut index = Index::new(i18n::fold);
        let alone = matches!(&*self.0.session.seat.borrow(), Seat::Alone(_));
        if alone {
            index.load(&self.store().message_rows());
        }
        self.0.search.reading.set(!alone);
        *self.0.search.index.borrow_mut() = Some(index);
        if !alone {
            let (state, era) = (self.clone(), self.0.search.era.get());
            spawn_local(async move {
                if let Err(fault) = state.read_index(era).await {
                    state.note_fault(&fault);
                }
                if state.0.search.era.get() == era {
                    state.0.search.reading.set(false);
                    state.look();
                }
            });
        }
    }

    /// Looks for the `limit` newest messages that have all the words of `query` in them.
    /// [`Subject::Search`] is told about the answer.
    pub(crate) fn search(&self, query: &str, limit: usize) {
        let query = query.trim().to_owned();
        let search = &self.0.search;
        search.number.set(search.number.get().wrapping_add(1));
        *search.wanted.borrow_mut() = Wanted { query, limit };
        if search.wanted.borrow().query.is_empty() {
            *search.found.borrow_mut() = Rc::default();
            return;
        }
        self.prepare_search();
        self.look();
    }

    /// What has been found last.
    pub(crate) fn found(&self) -> Ref<'_, Rc<Found>> {
        self.0.search.found.borrow()
    }

    /// What is found from now on is another one's.
    pub(super) fn forget_search(&self) {
        let search = &self.0.search;
        search.number.set(search.number.get().wrapping_add(1));
        search.era.set(search.era.get().wrapping_add(1));
        search.index.take();
        search.wanted.take();
        search.found.take();
    }

    /// These rows have been written, here or by the leader.
    pub(super) fn note_written(&self, rows: &[Record]) {
        if let Some(index) = &mut *self.0.search.index.borrow_mut() {
            index.take(rows);
        } else {
            return;
        }
        if !self.0.search.reading.get() && !rows.is_empty() {
            self.look();
        }
    }

    async fn read_index(&self, era: u32) -> Result<(), Fault> {
        let (Some(storage), Some(account)) = (self.0.session.storage(), self.account()) else {
            return Ok(());
        };
        let mut after: Option<String> = None;
        let mut shown = platform::now().monotonic;
        loop {
            let page = Page {
                conversation: "",
                after: after.as_deref(),
                limit: PAGE,
            };
            let pages = storage.messages(account.as_str(), &[page]).await?;
            let rows = pages.into_iter().next().unwrap_or_default();
            after = rows.last().map(|row| row.key.clone());
            let whole = rows.len() < PAGE as usize;
            match &mut *self.0.search.index.borrow_mut() {
                // Whoever searched has signed out meanwhile.
                _ if self.0.search.era.get() != era => return Ok(()),
                None => return Ok(()),
                Some(index) => {
                    index.load(&rows);
                    if whole {
                        index.complete();
                        return Ok(());
                    }
                }
            }
            let now = platform::now().monotonic;
            if now > shown + PROGRESS_TIME {
                shown = now;
                self.look();
            }
        }
    }

    /// Answers the last question as well as can be done by now.
    fn look(&self) {
        let search = &self.0.search;
        let wanted = search.wanted.borrow();
        let (words, hits, read) = match &*search.index.borrow() {
            Some(index) if !wanted.query.is_empty() => {
                let words = index.words(&wanted.query);
                let hits = index.find(&words, wanted.limit + 1);
                (words, hits, index.len())
            }
            _ => return,
        };
        let mut found = Found {
            query: wanted.query.clone(),
            words,
            messages: Vec::new(),
            more: hits.len() > wanted.limit,
            whole: !search.reading.get(),
            read,
        };
        let limit = wanted.limit;
        let number = search.number.get();
        let state = self.clone();
        spawn_local(async move {
            let messages = state.messages_of(&hits[..hits.len().min(limit)]).await;
            match messages {
                Ok(messages) => found.messages = messages,
                Err(fault) => return state.note_fault(&fault),
            }
            let search = &state.0.search;
            if search.number.get() == number && **search.found.borrow() != found {
                *search.found.borrow_mut() = Rc::new(found);
                state.touch(Subject::Search);
            }
        });
    }

    /// The messages themselves: those that are shown anyway, and from disk the others.
    async fn messages_of(&self, hits: &[Hit]) -> Result<Vec<(String, Rc<Message>)>, Fault> {
        let mut messages: Vec<Option<Rc<Message>>> = {
            let store = self.store();
            let here = hits.iter().map(|hit| store.message_at(&hit.key).cloned());
            here.collect()
        };
        let absent = || {
            hits.iter()
                .zip(&messages)
                .filter(|(_, here)| here.is_none())
        };
        let keys: Vec<&str> = absent().map(|(hit, _)| hit.key.as_str()).collect();
        if let (Some(storage), Some(account), false) =
            (self.0.session.storage(), self.account(), keys.is_empty())
        {
            let mut rows = storage
                .messages_at(account.as_str(), &keys)
                .await?
                .into_iter();
            for message in messages.iter_mut().filter(|message| message.is_none()) {
                let row = rows.next().flatten();
                *message = row.as_deref().and_then(read_message).map(Rc::new);
            }
        }
        let found = hits.iter().zip(messages);
        Ok(found
            .filter_map(|(hit, message)| Some((hit.key.clone(), message?)))
            .collect())
    }
}
