//! Saves snapshots without stopping the race: from a follower, on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Engine;
use super::follow::{Ended, Follower};
use super::recover::OpenError;
use crate::core::{State, apply};
use crate::log::Snapshots;
use crate::model::Sequence;

/// The thread that saves snapshots, from outside.
#[derive(Debug, Default)]
pub(super) struct Saver {
    /// Whether it saves a last one when the engine ends.
    saves_last: AtomicBool,
    /// Says whether the last record is in a snapshot when the thread ends, if there is a thread.
    ended: Mutex<Option<Receiver<bool>>>,
}

/// When snapshots are saved, and where.
pub(super) struct Saving {
    pub(super) snapshots: Snapshots,
    /// A snapshot is saved after this many records.
    pub(super) every: u64,
    /// The last record that is in a snapshot.
    pub(super) saved: Sequence,
}

impl Saver {
    /// Starts the thread, which follows the engine, with `follower` first, and ends with it.
    pub(super) fn start(
        &self,
        engine: Engine,
        follower: Follower,
        mut saving: Saving,
    ) -> Result<(), OpenError> {
        let (say, ended) = channel();
        let spawned = thread::Builder::new()
            .name("muster-snapshots".into())
            .spawn(move || {
                // Nobody may be waiting.
                let _ = say.send(saving.until_end(&engine, follower));
            });
        spawned.map_err(|source| OpenError::Thread {
            what: source.to_string(),
        })?;
        *self.ended() = Some(ended);
        Ok(())
    }

    /// Has a last snapshot saved when the engine ends.
    pub(super) fn save_last(&self) {
        self.saves_last.store(true, Ordering::Release);
    }

    /// Waits for the thread's end, when the engine has ended.
    pub(super) fn wait(&self) {
        if let Some(ended) = &*self.ended() {
            // Who has panicked, or was waited for before, says nothing, and touches no file either.
            let _ = ended.recv();
        }
    }

    /// As [`Saver::wait`], for so long at most; says whether the last record is in a snapshot by
    /// then.
    pub(super) fn wait_saved(&self, within: Duration) -> bool {
        let ended = self.ended();
        let said = ended.as_ref().map(|ended| ended.recv_timeout(within));
        matches!(said, Some(Ok(true)))
    }

    fn ended(&self) -> MutexGuard<'_, Option<Receiver<bool>>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Saving {
    /// Saves until the engine ends. Says whether the last record is in a snapshot then.
    fn until_end(&mut self, engine: &Engine, mut follower: Follower) -> bool {
        let mut due = self.saved.0 + self.every;
        loop {
            let last = follower.state.sequence();
            if last.0 >= due {
                // The next one is tried when its time comes.
                due = match self.save(&follower.state) {
                    true => last.0 + self.every,
                    false => last.0 + self.every / 2,
                };
            }
            match follower.wait() {
                Ok(delivery) => {
                    for record in delivery.batch.iter().flat_map(|batch| &batch.records) {
                        apply(&mut follower.state, record);
                    }
                }
                Err(Ended::Lagged) => {
                    // One state at a time: they are large.
                    drop(follower);
                    match engine.follow() {
                        Some(anew) => follower = anew,
                        None => return false,
                    }
                }
                Err(Ended::Closed) => {
                    let is_wanted = engine.shared.saver.saves_last.load(Ordering::Acquire);
                    return self.saved == last || (is_wanted && self.save(&follower.state));
                }
                Err(Ended::Failed) => return false,
            }
        }
    }

    /// Saved or not, everything is in the log: a snapshot that cannot be saved costs nothing but a
    /// longer recovery.
    fn save(&mut self, state: &State) -> bool {
        let sequence = state.sequence();
        let saved = state
            .snapshot()
            .map(|bytes| self.snapshots.save(sequence, &bytes));
        let is_saved = matches!(saved, Ok(Ok(())));
        if is_saved {
            self.saved = sequence;
        }
        is_saved
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;
    use crate::core::{Actor, Body, Command, RosterChange};
    use crate::engine::Options;
    use crate::io::{Memory, Storage, SystemClock};
    use crate::log::LogOptions;
    use crate::model::RequestId;

    const EVERY: u64 = 4;
    const PATIENCE: Duration = Duration::from_secs(30);

    fn add_agency(request: u64) -> Command {
        let change = RosterChange::Agency {
            code: format!("agency-{request}"),
            name: "Invented".to_owned(),
            agreement: None,
        };
        Command {
            request: RequestId(u128::from(request)),
            by: Actor::Operator,
            body: Body::Roster(vec![change]),
        }
    }

    #[test]
    fn who_lags_follows_anew_and_saves_on() {
        let storage = Arc::new(Memory::new());
        let (engine, stepper, _) = Engine::open_stepped(Options {
            storage: Arc::clone(&storage) as Arc<dyn Storage>,
            clock: Arc::new(SystemClock),
            log: LogOptions {
                segment_bytes: 1 << 20,
                ..LogOptions::default()
            },
            snapshot_every_records: 0,
        })
        .expect("the log opens");
        let saving = Saving {
            snapshots: stepper.snapshots(),
            every: EVERY,
            saved: Sequence::ZERO,
        };
        let settling = thread::spawn(move || stepper.run());
        let follower = engine.follow().expect("the engine is open");
        follower.outbox().mailbox.end(Ended::Lagged);
        let saver = &engine.shared.saver;
        let started = saver.start(engine.clone(), follower, saving);
        started.expect("there is a thread");
        for request in 1..=EVERY {
            let answer = engine.submit(add_agency(request)).wait();
            let answer = answer.expect("memory does not fail");
            answer.expect("no agency is added twice");
        }
        let began = Instant::now();
        let is_saved = || {
            let files = storage.list().expect("memory does not fail");
            files.iter().any(|file| file.name.starts_with("snapshot-"))
        };
        while !is_saved() {
            assert!(began.elapsed() < PATIENCE, "no snapshot is saved any more");
            thread::yield_now();
        }
        engine.close();
        settling.join().expect("the engine thread does not panic");
    }
}
