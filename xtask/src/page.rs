//! The directory that a web server serves: names with hashes in them, one
//! style sheet and one for what comes later, and everything compressed in advance.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value};

use crate::{
    css, emoji, licences, process,
    progress::step,
    web::{Flavour, files_below, hash},
    widget, workspace,
};

/// What the page is made of, besides `static/`.
pub(crate) struct Parts {
    /// The script that wasm-bindgen wrote.
    pub(crate) script: String,
    /// The WebAssembly module.
    pub(crate) module: Vec<u8>,
    /// The one that comes later, if it isn't all one.
    pub(crate) second: Option<Vec<u8>>,
    /// Scripts of crates, which [`script`](Self::script) imports by this
    /// directory's name. Need not exist.
    pub(crate) snippets: PathBuf,
}

/// Fills `directory` with the page, replacing whatever it was.
pub(crate) fn lay_out(parts: &Parts, flavour: Flavour, directory: &Path) -> Result<()> {
    let new = directory.with_extension("new");
    remove(&new)?;
    fs::create_dir_all(&new)?;
    let source = workspace::root().join("static");
    copy_assets(&source, &new)?;
    lay_out_emoji(&new.join("emoji"))?;
    fs::write(new.join(LICENCES), licences::text()?)?;
    if parts.snippets.is_dir() {
        copy_below(&parts.snippets, &new.join("snippets"))?;
    }

    let mut sheet = css::bundle(&source.join("css"))?;
    let later = css::bundle(&source.join("css/second"))?;
    let texts = lay_out_texts(&source.join(LATER), &new.join(LATER))?;
    let second = match &parts.second {
        Some(second) => Some([
            write_hashed(&new, "second.wasm", second)?,
            write_hashed(&new, "second.css", later.as_bytes())?,
        ]),
        None => {
            sheet.push_str(&later);
            None
        }
    };
    let css = write_hashed(&new, "couplet.css", sheet.as_bytes())?;
    let wasm = write_hashed(&new, "couplet.wasm", &parts.module)?;
    let early = fs::read_to_string(source.join(EARLY)).context(EARLY)?;
    let script = format!(
        "{early}{}\n{}{}\n",
        parts.script.trim_end(),
        second_script(&source, second.as_ref(), &texts)?,
        start_line(&wasm)
    );
    let js = write_hashed(&new, "couplet.js", script.as_bytes())?;
    let index = fs::read_to_string(source.join("index.html")).context("static/index.html")?;
    let words = fs::read_to_string(source.join("locales/en.json")).context("locales/en.json")?;
    let index = fill_texts(&index, &serde_json::from_str(&words)?);
    let words = [("css", css.as_str()), ("js", &js), ("wasm", &wasm)];
    let mut index = fill("index.html", &index, &words)?;
    let embedded = embedded(&new, &source, &words, second.as_ref())?;
    fs::write(new.join(EMBEDDED), embedded)?;
    fs::write(new.join(widget::SCRIPT), widget::script(&source)?)?;
    lay_out_owners(&new, &source)?;
    let english = text_file("en", &texts);
    let hashed: Vec<_> = [&css, &js, &wasm, &english]
        .into_iter()
        .chain(second.iter().flatten())
        .collect();
    let worker = worker(&new, &source, &index, &hashed)?;
    fs::write(new.join(WORKER), worker)?;
    match flavour {
        Flavour::Release => {
            fs::write(new.join("index.html"), index)?;
            step("Compressing it", || compress_all(&new))?;
        }
        Flavour::Dev => {
            index = index.replace(
                "</head>",
                &format!("<script type=\"module\" src=\"{RELOAD_FILE}\"></script></head>"),
            );
            fs::write(new.join("index.html"), &index)?;
            fs::write(new.join(RELOAD_FILE), RELOAD)?;
            fs::write(new.join("build-id"), hash(index.as_bytes()))?;
        }
    }
    remove(directory)?;
    fs::rename(&new, directory)?;
    Ok(())
}

/// The page in the frames of other sites.
const EMBEDDED: &str = "embed.html";

/// Its script, which has the client's come when it is time.
const EMBEDDED_SCRIPT: &str = "embed.js";

