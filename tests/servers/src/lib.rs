//! Throwaway XMPP servers: real Prosody and real ejabberd, on loopback, with
//! ports, data, accounts and certificates of their own.
//!
//! ```no_run
//! use couplet_servers::{Kind, Server, ServerOptions};
//!
//! let mut server = Server::start(
//!     ServerOptions::new(Kind::Prosody)
//!         .account("romeo", "but soft")
//!         .account("juliet", "wherefore"),
//! )?;
//! println!("{} on port {}", server.domain(), server.c2s_port());
//! server.kill();     // as if the power went
//! server.restart()?; // same ports, same data
//! # anyhow::Ok(())
//! ```
//!
//! The API blocks; each call is bounded in time. From async tests call it
//! directly where nothing else runs yet, otherwise through `spawn_blocking`.
//!
//! Nothing outlives the process that started it: [`Server`]'s `Drop` ends the
//! server and removes its directory, and a guard process does the same if we
//! are killed or if the value sits in a `static`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod certificates;
mod ejabberd;
mod options;
mod ports;
mod process;
mod program;
mod prosody;
mod seed;
mod server;
mod wait;

pub use options::{
    Account, Certificate, FATAL, Kind, Mechanisms, Passwords, ServerOptions, Transport,
};
pub use ports::Ports;
pub use process::ProcessTree;
pub use program::{find_program, find_slixmpp};
pub use seed::{Bookmark, Chat, Contact, Line, Member, Person, Room, Seed, When};
pub use server::Server;
pub use wait::wait_for;
