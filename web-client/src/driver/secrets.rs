//! What somebody signs in with. None of it ever reaches the engine.

use couplet_engine::sasl::{Identity, ProofRequest};
use couplet_engine::store::Trouble;
use jid::BareJid;
use zeroize::Zeroizing;

use crate::platform::{self, storage::SaltedKey};

/// A password, or the key that stands for it.
pub(crate) struct Secrets {
    username: Option<String>,
    /// Known while the page lives in which it was typed.
    password: Option<Zeroizing<String>>,
    /// What the password was last turned into: SCRAM wants nothing else.
    key: Option<SaltedKey>,
}

impl Secrets {
    /// What has just been typed.
    pub(crate) fn typed(jid: &BareJid, password: String) -> Self {
        Self {
            username: jid.node().map(|node| node.to_string()),
            password: Some(Zeroizing::new(password)),
            key: None,
        }
    }

    /// What an earlier page has left.
    pub(crate) fn kept(jid: &BareJid, key: Option<SaltedKey>) -> Self {
        Self {
            username: jid.node().map(|node| node.to_string()),
            password: None,
            key,
        }
    }

    /// The key to keep for the next page; none where the server wants the password itself.
    pub(super) fn key(&self) -> Option<&SaltedKey> {
        self.key.as_ref()
    }

    pub(super) fn learn(&mut self, key: SaltedKey) {
        self.key = Some(key);
    }

    pub(super) fn identity(&self) -> Identity {
        self.username
            .clone()
            .map_or(Identity::Anonymous, Identity::User)
    }

    /// How to get the key that answers `request`.
    pub(super) fn source(&self, request: &ProofRequest) -> Result<Source, Trouble> {
        match &self.key {
            Some(key) if key.fits(request) => Ok(Source::Key(key.clone())),
            _ => self.prepared().map(Source::Password),
        }
    }

    /// The password as RFC 4013 wants it; one that it forbids can't be right.
    pub(super) fn prepared(&self) -> Result<Zeroizing<String>, Trouble> {
        let password = self.password.as_ref().ok_or(Trouble::PasswordNeeded)?;
        match stringprep::saslprep(password) {
            Ok(prepared) => Ok(Zeroizing::new(prepared.into_owned())),
            Err(_) => Err(Trouble::WrongPassword { text: None }),
        }
    }
}

/// Where a key comes from.
pub(super) enum Source {
    /// It is here.
    Key(SaltedKey),
    /// It has to be derived, which takes a while.
    Password(Zeroizing<String>),
}

impl Source {
    pub(super) async fn key(self, request: &ProofRequest) -> Result<SaltedKey, Trouble> {
        match self {
            Self::Key(key) => Ok(key),
            Self::Password(password) => platform::salt(request, &password)
                .await
                .map_err(|_| Trouble::InsecurePage),
        }
    }
}
