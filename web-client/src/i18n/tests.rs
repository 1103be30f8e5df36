//! The locale files against the code that uses them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::format::{Age, Clock, lasting};
use super::locale::{LANGUAGES, Language, choose};

type Locales = BTreeMap<String, BTreeMap<String, Value>>;

/// Where locale files are: what the first module says, and what only the second one does.
const FOLDERS: [&str; 2] = ["locales", "second"];

fn locales(folder: &str) -> Locales {
    fs::read_dir(static_folder().join(folder))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let file = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), file)
        })
        .collect()
}

fn static_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../static")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The string literals of our sources that look like a key, and what the page itself says.
fn keys_in_code(namespaces: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 40);
    let page = fs::read_to_string(static_folder().join("index.html")).unwrap();
    // Its gaps are filled when it is built.
    let filled = page
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"));
    let mut keys: BTreeSet<_> = filled
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.contains('.'))
        .collect();
    for file in files {
        for literal in fs::read_to_string(file).unwrap().split('"') {
            let is_name = |part: &str| {
                part.starts_with(|first: char| first.is_ascii_lowercase())
                    && part
                        .chars()
                        .all(|character| character.is_ascii_alphanumeric())
            };
            if let Some((namespace, name)) = literal.split_once('.')
                && namespaces.contains(namespace)
                && is_name(name)
            {
                keys.insert(literal.to_owned());
            }
        }
    }
    keys
}

/// The gaps of a text, or of any of its plural forms.
fn gaps(text: &Value) -> BTreeSet<String> {
    match text {
        Value::String(text) => text
            .split('{')
            .skip(1)
            .map(|rest| rest.split_once('}').expect("a gap ends").0.to_owned())
            .collect(),
        Value::Object(forms) => {
            assert!(
                forms.contains_key("other"),
                "every language has the category other"
            );
            forms.values().flat_map(gaps).collect()
        }
        other => panic!("neither a text nor plural forms: {other}"),
    }
}

#[test]
fn every_key_exists_and_is_used() {
    let english = FOLDERS.map(|folder| locales(folder).remove("en").unwrap());
    let keys: Vec<_> = english.iter().flat_map(BTreeMap::keys).collect();
    let namespaces = keys
        .iter()
        .map(|key| key.split('.').next().unwrap())
        .collect();
    let used = keys_in_code(&namespaces);
    let known: BTreeSet<String> = keys.iter().copied().cloned().collect();
    assert_eq!(known.len(), keys.len(), "a key is in one folder only");
    let missing: Vec<_> = used.difference(&known).collect();
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(
        missing.is_empty(),
        "used but in no locale file: {missing:?}"
    );
    assert!(
        unused.is_empty(),
        "in the locale file but not used: {unused:?}"
    );
}

#[test]
fn every_locale_says_the_same() {
    for folder in FOLDERS {
        says_the_same(&locales(folder));
    }
}

fn says_the_same(locales: &Locales) {
    let english = &locales["en"];
    for (tag, texts) in locales {
        assert!(
            LANGUAGES.iter().any(|language| language.tag == tag),
            "{tag} is never chosen"
        );
        assert_eq!(
            texts.keys().collect::<Vec<_>>().len(),
            english.len(),
            "{tag}"
        );
        for (key, text) in texts {
            let expected = english
                .get(key)
                .unwrap_or_else(|| panic!("{tag}: {key} isn't English"));
            assert_eq!(gaps(text), gaps(expected), "{tag}: {key}");
        }
    }
    for language in LANGUAGES {
        assert!(
            locales.contains_key(language.tag),
            "{} has no file",
            language.tag
        );
    }
}

#[test]
fn the_browsers_first_language_that_we_have_wins() {
    let available = ["en", "pt-BR", "zh-Hans", "zh-Hant", "ar"].map(|tag| Language {
        tag,
        name: tag,
        rtl: tag == "ar",
    });
    let chosen = |preferred: &[&str]| {
        let preferred: Vec<String> = preferred.iter().map(|tag| (*tag).to_owned()).collect();
        choose(&preferred, &available).tag
    };
    assert_eq!(chosen(&["pt-br"]), "pt-BR");
    assert_eq!(chosen(&["pt-PT", "en"]), "pt-BR");
    assert_eq!(chosen(&["tlh", "ar-EG"]), "ar");
    assert_eq!(chosen(&["en-GB", "ar"]), "en");
    assert_eq!(chosen(&["zh"]), "zh-Hans");
    assert_eq!(chosen(&["zh-CN", "zh-TW"]), "zh-Hans");
    assert_eq!(chosen(&["zh-TW", "zh-CN"]), "zh-Hant");
    assert_eq!(chosen(&["zh-Hant-HK"]), "zh-Hant");
    assert_eq!(chosen(&["tlh"]), "en");
    assert_eq!(chosen(&[]), "en");
}

#[test]
fn days_have_the_shortest_clear_name() {
    let clock = Clock::at(20_000, 2024);
    assert_eq!(Age::of(20_000, 2024, clock), Age::Today);
    assert_eq!(Age::of(19_999, 2024, clock), Age::Yesterday);
    assert_eq!(Age::of(19_994, 2024, clock), Age::ThisWeek);
    assert_eq!(Age::of(19_993, 2024, clock), Age::ThisYear);
    assert_eq!(Age::of(19_600, 2023, clock), Age::Before);
    assert_eq!(
        Age::of(20_001, 2024, clock),
        Age::ThisYear,
        "a clock that is ahead of ours"
    );
}

#[test]
fn what_lasts_is_told_as_players_tell_it() {
    assert_eq!(lasting(0), "0:00");
    assert_eq!(lasting(9_999), "0:09");
    assert_eq!(lasting(61_000), "1:01");
    assert_eq!(lasting(3_600_000), "1:00:00");
    assert_eq!(lasting(u32::MAX), "1193:02:47");
}
