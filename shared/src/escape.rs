//! XML escaping, both ways.

use std::borrow::Cow;

use crate::scanner::reference;

/// Appends `text` so that it stands for itself in an attribute value, whatever its quotes.
/// Characters that XML forbids become U+FFFD.
pub fn push_value(text: &str, out: &mut String) {
    push(text, out, |char| match char {
        '"' => Some("&quot;"),
        '\'' => Some("&apos;"),
        // As themselves they would be normalised to spaces.
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        _ => markup(char),
    });
}

/// Appends `text` so that it stands for itself in element content. Characters that XML
/// forbids become U+FFFD.
pub fn push_text(text: &str, out: &mut String) {
    push(text, out, |char| match char {
        '\t' | '\n' => None,
        _ => markup(char),
    });
}

/// `text` with U+FFFD for each character that XML forbids (XML 1.0 2.2).
pub fn permitted(text: &str) -> Cow<'_, str> {
    if !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_forbidden, REPLACEMENT))
}

const REPLACEMENT: &str = "\u{FFFD}";

/// XML 1.0 2.2
fn is_forbidden(char: char) -> bool {
    matches!(char, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// What stands for `char` wherever it is.
fn markup(char: char) -> Option<&'static str> {
    match char {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        // As itself it would be taken for a line feed (XML 1.0 2.11).
        '\r' => Some("&#13;"),
        _ if is_forbidden(char) => Some(REPLACEMENT),
        _ => None,
    }
}

fn push(text: &str, out: &mut String, escape: impl Fn(char) -> Option<&'static str>) {
    let mut plain = 0;
    for (at, char) in text.char_indices() {
        if let Some(escaped) = escape(char) {
            out.push_str(&text[plain..at]);
            out.push_str(escaped);
            plain = at + char.len_utf8();
        }
    }
    out.push_str(&text[plain..]);
}

/// The value of an attribute as XML 1.0 3.3.3 normalises it: references replaced,
/// each line end or other white space one space. A reference that isn't one stays
/// as it is.
pub(crate) fn unescape_attribute(raw: &str) -> Cow<'_, str> {
    unescape(
        raw,
        |byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r'),
        ' ',
    )
}

/// Character data: references replaced, each line end one line feed (XML 1.0 2.11).
pub(crate) fn unescape_text(raw: &str) -> Cow<'_, str> {
    unescape(raw, |byte| matches!(byte, b'&' | b'\r'), '\n')
}

/// Replaces references, and what else is `special` by `space`.
fn unescape(raw: &str, special: impl Fn(u8) -> bool, space: char) -> Cow<'_, str> {
    let next = |rest: &str| rest.bytes().position(&special);
    let Some(first) = next(raw) else {
        return Cow::Borrowed(raw);
    };
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut found = Some(first);
    while let Some(at) = found {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        let len = match reference::read(rest.as_bytes()) {
            Ok(reference) => {
                value.push(reference.char);
                reference.len
            }
            Err(_) if rest.starts_with('&') => {
                value.push('&');
                1
            }
            Err(_) => {
                value.push(space);
                if rest.starts_with("\r\n") { 2 } else { 1 }
            }
        };
        rest = &rest[len..];
        found = next(rest);
    }
    value.push_str(rest);
    Cow::Owned(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let mut out = String::new();
        push_value(text, &mut out);
        out
    }

    fn content(text: &str) -> String {
        let mut out = String::new();
        push_text(text, &mut out);
        out
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(value("a<b>&\"'é"), "a&lt;b&gt;&amp;&quot;&apos;é");
        assert_eq!(content("a<b>&\"'é]]>"), "a&lt;b&gt;&amp;\"'é]]&gt;");
    }

    #[test]
    fn white_space_survives_normalisation() {
        let text = "a\tb\r\nc d";
        assert_eq!(unescape_attribute(&value(text)), text);
        assert_eq!(unescape_text(&content(text)), text);
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        let text = "\0\u{1b}\u{FFFE}\u{7f}";
        let replaced = "\u{FFFD}\u{FFFD}\u{FFFD}\u{7f}";
        assert_eq!(value(text), replaced);
        assert_eq!(content(text), replaced);
        assert_eq!(permitted(text), replaced);
        assert_eq!(permitted("\r\n\té"), "\r\n\té");
    }

    #[test]
    fn attribute_values_are_normalised() {
        assert_eq!(unescape_attribute("plain"), "plain");
        assert_eq!(unescape_attribute("a\r\nb\tc\rd"), "a b c d");
        assert_eq!(unescape_attribute("&lt;&#x41;&#66;&amp;amp;"), "<AB&amp;");
    }

    #[test]
    fn broken_references_stay() {
        assert_eq!(
            unescape_attribute("& &nbsp; &#xFFFF; &"),
            "& &nbsp; &#xFFFF; &"
        );
    }
}
