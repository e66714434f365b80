//! What is done to a sound log: mishaps that a disk or a copy can cause, and forgeries that put
//! the checksums right again.

use super::bases;
use super::folder::Files;

use super::super::tape::Tape;

const SECTOR_BYTES: usize = 4_096;
const HEADER_BYTES: usize = 64;
const CRC_AT: usize = HEADER_BYTES - 4;
/// Where a batch header says how long its records are.
const BATCH_LENGTH_AT: usize = 36;
const BATCH_MAGIC: &[u8] = b"mBAT";
const SNAPSHOT_MAGIC: &[u8] = b"MUSTRSNP";
/// Where a snapshot header says how long its payload is, and what its checksum is.
const SNAPSHOT_LENGTH_AT: usize = 32;
const SNAPSHOT_CRC_AT: usize = 40;

/// How many things are done to one log.
const ACTS_MAX: usize = 24;
/// How long a file may become, in bytes.
const FILE_BYTES_MAX: usize = 64 * 1_024;

/// A log after damage.
#[derive(Debug)]
pub struct Damaged {
    /// What the folder holds.
    pub files: Files,
    /// Whether nothing was done that knows about checksums.
    pub is_blind: bool,
}

/// What is done, as the first byte of each act says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Act {
    /// Turns one bit: place (u16), bit.
    Flip = 0,
    /// Zeroes sectors: first, count.
    Zero = 1,
    /// Cuts the file: length (u16).
    Cut = 2,
    /// Puts a sector of another file here, as a misdirected write does: sector, other file, sector.
    Misdirect = 3,
    /// Takes the file away.
    Remove = 4,
    /// Gives it another name: kind, number (u16).
    Rename = 5,
    /// Copies it under another name: kind, number (u16).
    Copy = 6,
    /// Adds zeros at its end: count (u16).
    Extend = 7,
    /// Writes bytes: place (u16), count, bytes.
    Write = 8,
    /// Puts the checksum of a header right: sector.
    Seal = 9,
}

const ACTS: [Act; 10] = [
    Act::Flip,
    Act::Zero,
    Act::Cut,
    Act::Misdirect,
    Act::Remove,
    Act::Rename,
    Act::Copy,
    Act::Extend,
    Act::Write,
    Act::Seal,
];

/// The names that a file can be given: what stands before and after the number.
const NAMES: [(&str, &str); 6] = [
    ("log-", ".seg"),
    ("archived-", ".seg"),
    ("snapshot-", ".snap"),
    ("", ".tmp"),
    ("damaged-", ""),
    ("torn-", "-1.bin"),
];

/// The number that stands for the largest there is.
pub const LARGEST: u16 = u16::MAX;

/// Takes the sound log of number `base` and does to it what the tape says.
pub(super) fn apply(base: u8, tape: &mut Tape<'_>) -> Damaged {
    let bases = bases();
    let mut damaged = Damaged {
        files: bases[usize::from(base) % bases.len()].clone(),
        is_blind: true,
    };
    for _ in 0..ACTS_MAX {
        if tape.is_over() {
            break;
        }
        let act = ACTS[usize::from(tape.byte()) % ACTS.len()];
        let file = usize::from(tape.byte());
        let Some(name) = damaged.files.keys().nth(file % damaged.files.len().max(1)) else {
            // An empty folder has nothing to damage; it can only be written to.
            damaged.files.insert(name(tape), Vec::new());
            continue;
        };
        let name = name.clone();
        damaged.act(act, &name, tape);
    }
    damaged
}

