//! What other sites' pages load of us: one small script with all that it says and looks like.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{css, page::fill};

/// Its name, which stands in the pages of others: it has no hash.
pub(crate) const SCRIPT: &str = "widget.js";

/// What it says, by language.
const TEXTS: &str = "widget.json";

/// What it looks like.
const STYLE: &str = "widget.css";

/// What is laid out in one.
pub(crate) const SOURCES: [&str; 3] = [SCRIPT, TEXTS, STYLE];

/// The script with its texts and its style sheet.
pub(crate) fn script(source: &Path) -> Result<String> {
    let read = |name: &str| fs::read_to_string(source.join(name)).context(name.to_owned());
    let texts: Value = serde_json::from_str(&read(TEXTS)?)?;
    let style = css::minify(&read(STYLE)?);
    let script = squeeze(&read(SCRIPT)?);
    let words = [("texts", texts.to_string()), ("css", style)];
    let words = words
        .each_ref()
        .map(|(word, value)| (*word, value.as_str()));
    fill(SCRIPT, &script, &words)
}

/// Drops the lines that only their readers need, and what is in front of the others. No line of
/// the script is within a text.
fn squeeze(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace;

    #[test]
    fn comments_and_indentation_are_not_sent() {
        let script = "// Why.\nlet a = 1;\n\n  // How.\n  a += \"// no\";\n";
        assert_eq!(squeeze(script), "let a = 1;\na += \"// no\";\n");
    }

    #[test]
    fn it_speaks_every_language_that_the_client_speaks() {
        let source = workspace::root().join("static");
        let texts = fs::read_to_string(source.join(TEXTS)).unwrap();
        let texts: Value = serde_json::from_str(&texts).unwrap();
        let keys = |texts: &Value| -> BTreeSet<String> {
            texts.as_object().unwrap().keys().cloned().collect()
        };
        let files = fs::read_dir(source.join("locales")).unwrap();
        let languages: BTreeSet<String> = files
            .map(|file| file.unwrap().path())
            .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(keys(&texts), languages);
        for language in &languages {
            assert_eq!(keys(&texts[language]), keys(&texts["en"]), "{language}");
            let unread = texts[language]["unread"].as_str().unwrap();
            assert!(unread.contains("{count}"), "{language}");
        }
        assert!(!script(&source).unwrap().contains("{{"));
    }
}
