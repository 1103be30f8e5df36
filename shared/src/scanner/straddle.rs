//! The piece of markup that the end of a chunk cut through: the only bytes that
//! are copied.

use super::tag;

/// A piece of markup that waits for its end.
#[derive(Debug, Default)]
pub(super) struct Straddle {
    bytes: Vec<u8>,
    /// The quotation mark that is open in a tag.
    quote: Option<u8>,
}

impl Straddle {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Starts with the part that is there.
    pub(super) fn begin(&mut self, piece: &[u8]) {
        self.quote = None;
        let end = tag::end(&piece[1..], &mut self.quote);
        debug_assert!(end.is_none() || !is_tag(piece));
        self.bytes.extend_from_slice(piece);
    }

    /// Takes what `input` has of the piece: up to the end of a tag, but one byte of
    /// anything else, since only its reader knows where it ends. Returns the bytes
    /// taken, and if it is time to read the piece. A tag is read once, however many
    /// chunks it comes in; the rest is short.
    pub(super) fn extend(&mut self, input: &[u8]) -> (usize, bool) {
        let (part, ready) = if is_tag(&self.bytes) {
            match tag::end(input, &mut self.quote) {
                Some(end) => (&input[..end], true),
                None => (input, false),
            }
        } else {
            let byte = &input[..1];
            tag::end(byte, &mut self.quote);
            (byte, true)
        };
        self.bytes.extend_from_slice(part);
        (part.len(), ready)
    }

    /// The bytes, for as long as they are read.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back memory that only one unusual piece needed.
    pub(super) fn shrink(&mut self, bytes: usize) {
        if self.bytes.capacity() > bytes {
            self.bytes.shrink_to(bytes);
        }
    }
}

/// Says if a piece ends where [`tag::end`] says.
fn is_tag(piece: &[u8]) -> bool {
    match piece {
        [b'<', b'!', ..] => false,
        // Whether it is an XML declaration shows at the byte behind `<?xml`.
        [b'<', b'?', ..] => piece.len() > 5,
        [b'<', _, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn straddle(piece: &[u8]) -> Straddle {
        let mut straddle = Straddle::default();
        straddle.begin(piece);
        straddle
    }

    #[test]
    fn a_tag_is_read_only_when_it_is_complete() {
        let mut straddle = straddle(b"<a b='");
        assert_eq!(straddle.extend(b">"), (1, false));
        assert_eq!(straddle.extend(b"'\""), (2, false));
        assert_eq!(straddle.extend(b"'>\" "), (4, false));
        assert_eq!(straddle.extend(b"/><c>"), (2, true));
        assert_eq!(straddle.take(), b"<a b='>'\"'>\" />");
    }

    #[test]
    fn what_is_no_tag_is_read_byte_by_byte() {
        for piece in [&b"<"[..], b"<!", b"<![CDA", b"&", b"&#x1", b"<?", b"<?xml"] {
            assert_eq!(straddle(piece).extend(b"x>"), (1, true));
        }
        assert_eq!(straddle(b"<?xml ").extend(b"x>"), (2, true));
    }
}
