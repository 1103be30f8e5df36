//! Start tags and the XML declaration: the grammar, without what the names mean.

use super::error::{ScanError, Stop};
use super::name::{self, KEY_LEN, Name};
use super::reference;
use super::word::{IN_APOSTROPHES, IN_QUOTES, Needles};
use crate::limits::XmlLimits;
use crate::ns;

/// A start tag; positions are relative to its `<`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) name: Name,
    /// Bytes of the whole tag.
    pub(super) len: usize,
    /// It is an empty-element tag.
    pub(super) empty: bool,
    /// What its names mean needs a look, not only how they are written.
    pub(super) qualified: bool,
}

/// An attribute; positions are relative to its tag's `<`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) at: usize,
    pub(super) name: Name,
    pub(super) value: usize,
    pub(super) value_len: usize,
}

impl Attribute {
    pub(super) fn name<'a>(&self, tag: &'a [u8]) -> &'a [u8] {
        &tag[self.at..self.at + self.name.len()]
    }

    pub(super) fn value<'a>(&self, tag: &'a [u8]) -> &'a [u8] {
        &tag[self.value..self.value + self.value_len]
    }

    /// Says if the name has a prefix that needs a look, or declares a default
    /// namespace that may be one of the two that it must not be. Nearly no
    /// attribute does: `xml:` is always declared.
    #[inline(always)]
    fn is_qualified(&self, tag: &[u8]) -> bool {
        const XML: [u8; 4] = *b"xml:";
        const XMLNS: u64 = u64::from_le_bytes(*b"xmlns\0\0\0");
        if self.name.prefix_len().is_some() {
            return !self.name.key.to_le_bytes().starts_with(&XML);
        }
        // References only make a value longer than what it stands for.
        self.name.key == XMLNS
            && self.name.len() == 5
            && self.value_len >= ns::XMLNS.len()
            && self.may_be_reserved(tag)
    }

    fn may_be_reserved(&self, tag: &[u8]) -> bool {
        let value = self.value(tag);
        value.starts_with(b"http://www.w3.org/") || value.contains(&b'&')
    }
}

/// Where a tag ends whose `<` is in front of `bytes`: the position behind its `>`.
pub(crate) fn tag_end(bytes: &[u8]) -> Option<usize> {
    end(bytes, &mut None)
}

/// [`tag_end`] in several calls. `quote` is the quotation mark that is open, before
/// and after: a `>` in quotation marks ends nothing.
pub(super) fn end(bytes: &[u8], quote: &mut Option<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        if let Some(mark) = *quote {
            at += memchr::memchr(mark, rest)? + 1;
            *quote = None;
        } else {
            let found = memchr::memchr3(b'>', b'\'', b'"', rest)?;
            at += found + 1;
            match rest[found] {
                b'>' => return Some(at),
                mark => *quote = Some(mark),
            }
        }
    }
}

/// Reads the start tag at the start of `bytes` and fills `attributes`.
#[inline]
pub(super) fn read(
    bytes: &[u8],
    limits: &XmlLimits,
    attributes: &mut Vec<Attribute>,
) -> Result<Tag, Stop> {
    attributes.clear();
    let name = name::read(bytes, 1, limits.max_name_bytes)?;
    let mut qualified = name.prefix_len().is_some();
    let mut at = 1 + name.len();
    let mut after = bytes[at];
    loop {
        let spaced = is_space(after);
        if spaced {
            at += 1;
            after = byte(bytes, at)?;
            if is_space(after) {
                at = skip_space(bytes, at)?;
                after = byte(bytes, at)?;
            }
        }
        match after {
            b'>' => {
                return Ok(Tag {
                    name,
                    len: at + 1,
                    empty: false,
                    qualified,
                });
            }
            b'/' => {
                return match byte(bytes, at + 1)? {
                    b'>' => Ok(Tag {
                        name,
                        len: at + 2,
                        empty: true,
                        qualified,
                    }),
                    _ => Err(ScanError::Malformed.into()),
                };
            }
            _ if !spaced => return Err(ScanError::Malformed.into()),
            _ => {}
        }
        let attribute = attribute(bytes, at, limits)?;
        qualified |= attribute.is_qualified(bytes);
        if is_duplicate(bytes, attributes, &attribute) {
            return Err(ScanError::DuplicateAttribute.into());
        }
        if attributes.len() >= limits.max_attributes {
            return Err(ScanError::TooManyAttributes.into());
        }
        attributes.push(attribute);
        at = attribute.value + attribute.value_len + 1;
        after = byte(bytes, at)?;
    }
}

