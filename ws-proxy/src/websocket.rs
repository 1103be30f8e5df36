//! The two halves of a server's WebSocket (RFC 6455), each usable while the other
//! waits.
//!
//! The protocol is tungstenite's, used without its I/O: its stream type keeps the
//! buffers of the largest message for ever, fixes the message limit at the
//! handshake, and takes one lock for both directions. Here the [`Receiver`] owns
//! tungstenite's state machine, and everything that is written, pongs and close
//! frames included, goes through the [`Sender`]. Who says nothing has no buffers.

mod echo;
mod receiver;
mod sender;

pub use self::echo::echo;
pub(crate) use self::receiver::{Incoming, Receiver};
pub(crate) use self::sender::Sender;
