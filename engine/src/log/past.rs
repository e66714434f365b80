//! What a log keeps for looking back: where it begins, and its snapshots. Nothing is changed.

use super::ReadError;
use super::mark::{self, MARK_FILE};
use super::record::Damage;
use super::segment::{Folder, snapshot_name};
use super::{Corruption, snapshot};
use crate::io::{IoError, Storage};
use crate::model::Sequence;

/// What of a log is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The first record that is still there, archived ones included; none if there is no log.
    pub first: Option<Sequence>,
    /// The records that a snapshot was taken after, the oldest first.
    pub snapshots: Vec<Sequence>,
}

/// Looks what the log in `storage` keeps. The log may be live.
///
/// # Errors
/// [`ReadError::Io`], whatever the storage reports.
pub fn kept(storage: &dyn Storage) -> Result<Kept, ReadError> {
    let folder = Folder::read(storage)?;
    let snapshots = folder.snapshots.iter().map(|(sequence, _)| *sequence);
    Ok(Kept {
        first: folder.segments.first().map(|segment| segment.first),
        snapshots: snapshots.collect(),
    })
}

/// The contents of the snapshot that was taken after `sequence`; nothing if it is not there (a live
/// log removes the older ones) or damaged, as an older one or the whole log then takes its place.
///
/// # Errors
/// [`ReadError::Version`] if a later version of this program wrote it, [`ReadError::Corrupt`] if
/// the log's mark cannot be read, and whatever the storage reports.
pub fn read_snapshot(
    storage: &dyn Storage,
    sequence: Sequence,
) -> Result<Option<Vec<u8>>, ReadError> {
    let file = MARK_FILE.to_owned();
    let identity = match mark::read(storage)? {
        Ok(Some(slot)) => slot.identity,
        Ok(None) => return Ok(None),
        Err(Damage::Version { found }) => return Err(ReadError::Version { file, found }),
        Err(what) => {
            let (offset, sequence) = (0, Sequence(1));
            return Err(ReadError::Corrupt(Corruption {
                file,
                offset,
                sequence,
                what,
            }));
        }
    };
    let file = snapshot_name(sequence);
    match snapshot::read(storage, &file, sequence, identity) {
        Ok(Ok(payload)) => Ok(Some(payload)),
        Ok(Err(Damage::Version { found })) => Err(ReadError::Version { file, found }),
        Ok(Err(_)) | Err(IoError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
