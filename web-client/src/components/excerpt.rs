//! The part of a message in which something was found, with the finds marked.

use couplet_engine::foreign::tame;
use couplet_engine::store::search::SEPARATOR;
use yew::prelude::*;

/// Characters shown before the first find, and in all.
const BEFORE: usize = 24;
const MOST: usize = 160;

/// The part around the first of `words` (folded as by `fold`), on one line.
pub(crate) fn excerpt(text: &str, words: &[String], fold: fn(&str) -> String) -> Html {
    let parts = parts(&tame(text), words, fold);
    let nodes = parts.into_iter().map(|(part, marked)| {
        if marked {
            html! { <mark class="find__mark">{ part }</mark> }
        } else {
            html! { { part } }
        }
    });
    html! { <>{ for nodes }</> }
}

/// The part's own parts, and which of them are finds.
fn parts(text: &str, words: &[String], fold: fn(&str) -> String) -> Vec<(String, bool)> {
    let letters: Vec<char> = text.chars().collect();
    let finds = finds(&letters, words, fold);
    let first = finds.iter().position(|found| *found).unwrap_or(0);
    let mut start = first.saturating_sub(BEFORE);
    if start > 0 {
        // From the beginning of a word, where there are words.
        let space = letters[start..first]
            .iter()
            .position(|letter| letter.is_whitespace());
        start += space.map_or(0, |space| space + 1);
    }
    let end = letters.len().min(start + MOST);
    let mut parts: Vec<(String, bool)> = Vec::new();
    if start > 0 {
        parts.push(("…".to_owned(), false));
    }
    for (letter, marked) in letters[start..end].iter().zip(&finds[start..end]) {
        let letter = if letter.is_whitespace() { ' ' } else { *letter };
        match parts.last_mut() {
            Some((part, known)) if known == marked => part.push(letter),
            _ => parts.push((letter.to_string(), *marked)),
        }
    }
    if end < letters.len() {
        parts.push(("…".to_owned(), false));
    }
    parts
}

/// Which letters belong to a find. A letter may fold to several, or to none.
fn finds(letters: &[char], words: &[String], fold: fn(&str) -> String) -> Vec<bool> {
    let mut apart = String::with_capacity(letters.len() * 2);
    for letter in letters {
        apart.push(*letter);
        apart.push(SEPARATOR);
    }
    let mut folded = String::new();
    // Of each byte of what is folded: which letter it comes from.
    let mut origins = Vec::new();
    // All at once: each way to the browser's tables and back takes time.
    for (index, letter) in fold(&apart).split(SEPARATOR).enumerate() {
        folded.push_str(letter);
        origins.resize(folded.len(), index);
    }
    let mut finds = vec![false; letters.len()];
    for word in words {
        for (place, _) in folded.match_indices(word.as_str()) {
            let (Some(first), Some(last)) =
                (origins.get(place), origins.get(place + word.len() - 1))
            else {
                continue;
            };
            if let Some(found) = finds.get_mut(*first..=*last) {
                found.fill(true);
            }
        }
    }
    finds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, words: &[&str]) -> String {
        // Marks fold away, as they do in the browser.
        let fold = |text: &str| text.to_lowercase().replace('\u{301}', "");
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let parts = parts(text, &words, fold).into_iter();
        parts
            .map(|(part, marked)| if marked { format!("[{part}]") } else { part })
            .collect()
    }

    #[test]
    fn finds_are_marked_as_they_are_written() {
        assert_eq!(
            shown("The CAFÉ, the cafe\u{301}", &["caf"]),
            "The [CAF]É, the [caf]e\u{301}"
        );
        assert_eq!(shown("a cafe\u{301}s", &["cafes"]), "a [cafe\u{301}s]");
        assert_eq!(shown("明日の会議", &["会議"]), "明日の[会議]");
        assert_eq!(shown("two\nlines", &["lin", "two"]), "[two] [lin]es");
        assert_eq!(shown("aaa", &["aa", "a"]), "[aaa]");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_find() {
        let text = ["lorem ipsum dolor ".repeat(20), "garden ".repeat(40)].concat();
        let shown = shown(&text, &["garden"]);
        assert!(shown.starts_with("…lorem ipsum dolor [garden]"), "{shown}");
        assert!(shown.ends_with('…') && shown.contains("[garden] [garden]"));
        assert!(shown.chars().count() < 250);
    }

    #[test]
    fn nothing_found_is_the_beginning() {
        assert_eq!(shown("hello", &["x"]), "hello");
        assert_eq!(shown("", &["x"]), "");
    }
}
