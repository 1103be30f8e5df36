//! What a person has to be told about this device, each thing once.

use std::cell::RefCell;

use super::{State, Subject};
use crate::platform::storage::Fault;

/// One thing to be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Notice {
    /// What happens from now on lives as long as this page only, and why.
    MemoryOnly(Fault),
    /// Something that was kept can't be read.
    Damaged,
    /// The server wants the password itself, which is never kept.
    PasswordEachTime,
    /// Another tab has a newer build; this one does nothing until it is loaded again.
    NewBuild,
    /// Messages have come unseen, and notifications could have told.
    OfferNotifications,
    /// The browser was told to show no notifications of ours.
    NotificationsDenied,
}

/// What there is to be told, and what has been.
#[derive(Default)]
pub(super) struct Notices {
    open: RefCell<Vec<Notice>>,
    known: RefCell<Vec<Notice>>,
}

impl State {
    /// Tells it, unless it has been told before.
    pub(super) fn notice(&self, notice: Notice) {
        if self.0.notices.known.borrow().contains(&notice) {
            return;
        }
        self.0.notices.known.borrow_mut().push(notice.clone());
        self.0.notices.open.borrow_mut().push(notice);
        self.touch(Subject::Notice);
    }

    /// What is to be told now.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.0.notices.open.borrow().clone()
    }

    /// It has been read.
    pub(crate) fn dismiss(&self, notice: &Notice) {
        self.0
            .notices
            .open
            .borrow_mut()
            .retain(|open| open != notice);
        self.touch(Subject::Notice);
    }
}
