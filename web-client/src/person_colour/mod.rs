//! A colour for everybody, the same in every client (XEP-0392).

use sha1::{Digest, Sha1};

/// How many hues `people.css` has.
pub(crate) const HUES: usize = 24;

/// The class that gives an element the colours of whoever has this address.
///
/// `people.css` rounds the hue to one of 24 so that no element needs a style of
/// its own, which the page's Content-Security-Policy wouldn't allow.
pub(crate) fn class(address: &str) -> String {
    let index = (angle(address) * HUES as f64 / 360.0).round() as usize % HUES;
    ["person-", &index.to_string()].concat()
}

/// The hue in degrees (XEP-0392 5.1).
fn angle(text: &str) -> f64 {
    let digest = Sha1::digest(text.as_bytes());
    f64::from(u16::from_le_bytes([digest[0], digest[1]])) / 65536.0 * 360.0
}

#[cfg(test)]
mod tests;
