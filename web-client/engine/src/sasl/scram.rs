//! SCRAM (RFC 5802, RFC 7677), the messages; the keys are somebody else's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Reply, Step};
use crate::store::Trouble;

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// SCRAM-SHA-1
    Sha1,
    /// SCRAM-SHA-256
    Sha256,
    /// SCRAM-SHA-512
    Sha512,
}

impl Hash {
    pub(super) const STRONGEST_FIRST: [Self; 3] = [Self::Sha512, Self::Sha256, Self::Sha1];

    /// The name of the mechanism, without channel binding.
    pub fn mechanism(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// The length of its output in bytes.
    pub fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// What only somebody with the password can compute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofRequest {
    /// The hash function.
    pub hash: Hash,
    /// The salt of the password.
    pub salt: Vec<u8>,
    /// The rounds of PBKDF2.
    pub iterations: u32,
    /// What is signed on both sides (`AuthMessage`).
    pub auth_message: String,
}

/// The answer: both are of [`Hash::output_len`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// `ClientProof`
    pub client_proof: Vec<u8>,
    /// `ServerSignature`, which the server has to come up with too.
    pub server_signature: Vec<u8>,
}

/// Fewer rounds than RFC 7677 4 asks for would make a stolen exchange cheap to break.
const FEWEST_ITERATIONS: u32 = 4096;
/// More would freeze the page for minutes: no server asks for that in earnest.
const MOST_ITERATIONS: u32 = 10_000_000;

#[derive(Debug, Clone)]
pub(super) struct Scram {
    hash: Hash,
    nonce: String,
    client_first_bare: String,
    /// `client-final-message-without-proof`, once the server has spoken.
    client_final: String,
    /// What the server has to prove, once we have.
    expected: Option<Vec<u8>>,
    verified: bool,
}

/// No channel binding: a browser can't see the TLS channel (RFC 5802 6).
const GS2_HEADER: &str = "n,,";

impl Scram {
    pub(super) fn new(hash: Hash, username: &str, nonce: &str) -> Self {
        let username = username.replace('=', "=3D").replace(',', "=2C");
        Self {
            hash,
            nonce: nonce.to_owned(),
            client_first_bare: format!("n={username},r={nonce}"),
            client_final: String::new(),
            expected: None,
            verified: false,
        }
    }

    pub(super) fn client_first(&self) -> String {
        format!("{GS2_HEADER}{}", self.client_first_bare)
    }

    pub(super) fn challenge(&mut self, data: &[u8]) -> Result<Step, Trouble> {
        if self.expected.is_some() {
            // Some servers send their proof as a challenge and an empty success.
            self.verify(data)?;
            return Ok(Step::Reply(Reply::Response(Vec::new())));
        }
        let server_first = text(data)?;
        let fields = Fields::read(data)?;
        if fields.get('m').is_some() {
            return Err(broken("the server demands a SCRAM extension"));
        }
        let nonce = fields.get('r').ok_or_else(|| broken("SCRAM: no nonce"))?;
        if !nonce.starts_with(self.nonce.as_str()) || nonce.len() == self.nonce.len() {
            return Err(broken(
                "SCRAM: the nonce is not ours with the server's behind it",
            ));
        }
        let salt = fields
            .get('s')
            .and_then(|salt| STANDARD.decode(salt).ok())
            .filter(|salt| !salt.is_empty())
            .ok_or_else(|| broken("SCRAM: no salt"))?;
        let iterations = fields
            .get('i')
            .and_then(|iterations| iterations.parse().ok())
            .filter(|iterations| (FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(iterations))
            .ok_or_else(|| broken("SCRAM: the iteration count is out of bounds"))?;
        self.client_final = format!("c={},r={nonce}", STANDARD.encode(GS2_HEADER));
        let auth_message = format!(
            "{},{server_first},{}",
            self.client_first_bare, self.client_final
        );
        Ok(Step::Prove(ProofRequest {
            hash: self.hash,
            salt,
            iterations,
            auth_message,
        }))
    }

    pub(super) fn proved(&mut self, proof: Proof) -> Result<Vec<u8>, Trouble> {
        if self.client_final.is_empty() || self.expected.is_some() {
            return Err(broken("SCRAM: a proof at the wrong time"));
        }
        self.expected = Some(proof.server_signature);
        let proof = STANDARD.encode(proof.client_proof);
        Ok(format!("{},p={proof}", self.client_final).into_bytes())
    }

    pub(super) fn success(&mut self, data: &[u8]) -> Result<(), Trouble> {
        if self.verified && data.is_empty() {
            return Ok(());
        }
        self.verify(data)
    }

    fn verify(&mut self, data: &[u8]) -> Result<(), Trouble> {
        let fields = Fields::read(data).map_err(|_| Trouble::ServerNotVerified)?;
        let signature = fields
            .get('v')
            .and_then(|signature| STANDARD.decode(signature).ok())
            .ok_or(Trouble::ServerNotVerified)?;
        let expected = self.expected.as_ref().ok_or(Trouble::ServerNotVerified)?;
        if !equal(&signature, expected) || signature.len() != self.hash.output_len() {
            return Err(Trouble::ServerNotVerified);
        }
        self.verified = true;
        Ok(())
    }
}

/// Compares in a time that depends on the lengths only.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |differences, (left, right)| differences | (left ^ right))
            == 0
}