/// That page, by the names of what the other one is made of. What comes later there comes at once
/// here, for all that is seen first is in it.
fn embedded(
    new: &Path,
    source: &Path,
    names: &[(&str, &str); 3],
    second: Option<&[String; 2]>,
) -> Result<String> {
    let [css, js, wasm] = *names;
    let script = fs::read_to_string(source.join(EMBEDDED_SCRIPT)).context(EMBEDDED_SCRIPT)?;
    let script = fill(EMBEDDED_SCRIPT, &script, &[js])?;
    let script = write_hashed(new, EMBEDDED_SCRIPT, script.as_bytes())?;
    let page = fs::read_to_string(source.join(EMBEDDED)).context(EMBEDDED)?;
    let page = fill(EMBEDDED, &page, &[css, js, wasm, ("embed", &script)])?;
    let Some([module, sheet]) = second else {
        return Ok(page);
    };
    let links = format!(
        "  <link rel=\"preload\" href=\"{module}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n    \
         <link rel=\"preload\" href=\"{sheet}\" as=\"style\">\n  </head>"
    );
    Ok(page.replace("</head>", &links))
}

/// The page on which owners of other sites try the chat, with its script and its style sheet.
const OWNERS: &str = "owners";

/// Lays out that page. It looks like the client, by a few of the same rules.
fn lay_out_owners(new: &Path, source: &Path) -> Result<()> {
    let owners = source.join(OWNERS);
    let read =
        |path: PathBuf| fs::read_to_string(&path).with_context(|| path.display().to_string());
    let mut sheet = String::new();
    for name in ["tokens", "base", "button", "field"] {
        sheet += &read(source.join("css").join(name).with_extension("css"))?;
    }
    sheet += &read(owners.join("owners.css"))?;
    let css = write_hashed(new, "owners.css", css::minify(&sheet).as_bytes())?;
    let script = read(owners.join("owners.js"))?;
    let js = write_hashed(new, "owners.js", script.as_bytes())?;
    let page = read(owners.join("widget.html"))?;
    let page = fill("owners/widget.html", &page, &[("css", &css), ("js", &js)])?;
    Ok(fs::write(new.join("widget.html"), page)?)
}

/// The terms of what the client is made of, which its settings lead to.
const LICENCES: &str = "licences.txt";

/// What the script does before it has the module.
const EARLY: &str = "early.js";

/// What the script does for what comes later.
const SECOND: &str = "second.js";

/// What it does for the second module.
const MODULE: &str = "module.js";

/// What the second module says, a file a language.
const LATER: &str = "second";

/// The service worker, which keeps the page for when there is no network.
const WORKER: &str = "sw.js";

/// What the worker keeps besides the files whose names are hashes.
const KEPT: [&str; 4] = [
    "favicon.svg",
    "favicon-unread.svg",
    "manifest.webmanifest",
    "locales/en.json",
];

/// The worker with the names of what it keeps, and a version that stands for all of it.
fn worker(new: &Path, source: &Path, index: &str, hashed: &[&String]) -> Result<String> {
    let mut all = index.as_bytes().to_vec();
    for name in KEPT {
        all.extend(fs::read(new.join(name)).with_context(|| name.to_owned())?);
    }
    let hashed = hashed.iter().map(|name| name.as_str());
    let files: Vec<_> = ["./"].into_iter().chain(hashed).chain(KEPT).collect();
    let files = serde_json::to_string(&files)?;
    let worker = fs::read_to_string(source.join(WORKER)).context(WORKER)?;
    let words = [("version", hash(&all)), ("files", files)];
    let words = words
        .each_ref()
        .map(|(word, value)| (*word, value.as_str()));
    fill(WORKER, &worker, &words)
}

/// What the emoji picker reads when it is opened: the list, and the names in the page's language.
fn lay_out_emoji(directory: &Path) -> Result<()> {
    fs::create_dir(directory)?;
    fs::write(directory.join("list.json"), emoji::list().to_string())?;
    for language in emoji::languages()? {
        let file = directory.join([language.as_str(), ".json"].concat());
        fs::write(file, emoji::names(&language)?.to_string())?;
    }
    Ok(())
}

