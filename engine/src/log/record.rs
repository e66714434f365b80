//! The bytes of the log: every field, its place and its width are in this file and nowhere else.
//!
//! `docs/log-format.md` describes the same in words, and the folder in `tests/golden` holds
//! both to it. Numbers are little-endian. Each of the four structures starts with a header of
//! [`HEADER_BYTES`] bytes whose last four are a CRC-32C.

use crate::model::Sequence;

/// The unit in which the log is written. Batches start on it and are padded to it, so that no
/// later write ever touches a sector that holds something acknowledged.
pub const SECTOR_BYTES: u64 = 4096;
/// The length of a segment, batch, mark or snapshot header.
pub const HEADER_BYTES: usize = 64;
/// The longest record. What is larger belongs into a snapshot or outside the log.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
/// The most that the records of one batch, with their lengths, may occupy.
pub const BATCH_BYTES_MAX: usize = 256 << 20;
/// The version of all four structures.
pub const FORMAT_VERSION: u16 = 1;
/// What stands before each record: its length as a `u32`.
pub const RECORD_PREFIX_BYTES: usize = 4;
/// The length of the mark file: two slots of one sector.
pub const MARK_BYTES: u64 = 2 * SECTOR_BYTES;

/// The largest sequence or generation that is believed. No log counts so far, and what comes after
/// a larger one could not be counted at all.
pub(super) const COUNT_MAX: u64 = u64::MAX / 2;

const SEGMENT_MAGIC: [u8; 8] = *b"MUSTRSEG";
const MARK_MAGIC: [u8; 8] = *b"MUSTRMRK";
const SNAPSHOT_MAGIC: [u8; 8] = *b"MUSTRSNP";
const BATCH_MAGIC: [u8; 4] = *b"mBAT";
const CRC_AT: usize = HEADER_BYTES - 4;

/// A header as it lies on disk.
pub(super) type HeaderBytes = [u8; HEADER_BYTES];

/// What is wrong with some bytes of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The bytes do not begin as they should.
    #[error("there is no {expected} here")]
    Magic {
        /// What should be here.
        expected: &'static str,
    },
    /// The checksum does not match: bits changed, or only a part was written.
    #[error("the checksum of this {of} does not match")]
    Checksum {
        /// What the checksum belongs to.
        of: &'static str,
    },
    /// A length that cannot be.
    #[error("the length {bytes} is impossible here")]
    Length {
        /// The length that is claimed.
        bytes: u64,
    },
    /// The lengths of the records do not add up to the batch.
    #[error("the records do not add up to their batch")]
    Records,
    /// Sound, but written by a later version.
    #[error("written in format {found}, but this program knows only up to {FORMAT_VERSION}")]
    Version {
        /// The version that is claimed.
        found: u16,
    },
    /// Sound, but of another log.
    #[error("belongs to another log: files of two logs are mixed in one folder")]
    Identity,
    /// Sound, but not what follows the record before it.
    #[error("begins with record {found}, which does not follow")]
    Order {
        /// The first record in it.
        found: Sequence,
    },
    /// Sound, but a different history came before it.
    #[error("does not continue the batch before it")]
    Chain,
    /// The records end too early.
    #[error("the records end here, but up to {durable} they are known to have been on disk")]
    Missing {
        /// The last record that is known to have been on disk.
        durable: Sequence,
    },
    /// A bad batch, and a good one that was written after it had been synced.
    #[error("damaged, yet a batch written after it stands at offset {later}")]
    Overtaken {
        /// Where the later batch stands.
        later: u64,
    },
    /// Neither slot of the mark can be read, which no crash does.
    #[error("neither slot of the durable mark is readable")]
    Mark,
    /// The log has segments and no mark.
    #[error("the durable mark is missing although there are segments: restore it with them")]
    NoMark,
}

