//! What of the engine survives the page: its parts, and which of them have changed.
//!
//! There is no log of inputs. The parts are what a snapshot would be, but only those
//! that have changed are written, in the transaction of what they go with.

use crate::output::{Record, Table};

/// The form of the parts. Another one is another build's.
pub(crate) const FORMAT: u8 = 4;

/// The key of the session's part.
pub(crate) const SESSION: &str = "session";

/// What is stored can't be gone on from; messages, roster and outbox still hold.
#[derive(Debug, thiserror::Error)]
pub enum ForeignState {
    /// There is no session.
    #[error("no session is stored")]
    Missing,
    /// It is of another build.
    #[error("the stored session has format {0}, this build has {FORMAT}")]
    Format(u8),
    /// It is damaged.
    #[error("the stored session can't be read")]
    Unreadable,
}

/// Which parts have changed since the last commit, and whether one is due.
#[derive(Debug)]
pub(crate) struct Durable {
    /// One bit a module.
    modules: u64,
    /// The session's part as it was last written, if that is known.
    session: Option<Option<Vec<u8>>>,
    /// Whether something goes over the wire that must not be forgotten: an ack, a
    /// message, a request. A flood of presences alone is not worth a commit.
    pub(crate) due: bool,
}

impl Default for Durable {
    fn default() -> Self {
        Self {
            modules: 0,
            session: Some(None),
            due: false,
        }
    }
}

impl Durable {
    /// The state of the module at this place of the table has changed.
    pub(crate) fn changed(&mut self, module: usize) {
        self.modules |= 1 << module;
    }

    /// Nothing that was written can be relied on.
    pub(crate) fn rewrite(&mut self) {
        self.modules = u64::MAX;
        self.session = None;
        self.due = true;
    }

    /// Takes whether the module has to be written.
    pub(crate) fn take(&mut self, module: usize) -> bool {
        let bit = 1 << module;
        let changed = self.modules & bit != 0;
        self.modules &= !bit;
        changed
    }

    /// The record for the session's part, if `now` is news.
    pub(crate) fn session(&mut self, now: Option<Vec<u8>>) -> Option<Record> {
        if self.session.as_ref() == Some(&now) {
            return None;
        }
        self.session = Some(now.clone());
        Some(Record::new(Table::Engine, SESSION, now))
    }

    /// What is on disk already.
    pub(crate) fn restored(&mut self, session: Vec<u8>) {
        self.session = Some(Some(session));
    }
}

/// The value of the part `key` among `rows`.
pub(crate) fn part<'a>(rows: &'a [Record], key: &str) -> Option<&'a [u8]> {
    rows.iter()
        .find(|row| row.table == Table::Engine && row.key == key)?
        .value
        .as_deref()
}
