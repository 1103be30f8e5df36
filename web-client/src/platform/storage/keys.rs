//! Keys that stand for passwords: they can sign, and nobody can read them.

use couplet_engine::sasl::{Hash, ProofRequest};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::CryptoKey;

use super::{Fault, KEYS, Storage, key, request};
use crate::platform::crypto::object;

/// Under which name an account's key is kept.
pub(super) const SALTED: &str = "salted";

/// SCRAM's `SaltedPassword` (RFC 5802 3), and what it was made of besides the password.
#[derive(Clone)]
pub(crate) struct SaltedKey {
    pub(crate) key: CryptoKey,
    pub(crate) hash: Hash,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
}

impl SaltedKey {
    /// Whether it can answer `request`: a server that has changed the salt or the
    /// rounds wants another key, which takes the password.
    pub(crate) fn fits(&self, request: &ProofRequest) -> bool {
        self.hash == request.hash
            && self.salt == request.salt
            && self.iterations == request.iterations
    }

    /// Whether both are made of the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash && self.salt == other.salt && self.iterations == other.iterations
    }

    pub(super) fn row(&self) -> JsValue {
        object(&[
            ("key", self.key.clone().into()),
            ("mechanism", self.hash.mechanism().into()),
            ("salt", Uint8Array::from(self.salt.as_slice()).into()),
            ("iterations", self.iterations.into()),
        ])
        .into()
    }

    fn read(row: &JsValue) -> Option<Self> {
        let field = |name: &str| Reflect::get(row, &name.into()).ok();
        let mechanism = field("mechanism")?.as_string()?;
        Some(Self {
            key: field("key")?.dyn_into().ok()?,
            hash: [Hash::Sha512, Hash::Sha256, Hash::Sha1]
                .into_iter()
                .find(|hash| hash.mechanism() == mechanism)?,
            salt: field("salt")?.dyn_into::<Uint8Array>().ok()?.to_vec(),
            iterations: field("iterations")?.as_f64()? as u32,
        })
    }
}

impl Storage {
    /// The key of `account`, if one is kept.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn key(&self, account: &str) -> Result<Option<SaltedKey>, Fault> {
        let transaction = self.transaction(&[KEYS], None)?;
        let store = transaction.object_store(KEYS)?;
        let row = request::result(&store.get(&key(account, SALTED))?).await?;
        Ok(SaltedKey::read(&row))
    }
}
