//! A record of the log from arbitrary bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(muster_fuzz::record::run(input)));
