//! The emoji there are, which are loaded when somebody wants one.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

use crate::i18n::{self, fold};
use crate::{fetch, platform};

/// What is read, relative to the page.
const LIST: &str = "emoji/list.json";
/// The tones of skin, and none.
const TONES: usize = 6;
const TONE: &str = "couplet.tone";
/// The signs of the tones, from light to dark.
const SKIN: RangeInclusive<char> = '\u{1f3fb}'..='\u{1f3ff}';

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
    let names = ["emoji/", i18n::shown_language(), ".json"].concat();
    let names = fetch::json(&names).await.unwrap_or_default();
    let group = |group: JsValue| {
        let group = Array::from(&group);
        group
            .iter()
            .filter_map(|parts| Emoji::read(&parts, &names))
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

/// What somebody looks for.
pub(super) struct Query {
    typed: String,
    folded: String,
}

impl Query {
    pub(super) fn new(typed: &str) -> Self {
        let typed = typed.trim();
        Self {
            folded: fold(typed),
            typed: typed.to_owned(),
        }
    }
}

pub(super) struct Emoji {
    pub(super) text: String,
    /// In the language of the page.
    pub(super) name: String,
    /// By which other chats know it, with colons between them.
    codes: String,
    /// All that it is found by, folded: names and shortcodes behind colons, words behind spaces.
    folded: String,
    /// The same in the lightest tone of skin, empty if it has none.
    light: String,
}

impl Emoji {
    /// What the list says, with its name and its words among `names`, else the English name.
    fn read(parts: &JsValue, names: &JsValue) -> Option<Self> {
        let parts = Array::from(parts);
        let text = |place| parts.get(place).as_string();
        let (english, codes) = (text(1)?, text(2)?);
        let called = Reflect::get(names, &parts.get(0)).unwrap_or_default();
        let called = called.as_string();
        let called = called.as_deref().and_then(|called| called.split_once('\t'));
        let (name, words) = called.unwrap_or((&english, ""));
        Some(Self {
            text: text(0)?,
            name: name.to_owned(),
            folded: fold(&[":", name, ":", &english, ":", &codes, " ", words].concat()),
            codes,
            light: text(3).unwrap_or_default(),
        })
    }

    /// Every word that was typed is in what it is found by.
    pub(super) fn is_meant_by(&self, query: &Query) -> bool {
        let mut words = query.folded.split([' ', '_', ':']);
        self.is(&query.typed) || words.all(|word| self.folded.contains(word))
    }

    /// One of its names or shortcodes begins so.
    pub(super) fn begins_with(&self, query: &Query) -> bool {
        self.folded.contains(&[":", &query.folded].concat())
    }

    /// One of its names, shortcodes or words begins so.
    pub(super) fn has_word(&self, query: &Query) -> bool {
        self.begins_with(query) || self.folded.contains(&[" ", &query.folded].concat())
    }

    /// The first of its shortcodes that begins so.
    pub(super) fn code(&self, query: &Query) -> Option<&str> {
        self.codes().find(|code| code.starts_with(&query.folded))
    }

    /// The shortcodes that other chats know it by.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.split(':')
    }

    /// This is what `text` is, in whatever tone of skin.
    pub(super) fn is(&self, text: &str) -> bool {
        bare(text).eq(bare(&self.text))
    }

    /// The same in a tone of skin, if it has any; 0 is none.
    pub(super) fn toned(&self, tone: usize) -> String {
        let Some(tone) = tone.checked_sub(1).filter(|_| !self.light.is_empty()) else {
            return self.text.clone();
        };
        let tone = SKIN.clone().nth(tone).unwrap_or(*SKIN.start());
        let signs = self.light.chars();
        signs
            .map(|sign| if SKIN.contains(&sign) { tone } else { sign })
            .collect()
    }
}

/// Without what says that a picture is meant, and of which tone.
fn bare(text: &str) -> impl Iterator<Item = char> {
    let matters = |sign: &char| *sign != '\u{fe0f}' && !SKIN.contains(sign);
    text.chars().filter(matters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cat() -> Emoji {
        Emoji {
            text: "🐱".to_owned(),
            name: "Katzengesicht".to_owned(),
            codes: "cat:kitty_face".to_owned(),
            folded: ":katzengesicht:cat face:cat:kitty_face tier ミアウ".to_owned(),
            light: String::new(),
        }
    }

    #[test]
    fn an_emoji_is_found_by_its_names_its_shortcodes_and_its_words() {
        let cat = cat();
        for (typed, is_meant, begins, has_word) in [
            ("Katze", true, true, true),
            ("CAT face", true, true, true),
            ("kitty face", true, false, false),
            ("Tier", true, false, true),
            ("みあう", true, false, true),
            ("gesicht", true, false, false),
            ("🐱", true, false, false),
            ("Hund", false, false, false),
            ("cat dog", false, false, false),
        ] {
            let query = Query::new(typed);
            assert_eq!(cat.is_meant_by(&query), is_meant, "{typed}");
            assert_eq!(cat.begins_with(&query), begins, "{typed}");
            assert_eq!(cat.has_word(&query), has_word, "{typed}");
        }
        assert_eq!(cat.code(&Query::new("kit")), Some("kitty_face"));
        assert_eq!(cat.code(&Query::new("katze")), None);
    }

    #[test]
    fn a_tone_is_given_to_what_can_have_one() {
        let point = Emoji {
            text: "☝️".to_owned(),
            light: "☝🏻".to_owned(),
            ..cat()
        };
        assert_eq!([0, 1, 5].map(|tone| point.toned(tone)), ["☝️", "☝🏻", "☝🏿"]);
        assert!(["☝", "☝️", "☝🏽"].iter().all(|text| point.is(text)));
        assert!(!["✋", "🏽", ""].iter().any(|text| point.is(text)));
        assert_eq!(cat().toned(3), "🐱");
    }
}
