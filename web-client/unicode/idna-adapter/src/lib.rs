//! What `idna` has to know of Unicode, from the browser, or from ICU4X where there is none.
//!
//! `idna` lets one choose its back end by choosing this crate: see
//! `web-client/unicode/README.md`.

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod icu;
#[cfg(any(target_arch = "wasm32", test))]
mod url_host;

#[cfg(target_arch = "wasm32")]
pub use browser::*;
#[cfg(not(target_arch = "wasm32"))]
pub use icu::*;
