//! Everything that the scanner accepts is what rxml accepts, and the reverse, but for
//! the differences that `checks` lists.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::scanner(input));
