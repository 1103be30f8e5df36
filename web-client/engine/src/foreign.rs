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

/// The beginning of a name, if it is longer than that, in characters.
pub fn short(name: &str, longest: usize) -> Cow<'_, str> {
    let name = tame(name);
    match name.char_indices().nth(longest) {
        Some((end, _)) => Cow::Owned([&name[..end], "…"].concat()),
        None => name,
    }
}

/// What two names have in common that look the same: an address can tell them apart, people
/// can't (UTS 39 4). Far from all there is, but what there is on keyboards.
pub fn skeleton(name: &str) -> String {
    let seen = name
        .chars()
        .filter(|character| !is_invisible(*character) && !is_mark(*character));
    let seen = seen.map(|character| match character {
        '0' => 'o',
        '1' | '|' | 'I' | 'i' => 'l',
        _ if character.is_ascii() => character,
        _ => {
            let place = LOOKING.chars().position(|known| known == character);
            place
                .and_then(|place| LIKE.chars().nth(place))
                .unwrap_or(character)
        }
    });
    seen.flat_map(char::to_lowercase).collect()
}

/// Cyrillic, Greek and Armenian letters, and a few of phonetics.
const LOOKING: &str =
    "авеѕіјкмнорстухһԁԛԝӏѵүёїАВЕЅІЈКМНОРСТУХӀαβεηικνορτυχγωϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹոսօհցıɑɡɩʏ";
/// The Latin ones that these look like, place by place.
const LIKE: &str =
    "abesljkmhopctyxhdqwlvyëïabesljkmhopctyxlabenlkvoptuxywcjabezhlkmnoptyxcnuohglagly";

/// Whether nothing of it is seen, or only a gap (Unicode's Default_Ignorable_Code_Point).
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
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
    fn names_that_look_the_same_have_one_skeleton() {
        assert_eq!(LOOKING.chars().count(), LIKE.chars().count());
        for (name, other) in [
            ("Alice", "alice"),
            ("alice", "аlісе"),
            ("Alice", "AIice"),
            ("bob", "b\u{43e}b\u{200b}"),
            ("bob", "b0b"),
            ("Bob Smith", "BobSmith"),
            ("NIKO", "ΝΙΚΟ"),
        ] {
            assert_eq!(skeleton(name), skeleton(other), "{name} {other}");
        }
        for (name, other) in [
            ("alice", "alice_"),
            ("bob", "rob"),
            ("林", "森"),
            ("Zoë", "Zoe"),
        ] {
            assert_ne!(skeleton(name), skeleton(other), "{name} {other}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(short("Zoë", 3), "Zoë");
        assert_eq!(short("Zoë B.", 3), "Zoë…");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines(" a\r\n\u{202d}b\u{7}\n", 99).as_deref(), Some("a\nb"));
        assert_eq!(lines(" \n", 99), None);
        assert_eq!(lines(&"a\n".repeat(1_000), 120).unwrap().len(), 120);
    }
}
