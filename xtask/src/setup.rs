//! Making sure that what a command needs is there.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use couplet_servers::{Kind, find_program, find_slixmpp};

use crate::{examples, process, progress::step, web, workspace};

/// Something a command may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The crates of `Cargo.lock`.
    Crates,
    /// The standard library for WebAssembly.
    WasmTarget,
    /// The source of the standard library, from which the web client gets a small one.
    LibrarySource,
    /// The optimiser of WebAssembly.
    WasmOpt,
    /// rustfmt and Clippy.
    Linters,
    /// The checker of licences and sources.
    CargoDeny,
    /// The maker of Debian packages.
    CargoDeb,
    /// The server of the demo and of the tests.
    Prosody,
    /// The other server of the tests.
    Ejabberd,
    /// The client of the tests that isn't ours.
    Slixmpp,
    /// The browser of the tests.
    Chromium,
    /// What looks for barriers on a page.
    Axe,
    /// What the example pages are made of.
    Frameworks,
    /// The servers that stand in front of the proxy in the tests.
    Fronts,
    /// The authority that certifies the proxy in the tests.
    Pebble,
    /// The client that ours is measured beside.
    Converse,
}

/// Everything that a test needs.
pub(crate) const ALL: &[Need] = &[
    Need::Crates,
    Need::WasmTarget,
    Need::LibrarySource,
    Need::WasmOpt,
    Need::Linters,
    Need::CargoDeny,
    Need::CargoDeb,
    Need::Prosody,
    Need::Ejabberd,
    Need::Slixmpp,
    Need::Chromium,
    Need::Axe,
    Need::Frameworks,
    Need::Fronts,
    Need::Pebble,
];

/// Installs those of `needs` that are missing, or says how to.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let is_missing = |need: &&Need| !need.is_met();
    let missing: Vec<_> = needs.iter().filter(is_missing).collect();
    let packages: Vec<_> = missing
        .iter()
        .flat_map(|need| need.packages())
        .copied()
        .collect();
    if !packages.is_empty() {
        install_packages(&packages)?;
    }
    for need in missing {
        need.install()?;
        if !need.is_met() {
            bail!("{need:?} is still missing");
        }
    }
    Ok(())
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Crates => fs::read_to_string(crates_mark())
                .is_ok_and(|mark| lock_hash().is_ok_and(|hash| mark == hash)),
            Self::WasmTarget => workspace::sysroot()
                .join("lib/rustlib/wasm32-unknown-unknown/lib")
                .is_dir(),
            // A web client without it is larger, and works.
            Self::LibrarySource => has_library_source() || library_mark().exists(),
            Self::WasmOpt => wasm_opt().is_some(),
            Self::Linters => ["cargo-clippy", "cargo-fmt"]
                .iter()
                .all(|tool| workspace::sysroot().join("bin").join(tool).exists()),
            Self::CargoDeny => find_program("cargo-deny").is_some(),
            Self::CargoDeb => find_program("cargo-deb").is_some(),
            Self::Prosody => Kind::Prosody.is_installed(),
            Self::Ejabberd => Kind::Ejabberd.is_installed(),
            Self::Slixmpp => find_slixmpp().is_some(),
            Self::Chromium => ["chromium", "chromium-browser", "google-chrome"]
                .iter()
                .any(|name| find_program(name).is_some()),
            Self::Axe => axe_is_installed(),
            Self::Frameworks => examples::are_installed(),
            Self::Fronts => ["apache2", "caddy", "haproxy", "nginx"]
                .iter()
                .all(|name| find_program(name).is_some()),
            Self::Pebble => find_program("pebble").is_some(),
            Self::Converse => converse().join("converse.min.js").is_file(),
        }
    }

    /// The Debian packages that bring it.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::WasmOpt => &["binaryen"],
            Self::Prosody => Kind::Prosody.packages(),
            Self::Ejabberd => Kind::Ejabberd.packages(),
            Self::Slixmpp => &["python3-slixmpp"],
            Self::Chromium => &["chromium", "fonts-liberation"],
            Self::Axe | Self::Frameworks | Self::Converse if find_program("npm").is_none() => {
                &["npm"]
            }
            Self::Fronts => &["apache2", "caddy", "haproxy", "nginx-light"],
            Self::Pebble => &["pebble"],
            Self::Crates
            | Self::WasmTarget
            | Self::LibrarySource
            | Self::Linters
            | Self::CargoDeny
            | Self::CargoDeb
            | Self::Axe
            | Self::Frameworks
            | Self::Converse => &[],
        }
    }

    /// Installs what no package brings.
    fn install(self) -> Result<()> {
        match self {
            Self::Crates => fetch_crates(),
            Self::WasmTarget => install_wasm_target(),
            Self::LibrarySource => install_library_source(),
            Self::Linters => step(
                "Installing Clippy and rustfmt with rustup, about 10 seconds",
                || {
                    process::run_quietly(Command::new("rustup").args([
                        "component",
                        "add",
                        "clippy",
                        "rustfmt",
                    ]))
                },
            ),
            Self::CargoDeny => {
                println!("Installing cargo-deny with cargo, once; about 4 minutes on two cores");
                process::run(workspace::cargo().args(["install", "--locked", "cargo-deny"]))
            }
            Self::CargoDeb => {
                println!("Installing cargo-deb with cargo, once; about 3 minutes on two cores");
                process::run(workspace::cargo().args(["install", "--locked", "cargo-deb"]))
            }
            Self::Axe => step("Installing axe-core with npm, a few seconds", || {
                install_with_npm(&["axe-core@", AXE_VERSION].concat())
            }),
            Self::Frameworks => step(
                "Installing React, Vue and Vite with npm, about 15 seconds",
                examples::install,
            ),
            Self::Converse => step("Installing Converse.js with npm, about 10 seconds", || {
                install_with_npm(CONVERSE)
            }),
            Self::WasmOpt
            | Self::Prosody
            | Self::Ejabberd
            | Self::Slixmpp
            | Self::Chromium
            | Self::Fronts
            | Self::Pebble => Ok(()),
        }
    }
}

