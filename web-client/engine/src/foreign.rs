//! Texts of somebody else's, so that they do nothing to what is shown around them.
//!
//! What is a text of its own (a name, a status, a subject) is made so where it comes in. A
//! message stays what it is; what is shown of it is for the view to ask for here.

use std::borrow::Cow;

/// So many marks are shown over and under a letter: scripts need four.
const MARKS: usize = 8;

/// `text` as one line of so many characters; `None` if nothing is left.
pub fn one_line(text: &str, longest: usize) -> Option<String> {
    let text = plain(text.trim_start(), char::is_whitespace, longest);
    let words: Vec<_> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The same of a text that may have several lines.
pub fn lines(text: &str, longest: usize) -> Option<String> {
    let text = plain(text.trim(), |character| character == '\n', longest);
    (!text.is_empty()).then_some(text)
}

/// The beginning of `text`, whose control characters are gone but for those that break it.
fn plain(text: &str, breaks: impl Fn(char) -> bool, longest: usize) -> String {
    let seen = |character: &char| {
        !turns_text(*character) && (!character.is_control() || breaks(*character))
    };
    tamed(text).filter(seen).take(longest).collect()
}

/// Whether it does nothing but have the text behind it run in another direction (UAX 9 2).
pub fn turns_text(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Without marks that would pile up over what is above and below.
pub fn tame(text: &str) -> Cow<'_, str> {
    if tamed(text).eq(text.chars()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(tamed(text).collect())
    }
}

fn tamed(text: &str) -> impl Iterator<Item = char> {
    let mut marks = 0;
    text.chars().filter(move |character| {
        marks = if is_mark(*character) { marks + 1 } else { 0 };
        marks <= MARKS
    })
}

/// Whether it is drawn over the letter before it (Unicode's blocks of combining marks).
pub(crate) fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{610}'..='\u{61a}'
            | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_do_not_pile_up() {
        for text in ["é e\u{301}", "नमस्ते", "ก็ที่", "👨\u{200d}👩"] {
            assert!(matches!(tame(text), Cow::Borrowed(_)), "{text}");
        }
        let zalgo = ["a", &"\u{301}".repeat(30_000), "b"].concat();
        assert_eq!(tame(&zalgo).chars().count(), 2 + MARKS);
        assert_eq!(one_line(&zalgo, 100).unwrap().chars().count(), 2 + MARKS);
        assert_eq!(lines(&zalgo, 100).unwrap().chars().count(), 2 + MARKS);
    }

    #[test]
    fn a_line_is_short_and_turns_nothing() {
        assert_eq!(
            one_line(" two\n\tlines  of text ", 99).as_deref(),
            Some("two lines of text")
        );
        for nothing in ["", " \n", "\u{202e}\u{7}"] {
            assert_eq!(one_line(nothing, 99), None);
        }
        assert_eq!(
            one_line("\u{202e}a\u{2067}b\u{1}", 99).as_deref(),
            Some("ab")
        );
        assert_eq!(
            one_line(&"林".repeat(1_000), 120).unwrap().chars().count(),
            120
        );
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines(" a\r\n\u{202d}b\u{7}\n", 99).as_deref(), Some("a\nb"));
        assert_eq!(lines(" \n", 99), None);
        assert_eq!(lines(&"a\n".repeat(1_000), 120).unwrap().len(), 120);
    }
}
