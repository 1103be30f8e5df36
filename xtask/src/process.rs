//! Running programs in such a way that Ctrl-C leaves none of them behind.

use std::{
    fs::File,
    io::{Read, Seek},
    process::{Command, ExitStatus},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use couplet_servers::ProcessTree;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

/// Somebody pressed Ctrl-C or ended us politely.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on a signal to end makes [`check_interrupt`] fail instead of
/// ending this process, so that what it started can be ended in order. A
/// second signal ends it at once.
pub(crate) fn watch_signals() -> Result<()> {
    let interrupted = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(interrupted))?;
        flag::register(signal, Arc::clone(interrupted))?;
    }
    Ok(())
}

/// Fails with [`Interrupted`] after a signal to end.
pub(crate) fn check_interrupt() -> Result<()> {
    let interrupted = INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed));
    if interrupted {
        Err(Interrupted.into())
    } else {
        Ok(())
    }
}

/// Waits for `duration`, or fails as soon as a signal to end arrives.
pub(crate) fn pause(duration: Duration) -> Result<()> {
    const STEP: Duration = Duration::from_millis(50);
    let mut left = duration;
    while left > Duration::ZERO {
        check_interrupt()?;
        sleep(left.min(STEP));
        left = left.saturating_sub(STEP);
    }
    check_interrupt()
}

/// Waits until the program ends.
pub(crate) fn wait(tree: &mut ProcessTree) -> Result<ExitStatus> {
    loop {
        if let Some(status) = tree.try_wait()? {
            return Ok(status);
        }
        pause(Duration::from_millis(10))?;
    }
}

/// Starts a program that ends when we do.
pub(crate) fn start(command: &mut Command) -> Result<ProcessTree> {
    let program = command.get_program().to_string_lossy().into_owned();
    ProcessTree::spawn(command, None).with_context(|| format!("cannot run {program}"))
}

/// Runs a program whose output is shown as it comes; fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = wait(&mut start(command)?)?;
    ensure!(status.success(), "`{}` failed", line(command));
    Ok(())
}

/// Runs a program whose output is shown only if it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    output_of(command).map(drop)
}

/// What a program prints; fails unless it succeeds, with its complaints.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let (mut output, mut complaints) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command
        .stdout(output.try_clone()?)
        .stderr(complaints.try_clone()?);
    let status = wait(&mut start(command)?)?;
    let text = text_of(&mut output)?;
    if !status.success() {
        let text = text + &text_of(&mut complaints)?;
        bail!("`{}` failed:\n{}", line(command), text.trim_end());
    }
    Ok(text)
}

fn text_of(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = command.get_program();
    let name = std::path::Path::new(program).file_name().unwrap_or(program);
    let words: Vec<_> = std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
