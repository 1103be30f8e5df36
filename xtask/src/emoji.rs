//! The list of emoji that the picker loads when it is opened.

use emojis::{Emoji, Group, SkinTone, UnicodeVersion};
use serde_json::{Value, json};

/// What is newer, many devices show as a box.
const NEWEST: UnicodeVersion = UnicodeVersion::new(15, 0);

const TONES: [SkinTone; 5] = [
    SkinTone::Light,
    SkinTone::MediumLight,
    SkinTone::Medium,
    SkinTone::MediumDark,
    SkinTone::Dark,
];

/// Group by group, as `[emoji, name, shortcodes, tones]`: what it is called in English, by
/// which words other chats find it, and, where there are any, the same in five tones of skin.
pub(crate) fn list() -> Value {
    let group = |group: Group| {
        let known = group
            .emojis()
            .filter(|emoji| emoji.unicode_version() <= NEWEST);
        known.map(entry).collect::<Value>()
    };
    Group::iter().map(group).collect()
}

fn entry(emoji: &Emoji) -> Value {
    let shortcodes: Vec<&str> = emoji.shortcodes().collect();
    let shortcodes = shortcodes.join(" ");
    let tones = TONES.map(|tone| emoji.with_skin_tone(tone).map(Emoji::as_str));
    match tones {
        [Some(_), ..] => json!([emoji.as_str(), emoji.name(), shortcodes, tones]),
        _ => json!([emoji.as_str(), emoji.name(), shortcodes]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_every_group_with_names_words_and_tones() {
        let list = list();
        let groups = list.as_array().unwrap();
        assert_eq!(groups.len(), 9);
        let of = |group: usize, emoji: &str| {
            let entries = groups[group].as_array().unwrap();
            let entry = entries.iter().find(|entry| entry[0] == emoji);
            entry.unwrap_or_else(|| panic!("no {emoji}")).clone()
        };
        assert_eq!(of(0, "😀"), json!(["😀", "grinning face", "grinning"]));
        let thumb = of(1, "👍");
        assert_eq!(thumb[3], json!(["👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿"]));
    }
}
