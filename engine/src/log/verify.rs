//! Examining a log without changing it: for `muster log verify` and `muster log stats`.

use std::sync::Arc;

use super::mark;
use super::record::Damage;
use super::scan::Scan;
use super::segment::Folder;
use super::snapshot;
use super::{Corruption, OpenError};
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

/// How often a log is looked at that changes while it is looked at.
const LOOKS_MAX: usize = 5;

/// Reads every batch of a log, and judges it as opening it would. The log may be live: what is
/// written meanwhile may be in the report or not, and the newest batch may look torn.
///
/// What a live writer writes between two reads looks like damage: the place has been read as empty,
/// and behind it there is something now. So where something is missing the log is looked at
/// again, and what is not missing at the same place again was not missing.
///
/// # Errors
/// [`OpenError::Io`] and [`OpenError::Version`]. Damage is part of the report.
pub fn verify(storage: &Arc<dyn Storage>) -> Result<Report, OpenError> {
    let mut before: Option<Report> = None;
    for _ in 1..LOOKS_MAX {
        match look(storage) {
            // The writer of a live log archives segments and removes snapshots.
            Err(OpenError::Io(IoError::NotFound { .. })) => {}
            Ok(report) if report.lacks_something() => {
                if before.is_some_and(|before| before.lacks_the_same(&report)) {
                    return Ok(report);
                }
                before = Some(report);
            }
            other => return other,
        }
    }
    let mut report = look(storage)?;
    if report.lacks_something() && before.is_some_and(|before| !before.lacks_the_same(&report)) {
        // The log has moved on at every look, and so it would at the next one.
        (report.damage, report.torn) = (None, Vec::new());
    }
    Ok(report)
}

impl Report {
    /// Whether there is a place at which a live writer may have written meanwhile.
    fn lacks_something(&self) -> bool {
        let damage = self.damage.as_ref().map(|damage| damage.what);
        let is_missing = matches!(
            damage,
            Some(Damage::Overtaken { .. } | Damage::Missing { .. })
        );
        is_missing || (damage.is_none() && !self.torn.is_empty())
    }

    fn lacks_the_same(&self, other: &Report) -> bool {
        let damaged = |report: &Report| {
            let damage = report.damage.as_ref()?;
            Some((damage.file.clone(), damage.offset, damage.sequence))
        };
        let torn = |report: &Report| {
            report
                .torn
                .iter()
                .map(|torn| torn.offset)
                .collect::<Vec<_>>()
        };
        damaged(self) == damaged(other) && torn(self) == torn(other) && self.last == other.last
    }
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
        Err(OpenError::Corrupt(damage)) => report.damage = Some(damage),
        other => other?,
    }
    Ok(report)
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
