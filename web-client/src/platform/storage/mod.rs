//! What survives the page: IndexedDB, as tables of text by text.
//!
//! There is one database for the origin, not one for each account: a page that starts
//! opens one thing to learn who is signed in and all there is to show of them, one
//! transaction holds both, and one name is all there is to delete. The account is the
//! first part of every key, so that two never see each other's rows.

mod database;
mod files;
mod keys;
mod request;
mod schema;

use std::cell::Cell;
use std::rc::Rc;

use couplet_engine::{Record, Table};
use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction};

pub(crate) use database::clear;
pub(crate) use keys::{Kept, SaltedKey, Token};

/// Where it says who is signed in and who leads, and what each tab has been told.
pub(crate) const DEVICE: &str = "device";
/// Where the keys are that stand for passwords and tokens.
const KEYS: &str = "keys";

/// Where what is being written is, a row a conversation.
const DRAFTS: &str = "drafts";

/// Where the files are that are to be sent.
const FILES: &str = "files";

/// All object stores: the engine's tables by their names, and our own four.
const STORES: [&str; 17] = [
    Table::Engine.name(),
    Table::Outbox.name(),
    Table::Roster.name(),
    Table::Presence.name(),
    Table::Conversations.name(),
    Table::Messages.name(),
    Table::Avatars.name(),
    Table::Requests.name(),
    Table::Rooms.name(),
    Table::Occupants.name(),
    Table::Wishes.name(),
    Table::Blocked.name(),
    Table::Profiles.name(),
    DRAFTS,
    FILES,
    KEYS,
    DEVICE,
];

/// Why something can't be kept or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The browser has no IndexedDB here: some private windows, very old ones.
    Missing,
    /// The browser has it and doesn't let this page.
    Forbidden,
    /// The disk, or this page's share of it, is full.
    Full,
    /// A newer build of this page has been here.
    Newer,
    /// Another tab with an older build of this page doesn't let go.
    Blocked,
    /// There are no Web Locks: two tabs could go on with one session.
    NoLocks,
    /// Another tab leads by now; nothing has been written.
    Deposed,
    /// Anything else, in the browser's words.
    Broken(String),
}

impl Fault {
    /// For the log.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Missing => "no IndexedDB",
            Self::Forbidden => "IndexedDB is not allowed here",
            Self::Full => "the disk is full",
            Self::Newer => "the database is of a newer build",
            Self::Blocked => "a tab of an older build has the database open",
            Self::NoLocks => "no Web Locks",
            Self::Deposed => "another tab leads",
            Self::Broken(words) => words,
        }
    }
}

/// What has to happen to one row; without a value it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: &'static str,
    pub(crate) key: String,
    pub(crate) value: Option<Vec<u8>>,
    /// Of which conversation everything behind the key goes, in place of one row.
    pub(crate) behind: Option<String>,
}

/// How safe a transaction has to be when it is said to be complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// In the hands of the operating system: survives the browser, not the power.
    Relaxed,
    /// On the disk.
    Strict,
}

/// The open database.
#[derive(Clone)]
pub(crate) struct Storage(Rc<Inner>);

struct Inner {
    database: IdbDatabase,
    /// The number of the leadership in which this page writes.
    epoch: Cell<f64>,
}

