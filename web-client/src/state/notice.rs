//! What a person has to be told about this device, each thing once.

use std::cell::RefCell;

use jid::BareJid;

use super::{State, Subject};
use crate::platform::{profile, storage::Fault};

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
    /// The message that is answered isn't here, nor in the archive, if we are `online` to ask it.
    NoSuchMessage { online: bool },
    /// The link that was followed leads to nobody.
    BadLink,
    /// A part of the page that somebody wants didn't come.
    NotLoaded,
    /// The conversation with this one was put away.
    Archived(BareJid),
}

/// What there is to be told, and what has been.
#[derive(Default)]
pub(super) struct Notices {
    open: RefCell<Vec<Notice>>,
    known: RefCell<Vec<Notice>>,
}

impl State {
    /// Tells it, unless it has been told before.
    pub(crate) fn notice(&self, notice: Notice) {
        if profile::is_embedded() && notice.is_of_the_device() {
            return;
        }
        let Notices { open, known } = &self.0.notices;
        if notice.is_of_the_moment() {
            // One of a kind.
            open.borrow_mut().retain(|open| !open.is_of_the_moment());
        } else if known.borrow().contains(&notice) {
            return;
        } else {
            known.borrow_mut().push(notice.clone());
        }
        open.borrow_mut().push(notice);
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

impl Notice {
    /// Whether it is about what stays on the device, of which who visits a site expects nothing.
    fn is_of_the_device(&self) -> bool {
        matches!(
            self,
            Self::MemoryOnly(_) | Self::PasswordEachTime | Self::OfferNotifications
        )
    }

    /// Whether it is about what somebody has just done, and may be told again.
    pub(crate) fn is_of_the_moment(&self) -> bool {
        matches!(
            self,
            Self::NoSuchMessage { .. } | Self::BadLink | Self::NotLoaded | Self::Archived(_)
        )
    }
}
