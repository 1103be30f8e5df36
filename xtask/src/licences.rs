//! The terms of all that the web client is made of, in one text beside it: most of them
//! want to be passed on with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{annotations, emoji, workspace};

/// What each file that holds terms begins with.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

const INTRODUCTION: &str = "\
The Couplet web client is made of the following, besides its own code. Each part is named with \
its version, the terms that it may be used under, and where its source is. Where there is a \
choice of terms that includes MIT, it is used under those. The texts are below.
";

/// The text, by what cargo knows.
pub(crate) fn text() -> Result<String> {
    let output = workspace::cargo()
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", "wasm32-unknown-unknown"])
        .output()
        .context("cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let names = names_of_emoji();
    let mut parts = compiled_in(&metadata);
    parts.push(&names);
    Ok(written(&parts, &terms_of))
}

/// What the page loads that is no crate, in the form of one.
fn names_of_emoji() -> Value {
    json!({
        "name": "Unicode CLDR annotations",
        "version": annotations::VERSION,
        "license": "Unicode-3.0",
        "repository": "https://github.com/unicode-org/cldr",
        "manifest_path": emoji::directory().join("LICENSE"),
    })
}

/// The files that hold the terms of a package: those of MIT alone, where they may be chosen.
fn terms_of(package: &Value) -> Vec<String> {
    let manifest = Path::new(text_of(package, "manifest_path"));
    let entries = manifest.parent().map(fs::read_dir);
    let Some(Ok(entries)) = entries else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.to_uppercase();
            path.is_file() && NAMES.iter().any(|known| name.starts_with(known))
        })
        .collect();
    files.sort();
    let is_mit = |path: &std::path::PathBuf| path.to_string_lossy().contains("MIT");
    let chosen = text_of(package, "license").contains(" AND ");
    if !chosen && files.iter().any(is_mit) {
        files.retain(is_mit);
    }
    files
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .collect()
}

fn written(parts: &[&Value], terms_of: &dyn Fn(&Value) -> Vec<String>) -> String {
    let mut all = INTRODUCTION.to_owned();
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for package in parts {
        let name = text_of(package, "name");
        let line = [
            name,
            text_of(package, "version"),
            text_of(package, "license"),
            text_of(package, "repository"),
        ];
        all.push_str(&["\n", line.join("  ").trim_end()].concat());
        for text in terms_of(package) {
            texts.entry(text).or_default().insert(name);
        }
    }
    for (text, names) in texts {
        let names: Vec<_> = names.into_iter().collect();
        let line = "-".repeat(72);
        all.push_str(&["\n\n", &line, "\n", &names.join(", "), "\n\n", &text].concat());
    }
    all.push('\n');
    all
}

/// What the web client needs and what that needs, by name; what only runs while it is
/// compiled isn't in it, and what is ours is under our own terms.
fn compiled_in(metadata: &Value) -> Vec<&Value> {
    let packages = list(&metadata["packages"]);
    let by_id: BTreeMap<&str, &Value> = packages
        .iter()
        .map(|package| (text_of(package, "id"), package))
        .collect();
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text_of(node, "id"), node))
        .collect();
    let client = packages
        .iter()
        .find(|package| package["name"] == "couplet-web");
    let mut due: Vec<&str> = client
        .map(|client| text_of(client, "id"))
        .into_iter()
        .collect();
    let mut found = BTreeMap::new();
    while let Some(id) = due.pop() {
        let (Some(package), Some(node)) = (by_id.get(id), nodes.get(id)) else {
            continue;
        };
        let is_macro = list(&package["targets"]).iter().any(|target| {
            list(&target["kind"])
                .iter()
                .any(|kind| kind == "proc-macro")
        });
        let key = (text_of(package, "name"), text_of(package, "version"), id);
        if is_macro || found.insert(key, *package).is_some() {
            continue;
        }
        for dependency in list(&node["deps"]) {
            let kinds = list(&dependency["dep_kinds"]);
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                due.push(text_of(dependency, "pkg"));
            }
        }
    }
    let from_elsewhere = |package: &&Value| !package["source"].is_null();
    found.into_values().filter(from_elsewhere).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_is_named_with_its_terms_once() {
        let package = |name: &str, kind: &str, source: Value| {
            let repository = ["https://example.org/", name].concat();
            json!({
                "id": name, "name": name, "version": "1.2.3", "license": "MIT", "source": source,
                "repository": repository,
                "targets": [{"kind": [kind]}],
            })
        };
        let dependency =
            |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [
                package("couplet-web", "bin", Value::Null),
                package("used", "lib", json!("elsewhere")),
                package("below", "lib", json!("elsewhere")),
                package("tests", "lib", json!("elsewhere")),
                package("derives", "proc-macro", json!("elsewhere")),
            ],
            "resolve": {"nodes": [
                {"id": "couplet-web", "deps": [
                    dependency("used", Value::Null),
                    dependency("tests", json!("dev")),
                    dependency("derives", Value::Null),
                ]},
                {"id": "used", "deps": [dependency("below", Value::Null)]},
                {"id": "below", "deps": [dependency("used", Value::Null)]},
                {"id": "tests", "deps": []},
                {"id": "derives", "deps": []},
            ]},
        });
        let text = written(&compiled_in(&metadata), &|_| vec!["The terms.".to_owned()]);
        let named: Vec<_> = text.lines().filter(|line| line.contains("1.2.3")).collect();
        assert_eq!(
            named,
            [
                "below  1.2.3  MIT  https://example.org/below",
                "used  1.2.3  MIT  https://example.org/used",
            ]
        );
        assert_eq!(text.matches("The terms.").count(), 1);
        assert!(text.contains("below, used\n\nThe terms."), "{text}");
    }

    #[test]
    fn the_names_of_emoji_come_with_their_terms() {
        let names = names_of_emoji();
        let text = written(&[&names], &terms_of);
        assert!(text.contains("\nUnicode CLDR annotations  48."), "{text}");
        assert!(text.contains("UNICODE LICENSE V3"), "{text}");
        assert!(text.contains("Copyright © 2004"), "{text}");
    }
}
