//! The web client: compiled, bound to JavaScript, optimised and laid out.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::{page, process, progress::step, setup, split, wasm_opt, workspace};

/// For whom the web client is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// For people: small, optimised, compressed.
    Release,
    /// For whoever is changing it: quickly built, with names in stack traces,
    /// and the page reloads itself.
    Dev,
}

/// The files that decide what the web client is, besides this program.
pub(crate) const INPUTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "shared",
    "static",
    "web-client",
    "xtask/emoji",
];

/// Builds the web client, unless nothing has changed since the last time, and
/// returns the directory of its files.
pub(crate) fn build(flavour: Flavour) -> Result<PathBuf> {
    let directory = workspace::couplet().join(flavour.directory());
    let mark = directory.with_extension("hash");
    let inputs = hash_inputs()?;
    if directory.is_dir() && fs::read_to_string(&mark).is_ok_and(|built| built == inputs) {
        return Ok(directory);
    }
    let module = compile(flavour)?;
    let module = fs::read(&module).with_context(|| module.display().to_string())?;
    let work = tempfile::tempdir()?;
    let mut script = bind(&module, flavour, work.path())?;
    let file = work.path().join("couplet_bg.wasm");
    let mut second = None;
    if flavour == Flavour::Release {
        let halves = split::split(&module, &fs::read(&file)?, &script)?;
        fs::write(&file, halves.first)?;
        let names;
        (script, names) = wasm_opt::optimise(&file, &halves.script)?;
        page::check_texts(&fs::read(&file)?)?;
        let later = work.path().join("second.wasm");
        fs::write(&later, split::rename(&halves.second, &names)?)?;
        wasm_opt::shrink(&later)?;
        second = Some(fs::read(later)?);
    }
    let parts = page::Parts {
        script,
        module: fs::read(file)?,
        second,
        snippets: work.path().join("snippets"),
    };
    page::lay_out(&parts, flavour, &directory)?;
    fs::write(mark, inputs)?;
    Ok(directory)
}

/// Sixteen hexadecimal digits that stand for `bytes`.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Flavour {
    fn directory(self) -> &'static str {
        match self {
            Self::Release => "web",
            Self::Dev => "web-dev",
        }
    }

    fn profile(self) -> &'static str {
        match self {
            Self::Release => "wasm",
            Self::Dev => "dev",
        }
    }

    /// Where Cargo puts what it builds with the profile.
    fn output(self) -> &'static str {
        match self {
            Self::Release => "wasm",
            Self::Dev => "debug",
        }
    }
}

/// Stands for all [`INPUTS`] and for this program, which Cargo builds anew
/// when the compiler changes too.
fn hash_inputs() -> Result<String> {
    let mut hasher = Sha256::new();
    let program = fs::metadata(env::current_exe()?)?.modified()?;
    hasher.update(format!("{program:?}"));
    for input in INPUTS {
        for file in files_below(&workspace::root().join(input))? {
            hasher.update(file.as_os_str().as_encoded_bytes());
            hasher.update(
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?,
            );
        }
    }
    Ok(hash(&hasher.finalize()))
}

/// `path` if it is a file, else all files below it, in the order of their names.
pub(crate) fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut entries = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort();
    let files = entries
        .iter()
        .map(|entry| files_below(entry))
        .collect::<Result<Vec<_>>>()?;
    Ok(files.concat())
}

fn compile(flavour: Flavour) -> Result<PathBuf> {
    println!("Compiling the web client");
    let mut target = workspace::target();
    let mut command = workspace::cargo();
    command.args(["build", "--package", "couplet-web"]);
    command.args(["--target", "wasm32-unknown-unknown"]);
    command.args(["--profile", flavour.profile()]);
    if flavour == Flavour::Release {
        let mut flags = workspace::flags_that_hide_paths();
        // They tell what only the second module needs.
        flags.push("-Clink-arg=--emit-relocs".into());
        if setup::has_library_source() {
            with_a_small_library(&mut command, &mut flags);
            target = workspace::couplet().join("wasm");
            command.arg("--target-dir").arg(&target);
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")));
    }
    process::run(&mut command)?;
    Ok(target
        .join("wasm32-unknown-unknown")
        .join(flavour.output())
        .join("couplet-web.wasm"))
}

/// Has the standard library compiled too: for size, and without what formats the
/// messages of panics, of which none is meant to happen. That is a tenth of all.
///
/// Cargo doesn't promise it for the stable compiler yet, hence `RUSTC_BOOTSTRAP`,
/// and a directory of its own, for build scripts run again when that changes.
fn with_a_small_library(command: &mut Command, flags: &mut Vec<OsString>) {
    command.arg("-Zbuild-std=std,panic_abort");
    command.arg("-Zbuild-std-features=optimize_for_size");
    command.env("RUSTC_BOOTSTRAP", "1");
    flags.extend(["-Zunstable-options", "-Cpanic=immediate-abort"].map(OsString::from));
}

/// Writes `couplet_bg.wasm` into `directory`, and returns the script that
/// loads it.
fn bind(module: &[u8], flavour: Flavour, directory: &Path) -> Result<String> {
    let module = wasm_opt::prepare(module.to_vec());
    step("Binding it to JavaScript", || {
        let dev = flavour == Flavour::Dev;
        Bindgen::new()
            .input_bytes("couplet", module)
            .web(true)?
            .typescript(false)
            .keep_debug(false)
            // What is split is found by its name, as the compiler has given it.
            .demangle(dev)
            .remove_producers_section(true)
            .generate(directory)
    })?;
    Ok(fs::read_to_string(directory.join("couplet.js"))?)
}