/// The first sector of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) identity: u64,
    pub(super) first: Sequence,
    pub(super) bytes: u64,
    pub(super) previous: u32,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> HeaderBytes {
        let mut header = begin(SEGMENT_MAGIC, self.identity);
        put_u64(&mut header, 24, self.first.0);
        put_u64(&mut header, 32, self.bytes);
        put_u32(&mut header, 40, self.previous);
        seal(header, &[])
    }

    pub(super) fn decode(header: &HeaderBytes) -> Result<SegmentHeader, Damage> {
        check(header, SEGMENT_MAGIC, "segment header")?;
        Ok(SegmentHeader {
            identity: u64_at(header, 16),
            first: Sequence(u64_at(header, 24)),
            bytes: u64_at(header, 32),
            previous: u32_at(header, 40),
        })
    }
}

/// What stands before the records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) identity: u64,
    /// The first record in the batch.
    pub(super) first: Sequence,
    /// The last record that was durable when the batch was written.
    pub(super) durable: Sequence,
    pub(super) count: u32,
    pub(super) payload_bytes: u32,
    /// The checksum of the batch before.
    pub(super) previous: u32,
    /// The checksum of this one; set by [`BatchHeader::encode`].
    pub(super) crc: u32,
}

impl BatchHeader {
    pub(super) fn encode(&self, payload: &[u8]) -> HeaderBytes {
        let mut header = [0; HEADER_BYTES];
        header[..4].copy_from_slice(&BATCH_MAGIC);
        put_u16(&mut header, 4, FORMAT_VERSION);
        put_u64(&mut header, 8, self.identity);
        put_u64(&mut header, 16, self.first.0);
        put_u64(&mut header, 24, self.durable.0);
        put_u32(&mut header, 32, self.count);
        put_u32(&mut header, 36, self.payload_bytes);
        put_u32(&mut header, 40, self.previous);
        seal(header, payload)
    }

    /// Takes the fields as they stand: nothing is to be believed before [`BatchHeader::check`].
    pub(super) fn decode(header: &HeaderBytes) -> Result<BatchHeader, Damage> {
        if header[..4] != BATCH_MAGIC {
            return Err(Damage::Magic { expected: "batch" });
        }
        Ok(BatchHeader {
            identity: u64_at(header, 8),
            first: Sequence(u64_at(header, 16)),
            durable: Sequence(u64_at(header, 24)),
            count: u32_at(header, 32),
            payload_bytes: u32_at(header, 36),
            previous: u32_at(header, 40),
            crc: u32_at(header, CRC_AT),
        })
    }

    /// Whether header and payload are what was once written.
    pub(super) fn check(header: &HeaderBytes, payload: &[u8]) -> Result<(), Damage> {
        if checksum(header, payload) != u32_at(header, CRC_AT) {
            return Err(Damage::Checksum { of: "batch" });
        }
        let (version, flags) = (u16_at(header, 4), u16_at(header, 6));
        if version != FORMAT_VERSION || flags != 0 {
            return Err(Damage::Version {
                found: version.max(FORMAT_VERSION + 1),
            });
        }
        let mut records = Records::new(Sequence::ZERO, payload);
        let count = records.by_ref().count();
        if count == 0 || count != u32_at(header, 32) as usize || !records.rest.is_empty() {
            return Err(Damage::Records);
        }
        Ok(())
    }

    /// The last record in the batch.
    pub(super) fn last(&self) -> Sequence {
        Sequence(
            self.first
                .0
                .saturating_add(u64::from(self.count))
                .saturating_sub(1),
        )
    }

    /// What the batch occupies: header, payload and padding.
    pub(super) fn bytes(&self) -> u64 {
        padded(HEADER_BYTES as u64 + u64::from(self.payload_bytes))
    }
}

/// One slot of the durable mark: everything up to `sequence` has been synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkSlot {
    pub(super) identity: u64,
    /// Counts the marks written; its parity chooses the slot.
    pub(super) generation: u64,
    pub(super) sequence: Sequence,
    /// The first record of the segment that holds `sequence`.
    pub(super) segment: Sequence,
    /// Where in that segment the next batch goes.
    pub(super) end: u64,
    /// The checksum of the batch that ends with `sequence`.
    pub(super) previous: u32,
}

