//! The single writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::mark::Marks;
use super::reader::Chain;
use super::record::{
    BATCH_BYTES_MAX, BatchHeader, HEADER_BYTES, HeaderBytes, MarkSlot, RECORD_BYTES_MAX,
    RECORD_PREFIX_BYTES, SECTOR_BYTES, SegmentHeader, padded,
};
use super::recovery::{Recovered, Recovery};
use super::segment::{SegmentFile, segment_name};
use super::spare::{Spare, Spares};
use super::{LogOptions, OpenError, Snapshots};
use crate::io::{FolderLock, IoError, Storage, StoredFile};
use crate::model::Sequence;

const ZEROS: [u8; SECTOR_BYTES as usize] = [0; SECTOR_BYTES as usize];

/// Appends records in batches and makes each batch durable with one write and one sync.
///
/// A batch is all or nothing: after [`Log::commit`] has returned `Ok`, its records survive any
/// crash; until then, none of them may be spoken of.
pub struct Log {
    storage: Arc<dyn Storage>,
    /// The batch being built: room for a header, then the records. Its memory is used again.
    buffer: Vec<u8>,
    count: u32,
    chain: Chain,
    active: Option<Active>,
    state: State,
    durable: Arc<AtomicU64>,
    snapshots: Snapshots,
    spares: Spares,
    marks: Marks,
    /// Last, so that it outlives the threads above when the log is dropped.
    _lock: FolderLock,
}

/// A batch that has become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The last durable record.
    pub last: Sequence,
    /// How many records the batch had.
    pub records: u32,
    /// What was written for it, with headers and padding.
    pub bytes: u64,
}

/// Why a batch was not made durable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// The batch was dropped, and the numbers of its records will be used again. The log takes
    /// nothing more until [`Log::try_resume`] succeeds. Should the process end before that, the
    /// batch may still be found by the next start: as ever, silence is not a refusal.
    #[error("the log is read-only until there is space: {cause}")]
    Full {
        /// What the storage reported.
        cause: IoError,
    },
    /// It is unknown whether the batch will be there after a restart. The log has stopped for
    /// good.
    #[error("the log has stopped; restart to recover what is on disk: {cause}")]
    Poisoned {
        /// What the storage reported first.
        cause: IoError,
    },
}

/// The segment that batches go to.
pub(super) struct Active {
    file: Box<dyn StoredFile>,
    first: Sequence,
    bytes: u64,
    offset: u64,
    /// The header, as long as it is not on disk. It is written and synced with the first batch.
    header: Option<HeaderBytes>,
}

/// What recovery hands to the writer.
pub(super) struct Start {
    pub(super) chain: Chain,
    pub(super) active: Option<Active>,
    pub(super) mark: MarkSlot,
    /// Spare segments that are there already.
    pub(super) spares: Vec<Spare>,
}

enum State {
    Ready,
    /// Out of space. A range that holds a part of a dropped batch must be zeros again, durably,
    /// before anything else is written.
    Full {
        cause: IoError,
        unclean: Option<std::ops::Range<u64>>,
    },
    Poisoned {
        cause: IoError,
    },
}

impl Log {
    /// Opens the log in `storage`, or begins one, and reads all of it into memory. [`Recovery`]
    /// does the same in steps, one batch at a time.
    ///
    /// # Errors
    /// [`OpenError::Corrupt`] if durable records are missing or damaged; nothing has then been
    /// changed. [`OpenError::Io`] if the storage fails, is full, or is in use.
    pub fn open(
        storage: Arc<dyn Storage>,
        options: LogOptions,
    ) -> Result<(Log, Recovered), OpenError> {
        Recovery::begin(storage, options)?.run()
    }

    /// Adds a record to the present batch.
    ///
    /// # Panics
    /// As [`Log::append_with`].
    pub fn append(&mut self, payload: &[u8]) -> Sequence {
        self.append_with(|buffer| buffer.extend_from_slice(payload))
    }