/// Fails when the first module has the key of a text that comes with the second one.
pub(crate) fn check_texts(first: &[u8]) -> Result<()> {
    let file = workspace::root().join("static/second/en.json");
    let texts = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let early = keys_in(first, &serde_json::from_str(&texts)?);
    ensure!(
        early.is_empty(),
        "the first module says {}, which belongs into static/locales, not static/second",
        early.join(", ")
    );
    Ok(())
}

/// Which of the keys of `texts` a module has in its data.
fn keys_in(module: &[u8], texts: &Map<String, Value>) -> Vec<String> {
    let module = String::from_utf8_lossy(module);
    let keys = texts.keys().filter(|key| module.contains(key.as_str()));
    keys.cloned().collect()
}

/// Lays out what the second module says. Its names have one hash for all languages, which is
/// returned.
fn lay_out_texts(source: &Path, target: &Path) -> Result<String> {
    let mut files = Vec::new();
    for language in emoji::languages()? {
        let file = source.join(&language).with_extension("json");
        let texts = fs::read(&file).with_context(|| file.display().to_string())?;
        files.push((language, texts));
    }
    let all: Vec<_> = files.iter().map(|(_, texts)| texts.as_slice()).collect();
    let hash = hash(&all.concat());
    fs::create_dir(target)?;
    for (language, texts) in files {
        fs::write(target.with_file_name(text_file(&language, &hash)), texts)?;
    }
    Ok(hash)
}

/// The name of the file with what the second module says in a language.
fn text_file(language: &str, hash: &str) -> String {
    format!("{LATER}/{language}-{hash}.json")
}

/// How what comes later is loaded: the second module by its name and that of its style sheet,
/// unless all of it is here, and the texts by their hash.
fn second_script(source: &Path, names: Option<&[String; 2]>, texts: &str) -> Result<String> {
    let read = |name: &str| fs::read_to_string(source.join(name)).context(name.to_owned());
    let module = match names {
        Some([module, sheet]) => fill(
            MODULE,
            &read(MODULE)?,
            &[("second", module), ("css", sheet)],
        )?,
        None => "async function module() { return {}; }\n".to_owned(),
    };
    Ok(fill(SECOND, &read(SECOND)?, &[("texts", texts)])? + &module)
}

/// The last line of the script, which wasm-bindgen leaves to the page.
fn start_line(wasm: &str) -> String {
    let url = format!("new URL(\"{wasm}\", import.meta.url)");
    format!("__wbg_init({{ module_or_path: {url} }}).catch(notLoaded);")
}

const RELOAD_FILE: &str = "dev-reload.js";

/// Reloads the page when it isn't the last one built any more. Served by
/// `cargo xtask dev` only.
const RELOAD: &str = r#"const id = async () => (await fetch("build-id", { cache: "no-store" })).text();
let loaded = null;
setInterval(async () => {
    const current = await id().catch(() => loaded);
    loaded ??= current;
    if (current !== loaded) location.reload();
}, 500);
"#;

/// Copies what `static/` has besides the sources of other files.
fn copy_assets(source: &Path, target: &Path) -> Result<()> {
    for entry in fs::read_dir(source).context("static")? {
        let entry = entry?.path();
        let name = entry.file_name().unwrap_or_default();
        let sources = [
            WORKER,
            EARLY,
            SECOND,
            MODULE,
            LATER,
            EMBEDDED,
            EMBEDDED_SCRIPT,
            OWNERS,
        ];
        let is_widget = widget::SOURCES.iter().any(|source| name == *source);
        let is_source = sources.iter().any(|source| name == *source);
        if name != "css" && name != "index.html" && !is_source && !is_widget {
            copy_below(&entry, &target.join(name))?;
        }
    }
    Ok(())
}

pub(crate) fn copy_below(source: &Path, target: &Path) -> Result<()> {
    for file in files_below(source)? {
        let copy = target.join(file.strip_prefix(source)?);
        // A file below itself has no name of its own.
        let copy = if source.is_dir() {
            copy
        } else {
            target.to_owned()
        };
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&file, &copy)?;
    }
    Ok(())
}

/// Writes `name` with the hash of its content in front of the suffix, and
/// returns the name that it has now.
fn write_hashed(directory: &Path, name: &str, content: &[u8]) -> Result<String> {
    let (stem, suffix) = name.rsplit_once('.').context("a file without a suffix")?;
    let name = format!("{stem}-{}.{suffix}", hash(content));
    fs::write(directory.join(&name), content)?;
    Ok(name)
}

