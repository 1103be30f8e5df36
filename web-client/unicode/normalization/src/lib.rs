//! Unicode normalization (UAX #15) by the browser, or by ICU4X where there is none.
//!
//! Stands in for the crate of the same name: see `web-client/unicode/README.md`.

#![warn(missing_docs)]

use std::str::Chars;
use std::vec;

/// Normalizes text. Of the four forms, only the one that stringprep wants.
pub trait UnicodeNormalization<I: Iterator<Item = char>> {
    /// The text in Normalization Form KC.
    fn nfkc(self) -> vec::IntoIter<char>;
}

impl<'a> UnicodeNormalization<Chars<'a>> for &'a str {
    fn nfkc(self) -> vec::IntoIter<char> {
        characters(&normalized(self))
    }
}

impl<I: Iterator<Item = char>> UnicodeNormalization<I> for I {
    fn nfkc(self) -> vec::IntoIter<char> {
        characters(&normalized(&self.collect::<String>()))
    }
}

fn characters(text: &str) -> vec::IntoIter<char> {
    text.chars().collect::<Vec<_>>().into_iter()
}

#[cfg(target_arch = "wasm32")]
fn normalized(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKC").into()
}

#[cfg(not(target_arch = "wasm32"))]
fn normalized(text: &str) -> std::borrow::Cow<'_, str> {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_and_replaces_compatibility_characters() {
        let normalized = |text: &str| text.nfkc().collect::<String>();
        assert_eq!(normalized("e\u{301}"), "é");
        assert_eq!(normalized("ﬁ ①"), "fi 1");
        assert_eq!("Ⅷ".chars().nfkc().collect::<String>(), "VIII");
        assert_eq!(normalized("plain"), "plain");
    }
}