/// The optimiser of Debian's package, else of npm's.
pub(crate) fn wasm_opt() -> Option<PathBuf> {
    let npm = npm_directory().join("node_modules/.bin/wasm-opt");
    find_program("wasm-opt").or_else(|| npm.is_file().then_some(npm))
}

fn npm_directory() -> PathBuf {
    workspace::couplet().join("npm")
}

/// What it finds depends on it.
const AXE_VERSION: &str = "4.14.1";

/// The script that looks for barriers on the page in which it runs.
pub(crate) fn axe() -> PathBuf {
    npm_directory().join("node_modules/axe-core/axe.min.js")
}

fn axe_is_installed() -> bool {
    let version = format!("/*! axe v{AXE_VERSION}\n");
    fs::read_to_string(axe()).is_ok_and(|script| script.starts_with(&version))
}

/// What is measured is one of its versions.
const CONVERSE: &str = "converse.js@14.0.0";

/// The files of Converse.js.
pub(crate) fn converse() -> PathBuf {
    npm_directory().join("node_modules/converse.js/dist")
}

fn install_with_npm(package: &str) -> Result<()> {
    let directory = npm_directory();
    fs::create_dir_all(&directory)?;
    let mut command = Command::new("npm");
    command.args(["install", "--ignore-scripts", "--prefix"]);
    command.arg(directory);
    process::run_quietly(command.arg(package))
}

fn install_wasm_target() -> Result<()> {
    let rustup = step(
        "Installing Rust's WebAssembly target with rustup, about 5 seconds",
        || {
            process::run_quietly(Command::new("rustup").args([
                "target",
                "add",
                "wasm32-unknown-unknown",
            ]))
        },
    );
    rustup.context(
        "Rust's WebAssembly target is missing. Where rustup can't be used, Debian has a compiler that brings its own: \
         apt-get install rustc-web cargo-web rust-web-src lld-22",
    )
}

