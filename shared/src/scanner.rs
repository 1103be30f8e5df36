//! The incremental scanner for the XML that XMPP allows (RFC 6120 11): splits a
//! stream into its top-level elements and proves each of them well-formed,
//! without building a tree.
//!
//! Three layers, each blind to the others: `characters` sees bytes; `tag`, `name`
//! and `reference` see the grammar of one piece of markup; `piece` and `scope` see
//! how the pieces fit together. A piece is read in one go from where the caller has
//! it. Only when a chunk's end cuts through it is it copied, and then read once it
//! is complete (`straddle`).
//!
//! An error is found at the same byte whatever the chunks are: in text at the byte
//! that breaks the rule, in a tag at the tag's end.

mod characters;
mod content;
mod error;
mod name;
mod open;
mod piece;
pub(crate) mod reference;
mod scope;
mod straddle;
mod tag;
mod word;

#[cfg(test)]
mod tests;

use std::fmt;

use self::characters::Characters;
use self::content::Content;
pub use self::error::ScanError;
use self::open::OpenElements;
use self::piece::{Halt, Piece};
use self::scope::Scope;
use self::straddle::Straddle;
use self::tag::Attribute;
pub(crate) use self::tag::tag_end;
use crate::limits::XmlLimits;

/// What the scanner's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A TCP stream: an optional XML declaration, a stream header, elements and
    /// white space between them, the header's end tag (RFC 6120 4.2).
    Stream,
    /// A WebSocket message: exactly one element, perhaps with an XML declaration
    /// in front and white space behind (RFC 7395 3.3.3).
    Message,
}

/// How far a call of [`Scanner::scan`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Bytes of the input that have been read, the last byte of `found` included.
    pub consumed: usize,
    /// What ended there; `None` means that all of the input has been read and
    /// more is needed.
    pub found: Option<Found>,
}

/// A token. The bytes between the end of the token before it and its own end are
/// exactly the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// `<?xml …?>`.
    Declaration,
    /// One white-space character outside any element. One token a character, so
    /// that chunking can't change what is found.
    Whitespace,
    /// `<stream:stream …>`, whatever its name is.
    StreamStart,
    /// A whole top-level element.
    Element,
    /// `</stream:stream>`.
    StreamEnd,
}

/// The scanner. It keeps names that are open and markup that a chunk's end cut
/// through, never the text.
pub struct Scanner {
    mode: Mode,
    limits: XmlLimits,
    place: Place,
    characters: Characters,
    content: Content,
    straddle: Straddle,
    /// Bytes of the current token that earlier calls consumed.
    token_len: usize,
    /// Elements of the current token that have begun.
    elements: usize,
    open: OpenElements,
    /// How many of the open elements are the stream header: one or none.
    header: usize,
    scope: Scope,
    /// Those of the tag at hand; kept for its memory.
    attributes: Vec<Attribute>,
}

/// Where in the document the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// Behind the XML declaration.
    Prolog,
    /// In the stream, or in the message's element.
    Body,
    End,
    Failed(ScanError),
}

/// Buffers that one unusual element made larger than this are given back.
const KEEP_BYTES: usize = 4096;

impl Scanner {
    /// A scanner at the beginning of its input.
    pub fn new(mode: Mode, limits: XmlLimits) -> Self {
        Self {
            mode,
            limits,
            place: Place::Start,
            characters: Characters::default(),
            content: Content::default(),
            straddle: Straddle::default(),
            token_len: 0,
            elements: 0,
            open: OpenElements::default(),
            header: 0,
            scope: Scope::default(),
            attributes: Vec::new(),
        }
    }

    /// Reads `input`, the bytes that follow those consumed by the last call, and
    /// stops right behind the first token that it finds. The caller keeps the
    /// bytes; those between two tokens' ends are exactly the second token.
    ///
    /// # Errors
    /// The first rule that is broken, whatever the chunks are. The stream is over
    /// then: every further call fails in the same way.
    pub fn scan(&mut self, input: &[u8]) -> Result<Scan, ScanError> {
        if let Place::Failed(error) = self.place {
            return Err(error);
        }
        let result = self.scan_within_limit(input);
        if let Err(error) = result {
            self.place = Place::Failed(error);
        }
        result
    }

