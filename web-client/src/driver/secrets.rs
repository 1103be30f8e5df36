//! What somebody signs in with. None of it ever reaches the engine.

use couplet_engine::Timestamp;
use couplet_engine::sasl::{Exchange, GivenToken, Identity, Means, ProofRequest, device_id};
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
    /// The site around the page vouches for its user.
    bearer: Option<Bearer>,
    /// Why there is no token any more.
    lost_token: Option<Again>,
    /// By what the server knows this device.
    device: String,
    /// The password that the server is being told, and by which request.
    next: Option<(String, Zeroizing<String>)>,
}

/// How a site vouches for its user (RFC 7628). Its tokens live as long as the page.
struct Bearer {
    account: BareJid,
    token: Option<Zeroizing<String>>,
    /// Whether the server has taken this token before.
    proven: bool,
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
            bearer: None,
            lost_token: None,
            device: kept.device.unwrap_or_else(|| device_id(platform::random())),
            next: None,
        }
    }

    /// What a site vouches for its user with: its token, or that it has to be asked for one.
    pub(crate) fn bearer(jid: &BareJid, token: Option<String>) -> Self {
        Self::kept(jid, Kept::default()).or_bearer(jid, token)
    }

    /// The same, and where that isn't enough the site's token.
    pub(crate) fn or_bearer(self, jid: &BareJid, token: Option<String>) -> Self {
        let bearer = Bearer {
            account: jid.clone(),
            token: None,
            proven: false,
        };
        let mut secrets = Self {
            bearer: Some(bearer),
            ..self
        };
        secrets.learn_bearer(token);
        secrets
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

    /// Whether there is nothing to sign in with besides what comes of a password.
    pub(super) fn needs_password(&self) -> bool {
        self.username.is_some() && self.bearer.is_none()
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
            bearer: self.bearer.is_some(),
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

    /// Takes what the site gives; whether one can sign in with it. RFC 6750 2.1 has visible ASCII
    /// only, and anything else could end the token and say more.
    pub(super) fn learn_bearer(&mut self, token: Option<String>) -> bool {
        let is_token = |token: &Zeroizing<String>| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let Some(bearer) = &mut self.bearer else {
            return false;
        };
        bearer.token = token.map(Zeroizing::new).filter(is_token);
        bearer.proven = false;
        bearer.token.is_some()
    }

    /// The frame that shows the site's token to the server, if there is one.
    pub(super) fn show_bearer(&self, exchange: &Exchange) -> Option<Zeroizing<String>> {
        let bearer = self.bearer.as_ref()?;
        let token = bearer.token.as_ref()?;
        Some(Zeroizing::new(
            exchange.bearer(bearer.account.as_str(), token),
        ))
    }

    /// The server has taken what it was shown.
    pub(super) fn prove_bearer(&mut self) {
        if let Some(bearer) = &mut self.bearer {
            bearer.proven = bearer.token.is_some();
        }
    }

    /// The server doesn't take the site's token; whether it has before, so that another one may
    /// be of use.
    pub(super) fn forget_bearer(&mut self) -> bool {
        self.bearer.as_mut().is_some_and(|bearer| {
            bearer.token = None;
            std::mem::take(&mut bearer.proven)
        })
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

#[cfg(test)]
mod tests {
    use couplet_engine::sasl::{Exchange, Offer, Profile, Purpose, Request, Step};

    use super::*;

    /// Of a page whose site has given `token`.
    fn vouched_for(token: Option<&str>) -> Secrets {
        let kept = Kept {
            device: Some("device".to_owned()),
            ..Kept::default()
        };
        let alice = "al=ice@example.org".parse().unwrap();
        Secrets::kept(&alice, kept).or_bearer(&alice, token.map(str::to_owned))
    }

    /// What is sent to sign in.
    fn shown(secrets: &Secrets) -> Option<String> {
        let means = secrets.means(Timestamp(0));
        let mut exchange = Exchange::new(secrets.identity(), secrets.device(), means, "n".into());
        let step = exchange.handle(Request::Start(Offer {
            mechanisms: vec!["SCRAM-SHA-1".into(), "OAUTHBEARER".into()],
            bindings: None,
            profile: Profile::Classic,
            confidential: true,
            purpose: Purpose::SignIn,
        }));
        assert_eq!(step, Step::SendBearer);
        secrets
            .show_bearer(&exchange)
            .map(|frame| frame.to_string())
    }

    #[test]
    fn the_sites_token_is_sent_for_whom_the_site_vouches_for() {
        // n,a=al=3Dice@example.org,^Aauth=Bearer t0ken^A^A
        let frame = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='OAUTHBEARER'>\
             bixhPWFsPTNEaWNlQGV4YW1wbGUub3JnLAFhdXRoPUJlYXJlciB0MGtlbgEB</auth>";
        assert_eq!(shown(&vouched_for(Some("t0ken"))).as_deref(), Some(frame));
    }

    #[test]
    fn what_could_say_more_than_a_token_is_none() {
        for token in ["", "t0\u{1}ken", "t0 ken", "t0ken\n", "tökén"] {
            assert_eq!(shown(&vouched_for(Some(token))), None, "{token:?}");
        }
        assert_eq!(shown(&vouched_for(None)), None);
    }

    #[test]
    fn another_token_is_asked_for_only_after_one_that_was_good() {
        let mut secrets = vouched_for(Some("wrong"));
        assert!(!secrets.forget_bearer());
        assert!(secrets.learn_bearer(Some("good".to_owned())));
        secrets.prove_bearer();
        assert!(secrets.forget_bearer());
        assert_eq!(shown(&secrets), None);
        assert!(secrets.learn_bearer(Some("wrong".to_owned())));
        assert!(!secrets.forget_bearer());
        assert!(!secrets.learn_bearer(None));
    }

    #[test]
    fn whoever_has_no_password_is_not_told_that_it_has_to_be_typed_each_time() {
        assert!(!vouched_for(None).needs_password());
        let of = |jid: &str| {
            let kept = Kept {
                device: Some("device".to_owned()),
                ..Kept::default()
            };
            Secrets::kept(&jid.parse().unwrap(), kept)
        };
        assert!(!of("example.org").needs_password());
        assert!(of("alice@example.org").needs_password());
    }
}