impl Storage {
    /// Begins to write `changes` of `account`, all or none of them. Transactions become
    /// complete in the order in which they are begun.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn write(
        &self,
        account: &str,
        changes: &Rc<Vec<Change>>,
        durability: Durability,
    ) -> Result<Writing, Fault> {
        let mut tables = vec![DEVICE];
        for change in &**changes {
            if !tables.contains(&change.table) {
                tables.push(change.table);
            }
        }
        let mut writing = self.begin(&tables, durability)?;
        if changes.len() > AT_ONCE {
            writing.rest = Some((account.to_owned(), changes.clone()));
        } else {
            write_rows(&writing.transaction, account, changes)?;
        }
        Ok(writing)
    }

    /// All rows of these tables, each table's in the order of their keys.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn all(&self, account: &str, tables: &[Table]) -> Result<Vec<Record>, Fault> {
        let names: Vec<&str> = tables.iter().map(|table| table.name()).collect();
        let transaction = self.transaction(&names, None)?;
        let range = range(account, "", None)?;
        let mut asked = Vec::new();
        for table in tables {
            let store = transaction.object_store(table.name())?;
            asked.push((*table, Rows::ask(&store, &range, u32::MAX)?));
        }
        let mut records = Vec::new();
        for (table, rows) in asked {
            records.extend(records_of(table, rows.answer(account).await?));
        }
        Ok(records)
    }

    /// Messages of several conversations: for each the first `limit` rows behind `after`.
    /// A conversation without a name is all of them.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn messages(
        &self,
        account: &str,
        pages: &[Page<'_>],
    ) -> Result<Vec<Vec<Record>>, Fault> {
        let table = Table::Messages;
        let transaction = self.transaction(&[table.name()], None)?;
        let store = transaction.object_store(table.name())?;
        let mut asked = Vec::new();
        for page in pages {
            let range = range(account, page.conversation, page.after)?;
            asked.push(Rows::ask(&store, &range, page.limit)?);
        }
        let mut answers = Vec::new();
        for rows in asked {
            answers.push(records_of(table, rows.answer(account).await?).collect());
        }
        Ok(answers)
    }

    /// The messages with these keys, as far as they are there.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn messages_at(
        &self,
        account: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let name = Table::Messages.name();
        let transaction = self.transaction(&[name], None)?;
        let store = transaction.object_store(name)?;
        let mut asked = Vec::new();
        for wanted in keys {
            asked.push(store.get(&key(account, wanted))?);
        }
        let mut rows = Vec::new();
        for request in asked {
            let row = request::result(&request).await?;
            rows.push(row.dyn_into::<Uint8Array>().ok().map(|row| row.to_vec()));
        }
        Ok(rows)
    }

    /// The commands that tabs have been told are taken: tab and number.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn taken(&self, account: &str) -> Result<Vec<(String, String)>, Fault> {
        self.rows(account, DEVICE).await
    }

    /// What was being written, by conversation.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn drafts(&self, account: &str) -> Result<Vec<(String, String)>, Fault> {
        self.rows(account, DRAFTS).await
    }

    /// Begins to keep what is being written in whichever tab that is: the last one wins.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn keep_draft(
        &self,
        account: &str,
        to: &str,
        text: &str,
    ) -> Result<impl Future<Output = Result<(), Fault>> + use<>, Fault> {
        let transaction = self.transaction(&[DRAFTS], Some(Durability::Relaxed))?;
        let store = transaction.object_store(DRAFTS)?;
        let key = key(account, to);
        match text {
            "" => store.delete(&key)?,
            text => store.put_with_key(&Uint8Array::from(text.as_bytes()), &key)?,
        };
        hand_over(&transaction)?;
        Ok(async move { request::completion(&transaction).await })
    }

    /// Begins to forget which commands these tabs had been told were taken.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn drop_taken(&self, account: &str, tabs: &[String]) -> Result<(), Fault> {
        let transaction = self.transaction(&[DEVICE], Some(Durability::Relaxed))?;
        let store = transaction.object_store(DEVICE)?;
        for tab in tabs {
            store.delete(&key(account, tab))?;
        }
        hand_over(&transaction)
    }

    /// Rows of ours, which are text.
    async fn rows(&self, account: &str, table: &str) -> Result<Vec<(String, String)>, Fault> {
        let transaction = self.transaction(&[table], None)?;
        let store = transaction.object_store(table)?;
        let range = range(account, "", None)?;
        let rows = Rows::ask(&store, &range, u32::MAX)?.answer(account).await?;
        let text = |(key, bytes)| Some((key, String::from_utf8(bytes).ok()?));
        Ok(rows.into_iter().filter_map(text).collect())
    }

    /// Takes over: from here on only this page writes, whoever did before.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn lead(&self) -> Result<(), Fault> {
        let transaction = self.transaction(&[DEVICE], Some(Durability::Strict))?;
        let store = transaction.object_store(DEVICE)?;
        let last = request::result(&store.get(&EPOCH.into())?).await?;
        let epoch = last.as_f64().unwrap_or_default() + 1.0;
        store.put_with_key(&epoch.into(), &EPOCH.into())?;
        request::completion(&transaction).await?;
        self.0.epoch.set(epoch);
        Ok(())
    }

    /// Who is signed in on this device.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn remembered(&self) -> Result<Option<String>, Fault> {
        let transaction = self.transaction(&[DEVICE], None)?;
        let store = transaction.object_store(DEVICE)?;
        Ok(request::result(&store.get(&ACCOUNT.into())?)
            .await?
            .as_string())
    }

    /// Begins to forget `account`: everything it has here, and its key.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn forget(&self, account: &str) -> Result<Writing, Fault> {
        let writing = self.begin(&STORES, Durability::Strict)?;
        for table in STORES {
            let store = writing.transaction.object_store(table)?;
            if table == DEVICE {
                store.delete(&ACCOUNT.into())?;
            }
            store.delete(&JsValue::from(range(account, "", None)?))?;
        }
        Ok(writing)
    }

    /// Closes it as soon as what has been begun is complete.
    pub(crate) fn close(&self) {
        self.0.database.close();
    }

    fn begin(&self, tables: &[&str], durability: Durability) -> Result<Writing, Fault> {
        let transaction = self.transaction(tables, Some(durability))?;
        let epoch = transaction.object_store(DEVICE)?.get(&EPOCH.into())?;
        Ok(Writing {
            transaction,
            epoch,
            expected: self.0.epoch.get(),
            rest: None,
        })
    }

    /// A transaction that writes with the given durability, or only reads.
    fn transaction(
        &self,
        tables: &[&str],
        durability: Option<Durability>,
    ) -> Result<IdbTransaction, Fault> {
        let names: Array = tables.iter().map(|name| JsValue::from_str(name)).collect();
        let (mode, durability) = match durability {
            None => ("readonly", "default"),
            Some(Durability::Relaxed) => ("readwrite", "relaxed"),
            Some(Durability::Strict) => ("readwrite", "strict"),
        };
        let options = super::crypto::object(&[("durability", durability.into())]);
        let database: &JsValue = &self.0.database;
        let begin: Function = Reflect::get(database, &"transaction".into())?.unchecked_into();
        Ok(begin
            .call3(database, &names, &mode.into(), &options)?
            .unchecked_into())
    }
}

