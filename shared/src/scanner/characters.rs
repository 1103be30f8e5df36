//! The lowest layer: the bytes are UTF-8, and the characters are those of XML 1.0
//! 2.2. Nothing here knows about markup.

use super::error::ScanError;

/// Bytes looked at in one step: a width that compilers turn into vector compares.
const BLOCK: usize = 32;

/// Carries a character that a chunk's end cut through.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Characters {
    cut: [u8; 4],
    cut_len: usize,
}

impl Characters {
    /// Checks the bytes that follow those of the last call.
    #[inline]
    pub(super) fn check(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        if self.cut_len == 0 && is_plain(bytes) {
            return Ok(());
        }
        self.check_all(bytes)
    }

    fn check_all(&mut self, mut bytes: &[u8]) -> Result<(), ScanError> {
        while self.cut_len > 0 {
            let Some((&byte, rest)) = bytes.split_first() else {
                return Ok(());
            };
            bytes = rest;
            // In bounds: four bytes are a character or an error, never a cut one.
            self.cut[self.cut_len] = byte;
            self.cut_len += 1;
            match std::str::from_utf8(&self.cut[..self.cut_len]) {
                Ok(char) => {
                    check_characters(char.as_bytes())?;
                    self.cut_len = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(ScanError::Encoding),
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else {
            return check_characters(bytes);
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        check_characters(valid)?;
        if error.error_len().is_some() {
            return Err(ScanError::Encoding);
        }
        self.cut[..rest.len()].copy_from_slice(rest);
        self.cut_len = rest.len();
        Ok(())
    }
}

/// Says if all of `bytes` are printable ASCII, as nearly all of XMPP is.
fn is_plain(bytes: &[u8]) -> bool {
    // As a signed number, a byte beyond ASCII is below the space too.
    let plain = |block: &[u8]| {
        block
            .iter()
            .fold(true, |plain, &byte| plain & (byte as i8 >= 0x20))
    };
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    blocks.iter().all(|block| plain(block))
        && match bytes.last_chunk::<BLOCK>() {
            // Some bytes are looked at twice: faster than one by one.
            Some(last) => rest.is_empty() || plain(last),
            None => plain(rest),
        }
}

/// `utf8` is valid UTF-8.
fn check_characters(utf8: &[u8]) -> Result<(), ScanError> {
    let control = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let has_control = |block: &[u8]| {
        block
            .iter()
            .fold(false, |found, &byte| found | control(byte))
    };
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let noncharacter = |at: usize| matches!(utf8[at..], [_, 0xBF, 0xBE | 0xBF, ..]);
    if utf8.chunks(BLOCK).any(has_control) || memchr::memchr_iter(0xEF, utf8).any(noncharacter) {
        return Err(ScanError::Character);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), ScanError> {
        let whole = Characters::default().check(bytes);
        let mut characters = Characters::default();
        let one_by_one = bytes.iter().try_for_each(|byte| characters.check(&[*byte]));
        assert_eq!(whole, one_by_one, "{bytes:x?}");
        whole
    }

    #[test]
    fn control_characters_are_refused_wherever_they_are() {
        for at in 0..100 {
            let mut text = [b'a'; 100];
            for byte in 0..=0x7F {
                text[at] = byte;
                let allowed = byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
                assert_eq!(check(&text).is_ok(), allowed, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn two_wrongs_make_no_right() {
        assert_eq!(check(b"\x01\x01"), Err(ScanError::Character));
    }

    #[test]
    fn noncharacters_are_refused() {
        assert_eq!(check("é\u{FFFE}".as_bytes()), Err(ScanError::Character));
        assert_eq!(check("é\u{FFFF}".as_bytes()), Err(ScanError::Character));
        assert_eq!(check("\u{FFFD}\u{FEFF}、！\u{1FFFE}".as_bytes()), Ok(()));
    }

    #[test]
    fn ill_formed_utf8_is_refused() {
        for bytes in [
            &b"\x80"[..],
            b"\xC0\x80",
            b"\xC3a",
            b"\xE0\x80\x80",
            b"\xED\xA0\x80",
            b"\xF4\x90\x80\x80",
            b"\xF8\x88\x80\x80\x80",
            b"\xFF",
            b"a\xE2\x82<",
        ] {
            assert_eq!(check(bytes), Err(ScanError::Encoding), "{bytes:x?}");
        }
    }

    #[test]
    fn the_first_fault_is_the_one_that_is_reported() {
        assert_eq!(check(b"\xE2\x82\xAC\x01\xFF"), Err(ScanError::Character));
        assert_eq!(check(b"\xE2\x82\xAC\xFF\x01"), Err(ScanError::Encoding));
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "aé€😀 plain, then more than one block of 中文 and 🦀🦀".as_bytes();
        for cut in 0..text.len() {
            let mut characters = Characters::default();
            assert_eq!(characters.check(&text[..cut]), Ok(()));
            assert_eq!(characters.check(&text[cut..]), Ok(()));
            assert_eq!(characters.cut_len, 0);
        }
    }
}