impl MarkSlot {
    pub(super) fn encode(&self) -> HeaderBytes {
        let mut header = begin(MARK_MAGIC, self.identity);
        put_u64(&mut header, 24, self.generation);
        put_u64(&mut header, 32, self.sequence.0);
        put_u64(&mut header, 40, self.segment.0);
        put_u64(&mut header, 48, self.end);
        put_u32(&mut header, 56, self.previous);
        seal(header, &[])
    }

    pub(super) fn decode(header: &HeaderBytes) -> Result<MarkSlot, Damage> {
        check(header, MARK_MAGIC, "mark")?;
        let mark = MarkSlot {
            identity: u64_at(header, 16),
            generation: u64_at(header, 24),
            sequence: Sequence(u64_at(header, 32)),
            segment: Sequence(u64_at(header, 40)),
            end: u64_at(header, 48),
            previous: u32_at(header, 56),
        };
        if mark.generation.max(mark.sequence.0) > COUNT_MAX {
            return Err(Damage::Mark);
        }
        Ok(mark)
    }

    /// Where in the mark file the slot of this generation is.
    pub(super) fn offset(&self) -> u64 {
        (self.generation % 2) * SECTOR_BYTES
    }
}

/// What stands before the payload of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SnapshotHeader {
    pub(super) identity: u64,
    pub(super) sequence: Sequence,
    pub(super) payload_bytes: u64,
    pub(super) payload_crc: u32,
}

impl SnapshotHeader {
    pub(super) fn new(identity: u64, sequence: Sequence, payload: &[u8]) -> SnapshotHeader {
        let payload_crc = crc32c::crc32c(payload);
        SnapshotHeader {
            identity,
            sequence,
            payload_bytes: payload.len() as u64,
            payload_crc,
        }
    }

    pub(super) fn encode(&self) -> HeaderBytes {
        let mut header = begin(SNAPSHOT_MAGIC, self.identity);
        put_u64(&mut header, 24, self.sequence.0);
        put_u64(&mut header, 32, self.payload_bytes);
        put_u32(&mut header, 40, self.payload_crc);
        seal(header, &[])
    }

    pub(super) fn decode(header: &HeaderBytes) -> Result<SnapshotHeader, Damage> {
        check(header, SNAPSHOT_MAGIC, "snapshot header")?;
        Ok(SnapshotHeader {
            identity: u64_at(header, 16),
            sequence: Sequence(u64_at(header, 24)),
            payload_bytes: u64_at(header, 32),
            payload_crc: u32_at(header, 40),
        })
    }
}

/// The records of one batch, in order.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    next: Sequence,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    pub(super) fn new(first: Sequence, payload: &'a [u8]) -> Records<'a> {
        Records {
            next: first,
            rest: payload,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (Sequence, &'a [u8]);

    fn next(&mut self) -> Option<(Sequence, &'a [u8])> {
        let (prefix, rest) = self.rest.split_first_chunk::<RECORD_PREFIX_BYTES>()?;
        let (record, rest) = rest.split_at_checked(u32::from_le_bytes(*prefix) as usize)?;
        let sequence = self.next;
        // Records are also walked before their batch is known to be sound; the number may be any.
        self.next = Sequence(sequence.0.wrapping_add(1));
        self.rest = rest;
        Some((sequence, record))
    }
}

/// `bytes` rounded up to whole sectors.
pub(super) fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(SECTOR_BYTES)
}

fn begin(magic: [u8; 8], identity: u64) -> HeaderBytes {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&magic);
    put_u16(&mut header, 8, FORMAT_VERSION);
    put_u64(&mut header, 16, identity);
    header
}

fn seal(mut header: HeaderBytes, payload: &[u8]) -> HeaderBytes {
    let crc = checksum(&header, payload);
    put_u32(&mut header, CRC_AT, crc);
    header
}

