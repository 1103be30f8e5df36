//! References: `&amp;` and its four siblings, `&#65;`, `&#x41;`.

use super::error::{ScanError, Stop};

/// Longest reference that is read. XML has no bound: a reference may have any
/// number of leading zeros, but nobody writes them.
const MAX_LEN: usize = 16;

const ENTITIES: [(&[u8], char); 5] = [
    (b"&amp;", '&'),
    (b"&lt;", '<'),
    (b"&gt;", '>'),
    (b"&quot;", '"'),
    (b"&apos;", '\''),
];

/// A reference and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Bytes, from the `&` to the `;`.
    pub(crate) len: usize,
    pub(crate) char: char,
}

/// Reads the reference at the start of `bytes`. An error is found at the first
/// byte that makes it one, so that more bytes never change the answer.
pub(crate) fn read(bytes: &[u8]) -> Result<Reference, Stop> {
    if bytes.starts_with(b"&#") {
        return character(bytes);
    }
    for (entity, char) in ENTITIES {
        if bytes.starts_with(entity) {
            return Ok(Reference {
                len: entity.len(),
                char,
            });
        }
        if entity.starts_with(bytes) {
            return Err(Stop::More);
        }
    }
    // The first byte that no entity has there: does a name go on, or is it a lone
    // ampersand?
    let at = (1..bytes.len())
        .find(|&at| {
            !ENTITIES
                .iter()
                .any(|(entity, _)| entity.starts_with(&bytes[..=at]))
        })
        .unwrap_or(0);
    Err(match bytes.get(at) {
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b':' | 0x80..) => {
            ScanError::Entity
        }
        Some(b';') if at > 1 => ScanError::Entity,
        _ => ScanError::Reference,
    }
    .into())
}

fn character(bytes: &[u8]) -> Result<Reference, Stop> {
    let (radix, digits) = match bytes.get(2) {
        Some(b'x') => (16, 3),
        Some(_) => (10, 2),
        None => return Err(Stop::More),
    };
    let mut value: u32 = 0;
    for (at, &byte) in bytes.iter().enumerate().skip(digits) {
        if byte == b';' && at > digits {
            let char = char::from_u32(value).filter(|&char| is_xml_char(char));
            return match char {
                Some(char) => Ok(Reference { len: at + 1, char }),
                None => Err(ScanError::CharacterReference.into()),
            };
        }
        let Some(digit) = char::from(byte).to_digit(radix) else {
            return Err(ScanError::Reference.into());
        };
        if at + 1 >= MAX_LEN {
            return Err(ScanError::Reference.into());
        }
        value = value.saturating_mul(radix).saturating_add(digit);
    }
    Err(Stop::More)
}

/// The `Char` of XML 1.0 2.2.
fn is_xml_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_entities() {
        let text = "&amp;&lt;&gt;&quot;&apos;";
        let mut at = 0;
        let mut chars = String::new();
        while at < text.len() {
            let reference = read(&text.as_bytes()[at..]).unwrap();
            chars.push(reference.char);
            at += reference.len;
        }
        assert_eq!(chars, "&<>\"'");
    }

    #[test]
    fn character_references() {
        assert_eq!(read(b"&#65;B"), Ok(Reference { len: 5, char: 'A' }));
        assert_eq!(
            read(b"&#x1F600;"),
            Ok(Reference {
                len: 9, char: '😀'
            })
        );
        assert_eq!(read(b"&#xaF;"), Ok(Reference { len: 6, char: '¯' }));
        assert_eq!(
            read(b"&#0000000000065;"),
            Ok(Reference { len: 16, char: 'A' })
        );
    }

    #[test]
    fn characters_that_xml_forbids() {
        for text in [
            "&#0;",
            "&#x1F;",
            "&#xD800;",
            "&#xFFFE;",
            "&#xFFFF;",
            "&#x110000;",
            "&#99999999999;",
        ] {
            assert_eq!(
                read(text.as_bytes()),
                Err(ScanError::CharacterReference.into()),
                "{text}"
            );
        }
        for text in ["&#9;", "&#xA;", "&#xD;", "&#x7F;", "&#xFFFD;", "&#x10FFFF;"] {
            assert!(read(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn other_entities_are_restricted() {
        for text in ["&nbsp;", "&am;", "&ampx;", "&AMP;", "&é;"] {
            assert_eq!(
                read(text.as_bytes()),
                Err(ScanError::Entity.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_reference() {
        for text in [
            "& ",
            "&;",
            "&&",
            "&amp ",
            "&#;",
            "&#x;",
            "&#a;",
            "&#x;",
            "&#65 ",
            "&#00000000000065;",
        ] {
            assert_eq!(
                read(text.as_bytes()),
                Err(ScanError::Reference.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn more_bytes_never_change_the_answer() {
        for text in [
            "&amp;",
            "&#x1F600;",
            "&nbsp;",
            "& x",
            "&#xZ",
            "&apox",
            "&#00000000000000065;",
        ] {
            let whole = read(text.as_bytes());
            let first = (1..=text.len())
                .map(|len| read(&text.as_bytes()[..len]))
                .find(|answer| *answer != Err(Stop::More));
            assert_eq!(first, Some(whole), "{text}");
        }
    }
}
