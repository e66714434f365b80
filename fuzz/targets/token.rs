//! Tokens and keys from arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(muster_fuzz::token::run(input)));