#[inline(always)]
fn attribute(bytes: &[u8], at: usize, limits: &XmlLimits) -> Result<Attribute, Stop> {
    let name = name::read(bytes, at, limits.max_name_bytes)?;
    let mut value = at + name.len();
    if bytes[value] != b'=' {
        value = skip_space(bytes, value)?;
        if byte(bytes, value)? != b'=' {
            return Err(ScanError::Malformed.into());
        }
    }
    value += 1;
    let mut quote = byte(bytes, value)?;
    if is_space(quote) {
        value = skip_space(bytes, value)?;
        quote = byte(bytes, value)?;
    }
    value += 1;
    let end = match quote {
        b'\'' => value_end(bytes, value, &IN_APOSTROPHES),
        b'"' => value_end(bytes, value, &IN_QUOTES),
        _ => Err(ScanError::Malformed.into()),
    }?;
    Ok(Attribute {
        at,
        name,
        value,
        value_len: end - value,
    })
}

/// Where the quotation mark is that ends a value.
#[inline(always)]
fn value_end(bytes: &[u8], mut at: usize, needles: &Needles) -> Result<usize, Stop> {
    loop {
        at = needles.find(bytes, at).ok_or(Stop::More)?;
        match bytes[at] {
            b'<' => return Err(ScanError::LessThanInValue.into()),
            b'&' => at += reference::read(&bytes[at..])?.len,
            _ => return Ok(at),
        }
    }
}

#[inline(always)]
fn is_duplicate(tag: &[u8], attributes: &[Attribute], new: &Attribute) -> bool {
    attributes.iter().any(|old| {
        old.name.key == new.name.key
            && old.name.len() == new.name.len()
            && (new.name.len() <= KEY_LEN || old.name(tag) == new.name(tag))
    })
}

/// Reads the beginning of an XML declaration; any other target makes it a
/// processing instruction.
pub(super) fn declaration_start(bytes: &[u8]) -> Result<usize, Stop> {
    const START: &[u8] = b"<?xml";
    if !bytes.starts_with(START) {
        return Err(if START.starts_with(bytes) {
            Stop::More
        } else {
            ScanError::ProcessingInstruction.into()
        });
    }
    match byte(bytes, START.len())? {
        b'?' => Ok(START.len()),
        space if is_space(space) => Ok(START.len()),
        _ => Err(ScanError::ProcessingInstruction.into()),
    }
}

/// Reads the XML declaration at the start of `bytes` and returns its length
/// (XML 1.0 2.8).
pub(super) fn declaration(bytes: &[u8], limits: &XmlLimits) -> Result<usize, Stop> {
    let mut at = declaration_start(bytes)?;
    // Only the first is obligatory, and the order is fixed.
    let mut expected: &[&[u8]] = &[b"version", b"encoding", b"standalone"];
    loop {
        let start = skip_space(bytes, at)?;
        if byte(bytes, start)? == b'?' {
            let complete = byte(bytes, start + 1)? == b'>' && expected.len() < 3;
            return if complete {
                Ok(start + 2)
            } else {
                Err(ScanError::Declaration.into())
            };
        }
        let attribute = attribute(bytes, start, limits).map_err(|stop| match stop {
            Stop::More => Stop::More,
            Stop::Bad(_) => ScanError::Declaration.into(),
        })?;
        let name = attribute.name(bytes);
        let value = attribute.value(bytes);
        let place = expected.iter().position(|expected| *expected == name);
        let (Some(place), true) = (place, start > at) else {
            return Err(ScanError::Declaration.into());
        };
        let valid = match name {
            b"version" => value == b"1.0",
            b"encoding" if expected.len() == 2 => {
                if !value.eq_ignore_ascii_case(b"utf-8") {
                    return Err(ScanError::DeclaredEncoding.into());
                }
                true
            }
            b"standalone" if expected.len() < 3 => matches!(value, b"yes" | b"no"),
            _ => false,
        };
        if !valid {
            return Err(ScanError::Declaration.into());
        }
        expected = &expected[place + 1..];
        at = attribute.value + attribute.value_len + 1;
    }
}

#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> Result<u8, Stop> {
    bytes.get(at).copied().ok_or(Stop::More)
}

#[inline(always)]
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The first position at or behind `at` without white space.
fn skip_space(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = rest
        .iter()
        .position(|&byte| !is_space(byte))
        .ok_or(Stop::More)?;
    Ok(at + len)
}
