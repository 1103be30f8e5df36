//! `cargo xtask emoji`: what emoji are called in each language, from Unicode's annotations.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{emoji, process, progress::step};

/// The release of Unicode's locale data.
pub(crate) const VERSION: &str = "48.2.0";

/// The packages of npm that it comes in, and what they call their contents: what is said of
/// single emoji, and what follows from that of flags and other sequences.
const PACKAGES: [(&str, &str); 2] = [
    ("cldr-annotations-full", "annotations"),
    ("cldr-annotations-derived-full", "annotationsDerived"),
];

/// Writes a file a language anew, with npm, and the terms of what is in them.
pub(crate) fn run() -> Result<()> {
    let work = tempfile::tempdir()?;
    for (package, _) in PACKAGES {
        step(&format!("Downloading {package} with npm"), || {
            unpack(package, work.path())
        })?;
    }
    fs::create_dir_all(emoji::directory())?;
    for language in emoji::languages()? {
        let read = |(package, contents): (&str, &str)| -> Result<Value> {
            let file = format!(
                "{package}/package/{contents}/{}/annotations.json",
                named(&language)
            );
            let text = fs::read_to_string(work.path().join(&file)).context(file)?;
            let mut all: Value = serde_json::from_str(&text)?;
            Ok(all[contents]["annotations"].take())
        };
        let [single, derived] = PACKAGES.map(read);
        let text = written(&single?, &derived?);
        fs::write(emoji::file(&language), text)?;
    }
    let terms = work.path().join(PACKAGES[0].0).join("package/LICENSE");
    fs::copy(terms, emoji::directory().join("LICENSE"))?;
    Ok(())
}

fn unpack(package: &str, directory: &Path) -> Result<()> {
    let mut command = Command::new("npm");
    command.args(["pack", "--silent", &format!("{package}@{VERSION}")]);
    process::run_quietly(command.current_dir(directory))?;
    let mut command = Command::new("tar");
    command.args([
        "--extract",
        "--gzip",
        "--file",
        &format!("{package}-{VERSION}.tgz"),
    ]);
    command.arg(["--one-top-level=", package].concat());
    process::run_quietly(command.current_dir(directory))
}

/// What Unicode calls a language of the page.
fn named(language: &str) -> &str {
    match language {
        "pt-BR" => "pt",
        "zh-Hans" => "zh",
        same => same,
    }
}

/// A line for each emoji of the picker that there is a name for, in the order of their code
/// points.
fn written(single: &Value, derived: &Value) -> String {
    let mut lines: Vec<_> = emoji::groups()
        .flatten()
        .filter_map(|emoji| {
            // Unicode's keys don't say that a picture is meant.
            let key = emoji.as_str().replace('\u{fe0f}', "");
            let annotation = [single, derived]
                .into_iter()
                .find_map(|all| all.get(&key))?;
            let name = annotation["tts"][0].as_str()?;
            let words = annotation["default"].as_array()?.iter();
            let words: Vec<_> = words.filter_map(Value::as_str).collect();
            let words = further_words(name, &words.join(" "));
            Some([emoji.as_str(), name, &words].join("\t"))
        })
        .collect();
    lines.sort();
    lines.push(String::new());
    lines.join("\n")
}

/// Each word of `more`, in lower case, unless one of `name` or another one begins with it: what
/// finds that finds this.
fn further_words(name: &str, more: &str) -> String {
    let words = |text: &str| -> BTreeSet<String> {
        let text = text.to_lowercase();
        text.split([' ', ':']).map(str::to_owned).collect()
    };
    let (known, more) = (words(name), words(more));
    let is_needed = |word: &&String| {
        let others = more.iter().filter(|other| other != word);
        let mut all = known.iter().chain(others);
        !all.any(|other| other.starts_with(word.as_str()))
    };
    let needed: Vec<_> = more.iter().filter(is_needed).map(String::as_str).collect();
    needed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_has_a_name_and_the_words_that_add_to_it() {
        let single = json!({
            "❤": {"default": ["Herz", "Liebe", "rotes Herz"], "tts": ["rotes Herz"]},
            "∞": {"default": ["unendlich"], "tts": ["Unendlichkeitszeichen"]},
        });
        let derived = json!({ "🇩🇪": {"default": ["Flagge"], "tts": ["Flagge: Deutschland"]} });
        assert_eq!(
            written(&single, &derived),
            "❤️\trotes Herz\tliebe\n🇩🇪\tFlagge: Deutschland\t\n"
        );
    }

    #[test]
    fn a_word_that_finds_nothing_more_is_left_out() {
        let words = further_words("Daumen hoch", "Daumen oben nach OK okay Hochhaus");
        assert_eq!(words, "hochhaus nach oben okay");
        assert_eq!(further_words("cat", ""), "");
    }
}
