//! Puts the web client into the binary: `COUPLET_WEB_DIR` names a directory whose
//! files, compressed forms beside them, become a table in `$OUT_DIR/files.rs`.
//! Without it there is one page that says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=COUPLET_WEB_DIR");
    let mut files = BTreeMap::new();
    match env::var_os("COUPLET_WEB_DIR").filter(|directory| !directory.is_empty()) {
        Some(directory) => {
            let directory = PathBuf::from(directory);
            println!("cargo::rerun-if-changed={}", directory.display());
            collect(&directory, &directory, &mut files)?;
            if !files.contains_key("index.html") {
                let found = format!("COUPLET_WEB_DIR={} has no index.html", directory.display());
                return Err(io::Error::new(io::ErrorKind::NotFound, found));
            }
        }
        None => {
            let page = "src/web/placeholder.html";
            println!("cargo::rerun-if-changed={page}");
            files.insert("index.html".to_owned(), fs::canonicalize(page)?);
        }
    }
    // The build script's own environment has it: cargo sets it.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), table(&files))
}

/// Finds the files below `directory`, by their paths below `root`.
fn collect(root: &Path, directory: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let below = path.strip_prefix(root).map_err(io::Error::other)?;
        let name = below
            .to_str()
            .ok_or_else(|| io::Error::other("a file name isn't UTF-8"))?;
        files.insert(name.replace('\\', "/"), fs::canonicalize(&path)?);
    }
    Ok(())
}

fn table(files: &BTreeMap<String, PathBuf>) -> String {
    let is_variant = |name: &str| {
        [".br", ".gz"].iter().any(|suffix| {
            name.strip_suffix(suffix)
                .is_some_and(|original| files.contains_key(original))
        })
    };
    let variant = |name: &str| match files.get(name) {
        Some(path) => format!("Some(include_bytes!({path:?}))"),
        None => "None".to_owned(),
    };
    let mut table = String::from("static FILES: &[Embedded] = &[\n");
    for (name, path) in files.iter().filter(|(name, _)| !is_variant(name)) {
        let brotli = variant(&format!("{name}.br"));
        let gzip = variant(&format!("{name}.gz"));
        // A write into a string has no way to fail.
        let _ = writeln!(
            table,
            "    Embedded {{ path: {name:?}, content: include_bytes!({path:?}), \
             brotli: {brotli}, gzip: {gzip} }},"
        );
    }
    table.push_str("];\n");
    table
}
