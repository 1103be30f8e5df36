//! What both sides of Couplet know about XMPP on the wire: namespaces, limits,
//! the restricted-XML scanner, RFC 7395 framing and stream errors.
//!
//! Pure: no I/O, no clock, no randomness. Nothing in here panics on what a peer
//! sent, and nothing grows past the [`limits::XmlLimits`] it was given.

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod addresses;
pub mod config;
mod edit;
mod element;
pub mod escape;
pub mod features;
pub mod framing;
pub mod limits;
pub mod ns;
pub mod scanner;
pub mod stream_error;
pub mod token;
