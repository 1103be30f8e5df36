//! `cargo xtask bench`: our code beside its peers, in one run.

use anyhow::Result;

use crate::{process, workspace};

/// Runs every benchmark.
pub(crate) fn run() -> Result<()> {
    process::run(workspace::cargo().args(["bench", "--package", "couplet-tests"]))
}