/// Replaces each `{{key}}` of a text that never has anything to fill in by the text.
fn fill_texts(page: &str, texts: &Map<String, Value>) -> String {
    let plain = texts
        .iter()
        .filter_map(|(key, text)| Some((key, text.as_str()?)))
        .filter(|(_, text)| !text.contains(['<', '&', '"', '{']));
    plain.fold(page.to_owned(), |page, (key, text)| {
        page.replace(&format!("{{{{{key}}}}}"), text)
    })
}

/// Replaces each `{{word}}`, and insists that all of them and no others occur.
pub(crate) fn fill(name: &str, template: &str, words: &[(&str, &str)]) -> Result<String> {
    let mut text = template.to_owned();
    for (word, value) in words {
        let placeholder = format!("{{{{{word}}}}}");
        ensure!(
            text.contains(&placeholder),
            "static/{name} doesn't mention {placeholder}"
        );
        text = text.replace(&placeholder, value);
    }
    ensure!(
        !text.contains("{{"),
        "static/{name} has a placeholder that nothing fills"
    );
    Ok(text)
}

/// The suffixes of files that become smaller.
const COMPRESSIBLE: &[&str] = &[
    "css",
    "html",
    "js",
    "json",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
];

/// Puts a `.br` and a `.gz` beside each file that compresses.
fn compress_all(directory: &Path) -> Result<()> {
    let mut files = files_below(directory)?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|suffix| COMPRESSIBLE.iter().any(|known| suffix == *known))
    });
    thread::scope(|scope| {
        let brotli = scope.spawn(|| files.iter().try_for_each(|file| brotli(file)));
        files.iter().try_for_each(|file| gzip(file))?;
        brotli
            .join()
            .map_err(|_| anyhow!("the compressor panicked"))?
    })
}

fn brotli(file: &Path) -> Result<()> {
    process::check_interrupt()?;
    let content = fs::read(file)?;
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: content.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut content.as_slice(), &mut compressed, &parameters)?;
    Ok(fs::write(with_more(file, "br"), compressed)?)
}

pub(crate) fn gzip(file: &Path) -> Result<()> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(file)?)?;
    Ok(fs::write(with_more(file, "gz"), encoder.finish()?)?)
}

/// The path with one more suffix.
pub(crate) fn with_more(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn remove(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("cannot replace {}", directory.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_or_missed() {
        let page = "<link href={{css}}><script src={{js}}>";
        assert_eq!(
            fill("page", page, &[("css", "a"), ("js", "b")]).unwrap(),
            "<link href=a><script src=b>"
        );
        assert!(fill("page", page, &[("css", "a")]).is_err());
        assert!(fill("page", page, &[("css", "a"), ("js", "b"), ("wasm", "c")]).is_err());
    }

    #[test]
    fn names_carry_a_hash_of_sixteen_digits() {
        let directory = tempfile::tempdir().unwrap();
        let name = write_hashed(directory.path(), "couplet.js", b"1").unwrap();
        let digits = name
            .strip_prefix("couplet-")
            .and_then(|rest| rest.strip_suffix(".js"))
            .unwrap();
        assert!(
            digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{name}"
        );
        assert_ne!(
            name,
            write_hashed(directory.path(), "couplet.js", b"2").unwrap()
        );
    }

    #[test]
    fn a_text_that_is_said_too_early_is_found() {
        let module = b"\0asm\x01\xff\xfelist.namefind.go{}\xff";
        let texts = r#"{ "find.go": "Go", "find.list": "Rooms" }"#;
        let texts = serde_json::from_str(texts).unwrap();
        assert_eq!(keys_in(module, &texts), ["find.go"]);
    }

    #[test]
    fn every_compressible_file_gets_both_companions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("a.js"), "let verse = 1;".repeat(100)).unwrap();
        fs::write(path.join("b.png"), "not text").unwrap();
        compress_all(path).unwrap();
        let names: Vec<_> = files_below(path)
            .unwrap()
            .iter()
            .map(|file| file.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a.js", "a.js.br", "a.js.gz", "b.png"]);
        assert!(fs::metadata(path.join("a.js.br")).unwrap().len() < 100);
    }
}
