//! A disk on which some syncs take as long as the test wants them to: nothing that a commit does not
//! need may hold it up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::core::{Actor, Body, Command, RosterChange};
use engine::io::{FileInfo, FolderLock, IoError, Memory, Storage, StoredFile, SystemClock};
use engine::log::{Background, Log, LogOptions, durable_mark};
use engine::model::{RequestId, Sequence};
use engine::{Engine, Health, Options, Recovered};

use super::folder::{files, names, open, storage_of, write};
use super::run::{SEGMENT_BYTES, options};

/// How long a held sync waits before it takes the test for hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder in memory whose syncs of some files wait until they are let go.
#[derive(Clone)]
struct SlowDisk {
    memory: Memory,
    gate: Arc<Gate>,
}

struct Gate {
    /// How the names of the files begin.
    kind: &'static str,
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_held: bool,
    /// How many syncs have had to wait.
    waited: u64,
    /// Whether somebody waited in vain, because the test itself waited for them.
    gave_up: bool,
}

impl SlowDisk {
    fn new(kind: &'static str) -> SlowDisk {
        let gate = Gate {
            kind,
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        SlowDisk {
            memory: Memory::new(),
            gate: Arc::new(gate),
        }
    }

    fn hold(&self, is_held: bool) {
        self.gate.state().is_held = is_held;
        self.gate.changed.notify_all();
    }

    /// Returns once a sync is waiting; how many have waited, and whether one did so in vain.
    fn until_somebody_waits(&self) -> (u64, bool) {
        let mut state = self.gate.state();
        while state.waited == 0 && !state.gave_up {
            state = self.gate.wait(state);
        }
        (state.waited, state.gave_up)
    }
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, GateState>) -> MutexGuard<'g, GateState> {
        let waited = self.changed.wait_timeout(state, PATIENCE);
        let (mut state, time) = waited.unwrap_or_else(PoisonError::into_inner);
        state.gave_up |= time.timed_out();
        state
    }

    fn pass(&self, name: &str) {
        let mut state = self.state();
        if !name.starts_with(self.kind) || !state.is_held {
            return;
        }
        state.waited += 1;
        self.changed.notify_all();
        while state.is_held && !state.gave_up {
            state = self.wait(state);
        }
    }
}

impl Storage for SlowDisk {
    fn folder(&self) -> String {
        self.memory.folder()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        self.memory.lock()
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        self.memory.list()
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        let stored = self.memory.create(file, bytes)?;
        Ok(self.wrap(file, stored))
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        let stored = self.memory.open(file)?;
        Ok(self.wrap(file, stored))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        self.memory.rename(from, to)
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        self.memory.remove(file)
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        self.memory.sync_folder()
    }
}

impl SlowDisk {
    fn wrap(&self, name: &str, stored: Box<dyn StoredFile>) -> Box<dyn StoredFile> {
        let (gate, name) = (Arc::clone(&self.gate), name.to_owned());
        Box::new(SlowFile { stored, gate, name })
    }
}

struct SlowFile {
    stored: Box<dyn StoredFile>,
    gate: Arc<Gate>,
    name: String,
}

impl StoredFile for SlowFile {
    fn bytes(&self) -> Result<u64, IoError> {
        self.stored.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        self.stored.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        self.stored.write_at(offset, bytes)
    }

    fn sync(&self) -> Result<(), IoError> {
        self.gate.pass(&self.name);
        self.stored.sync()
    }
}

fn open_with_threads(disk: &SlowDisk) -> Log {
    let threads = LogOptions {
        background: Background::Threads,
        ..options()
    };
    let (log, _) = Log::open(Arc::new(disk.clone()), threads).expect("the log opens");
    log
}

#[test]
fn no_commit_waits_for_a_slow_mark() {
    let disk = SlowDisk::new("mark");
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut log = open_with_threads(&disk);
    disk.hold(true);
    let mut written = write(&mut log, &[&[10]]);
    let (waited, _) = disk.until_somebody_waits();
    written.extend(write(&mut log, &[&[20, 30], &[9_000], &[20_000], &[5]]));
    // A crash now: one mark may be there, all others are behind by four batches.
    let crashed = files(&storage);
    let marked = durable_mark(&*storage).expect("it reads");
    assert!(marked <= Some(Sequence(1)), "{marked:?}");
    assert_eq!(open(&storage_of(&crashed)).1, written);

    disk.hold(false);
    drop(log);
    let (_, gave_up) = disk.until_somebody_waits();
    assert!(waited > 0 && !gave_up, "a commit waited for the mark");
    // Marks that were overtaken are not written; the newest is.
    let marked = durable_mark(&*storage).expect("it reads");
    assert_eq!(marked, Some(Sequence(written.len() as u64)));
}

