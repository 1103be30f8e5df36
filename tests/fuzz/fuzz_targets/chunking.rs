//! The scanner finds the same tokens and the same error however its input is cut.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::chunking(input));
