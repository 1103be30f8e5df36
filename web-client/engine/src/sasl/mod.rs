//! Signing in (RFC 6120 6), without the secrets.
//!
//! The engine carries the server's words to whoever holds the secrets and the
//! answers back. [`Exchange`] is what that holder runs: a pure state machine that
//! says when the password is needed for a [`ProofRequest`], and checks what the
//! server proves in return. Neither ever sees the password itself.

mod exchange;
#[cfg(feature = "native-crypto")]
pub mod native;
mod scram;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::store::Trouble;
use crate::xml::build;

pub use exchange::{Exchange, Identity, Step};
pub use scram::{Hash, Proof, ProofRequest};

/// What the engine asks of the holder of the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// The server offers these mechanisms: begin.
    Start {
        /// Their names (RFC 6120 6.4.1).
        mechanisms: Vec<String>,
    },
    /// The server challenges.
    Challenge(Vec<u8>),
    /// The server is content; this may be its own proof (RFC 6120 6.4.6).
    Success(Vec<u8>),
}

/// What the holder of the secrets answers. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// `<auth/>` with this.
    Auth {
        /// The mechanism chosen.
        mechanism: String,
        /// The initial response.
        initial: Vec<u8>,
    },
    /// The holder has put `<auth/>` on the wire itself, for it held a password.
    AuthSent,
    /// `<response/>` with this.
    Response(Vec<u8>),
    /// The server has proven itself, or the mechanism has no such proof.
    Verified,
    /// This can't succeed.
    Failed(Trouble),
}

/// `<auth/>` for PLAIN (RFC 4616), for the holder of the password to send itself.
pub fn plain_auth(username: &str, password: &str) -> String {
    let message = format!("\0{username}\0{password}");
    String::from(&auth("PLAIN", message.as_bytes()))
}

pub(crate) fn auth(mechanism: &str, initial: &[u8]) -> Element {
    // RFC 6120 6.4.2: an empty initial response is a single `=`.
    let text = if initial.is_empty() {
        "=".to_owned()
    } else {
        STANDARD.encode(initial)
    };
    build("auth", ns::SASL)
        .attr("mechanism", mechanism)
        .text(text)
        .done()
}

pub(crate) fn response(data: &[u8]) -> Element {
    build("response", ns::SASL)
        .text(STANDARD.encode(data))
        .done()
}

/// The bytes of `<challenge/>` or `<success/>`.
pub(crate) fn data(element: &Element) -> Option<Vec<u8>> {
    let text = element.text();
    let text = text.trim();
    if text.is_empty() || text == "=" {
        return Some(Vec::new());
    }
    STANDARD.decode(text).ok()
}
