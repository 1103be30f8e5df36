//! Small changes to a text whose other bytes stay as they are.

use std::borrow::Cow;
use std::ops::Range;

use crate::element::Child;

/// What stands in the place of some bytes.
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Edit {
    /// Takes `child` out, which was found in what begins at `offset`.
    pub(crate) fn removal(child: &Child<'_>, offset: usize) -> Self {
        let start = offset + child.at;
        Self {
            range: start..start + child.text.len(),
            text: String::new(),
        }
    }
}

/// `text` after some edits, which are in order.
pub(crate) fn edited<'a>(text: &'a str, edits: &[Edit]) -> Cow<'a, str> {
    if edits.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        kept.push_str(&text[at..edit.range.start]);
        kept.push_str(&edit.text);
        at = edit.range.end;
    }
    kept.push_str(&text[at..]);
    Cow::Owned(kept)
}
