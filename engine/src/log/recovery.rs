//! From a stopped log to a writing one.
//!
//! What a crash left behind the last whole batch is kept aside and cut off. Neither that nor the
//! batches that the mark does not cover yet are touched in place: the segment is written afresh
//! under a temporary name, synced, and renamed over the old one. So a crash during recovery
//! leaves the log as it was, no sector that holds anything acknowledged is ever rewritten, and a
//! batch that is in the page cache only, because a sync failed before the restart, becomes durable
//! before anything is built on it.

use std::sync::Arc;

use super::mark;
use super::reader::{Batch, BatchInfo, CHUNK_BYTES};
use super::record::MarkSlot;
use super::scan::{Scan, TornRange};
use super::segment::{Folder, SegmentFile};
use super::snapshot;
use super::spare::{Spare, Spares};
use super::writer::{Active, Start};
use super::{Corruption, Damage, Log, LogOptions, OpenError};
use crate::io::{FileInfo, FolderLock, IoError, Storage, StoredFile};
use crate::model::Sequence;

const SETTLE_TEMPORARY: &str = "settle.tmp";
const TORN_TEMPORARY: &str = "torn.tmp";

/// A log being read back. First comes the snapshot, then the batches behind it, then the writer.
pub struct Recovery {
    storage: Arc<dyn Storage>,
    options: LogOptions,
    mark: MarkSlot,
    snapshot: Option<(Sequence, Vec<u8>)>,
    damaged_snapshots: Vec<String>,
    temporary: Vec<FileInfo>,
    names: Vec<String>,
    scan: Scan,
    lock: FolderLock,
}

/// What a log held when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The newest sound snapshot and the record it was taken after.
    pub snapshot: Option<(Sequence, Vec<u8>)>,
    /// The records behind the snapshot.
    pub records: RecoveredRecords,
    /// What was cut off. Usually nothing; two only if the last two segments both had a tail.
    pub torn: Vec<TornTail>,
    /// Snapshots that could not be used; they are now named `damaged-…`. Nothing is lost by it, as
    /// an older one or the whole log took their place.
    pub damaged_snapshots: Vec<String>,
}

/// Records in memory, by batch.
#[derive(Debug, Default)]
pub struct RecoveredRecords {
    batches: Vec<(BatchInfo, Sequence, Vec<u8>)>,
}

/// A half-written end that was cut off. Nobody had been told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment it was found in.
    pub file: String,
    /// Where it began, in bytes.
    pub offset: u64,
    /// How long it was.
    pub bytes: u64,
    /// The first record that would have been in it.
    pub sequence: Sequence,
    /// The file that its bytes were copied to.
    pub kept_as: String,
}

impl RecoveredRecords {
    /// The batches, in order.
    pub fn batches(&self) -> impl Iterator<Item = Batch<'_>> {
        self.batches.iter().map(|(info, from, payload)| Batch {
            info: *info,
            from: *from,
            payload,
        })
    }

    /// The records, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Sequence, &[u8])> {
        self.batches().flat_map(Batch::records)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

impl Recovery {
    /// Takes the folder's lock, and finds the mark and the newest sound snapshot. An empty folder
    /// becomes a new log.
    ///
    /// # Errors
    /// [`OpenError::Corrupt`] if durable records are missing or damaged, and nothing has then been
    /// changed; [`OpenError::Io`] if the storage fails, is full, or is in use.
    pub fn begin(storage: Arc<dyn Storage>, options: LogOptions) -> Result<Recovery, OpenError> {
        let lock = storage.lock()?;
        let folder = Folder::read(&*storage)?;
        let damaged = |what| {
            let file = mark::MARK_FILE.to_owned();
            OpenError::Corrupt(Corruption {
                file,
                offset: 0,
                sequence: Sequence(1),
                what,
            })
        };
        let mark = match mark::read(&*storage)? {
            Ok(Some(mark)) => mark,
            Ok(None) if folder.segments.is_empty() && folder.snapshots.is_empty() => {
                mark::of_new_log(options.identity)
            }
            Ok(None) => return Err(damaged(Damage::NoMark)),
            Err(Damage::Version { found }) => {
                return Err(OpenError::Version {
                    file: mark::MARK_FILE.to_owned(),
                    found,
                });
            }
            Err(what) => return Err(damaged(what)),
        };
        let (snapshot, damaged_snapshots) = newest_snapshot(&*storage, &folder, &mark)?;
        let after = snapshot
            .as_ref()
            .map_or(Sequence::ZERO, |(sequence, _)| *sequence);
        let scan = Scan::start(Arc::clone(&storage), &folder, mark, after, after)?;
        let Folder {
            temporary, names, ..
        } = folder;
        Ok(Recovery {
            storage,
            options,
            mark,
            snapshot,
            damaged_snapshots,
            temporary,
            names,
            scan,
            lock,
        })
    }

