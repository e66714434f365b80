//! Spare segments: zero-filled ahead of their use, so that a commit does not wait for it.
//!
//! A spare is filled under a name of its own, synced, and only then called a spare. Whatever bears
//! a spare's name is therefore whole, and the next start goes on with it: it needs no space that
//! the last one did not need.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};

use super::reader::CHUNK_BYTES;
use super::record::{SECTOR_BYTES, padded};
use super::{Background, OpenError};
use crate::io::{FileInfo, IoError, Storage};

/// How many spares are kept ready. While one is being used up the next is there, and the one after
/// that is being filled.
pub const SPARES_READY: usize = 2;

/// How long a segment is that the writer fills itself, because it needed one before the next spare
/// was ready, in bytes. Filling it takes a small part of the time that waiting for a whole spare
/// would.
pub const SHORT_SEGMENT_BYTES: u64 = 8 << 20;

/// What a segment is called while the writer fills it.
const OWN_FILE: &str = "own.tmp";

/// A zero-filled and synced file that waits for its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spare {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Keeps spares ready.
pub(super) struct Spares {
    storage: Arc<dyn Storage>,
    segment_bytes: u64,
    ready: Vec<Spare>,
    /// The number of the spare that has been asked for and has not been heard of.
    under_way: Option<usize>,
    /// Why the spare asked for last could not be made.
    failed: Option<IoError>,
    filler: Option<Filler>,
}

struct Filler {
    requests: Sender<usize>,
    results: Receiver<Result<Spare, IoError>>,
    thread: JoinHandle<()>,
}

/// What a spare is called; `number` counts from 1 to [`SPARES_READY`].
pub(super) fn spare_name(number: usize) -> String {
    format!("spare-{number}.tmp")
}

fn filling_name(number: usize) -> String {
    format!("filling-{number}.tmp")
}

