//! The locale that is shown, and the texts in it.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Array, Intl, JSON, Object};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use yew::AttrValue;

use super::format::Formats;
use super::message::fill;
use crate::fetch;
use crate::platform::{prefer, preference};

/// The languages there is a file for; the first is compiled in.
pub(super) const LANGUAGES: &[Language] = &[
    language("en", "English"),
    language("de", "Deutsch"),
    language("es", "Español"),
    language("fr", "Français"),
    language("pt-BR", "Português (Brasil)"),
    language("ru", "Русский"),
    Language {
        tag: "ar",
        name: "العربية",
        rtl: true,
    },
    language("ja", "日本語"),
    language("zh-Hans", "简体中文"),
    language("zh-Hant", "繁體中文"),
];
const ENGLISH: &str = include_str!("../../../static/locales/en.json");

/// A language that the page can be shown in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Language {
    /// BCP 47, and the name of the locale file.
    pub(super) tag: &'static str,
    /// What it calls itself.
    pub(super) name: &'static str,
    /// Whether it is written from right to left.
    pub(super) rtl: bool,
}

const fn language(tag: &'static str, name: &'static str) -> Language {
    let rtl = false;
    Language { tag, name, rtl }
}

/// What somebody chose on this device, in place of what the browser says.
const CHOSEN: &str = "couplet.language";

#[wasm_bindgen]
extern "C" {
    /// What the second module says, if it is here (`static/second.js`).
    #[wasm_bindgen(js_name = secondTexts)]
    fn second_texts() -> JsValue;
}

struct Locale {
    language: &'static Language,
    /// A few hundred at most: found as quickly by going through them.
    texts: Vec<(String, Text)>,
    /// Those of the second module, once it is here.
    later: OnceCell<Vec<(String, Text)>>,
    plurals: Intl::PluralRules,
    formats: Formats,
}

enum Text {
    Plain(Rc<str>),
    /// By the category that `Intl.PluralRules` names.
    Plural(Vec<(String, Rc<str>)>),
}

thread_local! {
    static LOCALE: OnceCell<Locale> = const { OnceCell::new() };
}

/// Chooses the language by what the browser prefers, loads its texts and marks
/// the document with it. Has to be done once, before anything is shown.
pub(crate) async fn start() {
    let preferred = preferred();
    let language = choose(&preferred, LANGUAGES);
    let mut texts = Vec::new();
    if let Ok(english) = JSON::parse(ENGLISH) {
        add(&mut texts, &english);
    }
    if *language != LANGUAGES[0]
        && let Some(file) = fetch::json(&["locales/", language.tag, ".json"].concat()).await
    {
        add(&mut texts, &file);
    }
    // "en-GB" writes dates unlike "en": keep the region of whoever reads us in
    // their own language.
    let exact = preferred
        .iter()
        .find(|tag| primary(tag) == primary(language.tag));
    let tags = Array::of1(&JsValue::from_str(
        exact.map_or(language.tag, String::as_str),
    ));
    let plurals = Intl::PluralRules::new(&tags, &Object::new());
    let locale = Locale {
        language,
        texts,
        later: OnceCell::new(),
        plurals,
        formats: Formats::new(&tags),
    };
    LOCALE.with(|cell| cell.set(locale).ok());
    mark_document(language);
}

/// The text of `key`; the key itself if there is none.
pub(crate) fn t(key: &'static str) -> AttrValue {
    LOCALE.with(
        |cell| match cell.get().and_then(|locale| locale.find(key)) {
            Some(Text::Plain(text)) => AttrValue::Rc(text.clone()),
            _ => AttrValue::Static(key),
        },
    )
}

/// The text of `key` with its `{gaps}` filled.
pub(crate) fn t_with(key: &'static str, values: &[(&str, &str)]) -> AttrValue {
    AttrValue::from(fill(&t(key), values, is_rtl()))
}

/// The text of `key` in the plural form that goes with `count`, which also fills
/// the gap `{count}`.
pub(crate) fn t_count(key: &'static str, count: u32) -> AttrValue {
    let number = super::number(count);
    LOCALE.with(|cell| {
        let form = cell.get().and_then(|locale| match locale.find(key)? {
            Text::Plural(forms) => {
                let category = String::from(locale.plurals.select(f64::from(count)));
                find(forms, &category).or_else(|| find(forms, "other"))
            }
            Text::Plain(text) => Some(text),
        });
        form.map_or(AttrValue::Static(key), |text| {
            AttrValue::from(fill(text, &[("count", &number)], is_rtl()))
        })
    })
}

