//! What somebody signs in with. None of it ever reaches the engine.

use couplet_engine::Timestamp;
use couplet_engine::sasl::{GivenToken, Identity, Means, ProofRequest, device_id};
use couplet_engine::store::{Again, Saved, Trouble};
use jid::BareJid;
use web_sys::CryptoKey;
use zeroize::Zeroizing;

use crate::platform::{
    self,
    storage::{Kept, SaltedKey, Token},
};

/// A password, the key that stands for it, a token.
pub(crate) struct Secrets {
    username: Option<String>,
    /// Known while the page lives in which it was typed.
    password: Option<Zeroizing<String>>,
    /// What the password was last turned into: SCRAM wants nothing else.
    key: Option<SaltedKey>,
    token: Option<Token>,
    /// Why there is no token any more.
    lost_token: Option<Again>,
    /// By what the server knows this device.
    device: String,
    /// The password that the server is being told, and by which request.
    next: Option<(String, Zeroizing<String>)>,
}

/// A token from the server, until it is a key.
pub(super) struct NewToken {
    secret: Zeroizing<String>,
    expiry: Timestamp,
}

impl From<GivenToken> for NewToken {
    fn from(given: GivenToken) -> Self {
        Self {
            secret: Zeroizing::new(given.secret),
            expiry: given.expiry,
        }
    }
}

impl Secrets {
    /// What has just been typed.
    pub(crate) fn typed(jid: &BareJid, password: String) -> Self {
        Self {
            password: Some(Zeroizing::new(password)),
            ..Self::kept(jid, Kept::default())
        }
    }

    /// What an earlier page has left.
    pub(crate) fn kept(jid: &BareJid, kept: Kept) -> Self {
        Self {
            username: jid.node().map(|node| node.to_string()),
            password: None,
            key: kept.salted,
            token: kept.token,
            lost_token: None,
            device: kept.device.unwrap_or_else(|| device_id(platform::random())),
            next: None,
        }
    }

    /// The same, by the name under which the server knows this device already.
    pub(crate) fn on_device(self, known: Option<String>) -> Self {
        Self {
            device: known.unwrap_or(self.device),
            ..self
        }
    }

    /// What to keep for the next page.
    pub(super) fn to_keep(&self) -> Kept {
        Kept {
            salted: self.key.clone(),
            token: self.token.clone(),
            device: Some(self.device.clone()),
        }
    }

    pub(super) fn device(&self) -> String {
        self.device.clone()
    }

    pub(super) fn means(&self, now: Timestamp) -> Means {
        let valid = self.token.as_ref().filter(|token| token.expiry > now);
        let expired = self.token.is_some() && valid.is_none();
        Means {
            password: self.password.is_some(),
            key: self.key.as_ref().map(|key| key.hash),
            token: valid.map(|token| token.count),
            lost_token: self.lost_token.or(expired.then_some(Again::TokenExpired)),
        }
    }

    /// With `request` the server is to be told this password.
    pub(crate) fn prepare(&mut self, request: String, password: String) {
        self.next = Some((request, Zeroizing::new(password)));
    }

    /// The password that the server is being told.
    pub(super) fn next(&self) -> Option<&str> {
        self.next.as_ref().map(|(_, password)| password.as_str())
    }

    /// Takes what became of a request; whether there is another password from now on, with
    /// which one has to sign in before there is anything to keep of it.
    pub(super) fn settle(&mut self, saved: &Saved) -> bool {
        let ours = self.next.take_if(|(request, _)| *request == saved.request);
        let Some((_, password)) = ours.filter(|_| saved.outcome.is_ok()) else {
            return false;
        };
        self.password = Some(password);
        (self.key, self.token) = (None, None);
        true
    }

    pub(super) fn learn(&mut self, key: SaltedKey) {
        self.key = Some(key);
    }

    /// The token is being tried once more.
    pub(super) fn try_token(&mut self) -> Option<CryptoKey> {
        let token = self.token.as_mut()?;
        token.count = token.count.saturating_add(1);
        Some(token.key.clone())
    }

    pub(super) fn learn_token(&mut self, token: Token) {
        self.token = Some(token);
        self.lost_token = None;
    }

    pub(super) fn forget_token(&mut self, why: Again) {
        self.token = None;
        self.lost_token = Some(why);
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
        let password = self.password.as_ref().ok_or(Trouble::PasswordNeeded(
            self.lost_token.unwrap_or(Again::Changed),
        ))?;
        match stringprep::saslprep(password) {
            Ok(prepared) => Ok(Zeroizing::new(prepared.into_owned())),
            Err(_) => Err(Trouble::WrongPassword { text: None }),
        }
    }
}

impl NewToken {
    /// Where keys can't be made, one signs in without.
    pub(super) async fn into_key(self) -> Option<Token> {
        let key = platform::token_key(&self.secret).await.ok()?;
        Some(Token {
            key,
            expiry: self.expiry,
            count: 0,
        })
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
