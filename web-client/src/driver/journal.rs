//! What a session leaves on the disk, one transaction a drain.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use couplet_engine::Record;

use crate::platform::storage::{Change, Durability, Fault, Kept, Storage, Writing};

/// Where the rows of one account are written.
pub(crate) struct Journal {
    storage: Storage,
    account: String,
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

/// More than this isn't kept for a disk that takes nothing.
const MOST_UNSAVED: usize = 5_000;

impl Journal {
    pub(crate) fn new(storage: Storage, account: String) -> Self {
        Self {
            storage,
            account,
            under_way: RefCell::default(),
            unsaved: RefCell::default(),
            remembered: RefCell::default(),
            given_up: Cell::default(),
            closed: Cell::default(),
        }
    }

    /// Begins to write, besides what an earlier transaction has left.
    pub(super) fn begin(
        &self,
        records: Vec<Record>,
        more: Vec<Change>,
        durability: Durability,
    ) -> Result<Option<Writing>, Fault> {
        if self.closed.get() {
            return Ok(None);
        }
        if self.given_up.get() {
            return Err(Fault::Full);
        }
        let mut changes: Vec<Change> = records.into_iter().map(change).collect();
        changes.extend(more);
        let mut batch = self.unsaved.take();
        batch.retain(|old| !has(&changes, old));
        batch.extend(changes);
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

fn change(record: Record) -> Change {
    let behind = record.deletes_behind();
    let behind = behind.map(|(conversation, key)| (conversation.to_owned(), key.to_owned()));
    let (behind, key) = behind.map_or((None, record.key), |(of, key)| (Some(of), key));
    Change {
        table: record.table.name(),
        key,
        value: record.value,
        behind,
    }
}

fn has(changes: &[Change], wanted: &Change) -> bool {
    changes
        .iter()
        .any(|change| change.table == wanted.table && change.key == wanted.key)
}
