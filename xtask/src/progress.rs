//! Saying what goes on, and for how long.

use std::{
    io::{IsTerminal, Write, stdout},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Does `work` under a label. On a terminal the seconds count up beside it; in
/// the end it says how long that took, if it was longer than a second.
pub(crate) fn step<T>(label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    if !stdout().is_terminal() {
        println!("{label}");
        let result = work();
        if result.is_ok() && start.elapsed() >= SECOND {
            println!("  done in {}", seconds(start.elapsed()));
        }
        return result;
    }
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let ticker = scope.spawn(move || {
            show(label);
            while is_done.recv_timeout(SECOND) == Err(mpsc::RecvTimeoutError::Timeout) {
                show(&format!("{label} ({})", seconds(start.elapsed())));
            }
        });
        let result = work();
        drop(done);
        // It panics only if standard output is gone, and then nobody reads.
        let _ = ticker.join();
        match &result {
            Ok(_) if start.elapsed() >= SECOND => {
                show(&format!("{label}: {}\n", seconds(start.elapsed())))
            }
            _ => show(&format!("{label}\n")),
        }
        result
    })
}

const SECOND: Duration = Duration::from_secs(1);

/// Overwrites the line.
fn show(text: &str) {
    let mut out = stdout();
    let _ = write!(out, "\r\x1b[K{text}");
    let _ = out.flush();
}

/// A duration as people say it: `8 s`, `2 min 5 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
