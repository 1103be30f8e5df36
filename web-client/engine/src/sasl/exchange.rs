//! One sign-in, from the list of mechanisms to the server's proof.

use super::scram::{Hash, Proof, ProofRequest, Scram};
use super::{Reply, Request};
use crate::store::Trouble;

/// As whom to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// As this user, by password.
    User(String),
    /// As nobody in particular (RFC 4505).
    Anonymous,
}

/// What the holder of the secrets has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Give this to the engine.
    Reply(Reply),
    /// Compute a proof and give it to [`Exchange::proved`].
    Prove(ProofRequest),
    /// Send [`plain_auth`](super::plain_auth), then give [`Reply::AuthSent`] to the engine.
    SendPlain,
}

/// The state of one sign-in.
#[derive(Debug, Clone)]
pub struct Exchange {
    identity: Identity,
    nonce: String,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Initial,
    Scram(Scram),
    /// Nothing more to prove on either side.
    Open,
    Finished,
}

impl Exchange {
    /// A sign-in as `identity`; `nonce` is at least 18 random bytes as printable
    /// ASCII without a comma, never used before (RFC 5802 5.1).
    pub fn new(identity: Identity, nonce: String) -> Self {
        Self {
            identity,
            nonce,
            state: State::Initial,
        }
    }

    /// Takes what the engine asks.
    pub fn handle(&mut self, request: Request) -> Step {
        match (request, &mut self.state) {
            (Request::Start { mechanisms }, _) => self.start(mechanisms),
            (Request::Challenge(data), State::Scram(scram)) => match scram.challenge(&data) {
                Ok(step) => step,
                Err(trouble) => self.fail(trouble),
            },
            (Request::Success(data), State::Scram(scram)) => match scram.success(&data) {
                Ok(()) => self.finish(Reply::Verified),
                Err(trouble) => self.fail(trouble),
            },
            (Request::Success(_), State::Open) => self.finish(Reply::Verified),
            (Request::Challenge(_) | Request::Success(_), _) => self.fail(protocol(
                "a challenge or success that nothing had asked for",
            )),
        }
    }

    /// Takes the proof that [`Step::Prove`] asked for.
    pub fn proved(&mut self, proof: Proof) -> Step {
        match &mut self.state {
            State::Scram(scram) => match scram.proved(proof) {
                Ok(response) => Step::Reply(Reply::Response(response)),
                Err(trouble) => self.fail(trouble),
            },
            State::Initial | State::Open | State::Finished => {
                self.fail(protocol("a proof that nothing had asked for"))
            }
        }
    }

    /// The strongest mechanism that is offered and fits (RFC 6120 6.3.3): the
    /// server never learns the password unless it offers nothing better.
    fn start(&mut self, mechanisms: Vec<String>) -> Step {
        let offered = |name: &str| mechanisms.iter().any(|mechanism| mechanism == name);
        match &self.identity {
            Identity::Anonymous => {
                if offered("ANONYMOUS") {
                    self.state = State::Open;
                    let mechanism = "ANONYMOUS".to_owned();
                    return Step::Reply(Reply::Auth {
                        mechanism,
                        initial: Vec::new(),
                    });
                }
            }
            Identity::User(username) => {
                let scram = Hash::STRONGEST_FIRST
                    .into_iter()
                    .find(|hash| offered(hash.mechanism()));
                if let Some(hash) = scram {
                    let scram = Scram::new(hash, username, &self.nonce);
                    let initial = scram.client_first().into_bytes();
                    self.state = State::Scram(scram);
                    let mechanism = hash.mechanism().to_owned();
                    return Step::Reply(Reply::Auth { mechanism, initial });
                }
                if offered("PLAIN") {
                    self.state = State::Open;
                    return Step::SendPlain;
                }
            }
        }
        self.fail(Trouble::NoMechanism {
            offered: mechanisms,
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
mod tests {
    use super::*;

    fn start(identity: Identity, mechanisms: &[&str]) -> Step {
        let mechanisms = mechanisms.iter().map(|name| (*name).to_owned()).collect();
        Exchange::new(identity, "nonce".into()).handle(Request::Start { mechanisms })
    }

    fn user() -> Identity {
        Identity::User("alice".into())
    }

    #[test]
    fn the_strongest_scram_wins() {
        let step = start(
            user(),
            &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"],
        );
        let Step::Reply(Reply::Auth { mechanism, initial }) = step else {
            panic!("{step:?}")
        };
        assert_eq!(mechanism, "SCRAM-SHA-256");
        assert_eq!(initial, b"n,,n=alice,r=nonce");
    }

    #[test]
    fn plain_comes_last() {
        assert_eq!(start(user(), &["PLAIN", "X-OTHER"]), Step::SendPlain);
    }

    #[test]
    fn nothing_that_fits_is_said_with_what_there_is() {
        let offered = vec!["GSSAPI".to_owned()];
        assert_eq!(
            start(user(), &["GSSAPI"]),
            Step::Reply(Reply::Failed(Trouble::NoMechanism { offered }))
        );
    }

    #[test]
    fn nobody_in_particular_signs_in_anonymously() {
        let step = start(Identity::Anonymous, &["PLAIN", "ANONYMOUS"]);
        assert!(
            matches!(step, Step::Reply(Reply::Auth { mechanism, .. }) if mechanism == "ANONYMOUS")
        );
    }

    #[test]
    fn success_out_of_the_blue_is_no_success() {
        let mut exchange = Exchange::new(user(), "nonce".into());
        let step = exchange.handle(Request::Success(Vec::new()));
        assert!(matches!(step, Step::Reply(Reply::Failed(_))));
    }
}
