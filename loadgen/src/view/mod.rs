//! Seeing a run while it happens.

mod plain;
mod screen;

use std::sync::Arc;

use crate::live::Live;

pub use plain::Plain;
pub use screen::{Screen, ScreenError};

/// Whoever shows a run in progress.
///
/// A view reads the counters in a thread of its own; the run never waits for it.
pub trait Progress: Sync {
    /// The run begins; `live` may be read until [`Progress::end`] and asked to stop the run.
    fn begin(&self, live: &Arc<Live>);

    /// The run is over: nothing more may be written after this returns, and a terminal is again
    /// as it was.
    fn end(&self);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _live: &Arc<Live>) {}

    fn end(&self) {}
}

/// What an embedder may tell of the server it runs itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vitals {
    /// Median time of a write and sync of the log, in microseconds.
    pub log_sync_p50_us: u64,
    /// 99th percentile of the same, in microseconds.
    pub log_sync_p99_us: u64,
}

/// Where a view gets the vitals of an embedded server, if there is one.
pub type Probe = Arc<dyn Fn() -> Vitals + Send + Sync>;

/// Microseconds as milliseconds with three digits behind the point.
fn millis(us: Option<u64>) -> String {
    us.map_or_else(
        || "–".to_owned(),
        |us| format!("{}.{:03} ms", us / 1_000, us % 1_000),
    )
}
