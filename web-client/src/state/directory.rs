//! People looked for in the server's directory (XEP-0055), where it has one.

use std::cell::{Cell, Ref, RefCell};

use couplet_engine::Command;
use couplet_engine::modules::xep0055_search;
use couplet_engine::store::{DirectoryAnswer, NotFound, Person};
use gloo_timers::callback::Timeout;

use super::{State, Subject};

/// Nobody is looked for before nothing has been typed for so long.
const PAUSE_MILLISECONDS: u32 = 300;
/// A search that takes longer than this is said to.
const SLOW_MILLISECONDS: u32 = 1_000;
/// The shortest name, in bytes: two letters, or one that is a word.
const SHORTEST: usize = 2;

/// What is known of the directory, and of the search in it.
#[derive(Default)]
pub(super) struct Directory {
    offered: Cell<bool>,
    sought: RefCell<Sought>,
    timer: RefCell<Option<Timeout>>,
}

/// Somebody who is being looked for.
#[derive(Default)]
pub(crate) struct Sought {
    /// What is typed; empty if it is no name.
    pub(crate) name: String,
    pub(crate) step: Step,
    /// Whom the last search has found; that may have been for less than is typed.
    pub(crate) people: Vec<Person>,
    /// Why it has found nobody.
    pub(crate) failure: Option<NotFound>,
}

/// How far the search for what is typed is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Step {
    #[default]
    Typed,
    Asked,
    /// The same, for a while.
    Slow,
    Answered,
}

impl State {
    /// Finds out whether there is a directory. [`Subject::Directory`] is told about that, and
    /// about whatever is found.
    pub(crate) fn open_directory(&self) {
        self.command(Command::Search(xep0055_search::Command::Open));
    }

    /// Nobody is looked for any more.
    pub(crate) fn close_directory(&self) {
        self.0.directory.timer.take();
        self.0.directory.sought.take();
    }

    /// Whether people can be looked for.
    pub(crate) fn has_directory(&self) -> bool {
        self.0.directory.offered.get()
    }

    /// Who is looked for, and found.
    pub(crate) fn sought(&self) -> Ref<'_, Sought> {
        self.0.directory.sought.borrow()
    }

    /// Looks for people of this name, as soon as no more of it is typed; for nobody, if it is an
    /// address.
    pub(crate) fn look_for(&self, typed: &str) {
        let directory = &self.0.directory;
        let name = typed.trim();
        if directory.sought.borrow().name == name {
            return;
        }
        directory.timer.take();
        if name.len() < SHORTEST || name.contains('@') {
            directory.sought.take();
        } else {
            let mut sought = directory.sought.borrow_mut();
            name.clone_into(&mut sought.name);
            sought.step = Step::Typed;
            sought.failure = None;
            if self.has_directory() {
                self.set_timer(PAUSE_MILLISECONDS, Self::look_now);
            }
        }
        self.touch(Subject::Directory);
    }

    /// Looks for what is typed without waiting for more. Whether it is something that can be
    /// looked for.
    pub(crate) fn look_now(&self) -> bool {
        let directory = &self.0.directory;
        let name = {
            let mut sought = directory.sought.borrow_mut();
            if sought.name.is_empty() || !self.has_directory() {
                return false;
            }
            if sought.step != Step::Typed {
                return true;
            }
            sought.step = Step::Asked;
            sought.name.clone()
        };
        self.set_timer(SLOW_MILLISECONDS, |state| {
            state.0.directory.sought.borrow_mut().step = Step::Slow;
            state.touch(Subject::Directory);
            true
        });
        let find = xep0055_search::Command::Find {
            search: self.0.session.tab.clone(),
            text: name,
        };
        self.command(Command::Search(find));
        true
    }

    /// The directory has said something, perhaps to another tab.
    pub(super) fn take_directory_answer(&self, answer: DirectoryAnswer) {
        let directory = &self.0.directory;
        match answer {
            DirectoryAnswer::Offered(offered) => {
                directory.offered.set(offered);
                let sought = self.sought();
                if offered && sought.step == Step::Typed && !sought.name.is_empty() {
                    self.set_timer(PAUSE_MILLISECONDS, Self::look_now);
                }
            }
            DirectoryAnswer::Found {
                search,
                text,
                outcome,
            } => {
                let mut sought = directory.sought.borrow_mut();
                if search != self.0.session.tab || text != sought.name {
                    return;
                }
                directory.timer.take();
                sought.step = Step::Answered;
                (sought.people, sought.failure) = match outcome {
                    Ok(people) => (people, None),
                    Err(failure) => (Vec::new(), Some(failure)),
                };
                if sought.failure == Some(NotFound::NoDirectory) {
                    directory.offered.set(false);
                }
            }
        }
        self.touch(Subject::Directory);
    }

    /// What was known of it was another server's.
    pub(super) fn forget_directory(&self) {
        self.0.directory.offered.set(false);
        self.close_directory();
    }

    fn set_timer(&self, milliseconds: u32, act: fn(&Self) -> bool) {
        let state = self.clone();
        let timer = Timeout::new(milliseconds, move || {
            act(&state);
        });
        self.0.directory.timer.replace(Some(timer));
    }
}
