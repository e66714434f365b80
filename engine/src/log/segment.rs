//! Segment files: what they are called, what a folder holds, and the spare that is zero-filled
//! ahead so that a commit never waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::record::{COUNT_MAX, SECTOR_BYTES, padded};
use super::{Background, OpenError};
use crate::io::{IoError, Storage};
use crate::model::Sequence;

/// A zero-filled segment without a name of its own, because it is not yet known which record it
/// will begin with.
pub(super) const SPARE_FILE: &str = "spare.tmp";

const LIVE: (&str, &str) = ("log-", ".seg");
const ARCHIVED: (&str, &str) = ("archived-", ".seg");
const SNAPSHOT: (&str, &str) = ("snapshot-", ".snap");
const TEMPORARY_SUFFIX: &str = ".tmp";
const SEQUENCE_DIGITS: usize = 20;

/// A segment as the folder lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentFile {
    pub(super) name: String,
    pub(super) first: Sequence,
    pub(super) bytes: u64,
    pub(super) archived: bool,
}

/// What a folder holds, by kind.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Live and archived segments in the order of their first records.
    pub(super) segments: Vec<SegmentFile>,
    /// Snapshots in the order of their sequences.
    pub(super) snapshots: Vec<(Sequence, String)>,
    /// Files that a stopped process left unfinished.
    pub(super) temporary: Vec<String>,
    /// All names.
    pub(super) names: Vec<String>,
}

impl Folder {
    pub(super) fn read(storage: &dyn Storage) -> Result<Folder, IoError> {
        let mut folder = Folder::default();
        for file in storage.list()? {
            let name = file.name;
            let segment = |first, archived| {
                let name = name.clone();
                SegmentFile {
                    name,
                    first,
                    bytes: file.bytes,
                    archived,
                }
            };
            if let Some(first) = sequence_in(&name, LIVE) {
                folder.segments.push(segment(first, false));
            } else if let Some(first) = sequence_in(&name, ARCHIVED) {
                folder.segments.push(segment(first, true));
            } else if let Some(sequence) = sequence_in(&name, SNAPSHOT) {
                folder.snapshots.push((sequence, name.clone()));
            } else if name.ends_with(TEMPORARY_SUFFIX) {
                folder.temporary.push(name.clone());
            }
            folder.names.push(name);
        }
        folder.segments.sort_by_key(|segment| segment.first);
        Ok(folder)
    }

    /// The place of the segment that holds `sequence`, if any does.
    pub(super) fn holding(&self, sequence: Sequence) -> Option<usize> {
        self.segments
            .iter()
            .rposition(|segment| segment.first <= sequence)
    }
}

pub(super) fn segment_name(first: Sequence) -> String {
    numbered(LIVE, first)
}

pub(super) fn archived_name(first: Sequence) -> String {
    numbered(ARCHIVED, first)
}

pub(super) fn snapshot_name(sequence: Sequence) -> String {
    numbered(SNAPSHOT, sequence)
}

fn numbered((prefix, suffix): (&str, &str), Sequence(number): Sequence) -> String {
    format!("{prefix}{number:0SEQUENCE_DIGITS$}{suffix}")
}

fn sequence_in(name: &str, (prefix, suffix): (&str, &str)) -> Option<Sequence> {
    let digits = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
    let exact = digits.len() == SEQUENCE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| exact);
    number.filter(|number| *number <= COUNT_MAX).map(Sequence)
}

/// Keeps one spare segment ready.
pub(super) struct Spares {
    storage: Arc<dyn Storage>,
    segment_bytes: u64,
    /// The length of the spare that is there.
    ready: Option<u64>,
    /// Why the spare asked for last could not be made.
    failed: Option<IoError>,
    /// Whether one has been asked for and has not been heard of.
    under_way: bool,
    filler: Option<Filler>,
}

struct Filler {
    requests: Sender<u64>,
    results: Receiver<Result<u64, IoError>>,
    thread: JoinHandle<()>,
}

