//! Clients that do not read: what each of them costs, and what the others notice.

use std::path::Path;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::BenchError;
use super::super::floor::median;
use super::super::report::{Beside, count};
use super::PushPlan;
use super::child::Kind;
use super::officers::Cast;
use super::rows;
use super::side::Side;

/// One officer in so many does not read.
const ONE_IN: usize = 10;
const KIB: f64 = 1_024.0;

/// What some pushes led to.
struct Taken {
    /// What the server's memory grew by, in bytes.
    grown: f64,
    /// How long the last reader waited for a push, in milliseconds: the median.
    last_ms: f64,
    /// Sessions that were ended.
    ended: u64,
}

/// Pushes to officers of whom none and then some do not read, each time to a new server.
pub(super) fn measure(
    plan: &PushPlan,
    folder: &Path,
    runtime: &Runtime,
) -> Result<(Vec<Beside>, Vec<String>), BenchError> {
    let slow = plan.among / ONE_IN;
    let without = pushed(
        plan,
        0,
        &rows::world(folder, "readers", plan.among)?,
        runtime,
    )?;
    let with = pushed(
        plan,
        slow,
        &rows::world(folder, "slow", plan.among)?,
        runtime,
    )?;
    let readers = plan.among - slow;
    // Readers grow as well; what is left is what the slow ones hold.
    let reader = without.grown / plan.among as f64;
    let each = (with.grown - reader * readers as f64) / slow as f64;
    let beside = [
        Beside::new(
            "slow-memory",
            "what a slow reader's session grew by",
            "KiB",
            each / KIB,
            ("what a reader's did", reader / KIB),
        ),
        Beside::new(
            "slow-others",
            "the last reader beside slow ones has it",
            "ms",
            with.last_ms,
            ("the same without slow ones", without.last_ms),
        ),
    ];
    let note = format!(
        "slow: {} pushes to {} officers, of whom {slow} read none of them; {} of these sessions \
         were ended meanwhile",
        plan.unread,
        count(plan.among as f64),
        with.ended,
    );
    Ok((beside.into(), vec![note]))
}

fn pushed(
    plan: &PushPlan,
    slow: usize,
    folder: &Path,
    runtime: &Runtime,
) -> Result<Taken, BenchError> {
    let cast = Cast {
        count: plan.among,
        slow,
    };
    let mut side = Side::open(runtime, Kind::Dispatcher, folder, cast)?;
    // The first push takes memory that any session needs.
    side.broadcast(runtime, 1, plan.among)?;
    let before = side.server.memory_bytes()?;
    side.officers.stop_reading();
    let mut took = Vec::with_capacity(plan.unread);
    for number in 0..plan.unread as u64 {
        let readers = plan.among - slow;
        took.push(side.deliver(runtime, 2 + number, readers)?);
    }
    let grown = side.server.memory_bytes()?.saturating_sub(before);
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    Ok(Taken {
        grown: grown as f64,
        last_ms: median(took.into_iter().map(ms)),
        ended: side.officers.ended(),
    })
}
