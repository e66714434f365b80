//! Clients that do not read: what each of them costs, and what the others notice.

use std::path::Path;
use std::time::Duration;

use tokio::runtime::Handle;

use super::super::BenchError;
use super::super::floor::median;
use super::super::report::{Beside, count};
use super::PushPlan;
use super::child::Kind;
use super::officers::Cast;
use super::rows;
use super::side::Side;

/// For so many readers there is one officer who does not read.
const READERS_EACH: usize = 2;
/// Pushes that everybody reads first: until then a server takes memory that it keeps.
const WARM_UP: u64 = 50;
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

/// Pushes to as many readers without and then with slow ones beside them, each time by a new
/// server.
pub(super) fn measure(
    plan: &PushPlan,
    folder: &Path,
    runtime: &Handle,
) -> Result<(Vec<Beside>, Vec<String>), BenchError> {
    let slow = plan.readers / READERS_EACH;
    let without = pushed(
        plan,
        0,
        &rows::world(folder, "readers", plan.readers)?,
        runtime,
    )?;
    let everybody = plan.readers + slow;
    let with = pushed(
        plan,
        slow,
        &rows::world(folder, "slow", everybody)?,
        runtime,
    )?;
    // Everything else grows alike, so the difference is what the slow ones hold.
    let each = (with.grown - without.grown) / slow as f64;
    let reader = without.grown / plan.readers as f64;
    let beside = [
        Beside::new(
            "slow-memory",
            "what a slow reader's session grew by",
            "KiB",
            each / KIB,
            ("all that grew, by reader, without slow ones", reader / KIB),
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
        "slow: {} pushes to {} readers and {slow} who read none of them; {} of these sessions were \
         ended meanwhile",
        plan.unread,
        count(plan.readers as f64),
        with.ended,
    );
    Ok((beside.into(), vec![note]))
}

fn pushed(
    plan: &PushPlan,
    slow: usize,
    folder: &Path,
    runtime: &Handle,
) -> Result<Taken, BenchError> {
    let cast = Cast {
        count: plan.readers + slow,
        slow,
    };
    let mut side = Side::open(runtime, Kind::Dispatcher, folder, cast)?;
    for number in 0..WARM_UP {
        side.deliver(runtime, number, cast.count)?;
    }
    side.officers.stop_reading();
    let before = side.server.memory_bytes()?;
    let mut took = Vec::with_capacity(plan.unread);
    for number in 0..plan.unread as u64 {
        took.push(side.deliver(runtime, WARM_UP + number, plan.readers)?);
    }
    let after = side.server.memory_bytes()?;
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    Ok(Taken {
        grown: after as f64 - before as f64,
        last_ms: median(took.into_iter().map(ms)),
        ended: side.officers.ended(),
    })
}
