//! Replays the fuzzers' corpora on stable Rust, with the fuzzers' own checks.

use std::path::Path;

#[path = "../../tests/fuzz/checks.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in corpus
        .read_dir()
        .expect("the corpora are in the repository")
    {
        let path = entry.expect("a readable directory").path();
        // Shown only if the check fails.
        eprintln!("{}", path.display());
        check(&std::fs::read(&path).expect("a readable file"));
        files += 1;
    }
    assert!(files > 20, "the corpus of {target} is nearly gone");
}

#[test]
fn scanner() {
    replay("scanner", checks::scanner);
}

#[test]
fn chunking() {
    replay("chunking", checks::chunking);
}

#[test]
fn framing() {
    replay("framing", checks::framing);
}
