//! Examining a log without changing it: for `muster log verify` and `muster log stats`.

use std::sync::Arc;

use super::mark;
use super::record::Damage;
use super::scan::Scan;
use super::segment::Folder;
use super::snapshot;
use super::{Corruption, OpenError, read_folder};
use crate::io::{IoError, Storage};
use crate::model::Sequence;

/// What a log holds, from its oldest segment on, archived ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many segments there are.
    pub segments: u64,
    /// How many of them are archived.
    pub archived: u64,
    /// How many snapshots there are.
    pub snapshots: u64,
    /// Snapshots that cannot be read.
    pub damaged_snapshots: Vec<String>,
    /// How many batches there are.
    pub batches: u64,
    /// How many records there are.
    pub records: u64,
    /// The first record.
    pub first: Option<Sequence>,
    /// The last record.
    pub last: Option<Sequence>,
    /// The last record that the mark covers.
    pub durable_mark: Sequence,
    /// What the files of the segments occupy, in bytes.
    pub bytes: u64,
    /// What the records occupy, with their lengths, in bytes.
    pub record_bytes: u64,
    /// What headers and padding to whole sectors occupy within batches, in bytes.
    pub padding_bytes: u64,
    /// Half-written ends, which opening the log would keep aside and cut off.
    pub torn: Vec<Torn>,
    /// Damage; the counts above are of what comes before it.
    pub damage: Option<Corruption>,
}

/// A half-written end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub file: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// Up to where the log is marked as durable; nothing if there is no log.
///
/// # Errors
/// [`OpenError::Corrupt`] if the mark cannot be read.
pub fn durable_mark(storage: &dyn Storage) -> Result<Option<Sequence>, OpenError> {
    match mark::read(storage)? {
        Ok(slot) => Ok(slot.map(|slot| slot.sequence)),
        Err(Damage::Version { found }) => Err(OpenError::Version {
            file: mark::MARK_FILE.to_owned(),
            found,
        }),
        Err(what) => Err(OpenError::Corrupt(mark_damage(what))),
    }
}

/// How often a log is looked at again, one of whose files was renamed or removed meanwhile.
const LOOKS_MAX: usize = 5;

/// Reads every batch of a log, and judges it as opening it would. The log may be live: what is
/// written meanwhile may be in the report or not, and the newest batch may look torn.
///
/// # Errors
/// [`OpenError::Io`] and [`OpenError::Version`]. Damage is part of the report.
pub fn verify(storage: &Arc<dyn Storage>) -> Result<Report, OpenError> {
    for _ in 1..LOOKS_MAX {
        match look(storage) {
            // The writer of a live log archives segments and removes snapshots.
            Err(OpenError::Io(IoError::NotFound { .. })) => {}
            other => return other,
        }
    }
    look(storage)
}

fn look(storage: &Arc<dyn Storage>) -> Result<Report, OpenError> {
    let folder = Folder::read(&**storage)?;
    let mut report = Report {
        segments: folder.segments.len() as u64,
        archived: folder
            .segments
            .iter()
            .filter(|segment| segment.archived)
            .count() as u64,
        snapshots: folder.snapshots.len() as u64,
        bytes: folder.segments.iter().map(|segment| segment.bytes).sum(),
        ..Report::default()
    };
    match examine(storage, &folder, &mut report) {
        // What was missing when it was looked for, and is there now, a live writer has written in
        // between. It cannot be missing still where something later was seen: that is written
        // only when all before it is.
        Err(OpenError::Corrupt(Corruption {
            sequence,
            what: Damage::Overtaken { .. } | Damage::Missing { .. },
            ..
        })) if holds(storage, sequence) => {}
        Err(OpenError::Corrupt(damage)) => report.damage = Some(damage),
        other => other?,
    }
    let next = report.last.unwrap_or_default().next();
    if !report.torn.is_empty() && holds(storage, next) {
        report.torn.clear();
    }
    Ok(report)
}

/// Whether `sequence` can be read now.
fn holds(storage: &Arc<dyn Storage>, sequence: Sequence) -> bool {
    let mut reader = read_folder(Arc::clone(storage), sequence);
    matches!(reader.next_batch(), Ok(Some(_)))
}

fn examine(
    storage: &Arc<dyn Storage>,
    folder: &Folder,
    report: &mut Report,
) -> Result<(), OpenError> {
    let slot = match mark::read(&**storage)? {
        Ok(Some(slot)) => slot,
        Ok(None) if folder.segments.is_empty() && folder.snapshots.is_empty() => return Ok(()),
        Ok(None) => return Err(OpenError::Corrupt(mark_damage(Damage::NoMark))),
        Err(Damage::Version { found }) => {
            return Err(OpenError::Version {
                file: mark::MARK_FILE.to_owned(),
                found,
            });
        }
        Err(what) => return Err(OpenError::Corrupt(mark_damage(what))),
    };
    report.durable_mark = slot.sequence;
    let mut newest = Sequence::ZERO;
    for (sequence, name) in &folder.snapshots {
        match snapshot::read(&**storage, name, *sequence, slot.identity)? {
            Ok(_) => newest = *sequence,
            Err(_) => report.damaged_snapshots.push(name.clone()),
        }
    }
    // From the oldest segment, also where that is behind a snapshot: opening skips what a snapshot
    // stands for, but an archive is kept to be read.
    let oldest = folder
        .segments
        .first()
        .map_or(Sequence::ZERO, |segment| segment.first);
    let after = if oldest > Sequence(1) {
        oldest.min(newest)
    } else {
        Sequence::ZERO
    };
    let mut scan = Scan::start(Arc::clone(storage), folder, slot, newest, after)?;
    scan.include_all();
    while let Some(batch) = scan.next_batch()? {
        let info = batch.info;
        report.batches += 1;
        report.records += info.last.0 - info.first.0 + 1;
        report.first.get_or_insert(info.first);
        report.last = Some(info.last);
        report.record_bytes += info.payload_bytes;
        report.padding_bytes += info.bytes - info.payload_bytes;
    }
    if let Some(tail) = scan.tail() {
        report.torn.extend(tail.torn.iter().map(|range| Torn {
            file: range.file.name.clone(),
            offset: range.offset,
            bytes: range.end - range.offset,
        }));
    }
    Ok(())
}

fn mark_damage(what: Damage) -> Corruption {
    Corruption {
        file: mark::MARK_FILE.to_owned(),
        offset: 0,
        sequence: Sequence(1),
        what,
    }
}
