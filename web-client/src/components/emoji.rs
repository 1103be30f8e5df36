//! The emoji there are, which are loaded when somebody wants one.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::{fetch, platform};

/// What is read, relative to the page.
const LIST: &str = "emoji/en.json";
/// The tones of skin, and none.
const TONES: usize = 6;
const TONE: &str = "couplet.tone";

/// Group by group.
pub(super) type Groups = Rc<Vec<Vec<Emoji>>>;

thread_local! {
    static LOADED: RefCell<Option<Groups>> = const { RefCell::new(None) };
}

/// All of them, unless they can't be loaded.
pub(super) async fn groups() -> Option<Groups> {
    if let Some(groups) = loaded() {
        return Some(groups);
    }
    let list = fetch::json(LIST).await?;
    let group = |group: JsValue| {
        let group = Array::from(&group);
        group
            .iter()
            .filter_map(|parts| Emoji::read(&parts))
            .collect()
    };
    let groups: Groups = Rc::new(Array::from(&list).iter().map(group).collect());
    LOADED.replace(Some(groups.clone()));
    Some(groups)
}

/// All of them, if somebody has wanted one before.
pub(super) fn loaded() -> Option<Groups> {
    LOADED.with_borrow(Clone::clone)
}

/// The tone of skin that somebody prefers; 0 is none.
pub(super) fn tone() -> usize {
    let tone = platform::preference(TONE).and_then(|tone| tone.parse().ok());
    tone.filter(|tone| *tone < TONES).unwrap_or_default()
}

/// Prefers this one from now on.
pub(super) fn prefer_tone(tone: usize) {
    let kept = tone.to_string();
    platform::prefer(TONE, (tone > 0).then_some(kept.as_str()));
}

pub(super) struct Emoji {
    pub(super) text: String,
    pub(super) name: String,
    /// By which words other chats find it.
    pub(super) words: String,
    pub(super) tones: Vec<String>,
}

impl Emoji {
    fn read(parts: &JsValue) -> Option<Self> {
        let parts = Array::from(parts);
        let text = |place| parts.get(place).as_string();
        let tones: Array = parts.get(3).dyn_into().unwrap_or_default();
        Some(Self {
            text: text(0)?,
            name: text(1)?,
            words: text(2)?,
            tones: tones.iter().filter_map(|tone| tone.as_string()).collect(),
        })
    }

    /// Every word that was typed is in its names.
    pub(super) fn is_meant_by(&self, query: &str) -> bool {
        let query = query.to_lowercase();
        let mut words = query.split([' ', '_', ':']).filter(|word| !word.is_empty());
        let text = query.trim();
        text == self.text
            || self.tones.iter().any(|tone| tone == text)
            || words
                .all(|word| self.name.to_lowercase().contains(word) || self.words.contains(word))
    }

    pub(super) fn begins_with(&self, query: &str) -> bool {
        let query = query.trim().to_lowercase();
        self.name.to_lowercase().starts_with(&query)
            || self.words.split(' ').any(|word| word.starts_with(&query))
    }

    /// The same in a tone of skin, if it has any; 0 is none.
    pub(super) fn toned(&self, tone: usize) -> String {
        let tone = tone.checked_sub(1).and_then(|tone| self.tones.get(tone));
        tone.unwrap_or(&self.text).clone()
    }
}
