//! What the end-to-end tests stand on: the proxy as a process, people in a real
//! browser, people on the engine without one, and people on slixmpp. The servers are in
//! `couplet-servers`.

pub mod accounting;
pub mod archive;
pub mod browser;
pub mod chaos;
pub mod documents;
pub mod fake_backend;
pub mod faults;
pub mod front;
pub mod peer;
pub mod person;
pub mod proxy;
pub mod raw;
pub mod site;
mod wait;
pub mod web_files;

pub use wait::{PATIENCE, run, run_for, until, until_for};