fn text(data: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(data).map_err(|_| broken("SCRAM: not UTF-8"))
}

/// The attributes of a message (RFC 5802 5.1).
struct Fields<'a>(Vec<(char, &'a str)>);

impl<'a> Fields<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Trouble> {
        let fields = text(message)?.split(',').map(|field| {
            let mut letters = field.chars();
            match (letters.next(), letters.next()) {
                (Some(name), Some('=')) => Ok((name, letters.as_str())),
                _ => Err(broken("SCRAM: a field without a name")),
            }
        });
        Ok(Self(fields.collect::<Result<_, _>>()?))
    }

    fn get(&self, name: char) -> Option<&'a str> {
        let mut fields = self.0.iter();
        fields
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }
}

fn broken(detail: &str) -> Trouble {
    Trouble::Protocol {
        detail: detail.to_owned(),
    }
}

#[cfg(all(test, feature = "native-crypto"))]
mod tests {
    use super::super::{Exchange, Identity, Request, native};
    use super::*;

    struct Vector {
        hash: Hash,
        nonce: &'static str,
        server_first: &'static str,
        client_final: &'static str,
        server_final: &'static str,
    }

    /// RFC 5802 5
    const SHA1: Vector = Vector {
        hash: Hash::Sha1,
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                       p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    };
    /// RFC 7677 3
    const SHA256: Vector = Vector {
        hash: Hash::Sha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    };

    fn until_proof(vector: &Vector) -> (Exchange, Step) {
        let mut exchange = Exchange::new(Identity::User("user".into()), vector.nonce.to_owned());
        let mechanisms = vec![vector.hash.mechanism().to_owned()];
        exchange.handle(Request::Start { mechanisms });
        let step = exchange.handle(Request::Challenge(vector.server_first.into()));
        let Step::Prove(request) = step else {
            panic!("{step:?}")
        };
        let step = exchange.proved(native::prove(&request, "pencil").unwrap());
        (exchange, step)
    }

    #[test]
    fn the_vectors_of_the_rfcs() {
        for vector in [SHA1, SHA256] {
            let (mut exchange, step) = until_proof(&vector);
            assert_eq!(
                step,
                Step::Reply(Reply::Response(vector.client_final.into()))
            );
            let step = exchange.handle(Request::Success(vector.server_final.into()));
            assert_eq!(step, Step::Reply(Reply::Verified));
        }
    }

    #[test]
    fn a_server_that_proves_nothing_is_refused() {
        for success in ["", "v=", "v=rmF9pqV8S7suAoZWja4dJRkFsKA=", "e=other-error"] {
            let (mut exchange, _) = until_proof(&SHA1);
            let step = exchange.handle(Request::Success(success.into()));
            let refused = Step::Reply(Reply::Failed(Trouble::ServerNotVerified));
            assert_eq!(step, refused, "{success:?}");
        }
    }

    #[test]
    fn the_proof_may_come_as_a_challenge() {
        let (mut exchange, _) = until_proof(&SHA1);
        let step = exchange.handle(Request::Challenge(SHA1.server_final.into()));
        assert_eq!(step, Step::Reply(Reply::Response(Vec::new())));
        let step = exchange.handle(Request::Success(Vec::new()));
        assert_eq!(step, Step::Reply(Reply::Verified));
    }

    #[test]
    fn what_a_server_must_not_say_first() {
        for server_first in [
            "",
            "r=other,s=QSXCR+Q6sek8bf92,i=4096",
            "r=nonce,s=QSXCR+Q6sek8bf92,i=4096",
            "r=nonceX,s=,i=4096",
            "r=nonceX,s=QSXCR+Q6sek8bf92,i=1",
            "r=nonceX,s=QSXCR+Q6sek8bf92,i=4000000000",
            "m=ext,r=nonceX,s=QSXCR+Q6sek8bf92,i=4096",
        ] {
            let mut scram = Scram::new(Hash::Sha1, "user", "nonce");
            assert!(
                scram.challenge(server_first.as_bytes()).is_err(),
                "{server_first:?}"
            );
        }
    }

    #[test]
    fn names_are_escaped() {
        let scram = Scram::new(Hash::Sha1, "a=b,c", "nonce");
        assert_eq!(scram.client_first(), "n,,n=a=3Db=2Cc,r=nonce");
    }
}