fn check(header: &HeaderBytes, magic: [u8; 8], of: &'static str) -> Result<(), Damage> {
    if header[..8] != magic {
        return Err(Damage::Magic { expected: of });
    }
    if checksum(header, &[]) != u32_at(header, CRC_AT) {
        return Err(Damage::Checksum { of });
    }
    // Only now is the version to be believed. A flag that is not known says just as much that the
    // rest cannot be understood.
    let (version, flags) = (u16_at(header, 8), u16_at(header, 10));
    if version != FORMAT_VERSION || flags != 0 {
        return Err(Damage::Version {
            found: version.max(FORMAT_VERSION + 1),
        });
    }
    Ok(())
}

fn checksum(header: &HeaderBytes, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[..CRC_AT]), payload)
}

fn put_u16(header: &mut HeaderBytes, at: usize, value: u16) {
    header[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

fn put_u32(header: &mut HeaderBytes, at: usize, value: u32) {
    header[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn put_u64(header: &mut HeaderBytes, at: usize, value: u64) {
    header[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

fn u16_at(header: &HeaderBytes, at: usize) -> u16 {
    u16::from_le_bytes([header[at], header[at + 1]])
}

fn u32_at(header: &HeaderBytes, at: usize) -> u32 {
    u32::from(u16_at(header, at)) | u32::from(u16_at(header, at + 2)) << 16
}

fn u64_at(header: &HeaderBytes, at: usize) -> u64 {
    u64::from(u32_at(header, at)) | u64::from(u32_at(header, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_as_they_went() {
        let segment = SegmentHeader {
            identity: 7,
            first: Sequence(9),
            bytes: 8192,
            previous: 3,
        };
        assert_eq!(SegmentHeader::decode(&segment.encode()), Ok(segment));
        let mark = MarkSlot {
            identity: 7,
            generation: 5,
            sequence: Sequence(12),
            segment: Sequence(9),
            end: 8192,
            previous: 77,
        };
        assert_eq!(MarkSlot::decode(&mark.encode()), Ok(mark));
        let generation = COUNT_MAX + 1;
        let beyond = MarkSlot { generation, ..mark };
        assert_eq!(MarkSlot::decode(&beyond.encode()), Err(Damage::Mark));
        assert_eq!(mark.offset(), SECTOR_BYTES);
        let snapshot = SnapshotHeader::new(7, Sequence(12), b"state");
        assert_eq!(SnapshotHeader::decode(&snapshot.encode()), Ok(snapshot));
    }

    #[test]
    fn a_batch_answers_for_its_payload() {
        let batch = BatchHeader {
            identity: 7,
            first: Sequence(4),
            durable: Sequence(3),
            count: 2,
            payload_bytes: 10,
            previous: 1,
            crc: 0,
        };
        let payload = [1, 0, 0, 0, b'a', 1, 0, 0, 0, b'b'];
        let header = batch.encode(&payload);
        assert_eq!(BatchHeader::check(&header, &payload), Ok(()));
        assert_eq!(
            Records::new(Sequence(4), &payload).collect::<Vec<_>>(),
            [(Sequence(4), &b"a"[..]), (Sequence(5), b"b")]
        );
        let wrong = [1, 0, 0, 0, b'a', 1, 0, 0, 0, b'c'];
        assert_eq!(
            BatchHeader::check(&header, &wrong),
            Err(Damage::Checksum { of: "batch" })
        );
        let short = BatchHeader { count: 3, ..batch }.encode(&payload);
        assert_eq!(BatchHeader::check(&short, &payload), Err(Damage::Records));
    }

    #[test]
    fn a_later_version_is_told_from_damage() {
        let mut header = SnapshotHeader::new(7, Sequence(12), b"").encode();
        put_u16(&mut header, 8, 2);
        assert_eq!(
            SnapshotHeader::decode(&header),
            Err(Damage::Checksum {
                of: "snapshot header"
            })
        );
        assert_eq!(
            SnapshotHeader::decode(&seal(header, &[])),
            Err(Damage::Version { found: 2 })
        );
    }
}
