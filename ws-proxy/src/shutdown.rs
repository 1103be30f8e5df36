//! The end of the process, announced to everything that must end with it.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Announces the shutdown, at the latest when it is dropped.
pub(crate) struct Trigger(watch::Sender<bool>);

/// Learns of the shutdown.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

/// A trigger and the first of those who learn of it.
pub(crate) fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Announces it. Those who ask later learn of it too.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until the shutdown begins. Cancel-safe.
    pub(crate) async fn begun(&mut self) {
        // An error means that the trigger is gone, and its process's purpose with it.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// Waits for SIGTERM, or for Ctrl-C, which count from this call on, before the
/// returned future is polled.
///
/// # Errors
/// The operating system takes no signal handlers.
pub fn signalled() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
