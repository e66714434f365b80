//! Saves snapshots without stopping the race: from a follower, on a thread of its own.

use std::thread;

use super::follow::Follower;
use super::recover::OpenError;
use crate::core::apply;
use crate::log::Snapshots;

/// Starts a thread that follows the engine and saves a snapshot after every `every` records. It
/// ends with the engine.
pub(super) fn spawn(follower: Follower, snapshots: Snapshots, every: u64) -> Result<(), OpenError> {
    let run = move || run(follower, &snapshots, every);
    let spawned = thread::Builder::new()
        .name("muster-snapshots".into())
        .spawn(run);
    spawned.map(drop).map_err(|source| OpenError::Thread {
        what: source.to_string(),
    })
}

fn run(mut follower: Follower, snapshots: &Snapshots, every: u64) {
    let mut since = 0;
    while let Ok(delivery) = follower.wait() {
        let Some(batch) = delivery.batch else {
            continue;
        };
        for record in &batch.records {
            apply(&mut follower.state, record);
        }
        since += batch.records.len() as u64;
        if since < every {
            continue;
        }
        // A snapshot that cannot be saved costs nothing but a longer recovery: the log has
        // everything. The next one is tried when its time comes.
        let saved = follower
            .state
            .snapshot()
            .map(|bytes| snapshots.save(follower.state.sequence(), &bytes));
        if matches!(saved, Ok(Ok(()))) {
            since = 0;
        } else {
            since = every / 2;
        }
    }
}
