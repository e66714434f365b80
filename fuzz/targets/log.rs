//! A damaged log folder.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(muster_fuzz::log::run(input)));
