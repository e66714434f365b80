//! Bits that change on the disk: in every file of a stopped log, and under a running reader.

use std::ops::AddAssign;
use std::sync::Arc;

use engine::io::Storage;
use engine::log::{Log, LogOptions, OpenError, ReadError, SECTOR_BYTES, read_folder, verify};
use engine::model::Sequence;

use super::folder::{Files, files, memory, open, storage_of, write};
use super::run::options;

/// What became of many flipped bits.
#[derive(Debug, Default, Clone, Copy)]
struct Flips {
    flips: u64,
    /// The log does not open, and says where it is damaged.
    refused: u64,
    /// Everything is there, from the log itself or from what stands in for the damaged file.
    harmless: u64,
    /// Of these: a snapshot was set aside, and an older one or more of the log took its place.
    snapshots_set_aside: u64,
    /// The newest batch, which the mark did not cover, was cut off and its bytes were kept.
    torn: u64,
    /// Damage that opening the log does not meet, and [`verify`] finds.
    verified: u64,
    silently_lost: u64,
}

/// A stopped log, and what was written to it.
struct Stopped {
    files: Files,
    /// All records, the first one first.
    written: Vec<Vec<u8>>,
    /// How many of them the mark covers.
    marked: usize,
}

impl AddAssign for Flips {
    fn add_assign(&mut self, other: Flips) {
        self.flips += other.flips;
        self.refused += other.refused;
        self.harmless += other.harmless;
        self.snapshots_set_aside += other.snapshots_set_aside;
        self.torn += other.torn;
        self.verified += other.verified;
        self.silently_lost += other.silently_lost;
    }
}

impl Stopped {
    fn new(storage: &Arc<dyn Storage>, written: &[Vec<u8>], marked: usize) -> Stopped {
        let mut files = files(storage);
        files.retain(|name, _| !name.ends_with(".tmp"));
        let written = written.to_vec();
        Stopped {
            files,
            written,
            marked,
        }
    }

    /// Flips every bit of the files whose names begin with `kind`, one at a time.
    fn flip_all(&self, kind: &str) -> Flips {
        let mut seen = Flips::default();
        for (name, bytes) in self.files.iter().filter(|(name, _)| name.starts_with(kind)) {
            // Live is what is not zero, and the padding after it.
            let live = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            for at in 0..live.next_multiple_of(4096).min(bytes.len()) {
                // All bits of headers and records, and now and then one in the padding.
                let padding = bytes[at] == 0 && at % 4096 >= 64;
                if padding && at % 32 > 0 {
                    continue;
                }
                let bits = if padding { 7..8 } else { 0..8 };
                for bit in bits {
                    let mut damaged = self.files.clone();
                    if let Some(bytes) = damaged.get_mut(name) {
                        bytes[at] ^= 1 << bit;
                    }
                    seen += self.judge(&damaged, name, at as u64);
                }
            }
        }
        seen
    }

    /// What opening `damaged` does, whose file `name` is damaged at `at`.
    fn judge(&self, damaged: &Files, name: &str, at: u64) -> Flips {
        let storage = storage_of(damaged);
        let mut seen = Flips {
            flips: 1,
            ..Flips::default()
        };
        match Log::open(Arc::clone(&storage), options()) {
            Err(OpenError::Corrupt(corruption)) => {
                let place = format!("{name}:{at}: {corruption}");
                assert!(damaged.contains_key(&corruption.file), "{place}");
                // The next segment may be what does not follow; never is it one further on.
                assert!(
                    corruption.file != name || corruption.offset <= at,
                    "{place}"
                );
                let record = corruption.sequence.0 as usize;
                assert!((1..=self.written.len()).contains(&record), "{place}");
                // Nothing is changed but the lock's file.
                let mut after = files(&storage);
                after.remove("lock");
                assert_eq!(&after, damaged, "{place}");
                seen.refused += 1;
            }
            Err(e) => panic!("{name}:{at}: {e}"),
            Ok((log, recovered)) => {
                drop(log);
                let snapshot = recovered.snapshot.as_ref();
                let mut found = snapshot.map_or(Vec::new(), |(_, state)| records_in(state));
                found.extend(recovered.records.iter().map(|(_, record)| record.to_vec()));
                let as_written = self.written.iter().zip(&found).all(|(a, b)| a == b);
                assert!(as_written, "{name}:{at}: a record reads otherwise");
                if found.len() == self.written.len() {
                    seen.harmless += 1;
                    seen.snapshots_set_aside += u64::from(!recovered.damaged_snapshots.is_empty());
                    let report = verify(&storage_of(damaged)).expect("it reads");
                    seen.verified +=
                        u64::from(report.damage.is_some() || !report.damaged_snapshots.is_empty());
                    return seen;
                }
                if found.len() >= self.marked
                    && let [tail] = &recovered.torn[..]
                {
                    let range = tail.offset as usize..(tail.offset + tail.bytes) as usize;
                    let kept = &files(&storage)[&tail.kept_as];
                    assert_eq!(kept[..], damaged[&tail.file][range], "{name}:{at}");
                    seen.torn += 1;
                } else {
                    seen.silently_lost += 1;
                }
            }
        }
        seen
    }
}

