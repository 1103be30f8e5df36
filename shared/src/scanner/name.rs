//! Qualified names (XML 1.0 2.3, Namespaces in XML 1.0 4).

use super::error::{ScanError, Stop};
use super::word;

/// A qualified name, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    shape: Shape,
    /// The first eight bytes. With the length they tell nearly all names apart,
    /// and up to eight bytes they are the name.
    pub(super) key: u64,
}

/// Small enough to be returned in registers: a name that takes the way through
/// memory costs a third of the speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    len: u32,
    /// Zero means no prefix.
    prefix_len: u32,
}

/// The longest name that a [`Shape`] can have, whatever the limits are.
const MAX_LEN: usize = i32::MAX as usize;

/// The longest name that a [`Name::key`] holds.
pub(super) const KEY_LEN: usize = 8;

impl Name {
    /// Bytes of the whole name.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.shape.len as usize
    }

    /// Bytes in front of the colon, if there is one.
    #[inline(always)]
    pub(super) fn prefix_len(&self) -> Option<usize> {
        (self.shape.prefix_len > 0).then_some(self.shape.prefix_len as usize)
    }

    /// The name of this shape at the start of `bytes`.
    #[inline(always)]
    fn new(shape: Shape, bytes: &[u8]) -> Self {
        let len = (shape.len as usize).min(KEY_LEN);
        let key = match word::load(bytes, 0) {
            Some(word) => word::first(word, len),
            None => {
                let mut key = [0; KEY_LEN];
                key[..len].copy_from_slice(&bytes[..len]);
                u64::from_le_bytes(key)
            }
        };
        Self { shape, key }
    }
}

/// Reads the name at `at`, of at most `max_len` bytes. There is a byte behind it:
/// otherwise nobody knows that it ends there.
#[inline(always)]
pub(super) fn read(bytes: &[u8], at: usize, max_len: usize) -> Result<Name, Stop> {
    let bytes = bytes.get(at..).unwrap_or_default();
    let max_len = max_len.min(MAX_LEN);
    let shape = match lowercase(bytes, max_len) {
        Some(shape) => shape,
        None => any(bytes, max_len)?,
    };
    Ok(Name::new(shape, bytes))
}

/// Most names are lower-case letters, and most of them fit into one word.
#[inline(always)]
fn lowercase(bytes: &[u8], max_len: usize) -> Option<Shape> {
    let mut len = word::lowercase(word::load(bytes, 0)?);
    if len == KEY_LEN {
        len += more_lowercase(&bytes[len..]);
    }
    let complete = matches!(bytes.get(len), Some(b'=' | b'>' | b' ' | b'/'));
    (complete && (1..=max_len).contains(&len)).then_some(Shape {
        len: len as u32,
        prefix_len: 0,
    })
}

fn more_lowercase(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count()
}

fn any(bytes: &[u8], max_len: usize) -> Result<Shape, Stop> {
    let mut colon = None;
    let mut ascii = true;
    for (len, &byte) in bytes.iter().enumerate() {
        match CLASSES[usize::from(byte)] {
            Class::Start | Class::Inner => {}
            Class::Colon if colon.is_none() => colon = Some(len),
            Class::Colon => return Err(ScanError::Name.into()),
            Class::Beyond => ascii = false,
            Class::Other => return Ok(check(&bytes[..len], colon, ascii, max_len)?),
        }
    }
    Err(Stop::More)
}

fn check(
    name: &[u8],
    colon: Option<usize>,
    ascii: bool,
    max_len: usize,
) -> Result<Shape, ScanError> {
    let starts = |part: &[u8]| {
        let class = part.first().map(|&byte| CLASSES[usize::from(byte)]);
        matches!(class, Some(Class::Start | Class::Beyond))
    };
    let parts_start = match colon {
        None => starts(name),
        Some(colon) => starts(&name[..colon]) && starts(&name[colon + 1..]),
    };
    if !parts_start || !(ascii || all_name_characters(name)) {
        return Err(ScanError::Name);
    }
    if name.len() > max_len {
        return Err(ScanError::NameTooLong);
    }
    Ok(Shape {
        len: name.len() as u32,
        prefix_len: colon.unwrap_or(0) as u32,
    })
}

