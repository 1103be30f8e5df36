//! Replays the fuzzer's corpus on stable Rust, with the fuzzer's own check.

#![allow(clippy::unwrap_used)]

use std::path::Path;

#[path = "../../tests/fuzz/proxy_header.rs"]
mod checks;

#[test]
fn proxy_header() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/proxy_header");
    let mut files = 0;
    for entry in corpus.read_dir().unwrap() {
        let path = entry.unwrap().path();
        // Shown only if the check fails.
        eprintln!("{}", path.display());
        checks::proxy_header(&std::fs::read(&path).unwrap());
        files += 1;
    }
    assert!(files > 20, "the corpus is nearly gone");
}