impl Locale {
    fn find(&self, key: &str) -> Option<&Text> {
        find(&self.texts, key).or_else(|| find(self.later()?, key))
    }

    fn later(&self) -> Option<&Vec<(String, Text)>> {
        if self.later.get().is_none() {
            let file = second_texts();
            if file.is_undefined() {
                return None;
            }
            let mut texts = Vec::new();
            add(&mut texts, &file);
            self.later.set(texts).ok();
        }
        self.later.get()
    }
}

/// What `Intl` formats are set up for the locale; `None` before [`start`].
pub(super) fn with_formats<T>(read: impl FnOnce(&Formats) -> T) -> Option<T> {
    LOCALE.with(|cell| cell.get().map(|locale| read(&locale.formats)))
}

/// The first of `preferred` that is available, by its script or else its primary subtag where
/// there is no exact match; else the first available.
pub(super) fn choose<'a>(preferred: &[String], available: &'a [Language]) -> &'a Language {
    preferred
        .iter()
        .find_map(|wanted| {
            let exact = available
                .iter()
                .find(|known| known.tag.eq_ignore_ascii_case(wanted));
            let scripted = || {
                available.iter().find(|known| {
                    script(known.tag).is_some() && script(known.tag) == script(wanted)
                })
            };
            exact.or_else(scripted).or_else(|| {
                available
                    .iter()
                    .find(|known| primary(known.tag) == primary(wanted))
            })
        })
        .unwrap_or(&available[0])
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// How Chinese is written there, which is written in two ways.
fn script(tag: &str) -> Option<&'static str> {
    let mut parts = tag.split('-');
    if parts.next() != Some("zh") {
        return None;
    }
    let traditional = parts.any(|part| matches!(part, "Hant" | "TW" | "HK" | "MO"));
    Some(if traditional { "Hant" } else { "Hans" })
}

fn preferred() -> Vec<String> {
    let languages = web_sys::window().map(|window| window.navigator().languages());
    let by_browser = languages.iter().flat_map(|tags| tags.iter());
    let by_browser = by_browser.filter_map(|tag| tag.as_string());
    preference(CHOSEN).into_iter().chain(by_browser).collect()
}

/// The tag of the language that is shown.
pub(crate) fn shown_language() -> &'static str {
    let shown = LOCALE.with(|cell| cell.get().map(|locale| locale.language.tag));
    shown.unwrap_or(LANGUAGES[0].tag)
}

/// The languages there are, by their tags, with what they call themselves.
pub(crate) fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
    LANGUAGES.iter().map(|known| (known.tag, known.name))
}

/// The tag of the language that was chosen on this device, empty if none was.
pub(crate) fn chosen_language() -> String {
    preference(CHOSEN).unwrap_or_default()
}

/// Shows this language from the next time on that the page is loaded; with an empty tag, what
/// the browser says.
pub(crate) fn choose_language(tag: &str) {
    prefer(CHOSEN, Some(tag).filter(|tag| !tag.is_empty()));
}

/// The texts of a file, in place of those that are there under the same keys.
fn add(texts: &mut Vec<(String, Text)>, file: &JsValue) {
    for (key, value) in entries(file) {
        let text = match value.as_string() {
            Some(text) => Text::Plain(text.into()),
            None => Text::Plural(
                entries(&value)
                    .filter_map(|(category, text)| Some((category, text.as_string()?.into())))
                    .collect(),
            ),
        };
        match texts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = text,
            None => texts.push((key, text)),
        }
    }
}

fn find<'a, T>(entries: &'a [(String, T)], key: &str) -> Option<&'a T> {
    entries
        .iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value)
}

fn entries(value: &JsValue) -> impl Iterator<Item = (String, JsValue)> {
    let object: Object = value.clone().unchecked_into();
    Object::entries(&object)
        .to_vec()
        .into_iter()
        .filter_map(|entry| {
            let entry: Array = entry.unchecked_into();
            Some((entry.get(0).as_string()?, entry.get(1)))
        })
}

fn is_rtl() -> bool {
    LOCALE.with(|cell| cell.get().is_some_and(|locale| locale.language.rtl))
}

fn mark_document(language: &Language) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        // Setting an attribute fails only for a name that isn't one.
        let _ = root.set_attribute("lang", language.tag);
        let _ = root.set_attribute("dir", if language.rtl { "rtl" } else { "ltr" });
    }
}
