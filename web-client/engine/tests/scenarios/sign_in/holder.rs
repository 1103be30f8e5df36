//! Whoever holds the secrets, and the server's side of what they prove.

use couplet_engine::Input;
use couplet_engine::sasl::{
    Exchange, GivenToken, Identity, Means, Offer, Profile, Purpose, Reply, Request, Step,
    device_id, lift_token, native,
};
use minidom::Element;

use super::success;
use crate::scenario::{ME, MY_ADDRESS, Scenario};

/// Whoever holds the secrets, as every driver does it.
pub(super) struct Holder {
    pub(super) means: Means,
    pub(super) token: Option<String>,
    /// What a site gives for its user, one after the other.
    pub(super) bearers: Vec<&'static str>,
    given: Option<GivenToken>,
    exchange: Option<Exchange>,
    /// What it has put on the wire itself.
    pub(super) sent: Vec<Element>,
}

impl Holder {
    pub(super) fn typed() -> Self {
        let means = Means {
            password: true,
            ..Means::default()
        };
        Self {
            means,
            token: None,
            bearers: Vec::new(),
            given: None,
            exchange: None,
            sent: Vec::new(),
        }
    }

    pub(super) fn with_token() -> Self {
        Self {
            means: Means {
                token: Some(0),
                ..Means::default()
            },
            token: Some("WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm".into()),
            ..Self::typed()
        }
    }

    /// Whoever is vouched for by a site, which gives these tokens.
    pub(super) fn vouched_for(bearers: &[&'static str]) -> Self {
        Self {
            means: Means {
                bearer: true,
                ..Means::default()
            },
            bearers: bearers.to_vec(),
            ..Self::typed()
        }
    }

    /// The server says something.
    pub(super) fn hears(&mut self, scenario: &mut Scenario, frame: &str) {
        let (frame, given) = lift_token(frame.to_owned());
        assert!(
            !frame.contains("WXZz") && !frame.contains("R3Vy"),
            "{frame}"
        );
        self.given = given.or(self.given.take());
        scenario.recv(&frame);
        self.answers(scenario);
    }

    pub(super) fn answers(&mut self, scenario: &mut Scenario) {
        while let Some(request) = scenario.sasl.pop_front() {
            if matches!(request, Request::Start(_) | Request::SignedOut) {
                let alice = Identity::User("alice".into());
                let device = device_id([7; 16]);
                let nonce = "fyko+d2lbbFgONRv9qkxdawL".into();
                self.exchange = Some(Exchange::new(alice, device, self.means, nonce));
            }
            let exchange = self.exchange.as_mut().unwrap();
            let mut step = exchange.handle(request);
            if let Step::Prove(request) = &step {
                step = exchange.proved(native::prove(request, "pencil").unwrap());
            }
            let reply = match step {
                Step::Reply(Reply::Verified) => {
                    if let Some(given) = self.given.take() {
                        self.token = Some(given.secret);
                        self.means.token = Some(0);
                    }
                    Reply::Verified
                }
                Step::Reply(reply) => reply,
                Step::SendToken => {
                    let proof = native::token_proof(self.token.as_ref().unwrap());
                    self.sent.push(exchange.token(proof).parse().unwrap());
                    self.means.token = self.means.token.map(|count| count + 1);
                    Reply::Sent
                }
                Step::SendPlain => {
                    self.sent.push(exchange.plain("pencil").parse().unwrap());
                    Reply::Sent
                }
                Step::SendBearer => {
                    let frame = exchange.bearer(ME, self.bearers[0]);
                    self.sent.push(frame.parse().unwrap());
                    Reply::Sent
                }
                Step::RenewBearer(trouble) => {
                    self.bearers.remove(0);
                    match self.bearers.is_empty() {
                        true => Reply::Failed(trouble),
                        false => Reply::Again,
                    }
                }
                Step::ForgetToken(why, reply) => {
                    self.token = None;
                    self.means.token = None;
                    self.means.lost_token = Some(why);
                    reply
                }
                Step::Prove(_) => unreachable!(),
            };
            scenario.input(Input::SaslReply(reply));
        }
    }

    /// As far as the features that the server offers.
    pub(super) fn comes(&mut self, scenario: &mut Scenario, features: &str) {
        scenario.input(Input::Opened);
        let open = scenario.expect("open");
        assert_eq!(open.attr("from"), Some(ME), "XEP-0484 4.1");
        scenario.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>");
        let features = format!(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>{features}\
             </stream:features>"
        );
        self.hears(scenario, &features);
    }

    /// The server's side of SCRAM, up to its consent with `inline` in it.
    pub(super) fn proves(&mut self, scenario: &mut Scenario, inline: &str) {
        self.is_challenged(scenario);
        let signature = self.signature();
        self.hears(scenario, &success(Some(&signature), MY_ADDRESS, inline));
    }

    pub(super) fn is_challenged(&mut self, scenario: &mut Scenario) {
        // r=fyko+d2lbbFgONRv9qkxdawLserver,s=QSXCR+Q6sek8bf92,i=4096
        self.hears(
            scenario,
            "<challenge xmlns='urn:xmpp:sasl:2'>cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0xzZXJ2ZXI\
             scz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==</challenge>",
        );
        scenario.expect("response");
    }

    /// What a server that knows the password says last.
    pub(super) fn signature(&self) -> String {
        let mut twin = Exchange::new(
            Identity::User("alice".into()),
            String::new(),
            self.means,
            "fyko+d2lbbFgONRv9qkxdawL".into(),
        );
        twin.handle(Request::Start(Offer {
            mechanisms: vec!["SCRAM-SHA-1".into()],
            bindings: None,
            profile: Profile::Classic,
            confidential: true,
            purpose: Purpose::SignIn,
        }));
        let first = "r=fyko+d2lbbFgONRv9qkxdawLserver,s=QSXCR+Q6sek8bf92,i=4096";
        let Step::Prove(request) = twin.handle(Request::Challenge(first.into())) else {
            panic!("no proof")
        };
        let proof = native::prove(&request, "pencil").unwrap();
        base64(&[b"v=", base64(&proof.server_signature).as_bytes()].concat())
    }

    /// What a server that knows the token says.
    pub(super) fn responds(&self) -> String {
        base64(&native::token_proof(self.token.as_ref().unwrap()).responder)
    }
}

fn base64(data: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(data)
}
