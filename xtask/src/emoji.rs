//! What the emoji picker loads when it is opened: the list, and the names in one language.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result};
use emojis::{Emoji, Group, SkinTone, UnicodeVersion};
use serde_json::{Value, json};

use crate::workspace;

/// What is newer, many devices show as a box.
const NEWEST: UnicodeVersion = UnicodeVersion::new(15, 0);

/// All of them, group by group.
pub(crate) fn groups() -> impl Iterator<Item = Vec<&'static Emoji>> {
    let is_known = |emoji: &&Emoji| emoji.unicode_version() <= NEWEST;
    Group::iter().map(move |group| group.emojis().filter(is_known).collect())
}

/// Group by group, as `[emoji, name, shortcodes, light]`: what it is called in English, by which
/// `shortcode:shortcode` other chats know it, and, if it can have one, the same in the lightest
/// tone of skin.
pub(crate) fn list() -> Value {
    let group = |group: Vec<&Emoji>| group.into_iter().map(entry).collect::<Value>();
    groups().map(group).collect()
}

fn entry(emoji: &Emoji) -> Value {
    let shortcodes: Vec<&str> = emoji.shortcodes().collect();
    let shortcodes = shortcodes.join(":");
    match emoji.with_skin_tone(SkinTone::Light) {
        Some(light) => json!([emoji.as_str(), emoji.name(), shortcodes, light.as_str()]),
        None => json!([emoji.as_str(), emoji.name(), shortcodes]),
    }
}

/// For each emoji what it is called in a language and, behind a tab, which words also find it.
pub(crate) fn names(language: &str) -> Result<Value> {
    let file = file(language);
    let text = fs::read_to_string(&file)
        .with_context(|| format!("{}; `cargo xtask emoji` makes it", file.display()))?;
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(json!(lines.collect::<BTreeMap<_, _>>()))
}

/// The languages of the page.
pub(crate) fn languages() -> Result<Vec<String>> {
    let files = fs::read_dir(workspace::root().join("static/locales")).context("static/locales")?;
    let mut languages = Vec::new();
    for file in files {
        let file = file?.path();
        let language = file.file_stem().unwrap_or_default();
        languages.push(language.to_string_lossy().into_owned());
    }
    languages.sort();
    Ok(languages)
}

/// Where the names are, a file a language.
pub(crate) fn directory() -> PathBuf {
    workspace::root().join("xtask/emoji")
}

/// Lines of an emoji, its name and its words, with tabs between them.
pub(crate) fn file(language: &str) -> PathBuf {
    directory().join([language, ".tsv"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn there_is_every_group_with_names_and_shortcodes() {
        let list = list();
        let groups = list.as_array().unwrap();
        assert_eq!(groups.len(), 9);
        let of = |group: usize, emoji: &str| {
            let entries = groups[group].as_array().unwrap();
            let entry = entries.iter().find(|entry| entry[0] == emoji);
            entry.unwrap_or_else(|| panic!("no {emoji}")).clone()
        };
        assert_eq!(of(0, "😀"), json!(["😀", "grinning face", "grinning"]));
        assert_eq!(of(1, "👍"), json!(["👍", "thumbs up", "+1:thumbsup", "👍🏻"]));
    }

    #[test]
    fn the_other_tones_follow_from_the_lightest() {
        let others = [
            (SkinTone::MediumLight, "🏼"),
            (SkinTone::Medium, "🏽"),
            (SkinTone::MediumDark, "🏾"),
            (SkinTone::Dark, "🏿"),
        ];
        for emoji in groups().flatten() {
            let Some(light) = emoji.with_skin_tone(SkinTone::Light) else {
                continue;
            };
            for (tone, sign) in others {
                let toned = emoji.with_skin_tone(tone).unwrap().as_str();
                assert_eq!(light.as_str().replace('🏻', sign), toned);
            }
        }
    }

    #[test]
    fn every_language_of_the_page_has_names() {
        let languages = languages().unwrap();
        assert_eq!(languages.len(), 10);
        let all: Vec<_> = groups().flatten().collect();
        for language in languages {
            let names = names(&language).unwrap();
            let is_named = |emoji: &&&Emoji| !names[emoji.as_str()].is_null();
            let named = all.iter().filter(is_named).count();
            assert!(
                named * 100 >= all.len() * 97,
                "{language} has {named} names for {} emoji",
                all.len()
            );
        }
    }

    #[test]
    fn names_are_those_that_people_use() {
        for (language, emoji, name) in [
            ("de", "👍", "Daumen hoch"),
            ("es", "👍", "pulgar hacia arriba"),
            ("fr", "🎂", "gâteau d’anniversaire"),
            ("pt-BR", "🐱", "rosto de gato"),
            ("ru", "🍋", "лимон"),
            ("ar", "🌹", "وردة"),
            ("ja", "🍕", "ピザ"),
            ("zh-Hans", "❤️", "红心"),
            ("zh-Hant", "🇫🇷", "旗子：法國"),
            ("en", "🎂", "birthday cake"),
        ] {
            let names = names(language).unwrap();
            let called = names[emoji].as_str().unwrap().split('\t').next();
            assert_eq!(called, Some(name), "{language}");
        }
    }

    #[test]
    fn more_words_than_the_name_find_an_emoji() {
        for (language, emoji, words) in [
            ("de", "🎂", "geburtstag kuchen torte"),
            ("es", "🐶", "perro mascota"),
            ("fr", "🎂", "gâteau anniversaire"),
            ("pt-BR", "🎂", "bolo aniversário"),
            ("ru", "🎂", "торт рожд"),
            ("ar", "🐱", "قط حيوان"),
            ("ja", "🐱", "ネコ 猫"),
            ("zh-Hans", "🎂", "生日 蛋糕"),
            ("zh-Hant", "🎂", "生日 蛋糕"),
            ("en", "🎂", "birthday celebration"),
        ] {
            let names = names(language).unwrap();
            let all = names[emoji].as_str().unwrap().to_lowercase();
            for word in words.split(' ') {
                assert!(all.contains(word), "{language}: no {word} in {all}");
            }
        }
    }

    #[test]
    fn nothing_takes_long_to_load() {
        // Of gzip's, of which brotli saves a sixth.
        const MOST: u64 = 50_000;
        let directory = tempfile::tempdir().unwrap();
        let check = |name: &str, content: &Value| {
            let file = directory.path().join(name);
            fs::write(&file, content.to_string()).unwrap();
            page::gzip(&file).unwrap();
            let size = fs::metadata(page::with_more(&file, "gz")).unwrap().len();
            assert!(size <= MOST, "{name}: {size} bytes");
        };
        check("list", &list());
        for language in languages().unwrap() {
            check(&language, &names(&language).unwrap());
        }
    }
}
