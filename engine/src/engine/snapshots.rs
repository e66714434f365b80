//! Saves snapshots without stopping the race: from a follower, on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::follow::{Ended, Follower};
use super::recover::OpenError;
use crate::core::{State, apply};
use crate::log::Snapshots;

/// The thread that saves snapshots, from outside.
#[derive(Debug, Default)]
pub(super) struct Saver {
    /// Whether it saves a last one when the engine ends.
    saves_last: Arc<AtomicBool>,
    /// Says whether it did, if there is a thread.
    ended: Mutex<Option<Receiver<bool>>>,
}

impl Saver {
    /// Starts the thread, which follows the engine and saves a snapshot after every `every`
    /// records. It ends with the engine. `is_saved` says whether the follower's state is that of
    /// a snapshot.
    pub(super) fn start(
        &self,
        follower: Follower,
        snapshots: Snapshots,
        every: u64,
        is_saved: bool,
    ) -> Result<(), OpenError> {
        let (say, ended) = channel();
        let saves_last = Arc::clone(&self.saves_last);
        let spawned = thread::Builder::new()
            .name("muster-snapshots".into())
            .spawn(move || {
                let (last, is_saved) = follow(follower, &snapshots, every, is_saved);
                let is_wanted = saves_last.load(Ordering::Acquire);
                // Nobody may be waiting.
                let _ = say.send(is_saved || (is_wanted && save(&snapshots, last.as_ref())));
            });
        spawned.map_err(|source| OpenError::Thread {
            what: source.to_string(),
        })?;
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        Ok(())
    }

    /// Has a last snapshot saved when the engine ends.
    pub(super) fn save_last(&self) {
        self.saves_last.store(true, Ordering::Release);
    }

    /// Waits for the thread's end; says whether the last record is in a snapshot by then.
    pub(super) fn wait(&self, within: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let said = ended.as_ref().map(|ended| ended.recv_timeout(within));
        matches!(said, Some(Ok(true)))
    }
}

/// Saves until the engine ends. The state at its end, unless it failed or ran ahead of this
/// thread, and whether it is saved already.
fn follow(
    mut follower: Follower,
    snapshots: &Snapshots,
    every: u64,
    mut is_saved: bool,
) -> (Option<State>, bool) {
    let mut since = 0;
    loop {
        let batch = match follower.wait() {
            Ok(delivery) => delivery.batch,
            Err(Ended::Closed) => return (Some(follower.into_state()), is_saved),
            Err(Ended::Failed | Ended::Lagged) => return (None, false),
        };
        let Some(batch) = batch else {
            continue;
        };
        for record in &batch.records {
            apply(&mut follower.state, record);
        }
        since += batch.records.len() as u64;
        is_saved = false;
        if since >= every {
            is_saved = save(snapshots, Some(&follower.state));
            // The next one is tried when its time comes.
            since = if is_saved { 0 } else { every / 2 };
        }
    }
}

/// Saved or not, everything is in the log: a snapshot that cannot be saved costs nothing but a
/// longer recovery.
fn save(snapshots: &Snapshots, state: Option<&State>) -> bool {
    let Some(state) = state else { return false };
    let saved = state
        .snapshot()
        .map(|bytes| snapshots.save(state.sequence(), &bytes));
    matches!(saved, Ok(Ok(())))
}