    /// The newest sound snapshot, for the taking.
    pub fn take_snapshot(&mut self) -> Option<(Sequence, Vec<u8>)> {
        self.snapshot.take()
    }

    /// The next batch with records behind the snapshot, or nothing at the end.
    ///
    /// # Errors
    /// [`OpenError::Corrupt`] where damage is met.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, OpenError> {
        self.scan.next_batch()
    }

    /// Reads what has not been read, keeps aside and cuts off a torn tail, and starts the writer.
    /// Only now is all that was read durable.
    ///
    /// # Errors
    /// As for [`Recovery::begin`]. If cutting fails, the log is as it was and can be opened again.
    pub fn finish(mut self) -> Result<(Log, Vec<TornTail>), OpenError> {
        while self.scan.next_batch()?.is_some() {}
        let tail = self
            .scan
            .tail()
            .expect("a walk that found nothing more has met the end")
            .clone();
        let next = tail.chain.next;
        // Other temporary files than spares hold nothing that is needed, and their space may be.
        let length = self.options.segment_bytes;
        let mut spares = Vec::new();
        for file in std::mem::take(&mut self.temporary) {
            match self.keep_if_usable(&file, length) {
                Ok(true) => spares.push(Spare::from(file)),
                // Whoever saved a snapshot of this log a moment ago has removed or renamed it.
                Ok(false) | Err(IoError::NotFound { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        let mut torn = Vec::new();
        for range in &tail.torn {
            torn.push(self.keep_aside(range, next)?);
        }
        if let Some(file) = &tail.unborn {
            self.storage.remove(&file.name)?;
        }
        let last = Sequence(next.0 - 1);
        let mut mark = self.mark;
        if let Some((file, end)) = &tail.active {
            if self.mark.sequence < last || tail.torn.iter().any(|range| range.file == *file) {
                self.settle(file, *end, &mut spares)?;
            }
            if self.mark.sequence < last {
                mark.sequence = last;
                mark.segment = file.first;
                mark.end = *end;
                mark.previous = tail.chain.previous;
            }
        }
        // This syncs the folder too. The names seen or changed here have to be what the next start
        // sees: a removed segment that came back would stand between the segments to come, and a
        // predecessor may have changed names and failed to sync them.
        mark::replace(&*self.storage, &mark)?;
        for name in &self.damaged_snapshots {
            self.storage.rename(name, &format!("damaged-{name}"))?;
        }
        let active = match tail.active {
            Some((file, end)) => Some(Active::open(&*self.storage, &file, end)?),
            None => None,
        };
        let start = Start {
            chain: tail.chain,
            active,
            mark,
            spares,
        };
        let log = Log::start(self.storage, self.options, start, self.lock)?;
        Ok((log, torn))
    }

    /// The whole log in memory, and its writer.
    pub(super) fn run(mut self) -> Result<(Log, Recovered), OpenError> {
        let snapshot = self.take_snapshot();
        let mut batches = Vec::new();
        while let Some(batch) = self.next_batch()? {
            batches.push((batch.info, batch.from, batch.payload.to_vec()));
        }
        let damaged_snapshots = self.damaged_snapshots.clone();
        let (log, torn) = self.finish()?;
        let records = RecoveredRecords { batches };
        Ok((
            log,
            Recovered {
                snapshot,
                records,
                torn,
                damaged_snapshots,
            },
        ))
    }

    /// Copies a torn tail to a file of its own.
    fn keep_aside(&mut self, range: &TornRange, next: Sequence) -> Result<TornTail, OpenError> {
        let free = |number: &u64| !self.names.contains(&torn_name(next, *number));
        let kept_as = torn_name(next, (1..).find(free).unwrap_or(u64::MAX));
        let storage = &*self.storage;
        let target = storage.create(TORN_TEMPORARY, 0)?;
        let part = range.offset..range.end;
        copy(storage, &range.file.name, part, &*target)?;
        storage.rename(TORN_TEMPORARY, &kept_as)?;
        storage.sync_folder()?;
        self.names.push(kept_as.clone());
        Ok(TornTail {
            file: range.file.name.clone(),
            offset: range.offset,
            bytes: range.end - range.offset,
            sequence: next,
            kept_as,
        })
    }

    /// Whether a temporary file is a spare of this `length`; what is none is removed.
    fn keep_if_usable(&self, file: &FileInfo, length: u64) -> Result<bool, IoError> {
        let is_usable = Spares::is_usable(&*self.storage, file, length)?;
        if !is_usable {
            self.storage.remove(&file.name)?;
        }
        Ok(is_usable)
    }

    /// Writes a segment afresh up to `end`, with zeros behind it: into a spare if one has the
    /// length, so that it takes no space.
    fn settle(&self, file: &SegmentFile, end: u64, spares: &mut Vec<Spare>) -> Result<(), IoError> {
        let storage = &*self.storage;
        let fitting = spares.iter().position(|spare| spare.bytes == file.bytes);
        let target = match fitting.map(|index| spares.remove(index)) {
            Some(spare) => {
                storage.rename(&spare.name, SETTLE_TEMPORARY)?;
                // Otherwise a crash could keep the next renaming and undo this one, and a segment
                // would be called a spare as well.
                storage.sync_folder()?;
                storage.open(SETTLE_TEMPORARY)?
            }
            None => storage.create(SETTLE_TEMPORARY, file.bytes)?,
        };
        copy(storage, &file.name, 0..end, &*target)?;
        storage.rename(SETTLE_TEMPORARY, &file.name)?;
        storage.sync_folder()
    }
}

fn torn_name(sequence: Sequence, number: u64) -> String {
    format!("torn-{sequence}-{number}.bin")
}

/// Copies a part of a file to the front of another one, durably but for its name.
fn copy(
    storage: &dyn Storage,
    from: &str,
    range: std::ops::Range<u64>,
    target: &dyn StoredFile,
) -> Result<(), IoError> {
    let source = storage.open(from)?;
    let left = |at| CHUNK_BYTES.min(usize::try_from(range.end - at).unwrap_or(CHUNK_BYTES));
    let mut chunk = vec![0; left(range.start)];
    let mut at = range.start;
    while at < range.end {
        let read = source.read_at(at, &mut chunk[..left(at)])?;
        if read == 0 {
            break;
        }
        target.write_at(at - range.start, &chunk[..read])?;
        at += read as u64;
    }
    target.sync()
}

type Found = (Option<(Sequence, Vec<u8>)>, Vec<String>);

/// The newest snapshot that can be read, and those newer ones that cannot.
fn newest_snapshot(
    storage: &dyn Storage,
    folder: &Folder,
    mark: &MarkSlot,
) -> Result<Found, OpenError> {
    let mut damaged = Vec::new();
    for (sequence, name) in folder.snapshots.iter().rev() {
        match snapshot::read(storage, name, *sequence, mark.identity)? {
            Ok(payload) => return Ok((Some((*sequence, payload)), damaged)),
            Err(Damage::Version { found }) => {
                return Err(OpenError::Version {
                    file: name.clone(),
                    found,
                });
            }
            Err(_) => damaged.push(name.clone()),
        }
    }
    Ok((None, damaged))
}
