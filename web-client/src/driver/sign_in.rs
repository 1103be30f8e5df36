//! Signing in: `sasl::Exchange` says what is needed, WebCrypto computes it. What would
//! be enough to sign in goes from here straight to the wire, and from the wire here.

use couplet_engine::Input;
use couplet_engine::sasl::{self, Exchange, ProofRequest, Reply, Request, Step, lift_token};
use couplet_engine::store::{Again, Trouble};
use wasm_bindgen_futures::spawn_local;
use zeroize::Zeroizing;

use super::{Driver, News};
use crate::platform;
use crate::platform::storage::Fault;

impl Driver {
    pub(super) fn sasl(&self, request: Request) {
        let step = {
            let mut connection = self.0.connection.borrow_mut();
            if matches!(request, Request::Start(_) | Request::SignedOut) {
                let secrets = self.0.secrets.borrow();
                let means = secrets.means(platform::now().wall);
                let (identity, device) = (secrets.identity(), secrets.device());
                let exchange = Exchange::new(identity, device, means, platform::nonce());
                connection.exchange = Some(exchange);
            }
            match &mut connection.exchange {
                Some(exchange) => exchange.handle(request),
                None => return,
            }
        };
        self.take(step);
    }

    /// What the server has said, for the engine.
    pub(super) fn without_token(&self, frame: String) -> String {
        let mut connection = self.0.connection.borrow_mut();
        if connection.exchange.is_none() {
            return frame;
        }
        let (frame, given) = lift_token(frame);
        connection.token = given.map(Into::into).or(connection.token.take());
        frame
    }

    /// The token that has come with the session, if one has.
    pub(super) async fn learn_token(&self) {
        let given = self.0.connection.borrow_mut().token.take();
        if let Some(given) = given
            && let Some(token) = given.into_key().await
        {
            self.0.secrets.borrow_mut().learn_token(token);
        }
    }

    /// Replies from a task of its own: the engine is still being drained.
    fn take(&self, step: Step) {
        let driver = self.clone();
        let number = self.0.connection.borrow().number;
        spawn_local(async move {
            let reply = match step {
                Step::Reply(reply) => reply,
                Step::SendPlain => driver.send_plain(),
                Step::SendBearer if driver.send_bearer() => Reply::Sent,
                Step::SendBearer => {
                    let trouble = Trouble::TokenNeeded { text: None };
                    return driver.ask_site(number, trouble, |driver| {
                        driver.send_bearer();
                        Reply::Sent
                    });
                }
                Step::RenewBearer(trouble) => {
                    if driver.0.secrets.borrow_mut().forget_bearer() {
                        return driver.ask_site(number, trouble, |_| Reply::Again);
                    }
                    Reply::Failed(trouble)
                }
                Step::SendToken => driver.send_token(number).await,
                Step::ForgetToken(why, reply) => {
                    driver.0.secrets.borrow_mut().forget_token(why);
                    reply
                }
                Step::Prove(request) => match driver.prove(request).await {
                    Ok(proof) => return driver.take_of(number, proof),
                    Err(trouble) => Reply::Failed(trouble),
                },
            };
            if driver.0.connection.borrow().number == number {
                driver.reply(reply);
            }
        });
    }

    fn reply(&self, reply: Reply) {
        {
            let mut connection = self.0.connection.borrow_mut();
            if reply == Reply::Verified {
                self.0.secrets.borrow_mut().prove_bearer();
            }
            if matches!(reply, Reply::Verified | Reply::Failed(_)) {
                connection.exchange = None;
            }
            if matches!(reply, Reply::Failed(_)) {
                connection.token = None;
            }
        }
        self.feed(Input::SaslReply(reply));
    }

    fn take_of(&self, number: u64, proof: sasl::Proof) {
        let step = {
            let mut connection = self.0.connection.borrow_mut();
            if connection.number != number {
                return;
            }
            let Some(exchange) = &mut connection.exchange else {
                return;
            };
            exchange.proved(proof)
        };
        self.take(step);
    }

    async fn prove(&self, request: ProofRequest) -> Result<sasl::Proof, Trouble> {
        let source = self.0.secrets.borrow().source(&request)?;
        let key = source.key(&request).await?;
        let proof = platform::prove(&request, &key)
            .await
            .map_err(|_| Trouble::InsecurePage)?;
        self.0.secrets.borrow_mut().learn(key);
        Ok(proof)
    }

    fn send_plain(&self) -> Reply {
        let password = match self.0.secrets.borrow().prepared() {
            Ok(password) => password,
            Err(trouble) => return Reply::Failed(trouble),
        };
        let frame = {
            let connection = self.0.connection.borrow();
            let exchange = connection.exchange.as_ref();
            exchange.map(|exchange| Zeroizing::new(exchange.plain(&password)))
        };
        if let Some(frame) = frame {
            self.transmit(&frame);
        }
        Reply::Sent
    }

    /// Whether there was a token of the site to be sent.
    fn send_bearer(&self) -> bool {
        let frame = {
            let connection = self.0.connection.borrow();
            let exchange = connection.exchange.as_ref();
            exchange.and_then(|exchange| self.0.secrets.borrow().show_bearer(exchange))
        };
        if let Some(frame) = &frame {
            self.transmit(frame);
        }
        frame.is_some()
    }

    /// Asks the site for a token. What comes of it is `then`'s to say, or this `trouble` if the
    /// site gives none; an answer that comes after the connection is for the next one.
    fn ask_site(&self, number: u64, trouble: Trouble, then: fn(&Self) -> Reply) {
        let driver = self.clone();
        self.say(News::TokenWanted(Box::new(move |token| {
            let given = driver.0.secrets.borrow_mut().learn_bearer(token);
            if driver.0.connection.borrow().number != number {
                return;
            }
            let reply = match given {
                true => then(&driver),
                false => Reply::Failed(trouble),
            };
            driver.reply(reply);
        })));
    }

    async fn send_token(&self, number: u64) -> Reply {
        let key = self.0.secrets.borrow_mut().try_token();
        let Some(key) = key else {
            return Reply::Failed(Trouble::PasswordNeeded(Again::TokenRefused));
        };
        // It is counted before it is used, so that no count comes twice.
        let kept = self.0.secrets.borrow().to_keep();
        if let Some(journal) = &self.0.journal
            && let Err(fault) = journal.remember(kept).await
        {
            let deposed = fault == Fault::Deposed;
            self.tell(fault);
            if deposed {
                self.stop();
                return Reply::Sent;
            }
        }
        let Ok(proof) = platform::token_proof(&key).await else {
            return Reply::Failed(Trouble::InsecurePage);
        };
        let frame = {
            let mut connection = self.0.connection.borrow_mut();
            if connection.number != number {
                return Reply::Sent;
            }
            let exchange = connection.exchange.as_mut();
            exchange.map(|exchange| Zeroizing::new(exchange.token(proof)))
        };
        if let Some(frame) = frame {
            self.transmit(&frame);
        }
        Reply::Sent
    }
}
