//! Both sides of a conversation under arbitrary frames and times.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(muster_fuzz::session::run(input)));
