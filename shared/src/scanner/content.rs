//! Text and CDATA sections: where they end, and that `]]>` is only where it may
//! be. Nothing of them is kept.

use super::error::{ScanError, Stop};
use super::word::IN_TEXT;

/// Where in an element's content the scanner is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content {
    cdata: bool,
    /// Closing brackets at the end of what was read, two of them at most: half of
    /// a `]]>` that a chunk's end cut through.
    brackets: usize,
}

/// Reads `<![CDATA[` at the start of `bytes` and returns its length.
pub(super) fn cdata_start(bytes: &[u8]) -> Result<usize, Stop> {
    const START: &[u8] = b"<![CDATA[";
    if bytes.starts_with(START) {
        return Ok(START.len());
    }
    if START.starts_with(bytes) {
        return Err(Stop::More);
    }
    Err(match bytes.get(2) {
        Some(b'-') => ScanError::Comment,
        Some(b'A'..=b'Z') => ScanError::Dtd,
        _ => ScanError::Malformed,
    }
    .into())
}

impl Content {
    pub(super) fn enter_cdata(&mut self) {
        self.cdata = true;
    }

    /// Where the text that goes on at `at` ends: at markup, at a reference or at
    /// the end of the input.
    ///
    /// # Errors
    /// `]]>` in text, and the position behind it.
    #[inline(always)]
    pub(super) fn skip_text(
        &mut self,
        input: &[u8],
        at: usize,
    ) -> Result<usize, (usize, ScanError)> {
        // Between two tags there is often nothing.
        if input[at] == b'<' && !self.cdata {
            self.brackets = 0;
            return Ok(at);
        }
        self.skip(input, at)
    }

    fn skip(&mut self, input: &[u8], mut at: usize) -> Result<usize, (usize, ScanError)> {
        let mut from = at;
        loop {
            let found = if self.cdata {
                memchr::memchr(b'>', &input[at..]).map(|found| at + found)
            } else {
                IN_TEXT.find(input, at)
            };
            let run = &input[from..found.unwrap_or(input.len())];
            let Some(found) = found else {
                self.brackets = brackets(run, self.brackets);
                return Ok(input.len());
            };
            if input[found] != b'>' {
                self.brackets = 0;
                return Ok(found);
            }
            if brackets(run, self.brackets) == 2 {
                if !self.cdata {
                    return Err((found + 1, ScanError::CdataEnd));
                }
                self.cdata = false;
            }
            self.brackets = 0;
            at = found + 1;
            from = at;
        }
    }
}

/// Closing brackets at the end of `run`, two at most, when `before` were in front
/// of it.
fn brackets(run: &[u8], before: usize) -> usize {
    match run {
        [.., b']', b']'] => 2,
        [b']'] => (before + 1).min(2),
        [] => before,
        [.., b']'] => 1,
        _ => 0,
    }
}
