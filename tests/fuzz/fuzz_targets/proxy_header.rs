//! A PROXY header reads back as the addresses that it was written from.

#![no_main]

#[path = "../proxy_header.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::proxy_header(input));
