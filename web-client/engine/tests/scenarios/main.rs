//! The engine against a scripted server and a virtual clock.
#![allow(clippy::unwrap_used)]

mod account;
mod archive;
mod avatars;
mod blocking;
mod cards;
mod cases;
mod changes;
mod details;
mod export;
mod faces;
mod files;
mod guests;
mod hostile;
mod invitations;
mod mentions;
mod modules;
mod nicknames;
mod notes;
mod privacy;
mod replies;
mod room_admin;
mod room_avatars;
mod room_changes;
mod room_directory;
mod room_moderation;
mod room_owners;
mod room_readers;
mod room_search;
mod room_voice;
mod room_wishes;
mod rooms;
mod scenario;
mod search;
mod session;
#[cfg(feature = "native-crypto")]
mod sign_in;
mod whispers;
mod wishes;
