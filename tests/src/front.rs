//! Servers that stand in front of the proxy, as `packaging/front` configures them.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{ProcessTree, find_program};
use tokio::net::TcpStream;

use crate::until;

/// One of the files in `packaging/front`, after `changes`: what to replace, and by
/// what.
///
/// # Errors
/// There is no such file, or nothing to replace.
pub fn configuration(name: &str, changes: &[(&str, &str)]) -> Result<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/front");
    let mut text = fs::read_to_string(directory.join(name)).context(name.to_owned())?;
    for (from, to) in changes {
        ensure!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    Ok(text)
}

/// Runs a server that keeps its files in `directory`, and waits until it listens at
/// `address`.
///
/// # Errors
/// It isn't installed, or doesn't listen: then with what it said.
pub async fn run(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    address: SocketAddr,
) -> Result<ProcessTree> {
    let found = find_program(program).with_context(|| {
        format!("{program} isn't installed. Install what the tests need: cargo xtask setup")
    })?;
    let log = directory.join("output.log");
    let output = File::create(&log)?;
    let mut command = Command::new(found);
    command
        .args(arguments)
        .env("HOME", directory)
        .env("XDG_DATA_HOME", directory)
        .env("XDG_CONFIG_HOME", directory)
        .stdout(output.try_clone()?)
        .stderr(output);
    let running = ProcessTree::spawn(&mut command, None)?;
    until("it listens", || async {
        Ok(TcpStream::connect(address).await.ok())
    })
    .await
    .with_context(|| {
        format!(
            "{program}: {}",
            fs::read_to_string(&log).unwrap_or_default()
        )
    })?;
    Ok(running)
}
