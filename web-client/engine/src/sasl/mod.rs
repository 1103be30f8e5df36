//! Signing in (RFC 6120 6, XEP-0388), without the secrets.
//!
//! The engine carries the server's words to whoever holds the secrets and the
//! answers back. [`Exchange`] is what that holder runs: a pure state machine that
//! says when the password is needed for a [`ProofRequest`], writes our side of the
//! exchange, and checks what the server proves in return. Neither ever sees the
//! password itself.

mod device;
mod exchange;
mod frames;
#[cfg(feature = "native-crypto")]
pub mod native;
mod scram;
mod token;

use serde::{Deserialize, Serialize};

use crate::store::Trouble;

pub use device::device_id;
pub use exchange::{Exchange, Identity, Means, Step};
pub(crate) use frames::data;
pub use scram::{Hash, Proof, ProofRequest};
pub(crate) use token::MECHANISM as TOKEN_MECHANISM;
pub use token::{GivenToken, TokenProof, lift_token};

/// What the engine asks of the holder of the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// The server has said what it offers: begin.
    Start(Offer),
    /// The server challenges.
    Challenge(Vec<u8>),
    /// The server is content; this may be its own proof (RFC 6120 6.4.6). The answer
    /// comes before the engine is told of the next frame.
    Success(Vec<u8>),
    /// The server refuses.
    Failure {
        /// The defined condition (RFC 6120 6.5).
        condition: String,
        /// The server's words.
        text: Option<String>,
    },
    /// Somebody has signed out: if there is a token, [`Reply::Revoke`].
    SignedOut,
}

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The names of the mechanisms (RFC 6120 6.4.1).
    pub mechanisms: Vec<String>,
    /// The types of channel binding, if the server tells them (XEP-0440).
    pub bindings: Option<Vec<String>>,
    /// In which words one signs in.
    pub profile: Profile,
    /// Whether nobody on the way can listen, so that what would be enough to sign in
    /// may be shown to the server.
    pub confidential: bool,
    /// What for.
    pub purpose: Purpose,
}

/// The two ways in which SASL is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// RFC 6120 6.
    Classic,
    /// XEP-0388.
    Extensible {
        /// The mechanisms that take a token (XEP-0484 3.1).
        fast: Vec<String>,
        /// What else `<authenticate/>` has to have in it, written.
        inline: String,
    },
}

/// What somebody proves who they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To have a session.
    SignIn,
    /// To have the server forget the token (XEP-0484 3.6).
    Revoke,
}

/// What the holder of the secrets answers. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Send this.
    Send(String),
    /// The holder has put its part on the wire itself, for it held a secret.
    Sent,
    /// The server has proven itself, or the mechanism has no such proof.
    Verified,
    /// The token is of no use, and there is something else to try on a new stream.
    Again,
    /// There is a token, which the server has to forget.
    Revoke,
    /// This can't succeed.
    Failed(Trouble),
}
