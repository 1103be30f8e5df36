//! What a session leaves on the disk: drain after drain, as many in one transaction as have come
//! while the one before was written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use couplet_engine::Record;

use crate::platform::storage::{Change, Durability, Fault, Kept, Storage, Writing};

/// Where the rows of one account are written.
pub(crate) struct Journal {
    storage: Storage,
    account: String,
    /// What waits for the transaction under way.
    queue: RefCell<Vec<Entry>>,
    /// Transactions that have begun and aren't complete.
    under_way: RefCell<VecDeque<Rc<Vec<Change>>>>,
    /// What the disk didn't take: it goes with the next transaction, so that what is
    /// on the disk is always a state that there has been.
    unsaved: RefCell<Vec<Change>>,
    /// What the next page will find to sign in with.
    remembered: RefCell<Option<Kept>>,
    /// The disk has taken nothing for so long that it stays as it is.
    given_up: Cell<bool>,
    closed: Cell<bool>,
}

/// What a drain leaves: all of it is written, or nothing.
pub(super) struct Entry {
    pub(super) changes: Vec<Change>,
    /// What the engine waits for.
    pub(super) commit: Option<u64>,
    pub(super) durability: Durability,
    /// Called as soon as it is kept, or can't be.
    pub(super) then: Option<Box<dyn FnOnce()>>,
}

/// A transaction that has begun, and what waits for it.
pub(super) struct Batch {
    /// Nothing if nothing is kept any more.
    pub(super) writing: Result<Option<Writing>, Fault>,
    /// The last one that the engine waits for.
    pub(super) commit: Option<u64>,
    pub(super) then: Vec<Box<dyn FnOnce()>>,
}

/// More than this isn't kept for a disk that takes nothing.
const MOST_UNSAVED: usize = 5_000;

/// So many changes back a row is looked for that changes again.
const LATELY: usize = 32;

impl Journal {
    pub(crate) fn new(storage: Storage, account: String) -> Self {
        Self {
            storage,
            account,
            queue: RefCell::default(),
            under_way: RefCell::default(),
            unsaved: RefCell::default(),
            remembered: RefCell::default(),
            given_up: Cell::default(),
            closed: Cell::default(),
        }
    }

    /// Has this written with the next transaction.
    pub(super) fn push(&self, entry: Entry) {
        self.queue.borrow_mut().push(entry);
    }

    /// Whether a transaction can begin that waits for no other.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.borrow().is_empty()
    }

    /// Begins to write what waits, besides what an earlier transaction has left. Nothing if
    /// nothing does.
    pub(super) fn begin(&self) -> Option<Batch> {
        let queue = self.queue.take();
        if queue.is_empty() {
            return None;
        }
        let mut drains = Vec::with_capacity(queue.len());
        let mut durability = Durability::Relaxed;
        let (mut commit, mut then) = (None, Vec::new());
        for entry in queue {
            drains.push(entry.changes);
            then.extend(entry.then);
            commit = entry.commit.or(commit);
            if entry.durability == Durability::Strict {
                durability = Durability::Strict;
            }
        }
        Some(Batch {
            writing: self.write(drains, durability),
            commit,
            then,
        })
    }

    fn write(
        &self,
        drains: Vec<Vec<Change>>,
        durability: Durability,
    ) -> Result<Option<Writing>, Fault> {
        if self.closed.get() {
            return Ok(None);
        }
        if self.given_up.get() {
            return Err(Fault::Full);
        }
        let mut batch = self.unsaved.take();
        for drain in drains {
            append(&mut batch, drain);
        }
        let batch = Rc::new(batch);
        let writing = self.storage.write(&self.account, &batch, durability);
        self.under_way.borrow_mut().push_back(batch);
        if let Err(fault) = &writing {
            self.ended(Err(fault.clone()));
        }
        writing.map(Some)
    }

    /// The oldest transaction under way is over.
    pub(super) fn ended(&self, outcome: Result<(), Fault>) {
        let mut under_way = self.under_way.borrow_mut();
        let Some(batch) = under_way.pop_front() else {
            return;
        };
        if outcome.is_ok() {
            return;
        }
        let mut unsaved = self.unsaved.borrow_mut();
        let left = batch.iter().filter(|change| {
            // What has been changed again since then is in a later transaction.
            !under_way.iter().any(|later| has(later, change))
        });
        unsaved.extend(left.cloned());
        if unsaved.len() > MOST_UNSAVED {
            unsaved.clear();
            self.given_up.set(true);
        }
    }

    /// Sees to it that the next page knows who is signed in, and how to sign in; false if
    /// it does already.
    pub(super) async fn remember(&self, kept: Kept) -> Result<bool, Fault> {
        let known = matches!(&*self.remembered.borrow(), Some(known) if known.is_same(&kept));
        if known || self.closed.get() {
            return Ok(false);
        }
        let writing = self.storage.remember(&self.account, &kept)?;
        *self.remembered.borrow_mut() = Some(kept);
        writing.done().await?;
        Ok(true)
    }

    /// Nothing more of this session is to be kept.
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    /// The account has nothing left here.
    pub(crate) async fn forget(&self) -> Result<(), Fault> {
        self.storage.forget(&self.account)?.done().await
    }
}

impl From<Record> for Change {
    fn from(record: Record) -> Self {
        let behind = record.deletes_behind();
        let behind = behind.map(|(conversation, key)| (conversation.to_owned(), key.to_owned()));
        let (behind, key) = behind.map_or((None, record.key), |(of, key)| (Some(of), key));
        Self {
            table: record.table.name(),
            key,
            value: record.value,
            behind,
        }
    }
}

/// Has what a `drain` leaves behind the others. What they lately had of the same rows is left
/// out: of one that changes with each message the last is written.
fn append(changes: &mut Vec<Change>, drain: Vec<Change>) {
    let from = changes.len().saturating_sub(LATELY);
    let mut lately = changes.split_off(from);
    lately.retain(|known| {
        !drain
            .iter()
            .take(LATELY)
            .any(|change| is_of_row(known, change))
    });
    changes.append(&mut lately);
    changes.extend(drain);
}

fn is_of_row(one: &Change, other: &Change) -> bool {
    one.table == other.table && one.key == other.key && one.behind == other.behind
}

fn has(changes: &[Change], wanted: &Change) -> bool {
    changes.iter().any(|change| is_of_row(change, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: u8) -> Change {
        Change {
            table: "messages",
            key: key.to_owned(),
            value: Some(vec![value]),
            behind: None,
        }
    }

    #[test]
    fn of_a_row_that_is_written_twice_the_last_stays_in_its_place() {
        let gone = Change {
            behind: Some("a".to_owned()),
            value: None,
            ..set("1", 0)
        };
        let mut written = Vec::new();
        for change in [
            set("1", 1),
            set("2", 2),
            gone.clone(),
            set("3", 3),
            set("2", 4),
        ] {
            append(&mut written, vec![change]);
        }
        assert_eq!(
            written,
            [set("1", 1), gone, set("3", 3), set("2", 4)],
            "what all behind it went for isn't the row itself"
        );
    }
}
