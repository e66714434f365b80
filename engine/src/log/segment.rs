//! Segment files: what they are called, and what a folder holds.

use super::record::COUNT_MAX;
use crate::io::{FileInfo, IoError, Storage};
use crate::model::Sequence;

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
    /// Files that a stopped process left unfinished, and spare segments.
    pub(super) temporary: Vec<FileInfo>,
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
                folder.temporary.push(FileInfo {
                    name: name.clone(),
                    bytes: file.bytes,
                });
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