#[test]
fn no_commit_waits_for_a_slow_spare() {
    let disk = SlowDisk::new("filling-");
    disk.hold(true);
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut log = open_with_threads(&disk);
    disk.until_somebody_waits();
    let mut written = Vec::new();
    for _ in 0..8 {
        written.extend(write(&mut log, &[&[SEGMENT_BYTES as usize / 2]]));
    }
    let segments = names(&storage);
    let segments = segments.iter().filter(|n| n.starts_with("log-")).count();
    assert!(segments >= 4, "{segments} segments");
    disk.hold(false);
    let (waited, gave_up) = disk.until_somebody_waits();
    assert!(waited > 0 && !gave_up, "a commit waited for a spare");
    drop(log);
    assert_eq!(open(&storage).1, written);
}

#[test]
fn spares_outlive_a_restart_and_half_filled_ones_do_not() {
    let disk = SlowDisk::new("nothing");
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut log = open_with_threads(&disk);
    let mut written = write(&mut log, &[&[10], &[20_000], &[20_000]]);
    drop(log);
    let spare = |name: &&String| name.starts_with("spare-");
    let before = names(&storage);
    assert!(before.iter().filter(spare).count() > 0, "{before:?}");
    // Left by a process that was stopped while filling, and by one with other segments.
    storage.create("filling-1.tmp", 4096).expect("it is made");
    storage.create("spare-2.tmp", 4096).expect("it is made");
    let (mut log, _) = open(&storage);
    let after = names(&storage);
    assert!(!after.contains(&"filling-1.tmp".to_owned()), "{after:?}");
    assert!(!after.contains(&"spare-2.tmp".to_owned()), "{after:?}");
    assert_eq!(after.iter().filter(spare).count(), 1, "{after:?}");
    written.extend(write(&mut log, &[&[20_000]]));
    let used = names(&storage);
    assert_eq!(used.iter().filter(spare).count(), 0, "{used:?}");
    drop(log);
    assert_eq!(open(&storage).1, written);
}

fn open_engine(disk: &SlowDisk, snapshot_every_records: u64) -> (Engine, Recovered) {
    let opened = Engine::open(Options {
        storage: Arc::new(disk.clone()),
        clock: Arc::new(SystemClock),
        log: LogOptions {
            background: Background::Threads,
            ..options()
        },
        snapshot_every_records,
    });
    opened.expect("the log opens")
}

/// Has one record written.
fn record(engine: &Engine, request: u128) {
    let change = RosterChange::Agency {
        code: format!("agency-{request}"),
        name: "Invented".to_owned(),
        agreement: None,
    };
    let command = Command {
        request: RequestId(request),
        by: Actor::Operator,
        body: Body::Roster(vec![change]),
    };
    let answer = engine.submit(command).wait().expect("the disk is fine");
    answer.expect("no agency is added twice");
}

#[test]
fn closing_waits_for_the_snapshot_that_is_being_saved() {
    let disk = SlowDisk::new("snapshot");
    let (engine, _) = open_engine(&disk, 1);
    disk.hold(true);
    record(&engine, 1);
    disk.until_somebody_waits();
    std::thread::scope(|scope| {
        let closing = scope.spawn(|| engine.close());
        while engine.health() != Health::Closed {
            std::thread::yield_now();
        }
        // Far longer than closing takes when there is nothing to wait for.
        std::thread::sleep(Duration::from_millis(200));
        assert!(!closing.is_finished(), "the snapshot is not there yet");
        disk.hold(false);
    });
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let names = names(&storage);
    assert!(!names.contains(&"snapshot.tmp".to_owned()), "{names:?}");
    let (engine, recovered) = open_engine(&disk, 0);
    assert_eq!(recovered.snapshot, Sequence(1));
    engine.close();
}

#[test]
fn who_closes_can_have_the_last_state_saved() {
    let disk = SlowDisk::new("snapshot");
    let (engine, _) = open_engine(&disk, 1_000);
    (1..=3).for_each(|request| record(&engine, request));
    assert!(engine.close_saved(PATIENCE));
    let (engine, recovered) = open_engine(&disk, 1_000);
    assert_eq!((recovered.snapshot, recovered.records), (Sequence(3), 0));
    assert!(engine.close_saved(PATIENCE), "it was saved already");

    let (engine, _) = open_engine(&disk, 1_000);
    record(&engine, 4);
    engine.close();
    let (engine, recovered) = open_engine(&disk, 1_000);
    assert_eq!(recovered.snapshot, Sequence(3), "nobody asked for it");

    disk.hold(true);
    assert!(!engine.close_saved(Duration::from_millis(1)), "too slow");
    disk.hold(false);
    engine.close();
    let (engine, recovered) = open_engine(&disk, 0);
    assert_eq!(recovered.snapshot, Sequence(4), "it was saved later");
    assert!(!engine.close_saved(PATIENCE), "this engine saves none");
}
