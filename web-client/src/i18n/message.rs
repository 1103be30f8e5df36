//! Texts with gaps.

use couplet_engine::foreign::turns_text;

/// Fills the `{name}` gaps of `text`. A gap that has no value stays as it is, so
/// that a mistake in a locale file is seen, not hidden.
pub(super) fn fill(text: &str, values: &[(&str, &str)], rtl: bool) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, after)| {
            values
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value, after))
        });
        match value {
            Some((value, after)) => {
                push_isolated(&mut filled, value, rtl);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// A name that runs the other way than the sentence must not turn it around:
/// it is set between U+2068 and U+2069 (UAX 9). What would end that, or turn what comes
/// behind it, is left out.
fn push_isolated(text: &mut String, value: &str, rtl: bool) {
    if value.contains(turns_text) {
        return push_isolated(text, &value.replace(turns_text, ""), rtl);
    }
    let foreign = value.chars().any(|character| {
        if rtl {
            character.is_ascii_alphabetic() || character == '\u{200e}'
        } else {
            runs_right_to_left(character)
        }
    });
    if foreign {
        text.push('\u{2068}');
        text.push_str(value);
        text.push('\u{2069}');
    } else {
        text.push_str(value);
    }
}

/// Hebrew to Arabic Extended-A, their presentation forms, the right-to-left
/// scripts beyond the basic plane, and the mark that is as one of their letters.
fn runs_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn gaps_are_filled_in_any_order() {
        let values = [("name", "Bob"), ("count", "3")];
        assert_eq!(
            fill("{count} from {name}, {count}", &values, false),
            "3 from Bob, 3"
        );
        assert_eq!(fill("nothing", &values, false), "nothing");
    }

    #[test]
    fn an_unknown_or_open_gap_stays() {
        assert_eq!(
            fill("{who} and {name", &[("name", "Bob")], false),
            "{who} and {name"
        );
        assert_eq!(
            fill("{who} and {name}", &[("name", "Bob")], false),
            "{who} and Bob"
        );
    }

    #[test]
    fn values_are_not_filled_again() {
        assert_eq!(fill("{name}", &[("name", "{name}")], false), "{name}");
    }

    #[test]
    fn no_name_gets_out_of_its_place() {
        let filled = |name: &str| fill("{name} is typing", &[("name", name)], false);
        assert_eq!(filled("\u{202e}Bob"), "Bob is typing");
        assert_eq!(
            filled("\u{2069}\u{202e}א\u{2067}"),
            "\u{2068}א\u{2069} is typing"
        );
        assert_eq!(filled("B\u{200f}"), "\u{2068}B\u{200f}\u{2069} is typing");
        assert_eq!(
            fill("{name}", &[("name", "\u{200e}1")], true),
            "\u{2068}\u{200e}1\u{2069}"
        );
        for turns in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(filled(&format!("B{turns}")), "B is typing");
        }
    }

    #[test]
    fn a_name_that_runs_the_other_way_is_isolated() {
        let arabic = fill("{name} is typing", &[("name", "فاطمة")], false);
        assert_eq!(arabic, "\u{2068}فاطمة\u{2069} is typing");
        assert_eq!(
            fill("{name} is typing", &[("name", "林美")], false),
            "林美 is typing"
        );
        assert_eq!(
            fill("{name}", &[("name", "Bob")], true),
            "\u{2068}Bob\u{2069}"
        );
    }
}
