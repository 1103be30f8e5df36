//! The elements that are open, outermost first.

use super::error::{ScanError, Stop};
use super::name::{KEY_LEN, Name};
use super::{tag, word};

/// A stack of names.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    elements: Vec<Open>,
    /// The names that a key doesn't hold, one behind the other.
    long_names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    key: u64,
    len: usize,
    outer_scope: usize,
}

impl OpenElements {
    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// Opens the element whose name is at the start of `bytes`. `outer_scope` is
    /// for the one who closes it.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8], name: &Name, outer_scope: usize) {
        if name.len() > KEY_LEN {
            self.long_names.extend_from_slice(&bytes[..name.len()]);
        }
        self.elements.push(Open {
            key: name.key,
            len: name.len(),
            outer_scope,
        });
    }

    /// Closes the innermost element with the end tag at the start of `bytes`;
    /// returns the tag's length and the element's `outer_scope`.
    #[inline]
    pub(super) fn close(&mut self, bytes: &[u8]) -> Result<(usize, usize), Stop> {
        let open = *self.elements.last().ok_or(ScanError::MismatchedEndTag)?;
        let len = if open.len <= KEY_LEN
            && word::load(bytes, 2).is_some_and(|word| word::first(word, open.len) == open.key)
            && bytes.get(2 + open.len) == Some(&b'>')
        {
            3 + open.len
        } else {
            self.match_name(bytes, open)?
        };
        self.elements.pop();
        if open.len > KEY_LEN {
            self.long_names.truncate(self.long_names.len() - open.len);
        }
        Ok((len, open.outer_scope))
    }

    fn match_name(&self, bytes: &[u8], open: Open) -> Result<usize, Stop> {
        let key = open.key.to_le_bytes();
        let name = if open.len > KEY_LEN {
            &self.long_names[self.long_names.len() - open.len..]
        } else {
            &key[..open.len]
        };
        let rest = bytes.get(2..).unwrap_or_default();
        let Some(behind) = rest.strip_prefix(name) else {
            return Err(if name.starts_with(rest) {
                Stop::More
            } else {
                ScanError::MismatchedEndTag.into()
            });
        };
        let space = behind
            .iter()
            .position(|&byte| !tag::is_space(byte))
            .ok_or(Stop::More)?;
        match behind[space] {
            b'>' => Ok(2 + open.len + space + 1),
            _ => Err(ScanError::MismatchedEndTag.into()),
        }
    }
}
