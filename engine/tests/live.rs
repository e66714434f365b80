//! Examining a log while it is being written: what changes between two looks is not damage, and
//! what is damage still is.
//!
//! A [`Beside`] lets the writer act at the very moment at which a reader is most easily misled.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use engine::io::{FileInfo, FolderLock, IoError, Memory, Storage, StoredFile};
use engine::log::{Background, Damage, Log, LogOptions, Recovery, verify};
use engine::model::Sequence;

/// Longer than what a reader reads at once, so that the look behind the end takes several reads.
const SEGMENT_BYTES: u64 = 4 << 20;
/// A record of which a few fill what a reader reads at once.
const LONG_BYTES: usize = 400 << 10;

/// When the writer acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before this many-th read of a segment, from 1.
    Read(usize),
    /// After the folder was listed and before the mark is read.
    Mark,
    /// After the folder was listed and before a segment is opened.
    Open,
}

/// A folder as a reader sees it, beside whose reading a writer writes.
struct Beside {
    inner: Arc<Memory>,
    moment: Moment,
    acts: Mutex<Option<Act>>,
    reads: AtomicUsize,
}

type Act = Box<dyn FnOnce() + Send>;

impl Beside {
    fn reader(inner: &Arc<Memory>, moment: Moment, act: impl FnOnce() + Send + 'static) -> Beside {
        let acts: Option<Act> = Some(Box::new(act));
        Beside {
            inner: Arc::clone(inner),
            moment,
            acts: Mutex::new(acts),
            reads: AtomicUsize::new(0),
        }
    }

    fn at(&self, moment: Moment) {
        if moment == self.moment
            && let Some(act) = self.acts.lock().expect("no test panics with it").take()
        {
            act();
        }
    }

    fn has_acted(&self) -> bool {
        self.acts.lock().expect("no test panics with it").is_none()
    }
}

/// What `Beside` hands out, as storages are shared.
struct Shared(Arc<Beside>);

impl Storage for Shared {
    fn folder(&self) -> String {
        self.0.inner.folder()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        panic!("whoever only reads takes no lock");
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        self.0.inner.list()
    }

    fn create(&self, file: &str, _: u64) -> Result<Box<dyn StoredFile>, IoError> {
        panic!("whoever only reads makes no file: {file}");
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        if file == "mark" {
            self.0.at(Moment::Mark);
        }
        let is_segment = file.ends_with(".seg");
        if is_segment {
            self.0.at(Moment::Open);
        }
        let (file, beside) = (self.0.inner.open(file)?, Arc::clone(&self.0));
        Ok(Box::new(Reading {
            file,
            beside,
            is_segment,
        }))
    }

    fn rename(&self, from: &str, _: &str) -> Result<(), IoError> {
        panic!("whoever only reads renames nothing: {from}");
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        panic!("whoever only reads removes nothing: {file}");
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        panic!("whoever only reads syncs nothing");
    }
}

struct Reading {
    file: Box<dyn StoredFile>,
    beside: Arc<Beside>,
    is_segment: bool,
}

impl StoredFile for Reading {
    fn bytes(&self) -> Result<u64, IoError> {
        self.file.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        if self.is_segment {
            let read = self.beside.reads.fetch_add(1, Ordering::SeqCst) + 1;
            self.beside.at(Moment::Read(read));
        }
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<(), IoError> {
        panic!("whoever only reads writes nothing");
    }

    fn sync(&self) -> Result<(), IoError> {
        panic!("whoever only reads syncs nothing");
    }
}

fn open(storage: &Arc<Memory>) -> Log {
    let options = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        identity: 7,
        background: Background::OnDemand,
        keep_archived: true,
    };
    let storage = Arc::clone(storage) as Arc<dyn Storage>;
    let recovery = Recovery::begin(storage, options).expect("nobody else writes");
    recovery.finish().expect("it ended well").0
}

/// Writes batches of one record each, all of them durable and marked.
fn write(log: &mut Log, lengths: &[usize]) {
    for length in lengths {
        log.append(&vec![7; *length]);
        log.commit().expect("memory does not fail");
        log.work();
    }
}