/// A state that is nothing but all its records.
fn state_of(records: &[Vec<u8>]) -> Vec<u8> {
    let framed = |record: &Vec<u8>| [&[record.len() as u8], &record[..]].concat();
    records.iter().flat_map(framed).collect()
}

fn records_in(mut state: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = state.split_first() {
        let (record, rest) = rest.split_at(usize::from(*length));
        records.push(record.to_vec());
        state = rest;
    }
    records
}

fn small() -> LogOptions {
    LogOptions {
        segment_bytes: 3 * SECTOR_BYTES,
        ..options()
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let storage = memory();
    let (mut log, _) = Log::open(Arc::clone(&storage), small()).expect("the log opens");
    let mut written = write(&mut log, &[&[40, 8], &[60], &[20, 0]]);
    log.work();
    let marked = written.len();
    written.extend(write(&mut log, &[&[50], &[7]]));
    drop(log);
    let seen = Stopped::new(&storage, &written, marked).flip_all("");
    println!("mark behind: {seen:?}");
    assert_eq!(seen.silently_lost, 0);
    assert!(seen.refused > 0 && seen.harmless > 0 && seen.torn > 0);

    // Once the mark covers the end, nothing passes for a torn tail any more.
    let (log, _) = Log::open(Arc::clone(&storage), small()).expect("the log opens");
    drop(log);
    let mut all_marked = Stopped::new(&storage, &written, written.len());
    let seen = all_marked.flip_all("");
    println!("all marked: {seen:?}");
    assert_eq!((seen.torn, seen.silently_lost), (0, 0));

    // The check can fail: with a mark that covers nothing, the newest batch is lost in silence.
    let fresh = memory();
    drop(Log::open(Arc::clone(&fresh), small()).expect("the log opens"));
    all_marked
        .files
        .insert("mark".to_owned(), files(&fresh)["mark"].clone());
    let seen = all_marked.flip_all("");
    println!("without the mark: {} silent losses", seen.silently_lost);
    assert!(seen.silently_lost > 0);
}

#[test]
fn every_flipped_bit_of_snapshots_marks_and_archives_is_refused_or_harmless() {
    let storage = memory();
    let (mut log, _) = Log::open(Arc::clone(&storage), small()).expect("the log opens");
    let mut written = Vec::new();
    let batches: [&[usize]; 6] = [&[40, 8], &[60], &[20, 0], &[33], &[50], &[7, 9]];
    for (batch, place) in batches.into_iter().zip(1..) {
        written.extend(write(&mut log, &[batch]));
        log.work();
        // The first snapshots stand for archived segments, the last one for live ones.
        if [3, 4, 5].contains(&place) {
            let sequence = log.durable();
            let saved = log.snapshots().save(sequence, &state_of(&written));
            saved.expect("it saves");
        }
    }
    drop(log);
    let stopped = Stopped::new(&storage, &written, written.len());
    let count = |kind: &str| stopped.files.keys().filter(|n| n.starts_with(kind)).count();
    assert_eq!(
        (count("snapshot-"), count("archived-"), count("log-")),
        (2, 1, 2)
    );

    let mut all = Flips::default();
    let mut of_kind = |kind: &str| {
        let seen = stopped.flip_all(kind);
        println!("{kind}: {seen:?}");
        assert_eq!((seen.silently_lost, seen.torn), (0, 0), "{kind}");
        all += seen;
        seen
    };
    // A damaged snapshot costs a longer recovery and is named; the older one is met by `verify`.
    let snapshots = of_kind("snapshot-");
    assert_eq!(snapshots.harmless, snapshots.flips);
    assert!(snapshots.snapshots_set_aside > 0);
    assert_eq!(snapshots.verified, snapshots.flips);
    // Either slot of the mark stands in for the other.
    let marks = of_kind("mark");
    assert_eq!(marks.harmless, marks.flips);
    // An archived segment is not needed for the state, and is still the audit trail.
    let archived = of_kind("archived-");
    assert_eq!(archived.harmless, archived.flips);
    assert!(archived.verified > 0);
    let live = of_kind("log-");
    assert!(live.refused > 0);
    println!("in all: {all:?}");

    // Both snapshots at once, and every segment there is: the whole log takes their place.
    let mut both = stopped.files.clone();
    for (_, bytes) in both.iter_mut().filter(|(n, _)| n.starts_with("snapshot-")) {
        bytes[70] ^= 1;
    }
    let (_, recovered) = Log::open(storage_of(&both), options()).expect("the log opens");
    assert_eq!(
        (recovered.snapshot, recovered.damaged_snapshots.len()),
        (None, 2)
    );
    assert_eq!(recovered.records.iter().count(), written.len());

    // The check can fail: a snapshot of fewer records than its name says would lose the others.
    let shorter = Stopped {
        files: stopped.files.clone(),
        written: [&written[..], &[b"never written".to_vec()]].concat(),
        marked: written.len() + 1,
    };
    assert!(shorter.flip_all("mark").silently_lost > 0);
}

/// The offset of the first byte of the batch that begins with `sequence`, in the first segment.
fn offset_of(storage: &Arc<dyn Storage>, sequence: u64) -> u64 {
    let found = read_folder(Arc::clone(storage), Sequence(sequence))
        .records()
        .next();
    let (_, info, _) = found.expect("it is there").expect("it reads");
    info.offset
}

fn flip(storage: &Arc<dyn Storage>, name: &str, at: u64) {
    let file = storage.open(name).expect("it is there");
    let mut byte = [0];
    file.read_at(at, &mut byte).expect("it reads");
    file.write_at(at, &[byte[0] ^ 1]).expect("it writes");
}

const FIRST: &str = "log-00000000000000000001.seg";

#[test]
fn a_running_reader_reports_damage_ahead_of_it() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10], &[20], &[30]]);
    log.work();
    let mut reader = read_folder(Arc::clone(&storage), Sequence(1));
    assert!(reader.next_batch().expect("it reads").is_some());
    // Behind it, and ahead of it beyond what it has in memory.
    let (behind, ahead) = (offset_of(&storage, 1), offset_of(&storage, 3));
    flip(&storage, FIRST, behind + 70);
    write(&mut log, &[&[40_000]]);
    flip(&storage, FIRST, ahead + 70);
    let mut fresh = read_folder(Arc::clone(&storage), Sequence(3));
    let refused = fresh.next_batch().map(|_| ());
    let Err(ReadError::Corrupt(corruption)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((&*corruption.file, corruption.offset), (FIRST, behind));
    // The reader of before has passed the first damage, and has the rest in memory or is refused.
    let mut seen = 1;
    let ended = loop {
        match reader.next_batch() {
            Ok(Some(batch)) => seen += batch.records().count(),
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    assert!(
        seen == 4 && ended.is_none(),
        "{seen} records, then {ended:?}"
    );
    // Whoever looks at all of it is told.
    let report = verify(&storage).expect("it reads");
    assert_eq!(report.damage.map(|damage| damage.offset), Some(behind));
}

#[test]
fn a_running_reader_does_not_wait_at_damage_that_the_mark_covers() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10], &[20]]);
    log.work();
    let mut reader = read_folder(Arc::clone(&storage), Sequence(1));
    while reader.next_batch().expect("it reads").is_some() {}
    write(&mut log, &[&[30]]);
    let at = SECTOR_BYTES * 3;
    flip(&storage, FIRST, at + 70);
    // Not marked yet: it may be half a batch that is being written.
    assert!(reader.next_batch().expect("a tail is no damage").is_none());
    log.work();
    let refused = reader.next_batch().map(|_| ());
    let Err(ReadError::Corrupt(corruption)) = refused else {
        panic!("{refused:?}")
    };
    let found = (&*corruption.file, corruption.offset, corruption.sequence);
    assert_eq!(found, (FIRST, at, Sequence(3)));
    // Mended, the same reader goes on where it was.
    flip(&storage, FIRST, at + 70);
    let mut reader = read_folder(Arc::clone(&storage), Sequence(3));
    assert!(reader.next_batch().expect("it reads").is_some());
    assert!(reader.next_batch().expect("it reads").is_none());

    // The same for the header of the newest segment.
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10]]);
    flip(&storage, FIRST, 30);
    let read = |storage: &Arc<dyn Storage>| {
        let mut reader = read_folder(Arc::clone(storage), Sequence(1));
        reader.next_batch().map(|batch| batch.is_some())
    };
    assert_eq!(read(&storage), Ok(false));
    log.work();
    assert!(matches!(read(&storage), Err(ReadError::Corrupt(_))));
}
