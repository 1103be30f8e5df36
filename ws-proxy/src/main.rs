//! `ws-proxy`: the command line around the library.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use ws_proxy::{Config, Flags, Server, check, signalled};

fn main() -> ExitCode {
    match run(Flags::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell if even this fails.
            let _ = writeln!(io::stderr(), "ws-proxy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    let only_check = flags.check.is_some();
    let only_print = flags.print_config;
    let config = Config::load(flags)?;
    if only_print {
        io::stdout().write_all(config.to_toml().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    start_logging(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if only_check {
            let report = check::check(&config).await?;
            io::stdout().write_all(report.text.as_bytes())?;
            return Ok(if report.passed {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        serve(config).await?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let domains: Vec<String> = config
        .domains
        .iter()
        .map(|domain| domain.name.to_string())
        .collect();
    let stop = signalled().context("no signal could be received")?;
    let server = Server::bind(config).await?;
    tracing::info!(
        "serving {} at {scheme}://{}",
        domains.join(", "),
        server.local_addr()
    );
    server.run(stop).await;
    Ok(())
}

/// Logs for a person on a terminal, as JSON for anything else. The `log` facade,
/// where libraries may print what they carry, is left alone.
fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter: Targets = filter.parse().with_context(|| {
        format!("log: {filter:?} is no filter; write it like warn,ws_proxy=info")
    })?;
    let format = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let format = if io::stderr().is_terminal() {
        format.with_target(false).boxed()
    } else {
        format
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed()
    };
    tracing_subscriber::registry()
        .with(format.with_filter(filter))
        .init();
    Ok(())
}