/// Examines a log of three records while `act` happens at `moment`; it must not see damage.
fn examine(moment: Moment, act: impl FnOnce(&mut Log) + Send + 'static) -> u64 {
    let storage = Arc::new(Memory::new());
    let mut log = open(&storage);
    write(&mut log, &[100, 200, 300]);
    let beside = Arc::new(Beside::reader(&storage, moment, move || act(&mut log)));
    let reader: Arc<dyn Storage> = Arc::new(Shared(Arc::clone(&beside)));
    let report = verify(&reader).expect("it reads");
    assert!(beside.has_acted(), "{moment:?} did not come");
    assert_eq!((report.damage, report.torn), (None, vec![]), "{moment:?}");
    let last = report.last.expect("there are records");
    assert_eq!(last.0, report.records, "what is counted is a whole");
    last.0
}

#[test]
fn what_is_written_behind_the_readers_back_is_not_damage() {
    // The end has been read as zeros; further on there is now a batch that says it was durable.
    for read in 2..=4 {
        let last = examine(Moment::Read(read), |log| write(log, &[LONG_BYTES; 8]));
        assert_eq!(
            last,
            3 + 8,
            "what was written meanwhile is read at the second look"
        );
    }
}

#[test]
fn a_segment_begun_after_the_listing_is_not_missing() {
    let act = |log: &mut Log| write(log, &[LONG_BYTES; 14]);
    let last = examine(Moment::Mark, act);
    assert_eq!(last, 3 + 14, "the second look knows of the segment");
}

#[test]
fn a_segment_archived_after_the_listing_is_found_again() {
    let storage = Arc::new(Memory::new());
    let mut log = open(&storage);
    write(&mut log, &[LONG_BYTES; 24]);
    let act = move || {
        let snapshots = log.snapshots();
        for sequence in [Sequence(20), Sequence(22)] {
            snapshots
                .save(sequence, b"a state")
                .expect("memory does not fail");
        }
    };
    let beside = Arc::new(Beside::reader(&storage, Moment::Open, act));
    let reader: Arc<dyn Storage> = Arc::new(Shared(Arc::clone(&beside)));
    let report = verify(&reader).expect("it is looked for again");
    assert!(beside.has_acted());
    assert!(report.archived > 0, "{report:?}");
    assert_eq!((report.records, report.damage), (24, None));
}

#[test]
fn what_stays_missing_is_damage() {
    let storage = Arc::new(Memory::new());
    let mut log = open(&storage);
    write(
        &mut log,
        &[100, 200, LONG_BYTES, LONG_BYTES, LONG_BYTES, LONG_BYTES],
    );
    drop(log);
    // The second batch, a sector, is lost: what comes later says that it was durable.
    let name = "log-00000000000000000001.seg";
    let file = storage.open(name).expect("the first segment");
    file.write_at(2 * 4_096, &[0; 4_096])
        .expect("memory takes bytes");
    let reader = storage as Arc<dyn Storage>;
    let report = verify(&reader).expect("it reads");
    let damage = report.damage.expect("it is seen");
    assert_eq!((damage.file.as_str(), damage.offset), (name, 2 * 4_096));
    assert_eq!(damage.sequence, Sequence(2));
    assert!(matches!(damage.what, Damage::Missing { .. }), "{damage}");
}

#[test]
fn a_segment_that_continues_nothing_proves_nothing() {
    let (storage, other) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
    write(&mut open(&storage), &[100; 12]);
    // Two long records fill a segment but for its header, so that the next one begins with the third.
    let half = SEGMENT_BYTES as usize / 2;
    let long = [half - 4_096, half - 2 * 4_096];
    write(&mut open(&other), &[&long[..], &[100; 20]].concat());
    let name = "log-00000000000000000003.seg";
    let stray = other.open(name).expect("the second segment");
    let mut bytes = vec![0; SEGMENT_BYTES as usize];
    stray.read_at(0, &mut bytes).expect("memory does not fail");
    let file = storage.create(name, SEGMENT_BYTES);
    let file = file.expect("memory takes files");
    file.write_at(0, &bytes).expect("memory takes bytes");
    let reader = storage as Arc<dyn Storage>;
    let damage = verify(&reader).expect("it reads").damage;
    let damage = damage.expect("the stray segment has record 13, and the log has not");
    assert_eq!(damage.sequence, Sequence(13), "{damage}");
}
