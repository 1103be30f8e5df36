//! Ids nobody can guess, from a seed that came from outside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// An endless supply of ids: the hash of the seed and a counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: [u8; 32],
    next: u64,
}

impl Ids {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, next: 0 }
    }

    /// A fresh id: 24 characters, 144 bits.
    pub(crate) fn id(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(&self.block()[..18])
    }

    /// A fresh number below `bound`, which isn't 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let block = self.block();
        let number = block[..8]
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        number % bound
    }

    fn block(&mut self) -> [u8; 20] {
        let mut hash = Sha1::new();
        hash.update(self.seed);
        hash.update(self.next.to_be_bytes());
        self.next += 1;
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_follow_from_the_seed() {
        let mut ids = Ids::new([7; 32]);
        let mut same = Ids::new([7; 32]);
        let mut other = Ids::new([8; 32]);
        let first = ids.id();
        assert_eq!(first, same.id());
        assert_ne!(first, ids.id());
        assert_ne!(first, other.id());
        assert_eq!(first.len(), 24);
    }
}