/// For names with characters beyond ASCII; the ASCII ones are known to be right.
fn all_name_characters(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    name.split(':').all(|part| {
        let mut chars = part.chars().filter(|char| !char.is_ascii());
        let first = part.chars().next();
        first.is_some_and(|char| char.is_ascii() || is_name_start(char)) && chars.all(is_name_char)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// May start a name.
    Start,
    /// May be in a name, but not start it.
    Inner,
    Colon,
    /// Part of a character beyond ASCII.
    Beyond,
    /// Not in a name.
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Start,
            b'0'..=b'9' | b'-' | b'.' => Class::Inner,
            b':' => Class::Colon,
            0x80.. => Class::Beyond,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// `NameStartChar` beyond ASCII.
fn is_name_start(char: char) -> bool {
    matches!(char,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` beyond ASCII.
fn is_name_char(char: char) -> bool {
    is_name_start(char)
        || matches!(char, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text` as a name with the end of a tag behind it, close to the end of
    /// the input and far from it.
    fn name(text: &str) -> Result<Name, Stop> {
        let short = format!("{text}>");
        let long = format!("{text}>..........");
        let result = read(short.as_bytes(), 0, 20);
        assert_eq!(result, read(long.as_bytes(), 0, 20), "{text}");
        result
    }

    #[test]
    fn names_of_xmpp() {
        for text in [
            "a",
            "iq",
            "message",
            "presence",
            "subscription",
            "stanza-id",
            "x2",
            "_",
            "A",
        ] {
            let name = name(text).unwrap();
            assert_eq!(
                (name.len(), name.prefix_len()),
                (text.len(), None),
                "{text}"
            );
        }
    }

    #[test]
    fn names_beyond_ascii() {
        for text in ["été", "中文", "a·", "a\u{300}", "x:中"] {
            assert!(name(text).is_ok(), "{text}");
        }
        for text in ["·", "a:·", "×", "a÷", "\u{300}", "a\u{2190}"] {
            assert_eq!(name(text), Err(ScanError::Name.into()), "{text}");
        }
        assert_eq!(read(b"\xFFa>", 0, 20), Err(ScanError::Name.into()));
    }

    #[test]
    fn the_prefix_ends_at_the_colon() {
        assert_eq!(name("stream:features").unwrap().prefix_len(), Some(6));
        assert_eq!(name("é:ü").unwrap().prefix_len(), Some(2));
    }

    #[test]
    fn the_key_is_the_beginning() {
        for (text, key) in [
            ("a", b"a\0\0\0\0\0\0\0"),
            ("presence", b"presence"),
            ("stanza-id", b"stanza-i"),
        ] {
            assert_eq!(name(text).unwrap().key.to_le_bytes(), *key);
        }
    }

    #[test]
    fn malformed_names() {
        for text in ["", "1", "-a", ".a", "a:", ":a", ":", "a:b:c", "a::b", "a:1"] {
            assert_eq!(name(text), Err(ScanError::Name.into()), "{text}");
        }
    }

    #[test]
    fn names_have_a_limit() {
        assert!(name("abcdefghijklmnopqrst").is_ok());
        assert_eq!(
            name("abcdefghijklmnopqrstu"),
            Err(ScanError::NameTooLong.into())
        );
        assert_eq!(read(b"abc>....", 0, 2), Err(ScanError::NameTooLong.into()));
    }

    #[test]
    fn a_name_that_may_go_on_is_not_read() {
        for text in [&b""[..], b"message", b"messages-of-all", b"messagesofall"] {
            assert_eq!(read(text, 0, 20), Err(Stop::More));
        }
        assert_eq!(read(b"", 1, 20), Err(Stop::More));
    }
}
