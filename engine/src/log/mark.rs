//! The durable mark: a small file that says up to where the log has been synced.
//!
//! From the log alone a torn last batch and a damaged one look alike. The mark is synced after the
//! log, off the reply path, so that what lies at or below it is known to have been whole once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::queue::ArrayQueue;

use super::record::{Damage, HEADER_BYTES, MARK_BYTES, MarkSlot, SECTOR_BYTES};
use super::{Background, OpenError};
use crate::io::{IoError, Operation, Storage, StoredFile};
use crate::model::Sequence;

/// The name of the mark file.
pub(super) const MARK_FILE: &str = "mark";
const MARK_TEMPORARY: &str = "mark.tmp";

/// The newer readable slot, or nothing if there is no mark file.
///
/// # Errors
/// The inner one if both slots are bad or one is of a later version.
pub(super) fn read(storage: &dyn Storage) -> Result<Result<Option<MarkSlot>, Damage>, IoError> {
    let file = match storage.open(MARK_FILE) {
        Ok(file) => file,
        Err(IoError::NotFound { .. }) => return Ok(Ok(None)),
        Err(e) => return Err(e),
    };
    let mut newest: Option<MarkSlot> = None;
    for slot in 0..2 {
        let mut header = [0; HEADER_BYTES];
        file.read_at(slot * SECTOR_BYTES, &mut header)?;
        match MarkSlot::decode(&header) {
            Ok(mark) if newest.is_none_or(|other| other.generation < mark.generation) => {
                newest = Some(mark);
            }
            Err(version @ Damage::Version { .. }) => return Ok(Err(version)),
            // A crash may tear the slot that was being written. The other one then stands, and
            // is older by one mark.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(newest.map(Some).ok_or(Damage::Mark))
}

/// The mark of a log without records.
pub(super) fn of_new_log(identity: u64) -> MarkSlot {
    MarkSlot {
        identity,
        generation: 0,
        sequence: Sequence::ZERO,
        segment: Sequence::ZERO,
        end: 0,
        previous: 0,
    }
}

/// Makes the mark file afresh, with one slot.
///
/// Every start does so. After a failed sync and a restart, a slot may be in the page cache and not
/// on the disk; writing the other slot next would put the last readable one at risk. It also comes
/// before the first segment, so that segments without a mark are always a sign of damage.
pub(super) fn replace(storage: &dyn Storage, mark: &MarkSlot) -> Result<(), IoError> {
    let file = storage.create(MARK_TEMPORARY, MARK_BYTES)?;
    file.write_at(mark.offset(), &mark.encode())?;
    file.sync()?;
    storage.rename(MARK_TEMPORARY, MARK_FILE)?;
    storage.sync_folder()
}

/// How long the thread rests after a mark. Without a rest every batch on a busy log would share the
/// disk with the mark of the one before.
const MARK_PAUSE: Duration = Duration::from_millis(2);

/// Writes marks as they come, the newest first and the others not at all.
pub(super) struct Marks {
    slots: Arc<Slots>,
    thread: Option<JoinHandle<()>>,
}

struct Slots {
    file: Box<dyn StoredFile>,
    generation: AtomicU64,
    newest: ArrayQueue<MarkSlot>,
    failed: OnceLock<IoError>,
    stop: AtomicBool,
}

impl Marks {
    pub(super) fn new(
        storage: &dyn Storage,
        last: MarkSlot,
        background: Background,
    ) -> Result<Marks, OpenError> {
        let slots = Arc::new(Slots {
            file: storage.open(MARK_FILE)?,
            generation: AtomicU64::new(last.generation),
            newest: ArrayQueue::new(1),
            failed: OnceLock::new(),
            stop: AtomicBool::new(false),
        });
        let thread = match background {
            Background::OnDemand => None,
            Background::Threads => {
                let slots = Arc::clone(&slots);
                let thread = thread::Builder::new()
                    .name("muster-log-mark".to_owned())
                    .spawn(move || slots.run())
                    .map_err(|e| OpenError::Thread {
                        what: e.to_string(),
                    })?;
                Some(thread)
            }
        };
        Ok(Marks { slots, thread })
    }

    /// Takes note of a mark to be written soon; its generation is set then.
    pub(super) fn note(&self, mark: MarkSlot) {
        self.slots.newest.force_push(mark);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Writes what has been noted, if no thread does it.
    pub(super) fn work(&self) {
        if self.thread.is_none() {
            self.slots.write_newest();
        }
    }

    /// Why marks are no longer written.
    pub(super) fn failure(&self) -> Option<&IoError> {
        self.slots.failed.get()
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.slots.stop.store(true, Ordering::SeqCst);
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Slots {
    fn run(&self) {
        loop {
            // Read before writing, so that what was noted before the stop is still written.
            let stop = self.stop.load(Ordering::SeqCst);
            self.write_newest();
            if stop {
                return;
            }
            thread::sleep(MARK_PAUSE);
            thread::park();
        }
    }

    fn write_newest(&self) {
        if self.failed.get().is_none()
            && let Some(mut mark) = self.newest.pop()
        {
            mark.generation = self.generation.load(Ordering::Relaxed) + 1;
            let written = self.file.write_at(mark.offset(), &mark.encode());
            match written.and_then(|()| self.file.sync()) {
                Ok(()) => self.generation.store(mark.generation, Ordering::Relaxed),
                // The other slot still stands and the same one is tried again with the next
                // commit. Only a write gets here: a sync that finds no space has failed like any
                // other, because its pages may be gone.
                Err(IoError::Full {
                    operation: Operation::Write,
                    ..
                }) => {
                    let _ = self.newest.push(mark);
                }
                Err(e) => {
                    let _ = self.failed.set(e);
                }
            }
        }
    }
}
