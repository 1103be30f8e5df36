//! `cargo xtask test`: everything that has to hold.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};

use crate::{
    examples, package,
    process::{self, Interrupted},
    progress::seconds,
    setup::{self, Need},
    size,
    test_binaries::{self, Counts, TestBinary},
    workspace,
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leaves out the tests that need real servers and browsers
    #[arg(long)]
    fast: bool,
}

/// Stops after the first part in which something doesn't hold: the lints, the
/// quick tests, those with real servers and browsers; `false` then. The last
/// line of the output is the count of the tests that ran.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let start = Instant::now();
    let mut counts = Counts::default();
    let result = check_everything(options, &mut counts);
    if let Err(error) = &result {
        if error.is::<Interrupted>() {
            return Err(Interrupted.into());
        }
        println!("\nFAILED: {error:#}");
        // What isn't a test may fail too, and must not look like success.
        counts.failed = counts.failed.max(1);
    }
    println!("\nThat took {}.", seconds(start.elapsed()));
    println!("{counts}");
    Ok(result.is_ok())
}

/// What the quick part needs.
const FAST_NEEDS: &[Need] = &[
    Need::Crates,
    Need::WasmTarget,
    Need::LibrarySource,
    Need::Linters,
    Need::CargoDeny,
];

fn check_everything(options: &Options, counts: &mut Counts) -> Result<()> {
    setup::ensure(if options.fast { FAST_NEEDS } else { setup::ALL })?;
    for (title, command) in LINTS {
        heading(title);
        process::run(
            workspace::cargo()
                .args(command.split(' '))
                .env("RUSTDOCFLAGS", "-Dwarnings"),
        )?;
    }

    heading("Building the tests");
    let binaries = test_binaries::build()?;
    let (real, quick): (Vec<_>, Vec<_>) = binaries.into_iter().partition(needs_real_parts);
    run_each(&quick, &[], counts)?;
    heading("Examples in the documentation");
    *counts += test_binaries::run_documentation()?;
    ensure!(counts.failed == 0, "{} tests failed", counts.failed);

    if !options.fast {
        heading("Building what is shipped");
        let package = package::build()?;
        if setup::has_library_source() {
            size::check(&package.web)?;
        }
        let examples = examples::build()?;
        let environment: [(&str, &Path); 4] = [
            ("COUPLET_AXE", &setup::axe()),
            ("COUPLET_EXAMPLES", &examples),
            ("COUPLET_WS_PROXY", &package.proxy),
            ("COUPLET_WEB_DIR", &package.web),
        ];
        run_each(&real, &environment, counts)?;
    }
    ensure!(counts.failed == 0, "{} tests failed", counts.failed);
    ensure!(counts.total() > 0, "no test ran");
    Ok(())
}

/// What is checked before any test is built: Cargo's arguments.
const LINTS: &[(&str, &str)] = &[
    ("Formatting", "fmt --all --check"),
    (
        "Licences and sources",
        "deny --log-level warn check bans licenses sources",
    ),
    (
        "Clippy",
        "clippy --workspace --all-targets -- --deny warnings",
    ),
    (
        "Clippy, for the browser",
        "clippy --package couplet-web --target wasm32-unknown-unknown -- --deny warnings",
    ),
    ("Documentation", "doc --workspace --no-deps"),
];

/// The files in `tests/` directories that start servers, browsers and the proxy as it is shipped.
const REAL: [&str; 5] = ["browser", "chaos", "proxy", "server", "servers"];

fn needs_real_parts(binary: &TestBinary) -> bool {
    binary.is_integration && REAL.contains(&binary.name.as_str())
}

fn run_each(
    binaries: &[TestBinary],
    environment: &[(&str, &Path)],
    counts: &mut Counts,
) -> Result<()> {
    for binary in binaries {
        heading(&binary.to_string());
        let new = binary.run(environment)?;
        if new.failed > 0 {
            println!("FAILED: {} of the tests of {binary}", new.failed);
        }
        *counts += new;
    }
    Ok(())
}

fn heading(title: &str) {
    println!("\n== {title}");
}
