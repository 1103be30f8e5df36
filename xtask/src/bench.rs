//! `cargo xtask bench`: our code beside its peers in one run, and what the page can do.

use anyhow::Result;

use crate::{package, process, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything if nothing is named
    what: Option<What>,
    /// With proxy: something else to measure, that runs in front of 127.0.0.1:15222 for
    /// example.test, without TLS; may be repeated
    #[arg(long, value_name = "NAME=URL,PID")]
    peer: Vec<String>,
    /// With proxy, instead of the table: 9,000 sessions for so long, then slow readers
    /// among quick ones
    #[arg(long, value_name = "SECONDS")]
    crowd: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// What the client costs a page, beside Converse.js: a quarter of an hour
    Client,
    /// What the proxy costs, beside a splice that does nothing
    Proxy,
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
    if wanted(What::Proxy) {
        setup::ensure(&[setup::Need::Crates, setup::Need::Prosody])?;
        let proxy = package::proxy(None)?;
        let mut bench = bench("proxy");
        bench.env("COUPLET_WS_PROXY", &proxy).arg("--");
        for peer in &options.peer {
            bench.args(["--peer", peer]);
        }
        if let Some(seconds) = options.crowd {
            bench.args(["--crowd", &seconds.to_string()]);
        }
        process::run(&mut bench)?;
    }
    if wanted(What::Client) {
        setup::ensure(setup::ALL)?;
        setup::ensure(&[setup::Need::Converse])?;
        let package = package::build()?;
        let mut bench = bench("client");
        bench.env("COUPLET_WEB_DIR", &package.web);
        bench.env("COUPLET_CONVERSE_DIR", setup::converse());
        process::run(&mut bench)?;
    }
    if wanted(What::Storage) {
        setup::ensure(setup::ALL)?;
        let package = package::build()?;
        process::run(bench("storage").env("COUPLET_WS_PROXY", &package.proxy))?;
    }
    Ok(())
}
