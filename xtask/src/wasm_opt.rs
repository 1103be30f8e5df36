//! Binaryen's optimiser, down to version 108, which Debian 12 has. That one has
//! two gaps, both about the table in which wasm-bindgen keeps JavaScript's
//! objects.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{process, progress::step, setup};

/// What Rust uses and every browser of the last years knows.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-mutable-globals",
];

/// Readies a compiled module for wasm-bindgen, so that it does without the
/// instruction `table.fill`, which the old version can't read.
///
/// wasm-bindgen uses it where the module's list of features has
/// `+bulk-memory`; with a `-` in front it clears the table in a loop instead.
pub(crate) fn prepare(mut module: Vec<u8>) -> Vec<u8> {
    let feature = b"+\x0bbulk-memory";
    if let Some(at) = find_last(&module, feature) {
        module[at] = b'-';
    }
    module
}

/// Makes the module in `file` as small as it gets.
pub(crate) fn optimise(file: &Path) -> Result<()> {
    let wasm_opt = setup::wasm_opt().context("wasm-opt is gone")?;
    let mut command = Command::new(wasm_opt);
    command
        .args(["--strip-target-features", "-Oz"])
        .args(FEATURES);
    command.arg(file).arg("--output").arg(file);
    step("Optimising it", || process::run_quietly(&mut command))?;
    Ok(fs::write(file, mend_export(fs::read(file)?))?)
}

/// Lets the export of the table of objects be that table.
///
/// The old version exports the first table whatever the name, which is that of
/// functions; the objects are in the second.
fn mend_export(mut module: Vec<u8>) -> Vec<u8> {
    // The name with its length, the kind "table", and the table's number.
    let export = b"\x15__wbindgen_externrefs\x01\x00";
    if let Some(at) = find_last(&module, export) {
        module[at + export.len() - 1] = 1;
    }
    module
}

fn find_last(module: &[u8], bytes: &[u8]) -> Option<usize> {
    module
        .windows(bytes.len())
        .rposition(|window| window == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_feature_goes() {
        let module = b"\0asm+\x0fbulk-memory-opt+\x0bbulk-memory+\x08sign-ext".to_vec();
        let expected = b"\0asm+\x0fbulk-memory-opt-\x0bbulk-memory+\x08sign-ext".to_vec();
        assert_eq!(prepare(module), expected);
    }

    #[test]
    fn a_right_export_stays() {
        let wrong = b"..\x15__wbindgen_externrefs\x01\x00..".to_vec();
        let right = b"..\x15__wbindgen_externrefs\x01\x01..".to_vec();
        assert_eq!(mend_export(wrong), right);
        assert_eq!(mend_export(right.clone()), right);
    }
}
