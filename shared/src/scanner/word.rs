//! Eight bytes at a time, in safe code: a machine word as a vector of bytes.
//!
//! Bit 7 of each byte of a result is that byte's answer. The answers are exact up
//! to and including the lowest set bit, the byte that comes first, since a carry
//! only ever disturbs the bytes behind it; and the first is all that is asked.

const LOW: u64 = splat(0x01);
const HIGH: u64 = splat(0x80);

/// `byte` eight times.
const fn splat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The eight bytes at `at`, the first one lowest.
#[inline]
pub(super) fn load(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// The first `len` bytes of `word`, 1 to 8, the others zero.
#[inline]
pub(super) fn first(word: u64, len: usize) -> u64 {
    word & (u64::MAX >> (64 - 8 * len))
}

/// How many bytes at the start of `word` are `a` to `z`.
#[inline]
pub(super) fn lowercase(word: u64) -> usize {
    let from_a = word.wrapping_add(splat(0x80 - b'a'));
    let past_z = word.wrapping_add(splat(0x7F - b'z'));
    leading(!(from_a & !past_z & !word) & HIGH)
}

fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

fn leading(answers: u64) -> usize {
    (answers.trailing_zeros() / 8) as usize
}

/// Three bytes to look for, two of which differ in one bit only, so that one
/// comparison finds both.
pub(super) struct Needles {
    pair: [u8; 2],
    other: u8,
}

/// What ends a run of text, or may: markup, a reference, the end of `]]>`.
pub(super) const IN_TEXT: Needles = Needles {
    pair: *b"<>",
    other: b'&',
};
/// What matters in an attribute value between apostrophes.
pub(super) const IN_APOSTROPHES: Needles = Needles {
    pair: *b"&'",
    other: b'<',
};
/// What matters in an attribute value between quotation marks.
pub(super) const IN_QUOTES: Needles = Needles {
    pair: *b"\"&",
    other: b'<',
};

impl Needles {
    /// Where the first of them is, at or behind `at`.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        /// Beyond this, the set-up of a real vector search pays.
        const SHORT: usize = 64;
        let [a, b] = self.pair;
        let fold = splat(a ^ b);
        let both = splat(a | b);
        let long = at.saturating_add(SHORT);
        while let Some(word) = load(bytes, at) {
            let hits = zeros((word | fold) ^ both) | zeros(word ^ splat(self.other));
            if hits != 0 {
                return Some(at + leading(hits));
            }
            at += 8;
            if at >= long {
                let found = memchr::memchr3(a, b, self.other, &bytes[at..])?;
                return Some(at + found);
            }
        }
        let rest = bytes.get(at..)?;
        let found = rest
            .iter()
            .position(|byte| [a, b, self.other].contains(byte))?;
        Some(at + found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_found_wherever_they_are() {
        for needles in [IN_TEXT, IN_APOSTROPHES, IN_QUOTES] {
            let all = [needles.pair[0], needles.pair[1], needles.other];
            assert_eq!((all[0] ^ all[1]).count_ones(), 1);
            for byte in 0..=0xFF {
                for at in 0..90 {
                    let mut bytes = [0xFF; 90];
                    bytes[at] = byte;
                    let expected = all.contains(&byte).then_some(at);
                    assert_eq!(needles.find(&bytes, 0), expected, "{byte:#x} at {at}");
                    assert_eq!(needles.find(&bytes, at), expected, "{byte:#x} at {at}");
                }
            }
            assert_eq!(needles.find(&[0; 90], 0), None);
            assert_eq!(needles.find(&[], 0), None);
        }
    }

    #[test]
    fn the_first_needle_wins() {
        for (bytes, at) in [(b"ab<&&&>>", 2), (b"&;<;<;<;", 0), (b";;;;;;=<", 7)] {
            assert_eq!(IN_TEXT.find(bytes, 0), Some(at));
        }
    }

    #[test]
    fn lowercase_letters_are_counted() {
        assert_eq!(lowercase(u64::from_le_bytes(*b"azmabcde")), 8);
        for byte in (0..=0xFF).filter(|byte: &u8| !byte.is_ascii_lowercase()) {
            for at in 0..8 {
                let mut bytes = *b"azmabcde";
                bytes[at] = byte;
                assert_eq!(
                    lowercase(u64::from_le_bytes(bytes)),
                    at,
                    "{byte:#x} at {at}"
                );
            }
        }
    }

    #[test]
    fn words_are_cut_to_their_length() {
        let word = u64::from_le_bytes(*b"abcdefgh");
        assert_eq!(first(word, 1).to_le_bytes(), *b"a\0\0\0\0\0\0\0");
        assert_eq!(first(word, 8), word);
        assert_eq!(load(b"xabcdefgh", 1), Some(word));
        assert_eq!(load(b"abcdefg", 0), None);
        assert_eq!(load(b"", 1), None);
    }
}