impl Damaged {
    fn act(&mut self, act: Act, name: &str, tape: &mut Tape<'_>) {
        if matches!(act, Act::Write | Act::Seal) {
            self.is_blind = false;
        }
        match act {
            Act::Misdirect => {
                let (at, file, from) = (tape.byte(), usize::from(tape.byte()), tape.byte());
                let other = self.files.values().nth(file % self.files.len());
                let sector = other.map(|other| other[sector(other, from)].to_vec());
                let sector = sector.unwrap_or_default();
                self.change(name, |bytes| {
                    let range = self::sector(bytes, at);
                    let length = range.len().min(sector.len());
                    bytes[range][..length].copy_from_slice(&sector[..length]);
                });
            }
            Act::Remove => drop(self.files.remove(name)),
            Act::Rename => {
                if let Some(bytes) = self.files.remove(name) {
                    self.files.insert(self::name(tape), bytes);
                }
            }
            Act::Copy => {
                if let Some(bytes) = self.files.get(name).cloned() {
                    self.files.insert(self::name(tape), bytes);
                }
            }
            Act::Flip | Act::Zero | Act::Cut | Act::Extend | Act::Write | Act::Seal => {
                self.change(name, |bytes| change(act, bytes, tape));
            }
        }
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(bytes) = self.files.get_mut(name) {
            change(bytes);
        }
    }
}

fn change(act: Act, bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    match act {
        Act::Flip => {
            let (at, bit) = (tape.below(bytes.len()), tape.byte() % 8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        Act::Zero => {
            let (first, count) = (tape.byte(), usize::from(tape.byte() % 8) + 1);
            let start = sector(bytes, first).start;
            let end = (start + count * SECTOR_BYTES).min(bytes.len());
            bytes[start..end].fill(0);
        }
        Act::Cut => {
            let length = tape.below(bytes.len() + 1);
            bytes.truncate(length);
        }
        Act::Extend => {
            let length = (bytes.len() + usize::from(tape.short())).min(FILE_BYTES_MAX);
            bytes.resize(length.max(bytes.len()), 0);
        }
        Act::Write => {
            let at = usize::from(tape.short());
            let count = usize::from(tape.byte());
            let written = tape.bytes(count);
            if bytes.len() < at + written.len() {
                bytes.resize(at + written.len(), 0);
            }
            bytes[at..at + written.len()].copy_from_slice(written);
        }
        Act::Seal => {
            let at = sector(bytes, tape.byte()).start;
            seal(&mut bytes[at..]);
        }
        Act::Misdirect | Act::Remove | Act::Rename | Act::Copy => {}
    }
}

/// The range of a sector that the file has, shorter at its end.
fn sector(bytes: &[u8], number: u8) -> std::ops::Range<usize> {
    let sectors = bytes.len().div_ceil(SECTOR_BYTES).max(1);
    let start = usize::from(number) % sectors * SECTOR_BYTES;
    start..(start + SECTOR_BYTES).min(bytes.len())
}

fn name(tape: &mut Tape<'_>) -> String {
    let (prefix, suffix) = NAMES[usize::from(tape.byte()) % NAMES.len()];
    let number = match tape.short() {
        LARGEST => u64::MAX,
        number => u64::from(number),
    };
    format!("{prefix}{number:020}{suffix}")
}

/// Puts the checksum of the header at the front of `bytes` right, as `docs/log-format.md` has it.
fn seal(bytes: &mut [u8]) {
    if bytes.len() < HEADER_BYTES {
        return;
    }
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    if bytes.starts_with(SNAPSHOT_MAGIC) {
        let crc = crc32c::crc32c(&bytes[HEADER_BYTES..]);
        let length = (bytes.len() - HEADER_BYTES) as u64;
        bytes[SNAPSHOT_LENGTH_AT..SNAPSHOT_LENGTH_AT + 8].copy_from_slice(&length.to_le_bytes());
        bytes[SNAPSHOT_CRC_AT..SNAPSHOT_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
    }
    let mut crc = crc32c::crc32c(&bytes[..CRC_AT]);
    if bytes.starts_with(BATCH_MAGIC) {
        let end = HEADER_BYTES.saturating_add(number(bytes, BATCH_LENGTH_AT) as usize);
        let end = end.min(bytes.len());
        crc = crc32c::crc32c_append(crc, &bytes[HEADER_BYTES..end]);
    }
    bytes[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
}
