//! Couplet's XMPP client, without any I/O.
//!
//! An [`Engine`] is told what happened ([`Input`]) and says what to do about it
//! ([`Output`]). It has no socket, clock, randomness or task of its own, so that
//! the same inputs always give the same outputs: in a browser, natively, and in
//! a test that replays a year of bad network in a second.
//!
//! ```text
//! socket, timer, person, disk ──Input──▶ Engine ──Output──▶ socket, timer, store, disk
//!                                          │
//!                             session ── modules (one a XEP)
//! ```
//!
//! The shell around it is called a driver. It calls [`Engine::handle_input`], then
//! [`Engine::poll_output`] until that says [`Output::Idle`], every time.

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod codec;
mod durable;
pub mod earlier;
mod engine;
mod envelope;
pub mod foreign;
mod ids;
mod input;
mod iq;
mod mentions;
mod module;
pub mod modules;
mod now;
mod outbox;
mod output;
mod private_node;
mod rooms;
pub mod sasl;
mod service;
mod session;
mod sorted_map;
mod specification;
mod stanza;
pub mod store;
mod stream_management;
mod timer;
mod vcard;
mod xep0004;
mod xep0059;
mod xep0082;
mod xml;

pub use durable::ForeignState;
pub use engine::{Config, Engine};
pub use input::{CloseReason, Command, Input};
pub use module::Specification;
pub use now::{Now, Timestamp};
pub use output::{Level, Output, Record, Table};
pub use session::Command as SessionCommand;
