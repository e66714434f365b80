//! A whole log folder after damage, through everything that reads one.
//!
//! An input chooses a sound log and what is done to it ([`damage`]). Some of that a disk or a
//! careless copy can do; then nothing that was durable may be lost, and what is read must be what
//! was written. The rest imitates a log with the right checksums; then it is enough that nothing
//! panics, runs away or asks for more memory than the files are long ([`folder`] watches).

pub mod damage;
pub mod folder;

use std::sync::Arc;

use engine::core::Record;
use engine::io::Storage;
use engine::log::{
    Background, Log, LogOptions, OpenError, Recovered, Report, TornTail, durable_mark, read_folder,
    verify,
};
use engine::model::Sequence;

use self::damage::Damaged;
use self::folder::{Files, Watched, files};
use super::Reached;
use super::chronicle::Chronicle;
use super::tape::Tape;

/// A segment of the logs that are damaged, in bytes: six sectors, so that few records need several.
pub const SEGMENT_BYTES: u64 = 6 * 4_096;

/// What is appended to a log after it was opened.
const MORE: &[u8] = b"one record more";

/// How the logs here are kept: without threads, so that every run is the same.
pub fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        identity: 0x1D,
        background: Background::OnDemand,
        keep_archived: true,
    }
}

/// Damages a log as `input` says, and then reads it in every way there is.
///
/// # Panics
/// If a reader breaks a promise; see [`judge`].
pub fn run(input: &[u8]) -> Reached {
    let mut tape = Tape(input);
    let mut reached = Reached::default();
    let base = tape.byte();
    let from = Sequence(u64::from(tape.byte()));
    let damaged = damage::apply(base, &mut tape);
    let truth = damaged.is_blind.then(Chronicle::shared);
    reached.note(if damaged.is_blind { "blind" } else { "forged" });

    let watched = Arc::new(Watched::of(&damaged.files));
    let storage: Arc<dyn Storage> = watched.clone();
    follow(&storage, from, truth, &mut reached);
    let mark = durable_mark(&*storage);
    let report = verify(&storage);
    assert_eq!(files(&*storage), damaged.files, "looking changes nothing");
    match Log::open(Arc::clone(&storage), options()) {
        Ok((log, recovered)) => {
            reached.note("opened");
            let found = Found::new(recovered, log.durable());
            let floor = mark.expect("no log opens whose mark cannot be read");
            if let Err(breach) = judge(truth, floor.unwrap_or(Sequence::ZERO), &found) {
                panic!("{breach}");
            }
            kept_aside(&damaged, &*storage, &found.torn, &mut reached);
            agrees(&report, &found, &mut reached);
            reached.note(spares(&damaged.files));
            goes_on(log, &storage, &found);
        }
        Err(error) => {
            reached.note(refusal(&error));
            let is_clean = report.as_ref().is_ok_and(is_spotless);
            assert!(
                !is_clean,
                "verify found nothing wrong, and opening did: {error}"
            );
            assert_eq!(
                files(&*storage),
                damaged.files,
                "a refused log is left as it was"
            );
        }
    }
    reached
}

/// What opening a log found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The snapshot and the record it was taken after.
    pub snapshot: Option<(Sequence, Vec<u8>)>,
    /// The records behind it.
    pub records: Vec<(Sequence, Vec<u8>)>,
    /// The last record, as the writer says.
    pub last: Sequence,
    /// What was cut off.
    pub torn: Vec<TornTail>,
}

impl Found {
    fn new(recovered: Recovered, last: Sequence) -> Found {
        let owned = |(sequence, bytes): (Sequence, &[u8])| (sequence, bytes.to_vec());
        Found {
            records: recovered.records.iter().map(owned).collect(),
            snapshot: recovered.snapshot,
            last,
            torn: recovered.torn,
        }
    }
}

/// Whether what was found is whole: no gap, nothing missing up to `floor`, which is known to have
/// been durable, and nothing other than what was written. Without a `truth` the records need not
/// mean anything; whatever they are, they are looked at without a panic.
///
/// # Errors
/// What is wrong, in words.
pub fn judge(truth: Option<&Chronicle>, floor: Sequence, found: &Found) -> Result<(), String> {
    let mut last = Sequence::ZERO;
    if let Some((sequence, bytes)) = &found.snapshot {
        if truth.is_some_and(|truth| truth.snapshot(*sequence).as_ref() != Some(bytes)) {
            return Err(format!("the snapshot at {sequence} is not what was saved"));
        }
        last = *sequence;
    }
    for (sequence, bytes) in &found.records {
        if *sequence != last.next() {
            return Err(format!("record {sequence} came after record {last}"));
        }
        last = *sequence;
        match truth {
            Some(truth) if truth.payload(*sequence) != Some(bytes) => {
                return Err(format!("record {sequence} is not what was written"));
            }
            Some(_) => {}
            None => drop(Record::decode(bytes)),
        }
    }
    if last != found.last {
        return Err(format!(
            "the records end with {last}, the writer says {}",
            found.last
        ));
    }
    if last < floor {
        return Err(format!(
            "the records end with {last}, but {floor} was durable"
        ));
    }
    Ok(())
}

