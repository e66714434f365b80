//! The write-ahead log: what has been decided, in order, on disk before anyone hears of it.
//!
//! One [`Log`] writes; it is owned by the engine thread and appends a batch of records with one
//! write and one sync. [`Recovery`] reads the log back after a stop, tells a torn tail from damage
//! with the help of a durable mark, and yields the writer. [`Snapshots`] saves states from another
//! thread, [`LogReader`] follows, and [`verify()`] examines without changing anything.
//!
//! The payloads are opaque here: `core/event.rs` knows what they mean. `docs/log-format.md`
//! describes the files.

mod mark;
mod past;
mod reader;
mod record;
mod recovery;
mod scan;
mod segment;
mod snapshot;
mod spare;
mod verify;
mod writer;

pub use past::{Kept, kept, read_snapshot};
pub use reader::{Batch, BatchInfo, LogReader, read_folder};
pub use record::{
    BATCH_BYTES_MAX, Damage, FORMAT_VERSION, HEADER_BYTES, MARK_BYTES, RECORD_BYTES_MAX,
    RECORD_PREFIX_BYTES, Records, SECTOR_BYTES,
};
pub use recovery::{Recovered, RecoveredRecords, Recovery, TornTail};
pub use snapshot::{SNAPSHOTS_KEPT, SnapshotError, Snapshots};
pub use spare::{SHORT_SEGMENT_BYTES, SPARES_READY};
pub use verify::{Report, Torn, durable_mark, verify};
pub use writer::{CommitError, Committed, Log};

use crate::io::IoError;
use crate::model::Sequence;

/// How long a segment is unless a batch needs a longer one, in bytes.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// How a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// How long a segment is, in bytes. A batch that does not fit gets one of its own length.
    pub segment_bytes: u64,
    /// Written into everything that belongs to a new log, so that files of two logs are never
    /// taken for one; an existing log keeps its own. It should be random: bytes in a record that
    /// imitate a batch are told from a real one by it, and must not be able to guess it.
    pub identity: u64,
    /// Who writes marks and fills spare segments.
    pub background: Background,
    /// Whether segments that no snapshot needs are kept under an archive name. Otherwise they are
    /// removed.
    pub keep_archived: bool,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            segment_bytes: SEGMENT_BYTES,
            identity: 0,
            background: Background::Threads,
            keep_archived: true,
        }
    }
}

/// Who does the work that no commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Two threads of the log.
    Threads,
    /// Whoever calls [`Log::work`]: for simulations, where every step must be repeatable.
    OnDemand,
}

/// Damage that no crash explains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file} is damaged at offset {offset}, where record {sequence} is expected: {what}; \
     nothing was changed: restore the folder from a copy, or ask for help with it as it is"
)]
pub struct Corruption {
    /// The file.
    pub file: String,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// The first record that cannot be read.
    pub sequence: Sequence,
    /// What is wrong there.
    pub what: Damage,
}

/// Why a log could not be opened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Records that were durable cannot be read, and going on without them would lose them.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A later version of this program wrote the log.
    #[error(
        "{file} is written in format {found}, and this program knows only up to \
         {FORMAT_VERSION}: use a later one"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u16,
    },
    /// The storage failed, is full, or is in use.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A thread could not be started.
    #[error("could not start a thread of the log: {what}")]
    Thread {
        /// What the operating system said.
        what: String,
    },
}

/// Why a log could not be read further.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Something other than a half-written tail.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A later version of this program wrote the log.
    #[error(
        "{file} is written in format {found}, and this program knows only up to \
         {FORMAT_VERSION}: use a later one"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u16,
    },
    /// The record has been removed, together with everything that a snapshot made superfluous.
    #[error("record {from} is no longer in the log: start from a snapshot")]
    Gone {
        /// The record that was asked for.
        from: Sequence,
    },
    /// The storage failed.
    #[error(transparent)]
    Io(#[from] IoError),
}
