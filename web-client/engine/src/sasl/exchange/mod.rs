//! One sign-in, from the list of mechanisms to the server's proof.

use super::frames::{self, Token};
use super::scram::{self, Hash, Proof, ProofRequest, Scram};
use super::token::{self, MECHANISM, TokenProof};
use super::{Offer, Profile, Purpose, Reply, Request};
use crate::store::{Again, Trouble};

/// RFC 7628
const BEARER: &str = "OAUTHBEARER";

/// As whom to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// As this user.
    User(String),
    /// As nobody in particular (RFC 4505).
    Anonymous,
}

/// What there is to sign in with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Means {
    /// A password.
    pub password: bool,
    /// The key that a password was turned into for the mechanism with this hash.
    pub key: Option<Hash>,
    /// A token that hasn't expired: how often it has been tried.
    pub token: Option<u32>,
    /// Why there is no token any more.
    pub lost_token: Option<Again>,
    /// A site vouches for its user with tokens of its own (RFC 7628), and there is no password.
    pub bearer: bool,
}

/// What the holder of the secrets has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Give this to the engine.
    Reply(Reply),
    /// Compute a proof and give it to [`Exchange::proved`].
    Prove(ProofRequest),
    /// Note that the token is being tried once more, send [`Exchange::token`], then give
    /// [`Reply::Sent`] to the engine.
    SendToken,
    /// Send [`Exchange::plain`], then give [`Reply::Sent`] to the engine.
    SendPlain,
    /// Send [`Exchange::bearer`], then give [`Reply::Sent`] to the engine.
    SendBearer,
    /// Forget the site's token. With another one give [`Reply::Again`] to the engine, without
    /// that this can't succeed.
    RenewBearer(Trouble),
    /// Forget the token, for this reason, and give this to the engine.
    ForgetToken(Again, Reply),
}

/// The state of one sign-in.
#[derive(Debug, Clone)]
pub struct Exchange {
    identity: Identity,
    device: String,
    means: Means,
    nonce: String,
    offer: Offer,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Initial,
    Scram(Scram),
    /// By token: what the server has to come up with, once we have.
    Token(Option<Vec<u8>>),
    /// By a site's token, which the server may have refused.
    Bearer {
        refused: bool,
    },
    /// Nothing more to prove on either side.
    Open,
    Finished,
}

impl Exchange {
    /// A sign-in as `identity` on `device` (its [id](super::device_id)) with `means`. The
    /// `nonce` is at least 18 random bytes as printable ASCII without a comma, never used
    /// before (RFC 5802 5.1).
    pub fn new(identity: Identity, device: String, means: Means, nonce: String) -> Self {
        Self {
            identity,
            device,
            means,
            nonce,
            offer: Offer {
                mechanisms: Vec::new(),
                bindings: None,
                profile: Profile::Classic,
                confidential: false,
                purpose: Purpose::SignIn,
            },
            state: State::Initial,
        }
    }

    /// Takes what the engine asks.
    pub fn handle(&mut self, request: Request) -> Step {
        match (request, &mut self.state) {
            (Request::Start(offer), _) => {
                self.offer = offer;
                self.start()
            }
            (Request::Challenge(data), State::Scram(scram)) => {
                match scram.challenge(&data, &self.offer) {
                    Ok(step) => self.own(step),
                    Err(trouble) => self.fail(trouble),
                }
            }
            (Request::Success(data), State::Scram(scram)) => match scram.success(&data) {
                Ok(()) => self.finish(Reply::Verified),
                Err(trouble) => self.fail(trouble),
            },
            (Request::Success(data), State::Token(Some(expected))) => {
                match token::verify(expected, &data) {
                    Ok(()) => self.finish(Reply::Verified),
                    Err(trouble) => self.fail(trouble),
                }
            }
            (Request::Challenge(_), State::Bearer { refused: false }) => {
                // RFC 7628 3.2.3: it says what is wrong, and nothing else answers it.
                self.state = State::Bearer { refused: true };
                self.respond(b"\x01")
            }
            (Request::Success(_), State::Open | State::Bearer { refused: false }) => {
                self.finish(Reply::Verified)
            }
            (Request::Failure { condition, text }, _) => self.refused(condition, text),
            (Request::SignedOut, _) if self.means.token.is_some() => self.finish(Reply::Revoke),
            (Request::SignedOut, _) => self.fail(protocol("there is no token")),
            (Request::Challenge(_) | Request::Success(_), _) => self.fail(protocol(
                "a challenge or success that nothing had asked for",
            )),
        }
    }

    /// Takes the proof that [`Step::Prove`] asked for.
    pub fn proved(&mut self, proof: Proof) -> Step {
        match &mut self.state {
            State::Scram(scram) => match scram.proved(proof) {
                Ok(response) => self.respond(&response),
                Err(trouble) => self.fail(trouble),
            },
            _ => self.fail(protocol("a proof that nothing had asked for")),
        }
    }

    /// The frame that [`Step::SendToken`] asks for. It is as good as the token.
    pub fn token(&mut self, proof: TokenProof) -> String {
        let Identity::User(username) = &self.identity else {
            return String::new();
        };
        let message = proof.message(username);
        self.state = State::Token(Some(proof.responder));
        let count = self.means.token.unwrap_or_default().saturating_add(1);
        let token = Token::Used { count };
        frames::begin(&self.offer, &self.device, MECHANISM, &message, token)
    }

    /// The frame that [`Step::SendPlain`] asks for (RFC 4616). It has the password in it.
    pub fn plain(&self, password: &str) -> String {
        let Identity::User(username) = &self.identity else {
            return String::new();
        };
        let message = ["\0", username, "\0", password].concat();
        self.begin("PLAIN", message.as_bytes())
    }

