//! Files that are to be sent.

use js_sys::Array;
use wasm_bindgen::JsCast as _;
use web_sys::{Blob, File};

use super::{Durability, FILES, Fault, Storage, hand_over, key, range, request};

impl Storage {
    /// Keeps a file of `account` by this name, if all that are kept then have no more than
    /// `most` bytes; whether it does.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn keep_file(
        &self,
        account: &str,
        name: &str,
        file: &File,
        most: f64,
    ) -> Result<bool, Fault> {
        let transaction = self.transaction(&[FILES], Some(Durability::Strict))?;
        let store = transaction.object_store(FILES)?;
        let kept = Array::from(&request::result(&store.get_all()?).await?);
        let sizes = kept.iter().filter_map(|kept| kept.dyn_into::<Blob>().ok());
        let size: f64 = sizes.map(|kept| kept.size()).sum();
        if size + file.size() > most {
            return Ok(false);
        }
        store.put_with_key(file, &key(account, name))?;
        request::completion(&transaction).await?;
        Ok(true)
    }

    /// What the files are called that are kept of `account`, in order.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn file_names(&self, account: &str) -> Result<Vec<String>, Fault> {
        let transaction = self.transaction(&[FILES], None)?;
        let store = transaction.object_store(FILES)?;
        let range = range(account, "", None)?.into();
        let keys = store.get_all_keys_with_key(&range)?;
        let keys = Array::from(&request::result(&keys).await?);
        let skip = account.len() + 1;
        let name = |key: String| Some(key.get(skip..)?.to_owned());
        let keys = keys.iter().filter_map(|key| key.as_string());
        Ok(keys.filter_map(name).collect())
    }

    /// The file of that name, if it is kept.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn file(&self, account: &str, name: &str) -> Result<Option<File>, Fault> {
        let transaction = self.transaction(&[FILES], None)?;
        let store = transaction.object_store(FILES)?;
        let kept = request::result(&store.get(&key(account, name))?).await?;
        Ok(kept.dyn_into().ok())
    }

    /// Begins to forget the file of that name.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn drop_file(&self, account: &str, name: &str) -> Result<(), Fault> {
        let transaction = self.transaction(&[FILES], Some(Durability::Relaxed))?;
        let store = transaction.object_store(FILES)?;
        store.delete(&key(account, name))?;
        hand_over(&transaction)
    }
}
