//! A disk on which some syncs take as long as the test wants them to: nothing that a commit does not
//! need may hold it up.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use engine::io::{
    FileInfo, FolderLock, IoError, ManualClock, Memory, Operation, Storage, StoredFile,
};
use engine::log::{Background, Log, LogOptions, durable_mark};
use engine::model::{Sequence, Timestamp};
use engine::{Engine, Health, Options, Ticket, Unavailable};

use super::folder::{files, names, open, storage_of, write};
use super::run::{SEGMENT_BYTES, options};
use super::whole::command;

/// How long a held sync waits before it takes the test for hung.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an answer that must not come is waited for.
const NO_ANSWER: Duration = Duration::from_millis(50);

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
    /// How many syncs have had to wait. Each has the number of those until it.
    waited: u64,
    /// Syncs that go on although the others are held, and whether they succeed.
    let_go: BTreeMap<u64, bool>,
    /// How many of these have gone.
    gone: usize,
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
        self.until(|state| state.waited > 0)
    }

    fn until(&self, is_so: impl Fn(&GateState) -> bool) -> (u64, bool) {
        let mut state = self.gate.state();
        while !is_so(&state) && !state.gave_up {
            state = self.gate.wait(state);
        }
        (state.waited, state.gave_up)
    }

    /// Has the sync with this number succeed or fail; returns once it has.
    fn let_go(&self, number: u64, succeeds: bool) {
        let mut state = self.gate.state();
        let before = state.gone;
        state.let_go.insert(number, succeeds);
        drop(state);
        self.gate.changed.notify_all();
        self.until(|state| state.gone > before);
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

    /// Whether the sync succeeds, when it may go on.
    fn pass(&self, name: &str) -> bool {
        let mut state = self.state();
        if !name.starts_with(self.kind) || !state.is_held {
            return true;
        }
        state.waited += 1;
        let number = state.waited;
        self.changed.notify_all();
        while state.is_held && !state.gave_up {
            if let Some(succeeds) = state.let_go.remove(&number) {
                state.gone += 1;
                self.changed.notify_all();
                return succeeds;
            }
            state = self.wait(state);
        }
        true
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
        if self.gate.pass(&self.name) {
            return self.stored.sync();
        }
        let cause = io::Error::from_raw_os_error(5);
        Err(IoError::new(Operation::Sync, &self.name, cause))
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

/// An engine with two batches in flight, the first of two commands, the second of one, and who waits
/// for them. Their syncs are the second and the third that the disk holds.
fn with_two_batches_in_flight(disk: &SlowDisk) -> (Engine, [Ticket; 3]) {
    let log = LogOptions {
        background: Background::Threads,
        segment_bytes: 1 << 20,
        ..options()
    };
    let options = Options {
        storage: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(Timestamp(1_000_000))),
        log,
        snapshot_every_records: 0,
    };
    let (engine, _) = Engine::open(options).expect("the engine opens");
    // The segment has its header on disk with the first command.
    engine
        .submit(command(1))
        .wait()
        .expect("it is answered")
        .expect("it is done");
    disk.hold(true);
    // Alone in line, so the engine thread writes it, and meanwhile two come together.
    let alone = engine.submit(command(2));
    disk.until(|state| state.waited == 1);
    let [one, two] = [3, 4].map(|request| engine.submit(command(request)));
    disk.let_go(1, true);
    alone.wait().expect("it is answered").expect("it is done");
    disk.until(|state| state.waited == 2);
    let three = engine.submit(command(5));
    let (waited, gave_up) = disk.until(|state| state.waited == 3);
    assert!(
        waited == 3 && !gave_up,
        "the second batch waits for the sync of the first"
    );
    (engine, [one, two, three])
}

#[test]
fn of_two_batches_in_flight_the_second_is_told_after_the_first() {
    let disk = SlowDisk::new("log-");
    let (engine, tickets) = with_two_batches_in_flight(&disk);
    disk.let_go(3, true);
    thread::sleep(NO_ANSWER);
    let mut context = Context::from_waker(Waker::noop());
    let mut tickets = tickets.map(Box::pin);
    for ticket in &mut tickets {
        let early = ticket.as_mut().poll(&mut context);
        assert!(
            early.is_pending(),
            "told before the first is durable: {early:?}"
        );
    }
    disk.hold(false);
    for ticket in tickets {
        let told = Pin::into_inner(ticket).wait();
        told.expect("it is answered").expect("it is done");
    }
    engine.close();
}

#[test]
fn nobody_is_told_of_a_batch_whose_predecessor_failed() {
    let disk = SlowDisk::new("log-");
    let (engine, tickets) = with_two_batches_in_flight(&disk);
    disk.let_go(3, true);
    disk.let_go(2, false);
    for ticket in tickets {
        assert_eq!(ticket.wait(), Err(Unavailable::Failed));
    }
    disk.hold(false);
    assert_eq!(engine.health(), Health::Failed);
    engine.close();
}
