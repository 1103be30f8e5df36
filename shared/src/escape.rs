//! XML escaping, both ways.

use std::borrow::Cow;

use crate::scanner::reference;

/// Appends `text` so that it stands for itself in an attribute value or in
/// element content. Characters that XML forbids become U+FFFD.
pub fn push_escaped(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, char) in text.char_indices() {
        let escaped = match char {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&apos;",
            // As themselves they would be normalised to spaces in an attribute.
            '\t' => "&#9;",
            '\n' => "&#10;",
            '\r' => "&#13;",
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(escaped);
        plain = at + char.len_utf8();
    }
    out.push_str(&text[plain..]);
}

/// The value of an attribute as XML 1.0 3.3.3 normalises it: references replaced,
/// each line end or other white space one space. A reference that isn't one stays
/// as it is.
pub(crate) fn unescape_attribute(raw: &str) -> Cow<'_, str> {
    unescape(raw, |c| matches!(c, '&' | '\t' | '\n' | '\r'), ' ')
}

/// Character data: references replaced, each line end one line feed (XML 1.0 2.11).
pub(crate) fn unescape_text(raw: &str) -> Cow<'_, str> {
    unescape(raw, |c| matches!(c, '&' | '\r'), '\n')
}

/// Replaces references, and what else is `special` by `space`.
fn unescape(raw: &str, special: fn(char) -> bool, space: char) -> Cow<'_, str> {
    if !raw.contains(special) {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(special) {
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
    }
    value.push_str(rest);
    Cow::Owned(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        push_escaped(text, &mut out);
        out
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escaped("a<b>&\"'é"), "a&lt;b&gt;&amp;&quot;&apos;é");
    }

    #[test]
    fn white_space_survives_normalisation() {
        assert_eq!(unescape_attribute(&escaped("a\tb\r\nc d")), "a\tb\r\nc d");
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(
            escaped("\0\u{1b}\u{FFFE}\u{7f}"),
            "\u{FFFD}\u{FFFD}\u{FFFD}\u{7f}"
        );
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