/// So many rows are written before the page does something else.
const AT_ONCE: usize = 300;

/// A row of [`DEVICE`]: the number of the leadership of the moment.
const EPOCH: &str = "epoch";
/// A row of [`DEVICE`]: who is signed in.
const ACCOUNT: &str = "account";

/// A page of a conversation: of its newest messages, or of those behind a row.
pub(crate) struct Page<'a> {
    pub(crate) conversation: &'a str,
    pub(crate) after: Option<&'a str>,
    pub(crate) limit: u32,
}

/// Rows that have been asked for. Ask for all that one transaction is to read before
/// waiting for the first answer: the answers come in the same order.
struct Rows {
    keys: IdbRequest,
    values: IdbRequest,
}

impl Rows {
    fn ask(store: &IdbObjectStore, range: &IdbKeyRange, limit: u32) -> Result<Self, Fault> {
        Ok(Self {
            keys: store.get_all_keys_with_key_and_limit(range, limit)?,
            values: store.get_all_with_key_and_limit(range, limit)?,
        })
    }

    /// Keys without the account, and values.
    async fn answer(self, account: &str) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let keys = Array::from(&request::result(&self.keys).await?);
        let values = Array::from(&request::result(&self.values).await?);
        let skip = account.len() + 1;
        let rows = keys.iter().zip(values.iter());
        Ok(rows
            .filter_map(|(key, value)| {
                let key = key.as_string()?;
                let bytes = value.dyn_into::<Uint8Array>().ok()?.to_vec();
                Some((key.get(skip..)?.to_owned(), bytes))
            })
            .collect())
    }
}

fn records_of(table: Table, rows: Vec<(String, Vec<u8>)>) -> impl Iterator<Item = Record> {
    rows.into_iter().map(move |(key, value)| Record {
        table,
        key,
        value: Some(value),
    })
}

/// A transaction that has been begun.
#[must_use]
pub(crate) struct Writing {
    transaction: IdbTransaction,
    epoch: IdbRequest,
    expected: f64,
    /// Whose rows there are more of than are written [at once](AT_ONCE).
    rest: Option<(String, Rc<Vec<Change>>)>,
}