    /// Says if the input may end here: in [`Mode::Message`] behind the element, in
    /// [`Mode::Stream`] behind the stream's end tag.
    ///
    /// # Errors
    /// [`ScanError::Unfinished`], or what a call of [`scan`](Self::scan) returned.
    pub fn finish(&self) -> Result<(), ScanError> {
        match self.place {
            Place::End => Ok(()),
            Place::Failed(error) => Err(error),
            Place::Start | Place::Prolog | Place::Body => Err(ScanError::Unfinished),
        }
    }

    /// Expects the stream to begin anew (RFC 6120 4.3.3). All is forgotten but the
    /// mode and the limits.
    pub fn restart(&mut self) {
        *self = Self::new(self.mode, self.limits);
    }

    /// Changes the limits, from the next call on.
    pub fn set_limits(&mut self, limits: XmlLimits) {
        self.limits = limits;
    }

    fn scan_within_limit(&mut self, input: &[u8]) -> Result<Scan, ScanError> {
        let room = self.limits.max_bytes.saturating_sub(self.token_len);
        let window = &input[..input.len().min(room)];
        let (judged, outcome) = self.scan_markup(window);
        // Whichever fault comes first in the bytes is the one that counts.
        self.characters.check(&window[..judged])?;
        let found = outcome?;
        if found.is_some() {
            self.token_len = 0;
            self.elements = 0;
            self.straddle.shrink(KEEP_BYTES);
            self.scope.shrink(KEEP_BYTES);
        } else if window.len() < input.len() {
            return Err(ScanError::TooLarge);
        } else {
            self.token_len += judged;
        }
        Ok(Scan {
            consumed: judged,
            found,
        })
    }

    /// Reads up to the end of a token, the end of the input or an error, and says
    /// where that is.
    fn scan_markup(&mut self, input: &[u8]) -> (usize, Result<Option<Found>, ScanError>) {
        let mut at = 0;
        if !self.straddle.is_empty() {
            match self.complete_straddle(input) {
                (len, Ok(None)) => at = len,
                end => return end,
            }
        }
        while at < input.len() {
            if self.open.len() > self.header {
                match self.content.skip_text(input, at) {
                    Ok(len) => at = len,
                    Err((judged, error)) => return (judged, Err(error)),
                }
                if at == input.len() {
                    break;
                }
            } else if input[at] != b'<' || self.place == Place::End {
                return (at + 1, self.between_elements(input[at]));
            }
            match self.read_piece(&input[at..]) {
                Ok(Piece { len, found: None }) => at += len,
                Ok(Piece { len, found }) => return (at + len, Ok(found)),
                Err(Halt::Bad { error, judged }) => return (at + judged, Err(error)),
                Err(Halt::More) => {
                    self.straddle.begin(&input[at..]);
                    break;
                }
            }
        }
        (input.len(), Ok(None))
    }

    /// Reads the piece of markup that a chunk's end cut through.
    fn complete_straddle(&mut self, input: &[u8]) -> (usize, Result<Option<Found>, ScanError>) {
        let mut at = 0;
        while at < input.len() {
            let (len, ready) = self.straddle.extend(&input[at..]);
            at += len;
            if !ready {
                break;
            }
            let piece = self.straddle.take();
            let result = self.read_piece(&piece);
            self.straddle.put_back(piece);
            match result {
                Ok(Piece { found, .. }) => {
                    self.straddle.clear();
                    return (at, Ok(found));
                }
                Err(Halt::Bad { error, .. }) => return (at, Err(error)),
                Err(Halt::More) => {}
            }
        }
        (at, Ok(None))
    }

    fn between_elements(&self, byte: u8) -> Result<Option<Found>, ScanError> {
        match byte {
            b'<' => Err(ScanError::Trailing),
            // RFC 7395 3.3.3: the first character of a message is `<`.
            _ if self.mode == Mode::Message && self.place == Place::Start => {
                Err(ScanError::StrayText)
            }
            _ if tag::is_space(byte) => Ok(Some(Found::Whitespace)),
            _ => Err(ScanError::StrayText),
        }
    }
}

impl fmt::Debug for Scanner {
    /// Without what was read: it may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("mode", &self.mode)
            .field("limits", &self.limits)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