/// Follows the log from the record `from` on, as a tool does.
fn follow(
    storage: &Arc<dyn Storage>,
    from: Sequence,
    truth: Option<&Chronicle>,
    reached: &mut Reached,
) {
    let mut reader = read_folder(Arc::clone(storage), from);
    let mut next = None;
    loop {
        match reader.next_batch() {
            Ok(Some(batch)) => {
                reached.note("followed");
                for (sequence, bytes) in batch.records() {
                    assert!(next.is_none_or(|next| next == sequence), "records follow");
                    next = sequence.0.checked_add(1).map(Sequence);
                    let is_true = truth.is_none_or(|truth| truth.payload(sequence) == Some(bytes));
                    assert!(is_true, "record {sequence} is not what was written");
                }
            }
            Ok(None) => break,
            Err(_) => {
                reached.note("reader refused");
                break;
            }
        }
    }
    // The end of a live log is looked at again and again.
    let _ = reader.next_batch();
}

/// What was cut off stands in a file of its own, byte for byte.
fn kept_aside(damaged: &Damaged, storage: &dyn Storage, torn: &[TornTail], reached: &mut Reached) {
    let now = files(storage);
    for tail in torn {
        reached.note("torn");
        let range = tail.offset as usize..(tail.offset + tail.bytes) as usize;
        let was = damaged
            .files
            .get(&tail.file)
            .and_then(|bytes| bytes.get(range));
        assert_eq!(
            now.get(&tail.kept_as).map(Vec::as_slice),
            was,
            "cut bytes are kept"
        );
    }
}

/// Verifying says of a log that opens what opening it finds.
fn agrees(report: &Result<Report, OpenError>, found: &Found, reached: &mut Reached) {
    let Ok(report) = report else { return };
    if !is_spotless(report) {
        return;
    }
    reached.note("spotless");
    assert_eq!(
        report.last.unwrap_or(found.last),
        found.last,
        "both read to the same end"
    );
    assert_eq!(
        report.torn.len(),
        found.torn.len(),
        "both find the same tails"
    );
}

/// Nothing is damaged; a torn tail is no damage.
fn is_spotless(report: &Report) -> bool {
    report.damage.is_none() && report.damaged_snapshots.is_empty()
}

/// Whether the spares that were left are still zeros. The log goes on in any case, and with no
/// others.
fn spares(files: &Files) -> &'static str {
    let mut spares = files.iter().filter(|(name, _)| name.ends_with(".tmp"));
    let are_zeros = spares.all(|(_, bytes)| bytes.iter().all(|byte| *byte == 0));
    if are_zeros {
        "zero spares"
    } else {
        "dirty spares"
    }
}

/// An opened log takes another record, and opens again with it and without a tail.
fn goes_on(mut log: Log, storage: &Arc<dyn Storage>, found: &Found) {
    let sequence = log.append(MORE);
    assert_eq!(sequence, found.last.next());
    log.commit().expect("memory takes a batch");
    log.work();
    drop(log);
    let (log, recovered) =
        Log::open(Arc::clone(storage), options()).expect("what was opened opens again");
    let mut again = Found::new(recovered, log.durable());
    assert_eq!(again.records.pop(), Some((sequence, MORE.to_vec())));
    assert_eq!(
        again.records, found.records,
        "the second start finds what the first one found"
    );
    assert_eq!(again.torn, [], "the first start left no tail");
}

fn refusal(error: &OpenError) -> &'static str {
    match error {
        OpenError::Corrupt(_) => "corrupt",
        OpenError::Version { .. } => "later version",
        OpenError::Io(_) => "not openable",
        OpenError::Thread { .. } => unreachable!("there are no threads"),
    }
}

/// Sound logs of the shared history, in which records stand in batches of one to three.
pub fn bases() -> &'static [Files] {
    static BASES: std::sync::OnceLock<Vec<Files>> = std::sync::OnceLock::new();
    BASES.get_or_init(|| {
        let all = Chronicle::shared().payloads.len();
        vec![
            Files::new(),
            written(&[], all, true),
            written(&[], all / 2, true),
            written(&[all / 3, all / 2], all - 2, true),
            written(&[all / 3, all / 2, all - 4], all - 3, false),
        ]
    })
}

/// A log with snapshots after the records `saved`, marked durable up to `marked`.
fn written(saved: &[usize], marked: usize, keep_archived: bool) -> Files {
    let chronicle = Chronicle::shared();
    let storage: Arc<dyn Storage> = Arc::new(Watched::of(&Files::new()));
    let options = LogOptions {
        keep_archived,
        ..options()
    };
    let (mut log, _) = Log::open(Arc::clone(&storage), options).expect("a new log opens");
    for (count, payload) in (1..).zip(&chronicle.payloads) {
        log.append(payload);
        let is_saved = saved.contains(&count);
        if count % 3 == 0 || count % 7 == 0 || is_saved || count == chronicle.payloads.len() {
            log.commit().expect("memory takes a batch");
            if count <= marked {
                log.work();
            }
        }
        if is_saved {
            let sequence = Sequence(count as u64);
            let snapshot = chronicle
                .snapshot(sequence)
                .expect("it is within the history");
            log.snapshots()
                .save(sequence, &snapshot)
                .expect("memory takes a snapshot");
        }
    }
    drop(log);
    files(&*storage)
}