impl Writing {
    /// Until it is as safe as it was asked to be.
    ///
    /// # Errors
    /// When nothing of it has been written.
    pub(crate) async fn done(self) -> Result<(), Fault> {
        let found = request::result(&self.epoch).await?;
        if found.as_f64().unwrap_or_default() != self.expected {
            // Fails only for a transaction that is over, and this one waits for us.
            let _ = self.transaction.abort();
            return Err(Fault::Deposed);
        }
        if let Some((account, changes)) = &self.rest {
            for rows in changes.chunks(AT_ONCE) {
                if let Some(last) = write_rows(&self.transaction, account, rows)? {
                    request::result(&last).await?;
                }
            }
        }
        request::completion(&self.transaction).await
    }
}

/// Asks for this to be done to the rows of the account, or for nothing of the transaction;
/// returns the last request.
fn write_rows(
    transaction: &IdbTransaction,
    account: &str,
    changes: &[Change],
) -> Result<Option<IdbRequest>, Fault> {
    let last = ask_for_rows(transaction, account, changes);
    if last.is_err() {
        // Fails only for one that is over, of which there is nothing left to undo.
        let _ = transaction.abort();
    }
    last
}

fn ask_for_rows(
    transaction: &IdbTransaction,
    account: &str,
    changes: &[Change],
) -> Result<Option<IdbRequest>, Fault> {
    let (mut last, mut known) = (None, None);
    for change in changes {
        let store = match known.take() {
            Some((table, store)) if table == change.table => store,
            _ => transaction.object_store(change.table)?,
        };
        let key = match &change.behind {
            Some(conversation) => range(account, conversation, Some(&change.key))?.into(),
            None => key(account, &change.key),
        };
        last = Some(match &change.value {
            Some(value) => store.put_with_key(&Uint8Array::from(value.as_slice()), &key)?,
            None => store.delete(&key)?,
        });
        known = Some((change.table, store));
    }
    Ok(last)
}

/// Leaves a transaction to the browser, which can complete it without the page.
fn hand_over(transaction: &IdbTransaction) -> Result<(), Fault> {
    #[expect(deprecated, reason = "every browser has had it since 2021")]
    transaction.commit()?;
    Ok(())
}

fn key(account: &str, key: &str) -> JsValue {
    [account, "\n", key].concat().into()
}

fn range(account: &str, prefix: &str, after: Option<&str>) -> Result<IdbKeyRange, Fault> {
    let (lower, upper) = bounds(account, prefix, after);
    Ok(IdbKeyRange::bound_with_lower_open_and_upper_open(
        &lower.into(),
        &upper.into(),
        after.is_some(),
        true,
    )?)
}

/// Between which keys the rows of an account are, or those of them that begin with
/// `prefix` and a line break and come behind `after`. The second is excluded, and so
/// is the first if it is `after`.
fn bounds(account: &str, prefix: &str, after: Option<&str>) -> (String, String) {
    let whole = match prefix {
        "" => account.to_owned(),
        prefix => [account, "\n", prefix].concat(),
    };
    let lower = match after {
        Some(after) => [account, "\n", after].concat(),
        None => [&whole, "\n"].concat(),
    };
    // The character behind a line break: no address has either.
    (lower, whole + "\u{b}")
}

#[cfg(test)]
mod tests {
    use super::bounds;

    fn inside(key: &str, (lower, upper): &(String, String)) -> bool {
        lower.as_str() < key && key < upper.as_str()
    }

    #[test]
    fn an_account_has_its_own_rows_only() {
        let rows = bounds("al@a.example", "", None);
        assert!(inside("al@a.example\nsession", &rows));
        assert!(inside("al@a.example\n\u{10ffff}", &rows));
        assert!(!inside("al@a.example.org\nsession", &rows));
        assert!(!inside("al@a.exampl\nsession", &rows));
        assert!(!inside("account", &rows));
    }

    #[test]
    fn a_page_is_of_one_conversation_and_behind_the_last_one() {
        let page = bounds("a@b", "c@d", None);
        assert!(inside("a@b\nc@d\n0001", &page));
        assert!(!inside("a@b\nc@d.e\n0001", &page));
        let next = bounds("a@b", "c@d", Some("c@d\n0001"));
        assert!(!inside("a@b\nc@d\n0001", &next));
        assert!(inside("a@b\nc@d\n0002", &next));
    }
}
