//! One piece of markup, and what it means for the document: elements open and
//! close, tokens end.

use super::error::{ScanError, Stop};
use super::tag::{self, tag_end};
use super::{Found, Mode, Place, Scanner, content, reference};

/// A piece of markup that has been read.
pub(super) struct Piece {
    pub(super) len: usize,
    pub(super) found: Option<Found>,
}

/// Why a piece of markup hasn't been read.
pub(super) enum Halt {
    /// Its end isn't here yet.
    More,
    /// It is wrong, which shows at its byte `judged - 1`.
    Bad { error: ScanError, judged: usize },
}

impl Scanner {
    /// Reads the piece of markup at the start of `bytes`, `<…` or `&…`.
    #[inline]
    pub(super) fn read_piece(&mut self, bytes: &[u8]) -> Result<Piece, Halt> {
        let result = match bytes {
            [b'<', b'/', ..] => self.end_tag(bytes),
            [b'<', b'!', ..] => return self.cdata(bytes),
            [b'<', b'?', ..] if self.place != Place::Start => {
                return Err(Halt::Bad {
                    error: ScanError::ProcessingInstruction,
                    judged: 2,
                });
            }
            [b'<', b'?', ..] => {
                judge_bytewise(bytes, tag::declaration_start)?;
                self.declaration(bytes)
            }
            [b'<', _, ..] => self.start_tag(bytes),
            [b'&', ..] => {
                let len = judge_bytewise(bytes, |bytes| Ok(reference::read(bytes)?.len))?;
                return Ok(Piece { len, found: None });
            }
            _ => Err(Stop::More),
        };
        result.map_err(|stop| match stop {
            Stop::More => Halt::More,
            // A tag is judged when it is complete.
            Stop::Bad(error) => match tag_end(&bytes[1..]) {
                Some(len) => Halt::Bad {
                    error,
                    judged: 1 + len,
                },
                None => Halt::More,
            },
        })
    }

    #[inline]
    fn start_tag(&mut self, bytes: &[u8]) -> Result<Piece, Stop> {
        let tag = tag::read(bytes, &self.limits, &mut self.attributes)?;
        let outer_scope = self.scope.len();
        if tag.qualified {
            self.scope
                .enter(bytes, &tag, &self.attributes, &self.limits)?;
        }
        let depth = self.open.len() - self.header;
        if depth >= self.limits.max_depth {
            return Err(ScanError::TooDeep.into());
        }
        self.elements += 1;
        if self.elements > self.limits.max_elements {
            return Err(ScanError::TooManyElements.into());
        }
        if tag.empty {
            self.scope.truncate(outer_scope);
        } else {
            self.open.push(&bytes[1..], &tag.name, outer_scope);
        }
        let found = if depth == 0 {
            self.outermost(tag.empty)?
        } else {
            None
        };
        Ok(Piece {
            len: tag.len,
            found,
        })
    }

    /// What the start tag is that isn't inside an element.
    fn outermost(&mut self, empty: bool) -> Result<Option<Found>, ScanError> {
        let header = self.mode == Mode::Stream && self.place != Place::Body;
        self.place = Place::Body;
        Ok(match (header, empty) {
            (true, true) => return Err(ScanError::EmptyStream),
            (true, false) => {
                self.header = 1;
                Some(Found::StreamStart)
            }
            (false, true) => Some(self.element_found()),
            (false, false) => None,
        })
    }

    #[inline]
    fn end_tag(&mut self, bytes: &[u8]) -> Result<Piece, Stop> {
        let (len, outer_scope) = self.open.close(bytes)?;
        self.scope.truncate(outer_scope);
        let found = if self.open.len() > self.header {
            None
        } else if self.open.len() == self.header {
            Some(self.element_found())
        } else {
            self.header = 0;
            self.place = Place::End;
            Some(Found::StreamEnd)
        };
        Ok(Piece { len, found })
    }

    fn element_found(&mut self) -> Found {
        if self.mode == Mode::Message {
            self.place = Place::End;
        }
        Found::Element
    }

    fn declaration(&mut self, bytes: &[u8]) -> Result<Piece, Stop> {
        let len = tag::declaration(bytes, &self.limits)?;
        self.place = Place::Prolog;
        Ok(Piece {
            len,
            found: Some(Found::Declaration),
        })
    }

    fn cdata(&mut self, bytes: &[u8]) -> Result<Piece, Halt> {
        let len = judge_bytewise(bytes, content::cdata_start)?;
        if self.open.len() == self.header {
            return Err(Halt::Bad {
                error: ScanError::StrayText,
                judged: len,
            });
        }
        self.content.enter_cdata();
        Ok(Piece { len, found: None })
    }
}

/// Reads what is short, and judged at the byte that makes it wrong.
fn judge_bytewise(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<usize, Stop>,
) -> Result<usize, Halt> {
    read(bytes).map_err(|stop| match stop {
        Stop::More => Halt::More,
        Stop::Bad(error) => {
            let wrong = |len: &usize| read(&bytes[..*len]) != Err(Stop::More);
            Halt::Bad {
                error,
                judged: (1..bytes.len()).find(wrong).unwrap_or(bytes.len()),
            }
        }
    })
}
