//! What the operating system counts of a process.

use std::fs::read_to_string;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Ticks a second in `/proc`, on every Linux that there is (times(2)).
const TICKS: u64 = 100;

/// Bytes of its own memory that are in RAM: no file, nothing shared.
///
/// # Errors
/// It has ended.
pub fn resident(process: u32) -> Result<u64> {
    let status = read_to_string(format!("/proc/{process}/status"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .and_then(|value| value.trim().split(' ').next())
        .context("no RssAnon in the process's status")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}

/// The CPU time that it has used, the kernel's on its behalf included.
///
/// # Errors
/// It has ended.
pub fn cpu_time(process: u32) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may have spaces (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(')').context("no name in brackets")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}
