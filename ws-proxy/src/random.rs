//! Randomness, from the operating system by way of the TLS library.

use std::fmt::Write;

use rustls::crypto;

/// A number out of all that there are.
pub(crate) fn number() -> u32 {
    u32::from_ne_bytes(bytes())
}

/// A name that nobody guesses, in hexadecimal digits.
pub(crate) fn name<const BYTES: usize>() -> String {
    bytes::<BYTES>()
        .iter()
        .fold(String::with_capacity(2 * BYTES), |mut name, byte| {
            // A write into a string has no way to fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
}

fn bytes<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .expect("an operating system without randomness runs nothing that is worth protecting");
    bytes
}