/// Whether the web client can be built with a standard library of its own.
pub(crate) fn has_library_source() -> bool {
    workspace::library_source().join("std/Cargo.toml").is_file()
}

fn install_library_source() -> Result<()> {
    let installed = step(
        "Installing the source of Rust's standard library with rustup, about 5 seconds",
        || {
            process::run_quietly(Command::new("rustup").args(["component", "add", "rust-src"]))?;
            fetch_library_crates()
        },
    );
    if installed.is_err() {
        println!(
            "It can't be installed here, so the web client will be 10 % larger. By hand: rustup component add rust-src"
        );
        fs::create_dir_all(workspace::couplet())?;
        fs::write(library_mark(), "")?;
    }
    Ok(())
}

/// What the standard library itself is built from.
fn fetch_library_crates() -> Result<()> {
    let manifest = workspace::library_source().join("Cargo.toml");
    let mut command = workspace::cargo();
    command.args(["fetch", "--locked", "--target", "wasm32-unknown-unknown"]);
    command.arg("--manifest-path").arg(manifest);
    process::run_quietly(command.env("RUSTC_BOOTSTRAP", "1"))
}

/// Says that it couldn't be installed, so that nobody tries each time.
fn library_mark() -> PathBuf {
    workspace::couplet().join("no-library-source")
}

fn fetch_crates() -> Result<()> {
    step(
        "Downloading the crates of Cargo.lock, about half a minute",
        || {
            process::run_quietly(workspace::cargo().args([
                "fetch",
                "--target",
                "host-tuple",
                "--target",
                "wasm32-unknown-unknown",
            ]))?;
            if has_library_source() {
                fetch_library_crates()?;
            }
            Ok(())
        },
    )?;
    fs::create_dir_all(workspace::couplet())?;
    Ok(fs::write(crates_mark(), lock_hash()?)?)
}

fn crates_mark() -> PathBuf {
    workspace::couplet().join("fetched")
}

fn lock_hash() -> Result<String> {
    Ok(web::hash(&fs::read(workspace::root().join("Cargo.lock"))?))
}

/// Installs Debian packages, if we may.
fn install_packages(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if find_program("apt-get").is_none() {
        return install_without_apt(packages);
    }
    let Some(mut command) = root_shell() else {
        bail!("some programs are missing. Install them: sudo apt-get install {list}");
    };
    let script = APT_SCRIPT.replace("@packages@", &list);
    step(
        &format!("Installing {list} with apt-get, once; one to five minutes"),
        || process::run_quietly(command.arg(&script)),
    )
    .with_context(|| format!("cannot install. Try it by hand: sudo apt-get install {list}"))
}

/// Package lists may be missing or old, hence the second attempt. The policy
/// keeps the servers' system services from starting: we run our own.
const APT_SCRIPT: &str = r#"
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap "rm -f $policy" EXIT
fi
install="apt-get install --yes --no-install-recommends @packages@"
$install || { apt-get update && $install; }
"#;

/// A shell with root's rights that asks for no password.
fn root_shell() -> Option<Command> {
    let succeeds = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.ok().filter(|output| output.status.success())
    };
    let id = succeeds("id", &["-u"])?;
    if id.stdout.trim_ascii() == b"0" {
        let mut command = Command::new("sh");
        command.arg("-c");
        return Some(command);
    }
    succeeds("sudo", &["-n", "true"])?;
    let mut command = Command::new("sudo");
    command.args(["-n", "sh", "-c"]);
    Some(command)
}

/// npm has the optimiser; nobody else has the servers.
fn install_without_apt(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if packages != ["binaryen"] || find_program("npm").is_none() {
        bail!("install these programs with your package manager, under Debian's names: {list}");
    }
    step(
        "Installing binaryen with npm, once; about half a minute",
        || install_with_npm("binaryen"),
    )
}
