//! The engine against a scripted server and a virtual clock.
#![allow(clippy::unwrap_used)]

mod archive;
mod cases;
mod hostile;
mod modules;
mod rooms;
mod scenario;
mod session;