    /// The frame that [`Step::SendBearer`] asks for (RFC 7628 3.1), to sign in as `account` with
    /// the site's `token`, which is in it.
    pub fn bearer(&self, account: &str, token: &str) -> String {
        let account = scram::saslname(account);
        let message = ["n,a=", &account, ",\x01auth=Bearer ", token, "\x01\x01"].concat();
        self.begin(BEARER, message.as_bytes())
    }

    fn start(&mut self) -> Step {
        let Offer {
            profile,
            confidential,
            purpose,
            ..
        } = &self.offer;
        let takes_token = match profile {
            Profile::Classic => false,
            Profile::Extensible { fast, .. } => fast.iter().any(|name| name == MECHANISM),
        };
        if takes_token && *confidential && self.means.token.is_some() {
            self.state = State::Token(None);
            return Step::SendToken;
        }
        if *purpose == Purpose::Revoke {
            return self.fail(protocol("the server takes no token"));
        }
        match self.identity {
            Identity::Anonymous => self.anonymously(),
            Identity::User(_) if self.means.bearer => self.by_bearer(),
            Identity::User(_) => self.by_password(),
        }
    }

    fn anonymously(&mut self) -> Step {
        if !self.is_offered("ANONYMOUS") {
            return self.nothing_fits();
        }
        self.state = State::Open;
        Step::Reply(Reply::Send(self.begin("ANONYMOUS", &[])))
    }

    /// Whoever hears the token is the site's user.
    fn by_bearer(&mut self) -> Step {
        if !self.offer.confidential || !self.is_offered(BEARER) {
            return self.nothing_fits();
        }
        self.state = State::Bearer { refused: false };
        Step::SendBearer
    }

    /// The strongest mechanism that is offered and fits (RFC 6120 6.3.3): the
    /// server never learns the password unless it offers nothing better.
    fn by_password(&mut self) -> Step {
        let Means { password, key, .. } = self.means;
        let kept = key.filter(|hash| !password && self.is_offered(hash.mechanism()));
        let strongest = || {
            Hash::STRONGEST_FIRST
                .into_iter()
                .find(|hash| self.is_offered(hash.mechanism()))
        };
        if let Some(hash) = kept.or_else(strongest) {
            if !password && key != Some(hash) {
                return self.ask_again(Again::Changed);
            }
            let Identity::User(username) = &self.identity else {
                return self.nothing_fits();
            };
            let scram = Scram::new(hash, username, &self.nonce);
            let first = self.begin(hash.mechanism(), scram.client_first().as_bytes());
            self.state = State::Scram(scram);
            return Step::Reply(Reply::Send(first));
        }
        let mut mechanisms = self.offer.mechanisms.iter();
        let scram = mechanisms.any(|name| name.starts_with("SCRAM-"));
        if scram || !self.offer.confidential || !self.is_offered("PLAIN") {
            return self.nothing_fits();
        }
        if !password {
            return self.ask_again(Again::Plain);
        }
        self.state = State::Open;
        Step::SendPlain
    }

    fn is_offered(&self, name: &str) -> bool {
        self.offer.mechanisms.iter().any(|offered| offered == name)
    }

    fn nothing_fits(&mut self) -> Step {
        let offered = std::mem::take(&mut self.offer.mechanisms);
        self.fail(Trouble::NoMechanism { offered })
    }

    /// Only somebody who types the password can go on.
    fn ask_again(&mut self, why: Again) -> Step {
        let why = self.means.lost_token.unwrap_or(why);
        self.fail(Trouble::PasswordNeeded(why))
    }

    fn begin(&self, mechanism: &str, initial: &[u8]) -> String {
        let token = Token::Wanted;
        frames::begin(&self.offer, &self.device, mechanism, initial, token)
    }

    fn respond(&self, data: &[u8]) -> Step {
        Step::Reply(Reply::Send(frames::response(&self.offer.profile, data)))
    }

    fn own(&self, turn: scram::Turn) -> Step {
        match turn {
            scram::Turn::Prove(request) => Step::Prove(request),
            scram::Turn::Acknowledge => self.respond(&[]),
        }
    }

    fn refused(&mut self, condition: String, text: Option<String>) -> Step {
        let by_token = matches!(self.state, State::Token(_));
        let by_bearer = matches!(self.state, State::Bearer { .. });
        match condition.as_str() {
            "temporary-auth-failure" | "account-disabled" => {}
            expired if by_token => {
                let why = match expired {
                    "credentials-expired" => Again::TokenExpired,
                    _ => Again::TokenRefused,
                };
                let Means {
                    password,
                    key,
                    bearer,
                    ..
                } = self.means;
                let other = password || key.is_some() || bearer;
                self.state = State::Finished;
                let reply = match other {
                    true => Reply::Again,
                    false => Reply::Failed(Trouble::PasswordNeeded(why)),
                };
                return Step::ForgetToken(why, reply);
            }
            "not-authorized" | "credentials-expired" | "invalid-authzid" if by_bearer => {
                self.state = State::Finished;
                return Step::RenewBearer(Trouble::TokenNeeded { text });
            }
            // What is kept is of an earlier password.
            "not-authorized" if !self.means.password => return self.ask_again(Again::Changed),
            _ => {}
        }
        self.fail(match condition.as_str() {
            "not-authorized" => Trouble::WrongPassword { text },
            "account-disabled" | "credentials-expired" => Trouble::AccountDisabled { text },
            _ => Trouble::SignInRefused { condition, text },
        })
    }

    fn fail(&mut self, trouble: Trouble) -> Step {
        self.finish(Reply::Failed(trouble))
    }

    fn finish(&mut self, reply: Reply) -> Step {
        self.state = State::Finished;
        Step::Reply(reply)
    }
}

fn protocol(detail: &str) -> Trouble {
    Trouble::Protocol {
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
