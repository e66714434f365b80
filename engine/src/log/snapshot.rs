//! Snapshots: the state at a record, so that recovery need not begin at the first one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::record::{Damage, HEADER_BYTES, SnapshotHeader};
use super::segment::{Folder, archived_name, snapshot_name};
use crate::io::{IoError, Storage};
use crate::model::Sequence;

/// How many snapshots are kept: the newest, and one more should the newest be damaged.
pub const SNAPSHOTS_KEPT: usize = 2;

/// How much of a snapshot is written between two syncs. One flush of all of it would hold up the
/// commits that share the disk with it.
const PIECE_BYTES: usize = 4 << 20;

const SNAPSHOT_TEMPORARY: &str = "snapshot.tmp";

/// Saves snapshots of the log it comes from. Clones may be used from any thread; one snapshot is
/// saved at a time.
#[derive(Clone)]
pub struct Snapshots {
    shared: Arc<Shared>,
}

struct Shared {
    storage: Arc<dyn Storage>,
    identity: u64,
    keep_archived: bool,
    durable: Arc<AtomicU64>,
    saving: Mutex<()>,
}

/// Why a snapshot was not saved, or not tidied up after.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SnapshotError {
    /// The state contains what a crash can still undo.
    #[error("a snapshot at record {sequence} is too early: the log is durable up to {durable}")]
    NotDurable {
        /// The record of the snapshot.
        sequence: Sequence,
        /// The last durable record.
        durable: Sequence,
    },
    /// The storage failed. The log and the older snapshots are untouched.
    #[error("the snapshot at record {sequence} was not saved: {cause}")]
    NotSaved {
        /// The record of the snapshot.
        sequence: Sequence,
        /// What the storage reported.
        cause: IoError,
    },
    /// The snapshot is safe, but files that it makes superfluous are still there. The next
    /// snapshot tries again.
    #[error("the snapshot at record {sequence} is saved, but older files could not go: {cause}")]
    NotTidied {
        /// The record of the snapshot.
        sequence: Sequence,
        /// What the storage reported.
        cause: IoError,
    },
}

impl Snapshots {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        identity: u64,
        keep_archived: bool,
        durable: Arc<AtomicU64>,
    ) -> Snapshots {
        let saving = Mutex::new(());
        Snapshots {
            shared: Arc::new(Shared {
                storage,
                identity,
                keep_archived,
                durable,
                saving,
            }),
        }
    }

    /// Saves the state after record `sequence`, durably; then removes all snapshots but the newest
    /// [`SNAPSHOTS_KEPT`], and archives the segments that none of them needs.
    ///
    /// # Errors
    /// See [`SnapshotError`]. None of them affects the log.
    pub fn save(&self, sequence: Sequence, payload: &[u8]) -> Result<(), SnapshotError> {
        let _saving = self
            .shared
            .saving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let durable = Sequence(self.shared.durable.load(Ordering::Acquire));
        if sequence > durable {
            return Err(SnapshotError::NotDurable { sequence, durable });
        }
        self.write(sequence, payload)
            .map_err(|cause| SnapshotError::NotSaved { sequence, cause })?;
        self.tidy()
            .map_err(|cause| SnapshotError::NotTidied { sequence, cause })
    }

    /// How far the log is durable, as far as these snapshots know.
    pub(super) fn durable(&self) -> &Arc<AtomicU64> {
        &self.shared.durable
    }

    fn write(&self, sequence: Sequence, payload: &[u8]) -> Result<(), IoError> {
        let storage = &*self.shared.storage;
        let header = SnapshotHeader::new(self.shared.identity, sequence, payload);
        let written = storage.create(SNAPSHOT_TEMPORARY, 0).and_then(|file| {
            file.write_at(0, &header.encode())?;
            let mut offset = HEADER_BYTES as u64;
            for piece in payload.chunks(PIECE_BYTES) {
                if offset > PIECE_BYTES as u64 {
                    file.sync()?;
                }
                file.write_at(offset, piece)?;
                offset += piece.len() as u64;
            }
            file.sync()
        });
        if let Err(e) = written {
            let _ = storage.remove(SNAPSHOT_TEMPORARY);
            return Err(e);
        }
        storage.rename(SNAPSHOT_TEMPORARY, &snapshot_name(sequence))?;
        storage.sync_folder()
    }

    fn tidy(&self) -> Result<(), IoError> {
        let storage = &*self.shared.storage;
        let folder = Folder::read(storage)?;
        let Some(beyond) = folder.snapshots.len().checked_sub(SNAPSHOTS_KEPT) else {
            return Ok(());
        };
        for (_, name) in &folder.snapshots[..beyond] {
            storage.remove(name)?;
        }
        // Should the newest snapshot be damaged, the older one is needed with all that follows it.
        // The segment with the very record of that snapshot stays as well: it proves what comes
        // next.
        let (oldest, _) = folder.snapshots[beyond];
        for pair in folder.segments.windows(2) {
            let [segment, next] = pair else { continue };
            if next.first > oldest {
                break;
            }
            if !self.shared.keep_archived {
                storage.remove(&segment.name)?;
            } else if !segment.archived {
                storage.rename(&segment.name, &archived_name(segment.first))?;
            }
        }
        storage.sync_folder()
    }
}

/// Reads a snapshot.
///
/// # Errors
/// The inner one if it is damaged.
pub(super) fn read(
    storage: &dyn Storage,
    name: &str,
    sequence: Sequence,
    identity: u64,
) -> Result<Result<Vec<u8>, Damage>, IoError> {
    let file = storage.open(name)?;
    let mut header = [0; HEADER_BYTES];
    if file.read_at(0, &mut header)? < HEADER_BYTES {
        return Ok(Err(Damage::Magic {
            expected: "snapshot header",
        }));
    }
    let header = match SnapshotHeader::decode(&header) {
        Ok(header) => header,
        Err(damage) => return Ok(Err(damage)),
    };
    if header.identity != identity {
        return Ok(Err(Damage::Identity));
    }
    if header.sequence != sequence {
        return Ok(Err(Damage::Order {
            found: header.sequence,
        }));
    }
    // The length is compared before it is believed, so that no damage makes a huge allocation.
    let bytes = file.bytes()? - HEADER_BYTES as u64;
    let (true, Ok(length)) = (header.payload_bytes == bytes, usize::try_from(bytes)) else {
        return Ok(Err(Damage::Length {
            bytes: header.payload_bytes,
        }));
    };
    let mut payload = vec![0; length];
    let read = file.read_at(HEADER_BYTES as u64, &mut payload)?;
    if read < length || crc32c::crc32c(&payload) != header.payload_crc {
        return Ok(Err(Damage::Checksum { of: "snapshot" }));
    }
    Ok(Ok(payload))
}
