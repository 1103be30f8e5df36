//! SCRAM (RFC 5802, RFC 7677), the messages; the keys are somebody else's. With
//! XEP-0474 SASL SCRAM Downgrade Protection 0.5.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Offer;
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
    /// What the server may have offered, to be hashed (XEP-0474 6.1).
    pub offers: Vec<String>,
}

/// The answer: both are of [`Hash::output_len`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// `ClientProof`
    pub client_proof: Vec<u8>,
    /// `ServerSignature`, which the server has to come up with too.
    pub server_signature: Vec<u8>,
    /// The hash of each of the [offers](ProofRequest::offers).
    pub offers: Vec<Vec<u8>>,
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
    /// The hash of what the server has offered, if it says so.
    offered: Option<Vec<u8>>,
}

/// What a challenge asks for.
pub(super) enum Turn {
    Prove(ProofRequest),
    /// An empty response.
    Acknowledge,
}

/// No channel binding: a browser can't see the TLS channel (RFC 5802 6).
const GS2_HEADER: &str = "n,,";

/// A name as it stands in a message (RFC 5801 4).
pub(super) fn saslname(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

impl Scram {
    pub(super) fn new(hash: Hash, username: &str, nonce: &str) -> Self {
        let username = saslname(username);
        Self {
            hash,
            nonce: nonce.to_owned(),
            client_first_bare: format!("n={username},r={nonce}"),
            client_final: String::new(),
            expected: None,
            verified: false,
            offered: None,
        }
    }

    pub(super) fn client_first(&self) -> String {
        format!("{GS2_HEADER}{}", self.client_first_bare)
    }

    pub(super) fn challenge(&mut self, data: &[u8], offer: &Offer) -> Result<Turn, Trouble> {
        if self.expected.is_some() {
            // Some servers send their proof as a challenge and an empty success.
            self.verify(data)?;
            return Ok(Turn::Acknowledge);
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
        let mut offers = Vec::new();
        if let Some(hash) = fields.get('h') {
            let hash = STANDARD
                .decode(hash)
                .map_err(|_| Trouble::ServerNotVerified)?;
            self.offered = Some(hash);
            offers = possible_offers(offer);
        }
        Ok(Turn::Prove(ProofRequest {
            hash: self.hash,
            salt,
            iterations,
            auth_message,
            offers,
        }))
    }

    pub(super) fn proved(&mut self, proof: Proof) -> Result<Vec<u8>, Trouble> {
        if self.client_final.is_empty() || self.expected.is_some() {
            return Err(broken("SCRAM: a proof at the wrong time"));
        }
        if let Some(offered) = &self.offered
            && !proof.offers.contains(offered)
        {
            // Somebody on the way has shown us another list than the server's.
            return Err(Trouble::ServerNotVerified);
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

/// What the server may have offered, as XEP-0474 6.1 writes it: what has come here, and
/// the same with EXTERNAL, which a proxy with a certificate of its own keeps back.
fn possible_offers(offer: &Offer) -> Vec<String> {
    let list = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.join("\u{1e}")
    };
    let bindings = offer.bindings.as_ref();
    let bindings = bindings.map_or(String::new(), |types| ["\u{1f}", &list(types)].concat());
    let mut mechanisms = offer.mechanisms.clone();
    let seen = list(&mechanisms) + &bindings;
    mechanisms.push("EXTERNAL".to_owned());
    vec![seen, list(&mechanisms) + &bindings]
}

/// Compares in a time that depends on the lengths only.
pub(super) fn equal(left: &[u8], right: &[u8]) -> bool {
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
mod tests;
