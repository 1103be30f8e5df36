//! WebCrypto: randomness, and the keys of SCRAM (RFC 5802 3) and of tokens (XEP-0484),
//! which never leave it.

use couplet_engine::sasl::{Hash, Proof, ProofRequest, TokenProof};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

use super::storage::SaltedKey;

fn crypto() -> Option<Crypto> {
    web_sys::window()?.crypto().ok()
}

/// Whether this page may compute keys: it has to come over https or from this machine.
pub(crate) fn is_available() -> bool {
    let subtle = JsValue::from_str("subtle");
    crypto()
        .is_some_and(|crypto| Reflect::get(&crypto, &subtle).is_ok_and(|subtle| subtle.is_object()))
}

/// Random bytes.
///
/// # Panics
/// Where there is no source of randomness: then nothing may go on.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok())
        .expect("every browser has randomness, secure context or not");
    bytes
}

/// A nonce for SCRAM: 144 bits in printable characters (RFC 5802 5.1).
pub(crate) fn nonce() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    random::<24>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
        .collect()
}

/// Makes the key that stands for a password as far as `request` goes.
///
/// # Errors
/// What WebCrypto throws.
pub(crate) async fn salt(request: &ProofRequest, password: &str) -> Result<SaltedKey, JsValue> {
    let subtle = crypto().ok_or(JsValue::UNDEFINED)?.subtle();
    let hash = hash_name(request.hash);
    Ok(SaltedKey {
        key: salted_password(&subtle, request, hash, password).await?,
        hash: request.hash,
        salt: request.salt.clone(),
        iterations: request.iterations,
    })
}

/// Answers a [`ProofRequest`] with a key that [fits](SaltedKey::fits).
///
/// # Errors
/// What WebCrypto throws.
pub(crate) async fn prove(request: &ProofRequest, salted: &SaltedKey) -> Result<Proof, JsValue> {
    let subtle = crypto().ok_or(JsValue::UNDEFINED)?.subtle();
    let hash = hash_name(request.hash);
    let salted = &salted.key;
    let client_key = sign(&subtle, salted, b"Client Key").await?;
    let stored_key = digest(&subtle, hash, &client_key).await?;
    let stored_key = hmac_key(&subtle, hash, &stored_key).await?;
    let message = request.auth_message.as_bytes();
    let client_signature = sign(&subtle, &stored_key, message).await?;
    let server_key = sign(&subtle, salted, b"Server Key").await?;
    let server_key = hmac_key(&subtle, hash, &server_key).await?;
    let mut offers = Vec::new();
    for offer in &request.offers {
        offers.push(digest(&subtle, hash, offer.as_bytes()).await?);
    }
    Ok(Proof {
        client_proof: client_key
            .iter()
            .zip(client_signature)
            .map(|(key, sign)| key ^ sign)
            .collect(),
        server_signature: sign(&subtle, &server_key, message).await?,
        offers,
    })
}

/// A token as a key that can sign and can't be read.
///
/// # Errors
/// What WebCrypto throws.
pub(crate) async fn token_key(token: &str) -> Result<CryptoKey, JsValue> {
    let subtle = crypto().ok_or(JsValue::UNDEFINED)?.subtle();
    hmac_key(&subtle, TOKEN_HASH, token.as_bytes()).await
}

/// What the token of `key` is turned into to sign in.
///
/// # Errors
/// What WebCrypto throws.
pub(crate) async fn token_proof(key: &CryptoKey) -> Result<TokenProof, JsValue> {
    let subtle = crypto().ok_or(JsValue::UNDEFINED)?.subtle();
    Ok(TokenProof {
        initiator: sign(&subtle, key, TokenProof::INITIATOR).await?,
        responder: sign(&subtle, key, TokenProof::RESPONDER).await?,
    })
}

/// The SHA-256 of what is in `buffer`.
///
/// # Errors
/// What WebCrypto throws; anything where the page isn't secure.
pub(crate) async fn sha256(buffer: &ArrayBuffer) -> Result<Vec<u8>, JsValue> {
    let crypto = crypto()
        .filter(|_| is_available())
        .ok_or(JsValue::UNDEFINED)?;
    let hash = crypto
        .subtle()
        .digest_with_str_and_buffer_source("SHA-256", buffer)?;
    bytes(hash).await
}

/// The mechanism is HT-SHA-256-NONE.
const TOKEN_HASH: &str = "SHA-256";

fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha512 => "SHA-512",
    }
}

/// `SaltedPassword` as a key that can sign and nothing else.
async fn salted_password(
    subtle: &SubtleCrypto,
    request: &ProofRequest,
    hash: &str,
    password: &str,
) -> Result<CryptoKey, JsValue> {
    let derive = Array::of1(&"deriveKey".into());
    let material = Uint8Array::from(password.as_bytes());
    let password = subtle.import_key_with_str("raw", &material, "PBKDF2", false, &derive)?;
    let password: CryptoKey = JsFuture::from(password).await?.unchecked_into();
    let derivation = object(&[
        ("name", "PBKDF2".into()),
        ("hash", hash.into()),
        ("salt", Uint8Array::from(request.salt.as_slice()).into()),
        ("iterations", request.iterations.into()),
    ]);
    // Without a length the key would be padded to the block of the hash.
    let bits = u32::try_from(request.hash.output_len() * 8).unwrap_or_default();
    let kind = object(&[
        ("name", "HMAC".into()),
        ("hash", hash.into()),
        ("length", bits.into()),
    ]);
    let usages = Array::of1(&"sign".into());
    let key =
        subtle.derive_key_with_object_and_object(&derivation, &password, &kind, false, &usages)?;
    Ok(JsFuture::from(key).await?.unchecked_into())
}

async fn hmac_key(subtle: &SubtleCrypto, hash: &str, key: &[u8]) -> Result<CryptoKey, JsValue> {
    let kind = object(&[("name", "HMAC".into()), ("hash", hash.into())]);
    let usages = Array::of1(&"sign".into());
    let key = Uint8Array::from(key);
    let key = subtle.import_key_with_object("raw", &key, &kind, false, &usages)?;
    Ok(JsFuture::from(key).await?.unchecked_into())
}

async fn sign(subtle: &SubtleCrypto, key: &CryptoKey, data: &[u8]) -> Result<Vec<u8>, JsValue> {
    let data = Uint8Array::from(data);
    bytes(subtle.sign_with_str_and_js_u8_array("HMAC", key, &data)?).await
}

async fn digest(subtle: &SubtleCrypto, hash: &str, data: &[u8]) -> Result<Vec<u8>, JsValue> {
    let data = Uint8Array::from(data);
    bytes(subtle.digest_with_str_and_js_u8_array(hash, &data)?).await
}

async fn bytes(promise: js_sys::Promise) -> Result<Vec<u8>, JsValue> {
    Ok(Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

/// A plain object with these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of an object that has just been made can't fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}
