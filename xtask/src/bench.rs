//! `cargo xtask bench`: our code beside its peers in one run, and what the page can do.

use anyhow::Result;

use crate::{package, process, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything if nothing is named
    what: Option<What>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Megabytes a second through the scanner
    Scanner,
    /// The page with 100,000 messages on the device
    Storage,
}

/// Runs the benchmarks.
pub(crate) fn run(options: &Options) -> Result<()> {
    let wanted = |what| options.what.is_none_or(|wanted| wanted == what);
    let bench = |name| {
        let mut command = workspace::cargo();
        command.args(["bench", "--package", "couplet-tests", "--bench", name]);
        command
    };
    if wanted(What::Scanner) {
        process::run(&mut bench("scanner"))?;
    }
    if wanted(What::Storage) {
        setup::ensure(setup::ALL)?;
        let package = package::build()?;
        process::run(bench("storage").env("COUPLET_WS_PROXY", &package.proxy))?;
    }
    Ok(())
}
