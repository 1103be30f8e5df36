//! Binaryen's optimiser, down to version 108, which Debian 12 has. That one has
//! two gaps, both about the table in which wasm-bindgen keeps JavaScript's
//! objects.

use std::{collections::HashMap, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use wasmparser::{Parser, Payload};

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

/// Makes the module in `file` as small as it gets, and `script`, which loads it, with it.
///
/// wasm-bindgen tells what has one name by hashes; they are in both files, and nothing
/// compresses them. The optimiser gives new names and says which.
pub(crate) fn optimise(file: &Path, script: &str) -> Result<(String, Names)> {
    let mut command = shrinking(file)?;
    command.arg("--minify-imports-and-exports-and-modules");
    let names = step("Optimising it", || process::output_of(&mut command))?;
    let names: Names = names
        .lines()
        .filter_map(|line| line.split_once(" => "))
        .map(|(old, new)| (old.to_owned(), new.to_owned()))
        .collect();
    let table = names.get(OBJECTS).map_or(OBJECTS, String::as_str);
    fs::write(file, mend_export(fs::read(file)?, table)?)?;
    let imports = format!("\"{IMPORTS}\"");
    let script = rename(script, &names).replace(&imports, &format!("\"{SHORT_IMPORTS}\""));
    Ok((script, names))
}

/// Makes the module in `file` as small as it gets, and leaves it its names.
pub(crate) fn shrink(file: &Path) -> Result<()> {
    let mut command = shrinking(file)?;
    step("Optimising what comes later", || {
        process::output_of(&mut command)
    })?;
    Ok(())
}

fn shrinking(file: &Path) -> Result<Command> {
    let mut command = Command::new(setup::wasm_opt().context("wasm-opt is gone")?);
    command
        .args(["--strip-target-features", "-Oz"])
        // The stack lies there, and ends before it comes so far down. 0.8 %.
        .arg("--low-memory-unused")
        // Taken apart and put together once more it is 0.7 % smaller, compressed; and then 0.2 %.
        .args(["--flatten", "--rereloop", "-Oz", "-Oz"])
        .args(["--flatten", "--rereloop", "-Oz", "-Oz"])
        .args(FEATURES);
    command.arg(file).arg("--output").arg(file);
    Ok(command)
}

/// The new names of imports and exports, by the old ones.
pub(crate) type Names = HashMap<String, String>;

/// The export of the table in which wasm-bindgen keeps JavaScript's objects.
const OBJECTS: &str = "__wbindgen_externrefs";

/// Where the module takes what it wants from, as the script has it.
pub(crate) const IMPORTS: &str = "./couplet_bg.js";

/// The name that the optimiser gives it.
pub(crate) const SHORT_IMPORTS: &str = "a";

/// What the module wants is `name: function`, what it has is `wasm.name`.
fn rename(script: &str, names: &Names) -> String {
    let mut renamed = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_of_name) {
        let end = rest[start..].find(|c| !is_of_name(c));
        let end = end.map_or(rest.len(), |length| start + length);
        let (name, behind) = (&rest[start..end], &rest[end..]);
        renamed.push_str(&rest[..start]);
        let known = behind.starts_with(": function") || renamed.ends_with("wasm.");
        let new = names.get(name).filter(|_| known);
        renamed.push_str(new.map_or(name, String::as_str));
        rest = behind;
    }
    renamed + rest
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// Lets the export of the table of objects, by its name, be that table.
///
/// The old version exports the first table whatever the name, which is that of
/// functions; the objects are in the second.
fn mend_export(mut module: Vec<u8>, name: &str) -> Result<Vec<u8>> {
    let mut at = None;
    for payload in Parser::new(0).parse_all(&module) {
        let Payload::ExportSection(exports) = payload? else {
            continue;
        };
        for export in exports.into_iter_with_offsets() {
            let (start, export) = export?;
            if export.name == name {
                // Behind the name's length, the name and the kind comes the number.
                at = Some(start + 1 + name.len() + 1);
            }
        }
    }
    if let Some(at) = at {
        module[at] = 1;
    }
    Ok(module)
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
    fn the_export_is_the_second_table() {
        // Two tables, and a section that exports one of them, twice.
        let tables = [4, 7, 2, 0x70, 0, 1, 0x6f, 0, 1];
        let module = |number| {
            let exports = [7, 9, 2, 1, b'm', 1, 0, 1, b'x', 1, number];
            [b"\0asm\x01\0\0\0".as_slice(), &tables, &exports].concat()
        };
        assert_eq!(mend_export(module(0), "x").unwrap(), module(1));
        assert_eq!(mend_export(module(1), "x").unwrap(), module(1));
        assert_eq!(mend_export(module(0), "y").unwrap(), module(0));
    }

    #[test]
    fn only_the_names_of_both_files_change() {
        let names = [("__wbg_get_a1", "a"), ("memory", "b")];
        let names = names.map(|(old, new)| (old.to_owned(), new.to_owned()));
        let names = HashMap::from(names);
        let script = "__wbg_get_a1: function(memory) { wasm.memory.grow(memory); }";
        let short = "a: function(memory) { wasm.b.grow(memory); }";
        assert_eq!(rename(script, &names), short);
    }
}
