//! Where things are.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result};

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Cargo's directory of build results.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// Our directory of build results.
pub(crate) fn couplet() -> PathBuf {
    target().join("couplet")
}

/// `cargo` in the workspace's root, as if called from a terminal.
///
/// What the Cargo that runs us says about us is taken away: some build scripts
/// run again when it differs, and with it half of the dependencies would be
/// built again after each `cargo build` by hand.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    let about_us =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(about_us) {
            command.env_remove(name);
        }
    }
    command
}

/// Compiler flags that keep the names of this machine's directories out of the
/// messages of panics.
pub(crate) fn flags_that_hide_paths() -> Vec<OsString> {
    let home = env::home_dir().unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    [cargo_home.join("registry/src"), library_source()]
        .into_iter()
        .map(|directory| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(directory);
            flag.push("=");
            flag
        })
        .collect()
}

/// The directory of the compiler in use.
pub(crate) fn sysroot() -> PathBuf {
    PathBuf::from(printed("sysroot").unwrap_or_default())
}

/// The target of what is compiled for this machine.
pub(crate) fn host() -> Result<String> {
    printed("host-tuple").context("cannot ask rustc for its host")
}

/// What the compiler in use says of itself.
fn printed(what: &str) -> io::Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let Output { stdout, .. } = Command::new(rustc)
        .args(["--print", what])
        .current_dir(root())
        .output()?;
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}

/// Where the source of Rust's standard library is, if it is installed.
pub(crate) fn library_source() -> PathBuf {
    sysroot().join("lib/rustlib/src/rust/library")
}
