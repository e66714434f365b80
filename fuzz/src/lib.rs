//! What the fuzz targets do with the bytes they are given: one function for each.
//!
//! The targets in `fuzz/targets/` hand these functions whatever libFuzzer makes up; the test
//! `tests/it/corpus.rs` includes this file by its path and hands them the committed corpus, so
//! that a plain `cargo test` runs the very same checks. Each function panics where a promise is
//! broken, and says what it came across, so that a test can tell whether anything was reached.

pub mod chronicle;
pub mod frame;
pub mod log;
pub mod record;
pub mod session;
pub mod snapshot;
mod tape;
pub mod token;

/// A target: its name, which is that of its corpus folder, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]) -> Reached);

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("record", record::run),
    ("log", log::run),
    ("snapshot", snapshot::run),
    ("frame", frame::run),
    ("session", session::run),
    ("token", token::run),
];

/// What an input came across, in words of its target.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reached(pub Vec<&'static str>);

impl Reached {
    /// Notes that `what` happened.
    pub fn note(&mut self, what: &'static str) {
        if !self.0.contains(&what) {
            self.0.push(what);
        }
    }
}
