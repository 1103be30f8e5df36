//! Where the session stands, in terms a person can be told.

use serde::{Deserialize, Serialize};

use crate::now::Timestamp;

/// The state of the connection as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionStatus {
    /// Nobody is signed in; after an attempt that failed, or a session that the
    /// server ended for good, why.
    SignedOut {
        /// What went wrong, if anything did.
        trouble: Option<Trouble>,
    },
    /// The first connection of this sign-in is being made.
    SigningIn(SignInStep),
    /// Signed in and connected.
    Online,
    /// Signed in, connection lost, the next attempt under way.
    Reconnecting {
        /// What ended the last one.
        trouble: Trouble,
    },
    /// Signed in, connection lost, waiting to try again.
    Waiting {
        /// What ended the last one.
        trouble: Trouble,
        /// When the next attempt begins.
        until: Timestamp,
    },
}

impl Default for SessionStatus {
    fn default() -> Self {
        Self::SignedOut { trouble: None }
    }
}

impl SessionStatus {
    /// Whether the account was left for good: nothing of it is to stay here.
    pub fn is_left(&self) -> bool {
        matches!(
            self,
            Self::SignedOut {
                trouble: None | Some(Trouble::AccountDeleted)
            }
        )
    }
}

/// How far a sign-in has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInStep {
    /// Reaching the server.
    Connecting,
    /// Proving who we are.
    Authenticating,
    /// Getting an address and the first data.
    Binding,
}

/// Why a password has to be typed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Again {
    /// What was kept is of another salt, number of rounds, mechanism or password
    /// (RFC 5802 5.1).
    Changed,
    /// The server wants the password itself, which isn't kept (RFC 4616).
    Plain,
    /// The token has expired (XEP-0484 4.2).
    TokenExpired,
    /// The server doesn't accept the token any more.
    TokenRefused,
}

/// What went wrong, so that the words for it can be chosen where it is shown.
/// `text` is always the other side's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// The page can't compute keys: it was not loaded over https (RFC 7395 6, WebCrypto).
    InsecurePage,
    /// The WebSocket could not be opened: no network, or the proxy is down.
    ProxyUnreachable,
    /// An open connection broke.
    ConnectionLost,
    /// Nothing came back in time.
    Timeout,
    /// The proxy doesn't serve this domain (`host-unknown`).
    UnknownHost {
        /// The domain that was asked for.
        domain: String,
    },
    /// The proxy can't reach the XMPP server.
    ServerUnreachable {
        /// Details from the proxy.
        text: Option<String>,
    },
    /// The XMPP server's certificate isn't trusted by the proxy.
    ServerCertificate {
        /// Details from the proxy.
        text: Option<String>,
    },
    /// User name or password is wrong (`not-authorized`).
    WrongPassword {
        /// The server's words.
        text: Option<String>,
    },
    /// What is kept for signing in is no longer enough: the password has to be typed again.
    PasswordNeeded(Again),
    /// The site's token was refused, or the site gives none: it has to give another one (RFC 7628).
    TokenNeeded {
        /// The server's words.
        text: Option<String>,
    },
    /// The account exists but may not sign in (`account-disabled`, `credentials-expired`).
    AccountDisabled {
        /// The server's words.
        text: Option<String>,
    },
    /// Another SASL failure (RFC 6120 6.5).
    SignInRefused {
        /// The defined condition.
        condition: String,
        /// The server's words.
        text: Option<String>,
    },
    /// No way of signing in that we have is offered.
    NoMechanism {
        /// What is.
        offered: Vec<String>,
    },
    /// The server couldn't prove that it knows the password (RFC 5802 5): it may be an impostor.
    ServerNotVerified,
    /// This address was taken by another session of ours (`conflict`).
    Replaced,
    /// The account was deleted, as the person had asked for (XEP-0077 3.2).
    AccountDeleted,
    /// A stream error (RFC 6120 4.9.3).
    StreamError {
        /// The defined condition.
        condition: String,
        /// The server's words.
        text: Option<String>,
    },
    /// The other side broke the protocol.
    Protocol {
        /// What was wrong.
        detail: String,
    },
}