impl Spares {
    /// Goes on with the spares that a predecessor left, which have to be of the right length; see
    /// [`Spares::is_usable`].
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        segment_bytes: u64,
        background: Background,
        ready: Vec<Spare>,
    ) -> Result<Spares, OpenError> {
        let segment_bytes = whole(segment_bytes);
        let filler = match background {
            Background::Threads => Some(Filler::start(Arc::clone(&storage), segment_bytes)?),
            Background::OnDemand => None,
        };
        Ok(Spares {
            storage,
            segment_bytes,
            ready,
            under_way: None,
            failed: None,
            filler,
        })
    }

    /// Whether a file that a predecessor left can serve as a spare: it has the name, the length, and
    /// nothing but zeros in it. Stray bytes behind the end of a log would be taken for a torn tail,
    /// or for damage.
    ///
    /// # Errors
    /// Whatever the storage reports.
    pub(super) fn is_usable(
        storage: &dyn Storage,
        file: &FileInfo,
        segment_bytes: u64,
    ) -> Result<bool, IoError> {
        let named = (1..=SPARES_READY).any(|number| spare_name(number) == file.name);
        if !named || file.bytes != whole(segment_bytes) {
            return Ok(false);
        }
        let stored = storage.open(&file.name)?;
        let length = usize::try_from(file.bytes).unwrap_or(usize::MAX);
        let mut chunk = vec![0; CHUNK_BYTES.min(length)];
        let mut offset = 0;
        while offset < file.bytes {
            let read = stored.read_at(offset, &mut chunk)?;
            let zeros = chunk[..read].iter().all(|byte| *byte == 0);
            if read == 0 || !zeros {
                return Ok(false);
            }
            offset += read as u64;
        }
        Ok(true)
    }

    /// Asks for a missing spare in the background.
    pub(super) fn request(&mut self) {
        self.collect();
        if self.under_way.is_some() || self.failed.is_some() {
            return;
        }
        if let (Some(number), Some(filler)) = (self.missing(), &self.filler)
            && filler.requests.send(number).is_ok()
        {
            self.under_way = Some(number);
        }
    }

    /// Makes one missing spare here and now, if no thread does it.
    pub(super) fn work(&mut self) {
        if self.filler.is_none()
            && self.failed.is_none()
            && let Some(number) = self.missing()
        {
            match prepare(&*self.storage, number, self.segment_bytes) {
                Ok(spare) => self.ready.push(spare),
                Err(e) => self.failed = Some(e),
            }
        }
    }

    /// A file that holds at least `bytes`. It does not count as a spare any more: the caller gives
    /// it another name, or gives it back.
    ///
    /// Nobody waits for a spare that is being filled: a shorter segment is filled meanwhile.
    ///
    /// # Errors
    /// Why there is none. A lack of space is tried once more first, as it may have passed.
    pub(super) fn take(&mut self, bytes: u64) -> Result<Spare, IoError> {
        self.collect();
        if bytes <= self.segment_bytes
            && let Some(spare) = self.ready.pop()
        {
            return Ok(spare);
        }
        self.forgive_lack_of_space()?;
        let length = match self.under_way {
            Some(_) => SHORT_SEGMENT_BYTES.min(self.segment_bytes),
            None => self.segment_bytes,
        };
        let bytes = whole(bytes.max(length));
        fill(&*self.storage, OWN_FILE, bytes)?;
        let name = OWN_FILE.to_owned();
        Ok(Spare { name, bytes })
    }

    /// Takes back what could not be given another name.
    pub(super) fn give_back(&mut self, spare: Spare) {
        if spare.name != OWN_FILE {
            self.ready.push(spare);
        }
    }

    /// Makes sure that a whole spare is there, waiting for it if need be.
    ///
    /// # Errors
    /// As for [`Spares::take`].
    pub(super) fn ensure(&mut self) -> Result<(), IoError> {
        self.collect();
        if let (Some(_), Some(filler)) = (self.under_way, &self.filler) {
            let heard = filler.results.recv();
            self.hear(heard);
        }
        self.forgive_lack_of_space()?;
        if self.ready.is_empty() {
            self.ready
                .push(prepare(&*self.storage, 1, self.segment_bytes)?);
        }
        Ok(())
    }

    /// Takes note of what the thread has done since.
    fn collect(&mut self) {
        if let (Some(_), Some(filler)) = (self.under_way, &self.filler) {
            match filler.results.try_recv() {
                Ok(result) => self.hear(Ok(result)),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.hear(Err(RecvError)),
            }
        }
    }

    fn hear(&mut self, heard: Result<Result<Spare, IoError>, RecvError>) {
        self.under_way = None;
        match heard {
            Ok(Ok(spare)) => self.ready.push(spare),
            Ok(Err(e)) => self.failed = Some(e),
            // The thread is gone. The writer fills its segments itself from now on.
            Err(RecvError) => self.filler = None,
        }
    }

    /// A disk that fails to fill a new file is not to be trusted with the log either, unless all
    /// it lacked was space.
    fn forgive_lack_of_space(&mut self) -> Result<(), IoError> {
        match self.failed.take() {
            Some(e) if !e.is_full() => {
                self.failed = Some(e.clone());
                Err(e)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The number of a spare that is not there.
    fn missing(&self) -> Option<usize> {
        let is_there = |number: &usize| {
            let name = spare_name(*number);
            self.ready.iter().any(|spare| spare.name == name)
        };
        (1..=SPARES_READY).find(|number| !is_there(number))
    }
}

impl From<FileInfo> for Spare {
    fn from(file: FileInfo) -> Spare {
        let FileInfo { name, bytes } = file;
        Spare { name, bytes }
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
            // A panic of the thread has been printed; a spare less is no loss.
            let _ = thread.join();
        }
    }
}

impl Filler {
    fn start(storage: Arc<dyn Storage>, segment_bytes: u64) -> Result<Filler, OpenError> {
        let (requests, asked) = channel::<usize>();
        let (told, results) = channel();
        let thread = thread::Builder::new()
            .name("muster-log-spare".to_owned())
            .spawn(move || {
                for number in asked {
                    if told
                        .send(prepare(&*storage, number, segment_bytes))
                        .is_err()
                    {
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

/// The shortest that a segment can be is a header and one sector.
fn whole(segment_bytes: u64) -> u64 {
    padded(segment_bytes).max(2 * SECTOR_BYTES)
}

/// Fills a file, and calls it a spare once it is whole.
fn prepare(storage: &dyn Storage, number: usize, bytes: u64) -> Result<Spare, IoError> {
    let (filling, name) = (filling_name(number), spare_name(number));
    fill(storage, &filling, bytes)?;
    storage.rename(&filling, &name)?;
    Ok(Spare { name, bytes })
}

fn fill(storage: &dyn Storage, name: &str, bytes: u64) -> Result<(), IoError> {
    let filled = storage.create(name, bytes).and_then(|file| file.sync());
    if filled.is_err() {
        // Half a file would hold the very space whose lack is being reported. Should it stay, the
        // next start removes it.
        let _ = storage.remove(name);
    }
    filled
}
