//! The README's table and `couplet.doap` say what the table of modules says.
//! `COUPLET_UPDATE=1` writes them anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use couplet_tests::documents::{self, BEGIN, END};

fn root(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(file)
}

fn holds(file: &str, wanted: &str) {
    if std::env::var_os("COUPLET_UPDATE").is_some() {
        fs::write(root(file), wanted).unwrap();
    }
    let found = fs::read_to_string(root(file)).unwrap();
    assert!(
        found == wanted,
        "{file} is stale: run this test with COUPLET_UPDATE=1"
    );
}

#[test]
fn the_readme_lists_what_is_implemented() {
    let readme = fs::read_to_string(root("README.md")).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    holds(
        "README.md",
        &format!("{before}{BEGIN}{}{END}{after}", documents::table()),
    );
}

#[test]
fn the_doap_file_lists_what_is_implemented() {
    holds("couplet.doap", &documents::doap());
}