impl Spares {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        segment_bytes: u64,
        background: Background,
    ) -> Result<Spares, OpenError> {
        let filler = match background {
            Background::Threads => Some(Filler::start(Arc::clone(&storage))?),
            Background::OnDemand => None,
        };
        let segment_bytes = padded(segment_bytes).max(2 * SECTOR_BYTES);
        let (ready, failed, under_way) = (None, None, false);
        Ok(Spares {
            storage,
            segment_bytes,
            ready,
            failed,
            under_way,
            filler,
        })
    }

    /// Asks for a spare in the background, if there is none.
    pub(super) fn request(&mut self) {
        if self.ready.is_some() || self.under_way || self.failed.is_some() {
            return;
        }
        if let Some(filler) = &self.filler {
            self.under_way = filler.requests.send(self.segment_bytes).is_ok();
        }
    }

    /// Makes a spare here and now, if there is none and no thread does it.
    pub(super) fn work(&mut self) {
        if self.filler.is_none() && self.ready.is_none() && self.failed.is_none() {
            match fill(&*self.storage, self.segment_bytes) {
                Ok(bytes) => self.ready = Some(bytes),
                Err(e) => self.failed = Some(e),
            }
        }
    }

    /// The length of a spare that holds at least `bytes`, waiting for one if need be. It stays the
    /// spare until [`Spares::taken`].
    ///
    /// # Errors
    /// Why there is none. A lack of space is tried once more first, as it may have passed.
    pub(super) fn wait(&mut self, bytes: u64) -> Result<u64, IoError> {
        if self.under_way
            && let Some(filler) = &self.filler
        {
            match filler.results.recv() {
                Ok(Ok(ready)) => self.ready = Some(ready),
                Ok(Err(e)) => self.failed = Some(e),
                Err(_) => {}
            }
            self.under_way = false;
        }
        match self.failed.take() {
            // A disk that fails to fill a new file is not to be trusted with the log either.
            Some(e) if !e.is_full() => {
                self.failed = Some(e.clone());
                return Err(e);
            }
            _ => {}
        }
        match self.ready {
            Some(ready) if ready >= bytes => Ok(ready),
            _ => {
                self.ready = None;
                let made = fill(&*self.storage, bytes.max(self.segment_bytes))?;
                self.ready = Some(made);
                Ok(made)
            }
        }
    }

    /// The spare has become a segment.
    pub(super) fn taken(&mut self) {
        self.ready = None;
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        if let Some(Filler {
            requests,
            results,
            thread,
        }) = self.filler.take()
        {
            // Hanging up ends the thread after the file it is filling.
            drop((requests, results));
            let _ = thread.join();
        }
    }
}

impl Filler {
    fn start(storage: Arc<dyn Storage>) -> Result<Filler, OpenError> {
        let (requests, asked) = channel::<u64>();
        let (told, results) = channel();
        let thread = thread::Builder::new()
            .name("muster-log-spare".to_owned())
            .spawn(move || {
                for bytes in asked {
                    if told.send(fill(&*storage, bytes)).is_err() {
                        return;
                    }
                }
            })
            .map_err(|e| OpenError::Thread {
                what: e.to_string(),
            })?;
        Ok(Filler {
            requests,
            results,
            thread,
        })
    }
}

fn fill(storage: &dyn Storage, bytes: u64) -> Result<u64, IoError> {
    match storage
        .create(SPARE_FILE, bytes)
        .and_then(|file| file.sync())
    {
        Ok(()) => Ok(bytes),
        Err(e) => {
            // Half a spare would hold the very space whose lack is being reported.
            let _ = storage.remove(SPARE_FILE);
            Err(e)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_sequence() {
        let name = segment_name(Sequence(42));
        assert_eq!(name, "log-00000000000000000042.seg");
        assert_eq!(sequence_in(&name, LIVE), Some(Sequence(42)));
        assert_eq!(sequence_in(&name, ARCHIVED), None);
        assert_eq!(sequence_in("log-42.seg", LIVE), None);
        assert_eq!(sequence_in("log-+0000000000000000042.seg", LIVE), None);
        assert_eq!(sequence_in("log-99999999999999999999.seg", LIVE), None);
        let beyond = segment_name(Sequence(COUNT_MAX + 1));
        assert_eq!(sequence_in(&beyond, LIVE), None);
    }
}
