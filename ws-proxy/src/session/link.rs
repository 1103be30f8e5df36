//! What the parts of one session tell each other while each of them runs.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use axum::body::Bytes;
use futures_util::task::AtomicWaker;

/// How many of the client's pings may wait for their answers; of more, some are never
/// answered (RFC 6455 5.5.3).
const MOST_PONGS: usize = 4;

/// The facts about a session that several of its parts need. All of them run in
/// one task; they are atomic because that task may move between threads.
#[derive(Debug, Default)]
pub(crate) struct Link {
    opened: AtomicBool,
    authenticated: AtomicBool,
    restarting: AtomicBool,
    heard: AtomicBool,
    sent: AtomicBool,
    ping_due: AtomicBool,
    pongs: Mutex<Vec<Bytes>>,
    /// A control frame is to go between the stanzas.
    control_due: AtomicBool,
    /// Whoever waits for that.
    controls: AtomicWaker,
}

impl Link {
    /// The client was sent an `<open/>`.
    pub(crate) fn stream_was_opened(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_opened(&self) -> bool {
        self.opened.load(Ordering::Relaxed)
    }

    /// The server said that the client is who it claims to be.
    pub(crate) fn client_was_authenticated(&self) {
        self.authenticated.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_authenticated(&self) -> bool {
        self.authenticated.load(Ordering::Relaxed)
    }

    /// The client began its stream anew (RFC 7395 3.7).
    pub(crate) fn stream_restarts(&self) {
        self.restarting.store(true, Ordering::Relaxed);
    }

    /// Whether the client began its stream anew since this was asked last.
    pub(crate) fn take_restart(&self) -> bool {
        self.restarting.swap(false, Ordering::Relaxed)
    }

    /// Something came from the client, a part of a frame at least.
    pub(crate) fn client_was_heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether anything came from the client since this was asked last.
    pub(crate) fn take_heard(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed)
    }

    /// The client took a part of a stanza.
    pub(crate) fn client_was_sent_to(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// Whether the client took anything since this was asked last.
    pub(crate) fn take_sent(&self) -> bool {
        self.sent.swap(false, Ordering::Relaxed)
    }

    /// A ping waits to be sent.
    pub(crate) fn ping_is_due(&self) {
        self.ping_due.store(true, Ordering::Relaxed);
        self.control_is_due();
    }

    /// The ping left.
    pub(crate) fn ping_was_sent(&self) {
        self.ping_due.store(false, Ordering::Relaxed);
    }

    /// Whether a ping still waits behind what the client doesn't take.
    pub(crate) fn is_ping_due(&self) -> bool {
        self.ping_due.load(Ordering::Relaxed)
    }

    /// The client's ping waits to be answered with this.
    pub(crate) fn pong_is_due(&self, payload: Bytes) {
        let mut pongs = self.pongs.lock().unwrap_or_else(PoisonError::into_inner);
        if pongs.len() < MOST_PONGS {
            pongs.push(payload);
        }
        self.control_is_due();
    }

    /// What the client's pings are to be answered with.
    pub(crate) fn take_pongs(&self) -> Vec<Bytes> {
        let mut pongs = self.pongs.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut pongs)
    }

    /// Waits until a ping or a pong is due. Cancel-safe; one waits at a time.
    pub(crate) async fn control(&self) {
        poll_fn(|cx| {
            self.controls.register(cx.waker());
            match self.control_due.swap(false, Ordering::AcqRel) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    fn control_is_due(&self) {
        self.control_due.store(true, Ordering::Release);
        self.controls.wake();
    }
}
