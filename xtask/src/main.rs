//! `cargo xtask`: one command for each thing that is done with this workspace.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

mod annotations;
mod bench;
mod css;
mod demo;
mod dev;
mod emoji;
mod examples;
mod licences;
mod package;
mod page;
mod process;
mod progress;
mod proxy;
mod reach;
mod setup;
mod size;
mod split;
mod test;
mod test_binaries;
mod wasm_opt;
mod web;
mod widget;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests and shows Couplet. Every command first sets up what it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Shows Couplet in your browser, with people to talk to
    Demo(demo::Options),
    /// Builds target/couplet/ws-proxy, with the web client inside, and target/couplet/web
    Build(package::Options),
    /// Checks and tests everything
    Test(test::Options),
    /// Rebuilds on change and reloads the page
    Dev(dev::Options),
    /// Measures
    Bench(bench::Options),
    /// Makes xtask/emoji anew, what emoji are called, from Unicode's data; needs npm
    Emoji,
    /// Installs everything that the other commands need, so that they work offline
    Setup,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<process::Interrupted>() => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `false` when the command has said itself what is wrong.
fn run() -> Result<bool> {
    let task = Arguments::parse().task;
    process::watch_signals()?;
    match task {
        Task::Demo(options) => demo::run(&options)?,
        Task::Build(options) => package::run(&options)?,
        Task::Test(options) => return test::run(&options),
        Task::Dev(options) => dev::run(&options)?,
        Task::Bench(options) => bench::run(&options)?,
        Task::Emoji => annotations::run()?,
        Task::Setup => setup::ensure(setup::ALL)?,
    }
    Ok(true)
}
