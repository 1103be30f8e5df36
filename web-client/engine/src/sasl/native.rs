//! The keys of SCRAM and of tokens by Rust crates, where there is no WebCrypto.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Hash, Proof, ProofRequest, TokenProof};

/// The password can't be prepared (RFC 4013): it holds a character that no password may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password holds a character that XMPP passwords can't")]
pub struct ForbiddenCharacter;

/// Answers a [`ProofRequest`] with a password (RFC 5802 3).
///
/// # Errors
/// When the password can't be prepared.
pub fn prove(request: &ProofRequest, password: &str) -> Result<Proof, ForbiddenCharacter> {
    let password = stringprep::saslprep(password).map_err(|_| ForbiddenCharacter)?;
    let mut salted = vec![0; request.hash.output_len()];
    let (password, salt, rounds) = (password.as_bytes(), &request.salt, request.iterations);
    match request.hash {
        Hash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut salted),
        Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut salted),
        Hash::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut salted),
    }
    let client_key = hmac(request.hash, &salted, b"Client Key");
    let stored_key = digest(request.hash, &client_key);
    let message = request.auth_message.as_bytes();
    let client_signature = hmac(request.hash, &stored_key, message);
    let server_key = hmac(request.hash, &salted, b"Server Key");
    Ok(Proof {
        client_proof: client_key
            .iter()
            .zip(client_signature)
            .map(|(key, sign)| key ^ sign)
            .collect(),
        server_signature: hmac(request.hash, &server_key, message),
        offers: request
            .offers
            .iter()
            .map(|offer| digest(request.hash, offer.as_bytes()))
            .collect(),
    })
}

/// What a token is turned into.
pub fn token_proof(token: &str) -> TokenProof {
    let sign = |words| hmac(Hash::Sha256, token.as_bytes(), words);
    TokenProof {
        initiator: sign(TokenProof::INITIATOR),
        responder: sign(TokenProof::RESPONDER),
    }
}

fn digest(hash: Hash, data: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => Sha1::digest(data).to_vec(),
        Hash::Sha256 => Sha256::digest(data).to_vec(),
        Hash::Sha512 => Sha512::digest(data).to_vec(),
    }
}

fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => sign::<Hmac<Sha1>>(key, data),
        Hash::Sha256 => sign::<Hmac<Sha256>>(key, data),
        Hash::Sha512 => sign::<Hmac<Sha512>>(key, data),
    }
}

fn sign<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length (RFC 2104 2), so this can't fail.
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("any length is a key");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