    /// Adds a record to the present batch: the bytes that `encode` appends to the buffer, which
    /// has other records in it already.
    ///
    /// # Panics
    /// If the record is longer than [`RECORD_BYTES_MAX`], if the batch would grow beyond
    /// [`BATCH_BYTES_MAX`], or if `encode` shortened the buffer: who settles refuses what is longer, and
    /// who writes does so in pieces.
    pub fn append_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Sequence {
        let prefix = self.buffer.len();
        self.buffer.extend_from_slice(&[0; RECORD_PREFIX_BYTES]);
        let start = self.buffer.len();
        encode(&mut self.buffer);
        let length = self
            .buffer
            .len()
            .checked_sub(start)
            .expect("encode only appends");
        assert!(
            length <= RECORD_BYTES_MAX,
            "a record of {length} bytes is too long for the log"
        );
        assert!(
            self.pending_bytes() <= BATCH_BYTES_MAX,
            "the batch is too long for the log"
        );
        let length = u32::try_from(length).expect("a record is far shorter than 4 GiB");
        self.buffer[prefix..start].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
        Sequence(self.chain.next.0 + u64::from(self.count) - 1)
    }

    /// How many records the present batch has.
    pub fn pending(&self) -> u32 {
        self.count
    }

    /// What the records of the present batch occupy, in bytes.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len() - HEADER_BYTES
    }

    /// Forgets the present batch; its numbers will be used again.
    pub fn discard(&mut self) {
        self.buffer.truncate(HEADER_BYTES);
        self.count = 0;
    }

    /// Makes the present batch durable and begins a new one. An empty batch costs nothing.
    ///
    /// # Errors
    /// [`CommitError::Full`] and [`CommitError::Poisoned`]; in both cases the batch is gone from
    /// memory and nobody may be told of it.
    pub fn commit(&mut self) -> Result<Committed, CommitError> {
        if let (State::Ready, Some(cause)) = (&self.state, self.marks.failure()) {
            // Without marks a damaged batch could be taken for a torn one. A disk that fails a
            // sync is not to be trusted with the next batch either.
            self.state = State::Poisoned {
                cause: cause.clone(),
            };
        }
        let outcome = match self.refusal() {
            Some(refusal) => Err(refusal),
            None if self.count == 0 => Ok(Committed {
                last: self.durable(),
                records: 0,
                bytes: 0,
            }),
            None => self.write_batch(),
        };
        self.discard();
        outcome
    }

    /// After [`CommitError::Full`]: checks that there is space again, by cleaning up what was
    /// half-written and by filling and syncing a whole spare segment, and then takes batches
    /// again. Does nothing if the log is not full. This may take as long as writing a segment.
    ///
    /// # Errors
    /// [`CommitError::Full`] while there is too little space, [`CommitError::Poisoned`] if anything
    /// else goes wrong.
    pub fn try_resume(&mut self) -> Result<(), CommitError> {
        if let State::Full { unclean, .. } = &self.state {
            if let (Some(range), Some(active)) = (unclean.clone(), &self.active) {
                let zeros = vec![0; (range.end - range.start) as usize];
                let written = active.file.write_at(range.start, &zeros);
                written.map_err(|e| self.refuse_write(e, Some(range)))?;
                self.sync_active().map_err(|e| self.poison(e))?;
            }
            self.spares
                .ensure()
                .map_err(|e| self.refuse_write(e, None))?;
            self.state = State::Ready;
        }
        self.refusal().map_or(Ok(()), Err)
    }

    /// Whether the log has stopped for good.
    pub fn is_poisoned(&self) -> bool {
        matches!(self.state, State::Poisoned { .. })
    }

    /// Whether the log waits for space; see [`Log::try_resume`].
    pub fn is_full(&self) -> bool {
        matches!(self.state, State::Full { .. })
    }

    /// The last durable record.
    pub fn durable(&self) -> Sequence {
        Sequence(self.chain.next.0 - 1)
    }

    /// The identity of the log, as it was begun.
    pub fn identity(&self) -> u64 {
        self.chain.identity
    }

    /// What saves snapshots, from any thread.
    pub fn snapshots(&self) -> Snapshots {
        self.snapshots.clone()
    }

    /// Goes on where a closed log of the same folder ended, so that whoever was given its
    /// `snapshots` can save more of them.
    pub fn take_over(&mut self, snapshots: Snapshots) {
        let durable = Arc::clone(snapshots.durable());
        durable.store(self.durable().0, Ordering::Release);
        (self.durable, self.snapshots) = (durable, snapshots);
    }

    /// Writes a due mark and fills a missing spare, under [`Background::OnDemand`]; otherwise
    /// threads do, and this does nothing.
    ///
    /// [`Background::OnDemand`]: super::Background::OnDemand
    pub fn work(&mut self) {
        self.marks.work();
        self.spares.work();
    }

    pub(super) fn start(
        storage: Arc<dyn Storage>,
        options: LogOptions,
        start: Start,
        lock: FolderLock,
    ) -> Result<Log, OpenError> {
        let Start {
            chain,
            active,
            mark,
            spares,
        } = start;
        let durable = Arc::new(AtomicU64::new(chain.next.0 - 1));
        let keep = options.keep_archived;
        let shared = Arc::clone(&durable);
        let snapshots = Snapshots::new(Arc::clone(&storage), chain.identity, keep, shared);
        let mut spares = Spares::new(
            Arc::clone(&storage),
            options.segment_bytes,
            options.background,
            spares,
        )?;
        let marks = Marks::new(&*storage, mark, options.background)?;
        spares.request();
        Ok(Log {
            storage,
            buffer: vec![0; HEADER_BYTES],
            count: 0,
            chain,
            active,
            state: State::Ready,
            durable,
            snapshots,
            spares,
            marks,
            _lock: lock,
        })
    }

    fn write_batch(&mut self) -> Result<Committed, CommitError> {
        let batch_bytes = padded(self.buffer.len() as u64);
        if self
            .active
            .as_ref()
            .is_none_or(|active| active.offset + batch_bytes > active.bytes)
        {
            self.roll(batch_bytes)?;
        }
        let header = self.seal();
        // Padded in the buffer, so that the batch and its padding are one write.
        let padding = batch_bytes as usize - self.buffer.len();
        self.buffer.extend_from_slice(&ZEROS[..padding]);
        let active = self
            .active
            .as_mut()
            .expect("a batch without room has just rolled");
        let start = if active.header.is_some() {
            0
        } else {
            active.offset
        };
        let unclean = start..active.offset + batch_bytes;
        let segment_header = match active.header {
            Some(bytes) => active.file.write_at(0, &bytes),
            None => Ok(()),
        };
        let written =
            segment_header.and_then(|()| active.file.write_at(active.offset, &self.buffer));
        if let Err(e) = written {
            return Err(self.refuse_write(e, Some(unclean.clone())));
        }
        self.sync_active().map_err(|e| self.poison(e))?;

        let active = self.active.as_mut().expect("it has just been written to");
        active.header = None;
        active.offset += batch_bytes;
        let (segment, end) = (active.first, active.offset);
        self.chain.next = header.last().next();
        self.chain.previous = header.crc;
        self.durable.store(header.last().0, Ordering::Release);
        self.marks.note(MarkSlot {
            identity: self.chain.identity,
            generation: 0,
            sequence: header.last(),
            segment,
            end,
            previous: header.crc,
        });
        let bytes = unclean.end - unclean.start;
        Ok(Committed {
            last: header.last(),
            records: header.count,
            bytes,
        })
    }

    /// Puts the header in front of the batch in the buffer.
    fn seal(&mut self) -> BatchHeader {
        let payload = &self.buffer[HEADER_BYTES..];
        let header = BatchHeader {
            identity: self.chain.identity,
            first: self.chain.next,
            durable: self.durable(),
            count: self.count,
            payload_bytes: u32::try_from(payload.len()).expect("batches are bounded far below"),
            previous: self.chain.previous,
            crc: 0,
        };
        let encoded = header.encode(payload);
        self.buffer[..HEADER_BYTES].copy_from_slice(&encoded);
        BatchHeader::decode(&encoded).expect("it has just been encoded")
    }

    /// Goes on in a new segment with room for `batch_bytes`. Its name is durable before anything
    /// is in it; a crash in between leaves an empty segment, which recovery removes.
    fn roll(&mut self, batch_bytes: u64) -> Result<(), CommitError> {
        let first = self.chain.next;
        let name = segment_name(first);
        let wanted = SECTOR_BYTES + batch_bytes;
        let spare = self
            .spares
            .take(wanted)
            .map_err(|e| self.refuse_write(e, None))?;
        let bytes = spare.bytes;
        if let Err(e) = self.storage.rename(&spare.name, &name) {
            self.spares.give_back(spare);
            return Err(self.refuse_write(e, None));
        }
        let opened = self
            .storage
            .sync_folder()
            .and_then(|()| self.storage.open(&name));
        let file = opened.map_err(|e| self.poison(e))?;
        let header = SegmentHeader {
            identity: self.chain.identity,
            first,
            bytes,
            previous: self.chain.previous,
        };
        let header = Some(header.encode());
        self.active = Some(Active {
            file,
            first,
            bytes,
            offset: SECTOR_BYTES,
            header,
        });
        self.spares.request();
        Ok(())
    }

    fn sync_active(&self) -> Result<(), IoError> {
        self.active
            .as_ref()
            .map_or(Ok(()), |active| active.file.sync())
    }

    fn refusal(&self) -> Option<CommitError> {
        match &self.state {
            State::Ready => None,
            State::Full { cause, .. } => Some(CommitError::Full {
                cause: cause.clone(),
            }),
            State::Poisoned { cause } => Some(CommitError::Poisoned {
                cause: cause.clone(),
            }),
        }
    }

    /// After a failed write (or an operation before any write, if nothing is `unclean`).
    ///
    /// Segments are filled ahead, so a lack of space shows before a batch is written, on every
    /// file system that overwrites in place. On those that do not, the write itself may meet it.
    /// That need not stop the log for good: unlike a failed sync, a failed write leaves the page
    /// cache as it says, some first part of the batch written and the rest not. The range belongs
    /// to this batch alone and nothing is appended behind it; zeroing and syncing it, before the
    /// next batch, removes every trace, and a crash earlier finds an ordinary torn tail. Any other
    /// failed write says that the disk is broken, and stops the log.
    fn refuse_write(
        &mut self,
        cause: IoError,
        unclean: Option<std::ops::Range<u64>>,
    ) -> CommitError {
        if cause.is_full() {
            self.state = State::Full {
                cause: cause.clone(),
                unclean,
            };
            CommitError::Full { cause }
        } else {
            self.poison(cause)
        }
    }

    /// After a failed sync. The kernel reports it once and then takes the pages for clean, so that
    /// a second sync would succeed without the data: this is final.
    fn poison(&mut self, cause: IoError) -> CommitError {
        self.state = State::Poisoned {
            cause: cause.clone(),
        };
        CommitError::Poisoned { cause }
    }
}

impl Active {
    /// Opens a segment for appending at `end`.
    pub(super) fn open(
        storage: &dyn Storage,
        file: &SegmentFile,
        end: u64,
    ) -> Result<Active, IoError> {
        let (first, bytes) = (file.first, file.bytes);
        let file = storage.open(&file.name)?;
        Ok(Active {
            file,
            first,
            bytes,
            offset: end,
            header: None,
        })
    }
}
