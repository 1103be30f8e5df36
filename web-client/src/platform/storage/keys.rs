//! Keys that stand for passwords and tokens: they can sign, and nobody can read them.

use couplet_engine::Timestamp;
use couplet_engine::sasl::{Hash, ProofRequest};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::CryptoKey;

use super::{ACCOUNT, DEVICE, Durability, Fault, KEYS, Storage, Writing, key, request};
use crate::platform::crypto::object;

/// Under which names an account's keys are kept, and by what the server knows this device.
const SALTED: &str = "salted";
const TOKEN: &str = "token";
const DEVICE_ID: &str = "device";

/// What there is to sign in with on the next page.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) salted: Option<SaltedKey>,
    pub(crate) token: Option<Token>,
    /// What tokens are for (XEP-0388 2.3), so it lives as long as they do.
    pub(crate) device: Option<String>,
}

impl Kept {
    /// Whether both are the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        fn same<T>(left: &Option<T>, right: &Option<T>, is_same: fn(&T, &T) -> bool) -> bool {
            match (left, right) {
                (Some(left), Some(right)) => is_same(left, right),
                (None, None) => true,
                _ => false,
            }
        }
        self.device == other.device
            && same(&self.salted, &other.salted, SaltedKey::is_same)
            && same(&self.token, &other.token, Token::is_same)
    }

    /// Whether one can sign in with it.
    pub(crate) fn is_enough(&self) -> bool {
        self.salted.is_some() || self.token.is_some()
    }
}

/// A token (XEP-0484) as a key.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) key: CryptoKey,
    /// When it expires.
    pub(crate) expiry: Timestamp,
    /// How often it has been tried.
    pub(crate) count: u32,
}

impl Token {
    fn is_same(&self, other: &Self) -> bool {
        self.count == other.count && self.expiry == other.expiry && self.key == other.key
    }

    fn row(&self) -> JsValue {
        object(&[
            ("key", self.key.clone().into()),
            ("expiry", (self.expiry.0 as f64).into()),
            ("count", self.count.into()),
        ])
        .into()
    }

    fn read(row: &JsValue) -> Option<Self> {
        Some(Self {
            key: field(row, "key")?.dyn_into().ok()?,
            expiry: Timestamp(field(row, "expiry")?.as_f64()? as i64),
            count: field(row, "count")?.as_f64()? as u32,
        })
    }
}

fn field(row: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(row, &name.into()).ok()
}

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
    fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash && self.salt == other.salt && self.iterations == other.iterations
    }

    fn row(&self) -> JsValue {
        object(&[
            ("key", self.key.clone().into()),
            ("mechanism", self.hash.mechanism().into()),
            ("salt", Uint8Array::from(self.salt.as_slice()).into()),
            ("iterations", self.iterations.into()),
        ])
        .into()
    }

    fn read(row: &JsValue) -> Option<Self> {
        let mechanism = field(row, "mechanism")?.as_string()?;
        Some(Self {
            key: field(row, "key")?.dyn_into().ok()?,
            hash: [Hash::Sha512, Hash::Sha256, Hash::Sha1]
                .into_iter()
                .find(|hash| hash.mechanism() == mechanism)?,
            salt: field(row, "salt")?.dyn_into::<Uint8Array>().ok()?.to_vec(),
            iterations: field(row, "iterations")?.as_f64()? as u32,
        })
    }
}

impl Storage {
    /// What `account` has to sign in with here.
    ///
    /// # Errors
    /// What the database fails with.
    pub(crate) async fn kept(&self, account: &str) -> Result<Kept, Fault> {
        let transaction = self.transaction(&[KEYS], None)?;
        let store = transaction.object_store(KEYS)?;
        let ask = |name| store.get(&key(account, name));
        let (salted, token, device) = (ask(SALTED)?, ask(TOKEN)?, ask(DEVICE_ID)?);
        Ok(Kept {
            salted: SaltedKey::read(&request::result(&salted).await?),
            token: Token::read(&request::result(&token).await?),
            device: request::result(&device).await?.as_string(),
        })
    }

    /// Begins to remember that `account` is signed in on this device, and how to sign in.
    ///
    /// # Errors
    /// When the database is closed.
    pub(crate) fn remember(&self, account: &str, kept: &Kept) -> Result<Writing, Fault> {
        let writing = self.begin(&[DEVICE, KEYS], Durability::Strict)?;
        let device = writing.transaction.object_store(DEVICE)?;
        device.put_with_key(&account.into(), &ACCOUNT.into())?;
        let keys = writing.transaction.object_store(KEYS)?;
        for (name, row) in [
            (SALTED, kept.salted.as_ref().map(SaltedKey::row)),
            (TOKEN, kept.token.as_ref().map(Token::row)),
            (DEVICE_ID, kept.device.as_deref().map(JsValue::from_str)),
        ] {
            let name = key(account, name);
            match row {
                Some(row) => keys.put_with_key(&row, &name)?,
                None => keys.delete(&name)?,
            };
        }
        Ok(writing)
    }
}
