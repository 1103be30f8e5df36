//! What documents say is so: the README's table and `couplet.doap` as the table of modules
//! has it (`COUPLET_UPDATE=1` writes them anew), `SECURITY.md` as the tests have it.
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

#[test]
fn what_stands_against_threats_are_tests_that_exist() {
    let security = fs::read_to_string(root("SECURITY.md")).unwrap();
    let (_, table) = security
        .split_once("| threat | what stands against it | tests |\n")
        .unwrap();
    let sources: String = ["tests/tests/proxy", "tests/tests/proxy/relay"]
        .into_iter()
        .flat_map(|directory| fs::read_dir(root(directory)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let mut names = 0;
    for row in rows {
        let held = row.rsplit('|').nth(1).unwrap();
        for name in held.split('`').skip(1).step_by(2) {
            let exists = sources.contains(&format!("fn {name}()"))
                || sources.contains(&format!("mod {name};"))
                || root(&format!("tests/fuzz/fuzz_targets/{name}.rs")).is_file();
            assert!(exists, "SECURITY.md leads to {name}, which is no test");
            names += 1;
        }
    }
    assert!(names > 20, "only {names} names were found");
}
