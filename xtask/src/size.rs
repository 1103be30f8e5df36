//! How much a browser downloads to show the first page.

use std::{cmp::Reverse, fs, path::Path};

use anyhow::{Result, ensure};

use crate::{page::with_more, web::files_below, widget};

/// Of what one can begin to sign in with, compressed with brotli.
const FORM_BUDGET: u64 = 18_000;

/// Of all files together; the program comes while one types, but for what comes later.
const BUDGET: u64 = 490_000;

/// Of what a site's page loads before anybody opens the chat.
const WIDGET_BUDGET: u64 = 6_000;

/// The language that the module has compiled in: nobody downloads the file.
const COMPILED_IN: &str = "locales/en.json";

/// Prints what the first load of the page in `directory` costs, and fails when
/// that is over the budget.
pub(crate) fn check(directory: &Path) -> Result<()> {
    let mut files = first_load(directory)?;
    files.sort_by_key(|(_, size)| Reverse(*size));
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    let form = files.iter().filter(|(name, _)| is_of_form(name));
    let form: u64 = form.map(|(_, size)| size).sum();
    println!("First load, compressed with brotli:");
    for (name, size) in files
        .iter()
        .map(|(name, size)| (name.as_str(), *size))
        .chain([("a form to type into", form), ("all of it", total)])
    {
        println!("{:>8.1} KB  {name}", kilobytes(size));
    }
    println!("Later, where it is needed or there is time:");
    for (name, size) in second(directory)? {
        println!("{:>8.1} KB  {name}", kilobytes(size));
    }
    let widget = match directory.join(widget::SCRIPT) {
        script if script.exists() => compressed(&script)?,
        _ => 0,
    };
    println!("On the pages of other sites:");
    println!("{:>8.1} KB  {}", kilobytes(widget), widget::SCRIPT);
    for (what, size, budget) in [
        ("a form to type into", form, FORM_BUDGET),
        ("the first load", total, BUDGET),
        (widget::SCRIPT, widget, WIDGET_BUDGET),
    ] {
        let (size, budget) = (kilobytes(size), kilobytes(budget));
        ensure!(
            size <= budget,
            "{what} takes {size:.1} KB; the budget is {budget} KB"
        );
    }
    Ok(())
}

/// Whether only other sites' pages have it, or their owners.
fn is_elsewhere(name: &str) -> bool {
    let kinds = ["widget.", "embed", "owners-"];
    kinds.iter().any(|kind| name.starts_with(kind))
}

/// Whether a page without it has no form, or none that does anything.
fn is_of_form(name: &str) -> bool {
    let script = name.ends_with(".js") && name != "sw.js";
    name == "index.html" || script || name.ends_with(".css")
}

fn kilobytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1000.0
}

/// Every file with its compressed size, as if the browser took all of them:
/// only of the languages it takes one or none, and we count the largest; the icons
/// are for those who install the page, a sound comes when it is first to be heard, and the
/// list of emoji and their names when somebody opens it, as the second module does.
fn first_load(directory: &Path) -> Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    let mut locale: Option<(String, u64)> = None;
    for file in files_below(directory)? {
        let is_copy = file
            .extension()
            .is_some_and(|suffix| suffix == "br" || suffix == "gz");
        let name = file.strip_prefix(directory)?.display().to_string();
        let is_icon = name.starts_with("icons/") && name.ends_with(".png");
        let is_for_later = name.starts_with("sounds/")
            || name.starts_with("emoji/")
            || name == "licences.txt"
            || is_second(&name);
        if is_elsewhere(&name) || is_copy || is_icon || is_for_later || name == COMPILED_IN {
            continue;
        }
        let size = compressed(&file)?;
        if !name.starts_with("locales/") {
            files.push((name, size));
        } else if locale.as_ref().is_none_or(|(_, largest)| size > *largest) {
            locale = Some((name, size));
        }
    }
    files.extend(locale);
    Ok(files)
}

/// The file's size, compressed if it is.
fn compressed(file: &Path) -> Result<u64> {
    let smaller = with_more(file, "br");
    let file = if smaller.exists() { &smaller } else { file };
    Ok(fs::metadata(file)?.len())
}

/// The module that comes later, what it looks like and the largest of what it says, with their
/// sizes.
fn second(directory: &Path) -> Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    let mut texts: Option<(String, u64)> = None;
    for file in files_below(directory)? {
        let name = file.strip_prefix(directory)?.display().to_string();
        if !is_second(&name) {
            continue;
        }
        let size = compressed(&file)?;
        if name.ends_with(".wasm") || name.ends_with(".css") {
            files.push((name, size));
        } else if name.ends_with(".json") && texts.as_ref().is_none_or(|(_, most)| size > *most) {
            texts = Some((name, size));
        }
    }
    files.extend(texts);
    Ok(files)
}

fn is_second(name: &str) -> bool {
    name.starts_with("second-") || name.starts_with("second/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_compressed_sizes_and_one_language() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for folder in ["emoji", "icons", "locales", "second", "sounds"] {
            fs::create_dir(path.join(folder)).unwrap();
        }
        for (name, size) in [
            ("index.html", 100),
            ("index.html.br", 10),
            ("index.html.gz", 12),
            ("a.png", 50),
            ("icons/icon-512.png", 9000),
            ("sounds/message.wav", 7000),
            ("emoji/list.json", 8000),
            ("second-0123456789abcdef.css", 700),
            ("second-0123456789abcdef.css.br", 70),
            ("second-0123456789abcdef.wasm", 6000),
            ("second-0123456789abcdef.wasm.br", 600),
            ("second/de-0123456789abcdef.json", 80),
            ("second/de-0123456789abcdef.json.br", 8),
            ("second/ja-0123456789abcdef.json", 9),
            ("locales/de.json", 30),
            ("locales/ja.json", 40),
            ("locales/ja.json.br", 20),
            ("locales/en.json", 50),
            ("widget.js", 60),
            ("embed.html", 70),
            ("embed-0123456789abcdef.js", 80),
            ("widget.html", 90),
            ("owners-0123456789abcdef.css", 100),
        ] {
            fs::write(path.join(name), vec![0; size]).unwrap();
        }
        let later = [
            ("second-0123456789abcdef.css".to_owned(), 70),
            ("second-0123456789abcdef.wasm".to_owned(), 600),
            ("second/ja-0123456789abcdef.json".to_owned(), 9),
        ];
        assert_eq!(second(path).unwrap(), later);
        let mut files = first_load(path).unwrap();
        files.sort();
        let expected = [("a.png", 50), ("index.html", 10), ("locales/de.json", 30)];
        assert_eq!(files, expected.map(|(name, size)| (name.to_owned(), size)));
    }

    #[test]
    fn the_budgets_bite() {
        for (name, budget) in [
            ("a.bin", BUDGET),
            ("index.html", FORM_BUDGET),
            ("widget.js", WIDGET_BUDGET),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join(name);
            let size = usize::try_from(budget).unwrap();
            fs::write(&file, vec![0; size]).unwrap();
            check(directory.path()).unwrap();
            fs::write(&file, vec![0; size + 1]).unwrap();
            let error = check(directory.path()).unwrap_err().to_string();
            assert!(error.contains("the budget is"), "{error}");
        }
    }
}
