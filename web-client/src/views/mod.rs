//! What fills the screen.

pub(crate) mod chat;
pub(crate) mod embedded;
pub(crate) mod sign_in;
