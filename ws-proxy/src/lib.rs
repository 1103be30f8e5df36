//! Carries XMPP sessions of browsers (WebSocket, RFC 7395) to XMPP servers (TCP and
//! TLS, RFC 6120), and serves the web client that opens them.
//!
//! [`Config`] says what to do, [`Server`] does it, [`check`] explains what it would
//! do. The path of a session: [`server`](Server) accepts the connection, `connection`
//! carries it through TLS and HTTP, `upgrade` does the WebSocket handshake, `session` reads the client's `<open/>` and finds
//! the way to its domain's server (`upstream`, `discovery`), then two pumps carry
//! stanzas, one a direction. What can go wrong is in `faults`, how much anybody may
//! do in `limits`. `relay` carries files of upload services to and from browsers that may
//! not reach those themselves. `live` is what a change of the configuration replaces, `admin` and
//! `metrics` are for whoever runs it, `systemd` for what runs it.

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod acme;
mod addresses;
mod admin;
mod allowance;
pub mod check;
mod client_address;
pub mod config;
mod connection;
mod crowds;
mod discovery;
mod faults;
mod host_meta;
mod http;
pub mod limits;
mod live;
mod log;
mod metrics;
mod origins;
mod probe;
mod proxy;
mod random;
mod relay;
mod server;
mod session;
mod shutdown;
mod socket;
pub mod systemd;
mod tls;
mod upgrade;
mod upstream;
mod web;
mod websocket;

pub use self::config::{Config, Flags};
pub use self::faults::FAULT_NAMESPACE;
pub use self::live::Handle;
pub use self::log::{InvalidFilter, LogFilter};
pub use self::server::{BindError, Server};
pub use self::shutdown::Stop;
pub use self::tls::CertificateError;
pub use self::upstream::{ConnectorError, TlsSetupError};
pub use self::websocket::echo;
