//! What people have asked for, until something has come of it.
//!
//! Nothing else writes to this store, so that no transaction has to wait for those of the
//! engine, and each is left to the browser at once: a page that ends right behind a
//! key press has still said what the next one has to do.

use wasm_bindgen::JsValue;

use super::{ASKED, DEVICE, DRAFTS, Durability, Fault, Rows, Storage, hand_over, key, range};

/// What a person has asked for in a tab.
pub(crate) struct Asked {
    pub(crate) tab: String,
    /// That tab's how manieth command it is.
    pub(crate) number: u32,
    /// Anything that a browser can clone.
    pub(crate) command: JsValue,
}

impl Storage {
    /// Begins to keep that something is wanted, instead of the draft for `draft`.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn keep_asked(
        &self,
        account: &str,
        asked: &Asked,
        draft: Option<&str>,
    ) -> Result<(), Fault> {
        let transaction = self.transaction(&[ASKED, DRAFTS], Some(Durability::Relaxed))?;
        let store = transaction.object_store(ASKED)?;
        let place = key(account, &asked_key(&asked.tab, asked.number));
        store.put_with_key(&asked.command, &place)?;
        if let Some(draft) = draft {
            let drafts = transaction.object_store(DRAFTS)?;
            drafts.delete(&key(account, draft))?;
        }
        hand_over(&transaction)
    }

    /// Begins to forget that something was wanted.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn drop_asked(&self, account: &str, tab: &str, number: u32) -> Result<(), Fault> {
        let transaction = self.transaction(&[ASKED], Some(Durability::Relaxed))?;
        let store = transaction.object_store(ASKED)?;
        store.delete(&key(account, &asked_key(tab, number)))?;
        hand_over(&transaction)
    }

    /// What is wanted and hasn't been forgotten, of each tab in order.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn asked(&self, account: &str) -> Result<Vec<Asked>, Fault> {
        let transaction = self.transaction(&[ASKED], None)?;
        let store = transaction.object_store(ASKED)?;
        let range = range(account, "", None)?;
        let (keys, commands) = Rows::ask(&store, &range, u32::MAX)?.values().await?;
        let rows = keys.iter().zip(commands.iter());
        Ok(rows
            .filter_map(|(key, command)| {
                let key = key.as_string()?;
                let (tab, number) = key.get(account.len() + 1..)?.split_once('\n')?;
                Some(Asked {
                    tab: tab.to_owned(),
                    number: number.parse().ok()?,
                    command,
                })
            })
            .collect())
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
}

/// Those of a tab are in order.
fn asked_key(tab: &str, number: u32) -> String {
    format!("{tab}\n{number:010}")
}
