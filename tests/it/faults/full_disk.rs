//! The engine on a file system of a few megabytes that fills up and is emptied again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use engine::core::digest::digest;
use engine::core::{State, apply};
use engine::io::{Disk, Storage};
use engine::log::read_folder;
use engine::model::{OfficerId, Sequence, VacancyId};
use engine::{Engine, Follower, Health, Unavailable};

use super::skip;
use super::town::{OFFICERS, accept, found, options, won};

/// In the process inside the mount namespace: where the small file system is mounted.
const MOUNTED: &str = "MUSTER_SMALL_DISK";
const TEST: &str =
    "faults::full_disk::a_full_disk_makes_the_engine_read_only_and_space_makes_it_go_on";
/// The whole file system, in bytes.
const DISK_BYTES: u64 = 12 << 20;
const SEGMENT_BYTES: u64 = 1 << 20;
const VACANCIES: u32 = 60;
/// Accepts before the disk is filled.
const BEFORE: u32 = 100;
/// Accepts after it is emptied, besides those that were refused.
const AFTER: u32 = 100;
/// What is left on the disk when it is full, in bytes: nothing, and too little for a segment.
const LEFT: [u64; 2] = [0, 600 << 10];
/// How long the disk stays full.
const FULL_FOR: Duration = Duration::from_millis(1_500);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_full_disk_makes_the_engine_read_only_and_space_makes_it_go_on() {
    match std::env::var_os(MOUNTED) {
        Some(folder) => on_a_small_disk(Path::new(&folder)),
        None => mount_a_small_disk(),
    }
}

/// Runs this test again in a mount namespace of its own, where nobody else sees the mount and
/// from which it goes away by itself.
fn mount_a_small_disk() {
    let folder = std::env::temp_dir().join(format!("muster-small-disk-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a new folder");
    let script = format!(
        "mount -t tmpfs -o size={DISK_BYTES},mode=0700 small-disk \"$0\" || exit 77; exec \"$@\""
    );
    let inside = |flags: &[&str], command: &[&str]| -> std::io::Result<Output> {
        Command::new("unshare")
            .args(flags)
            .args(["--mount", "sh", "-c", &script])
            .arg(&folder)
            .args(command)
            .env(MOUNTED, &folder)
            .output()
    };
    // As root, or as anybody where user namespaces are allowed.
    let ways: [&[&str]; 2] = [&[], &["--map-root-user"]];
    let mut refused = Vec::new();
    let way = ways.iter().find(|flags| match inside(flags, &["true"]) {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            refused.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
            false
        }
        Err(e) => {
            refused.push(format!("unshare: {e}"));
            false
        }
    });
    let output = way.map(|flags| {
        let test = std::env::current_exe().expect("this test is a program");
        let test = test.to_str().expect("a plain path");
        inside(flags, &[test, "--exact", TEST, "--nocapture"]).expect("it has just been started")
    });
    // The mount point is empty here: the mount was seen inside only.
    std::fs::remove_dir(&folder).expect("the folder is ours");
    let Some(output) = output else {
        skip(
            "the full disk",
            &format!("no mount: {}", refused.join("; ")),
        );
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
    assert!(said.contains("1 passed"), "the test did not run inside");
}

/// Everything that was asked, and what was answered last.
#[derive(Default)]
struct Ledger {
    answers: BTreeMap<u32, Result<bool, Unavailable>>,
}

impl Ledger {
    fn ask(&mut self, engine: &Engine, number: u32) -> Result<bool, Unavailable> {
        let answer = won(engine.submit(accept(number)).wait());
        let before = self.answers.insert(number, answer);
        assert!(
            !matches!(before, Some(Ok(before)) if answer != Ok(before)),
            "accept {number} was answered {before:?}, and now {answer:?}"
        );
        answer
    }

    fn won(&self) -> impl Iterator<Item = u32> {
        let won = |(number, answer): (&u32, &Result<bool, Unavailable>)| {
            matches!(answer, Ok(true)).then_some(*number)
        };
        self.answers.iter().filter_map(won)
    }

    fn unanswered(&self) -> Vec<u32> {
        let open = self.answers.iter().filter(|(_, answer)| answer.is_err());
        open.map(|(number, _)| *number).collect()
    }

    /// Whoever was told of an award has it.
    fn judge(&self, state: &State) {
        for number in self.won() {
            let row = state.vacancy(VacancyId(number / OFFICERS));
            let slot = row.and_then(|row| row.slot_of(OfficerId(number % OFFICERS)));
            assert!(slot.is_some(), "the award of accept {number} is lost");
        }
    }
}

/// How many slots somebody holds.
fn held(state: &State) -> usize {
    let slots = state.vacancies().iter().flat_map(|(_, row)| &row.slots);
    slots.filter(|slot| slot.holder.is_some()).count()
}

/// Reads until the reader has so many awards; an answer may come a moment before its delivery.
fn catch_up(follower: &mut Follower, awards: usize) {
    let begun = Instant::now();
    loop {
        while let Some(delivery) = follower.try_next().expect("the engine is open") {
            for record in delivery.batch.iter().flat_map(|batch| &batch.records) {
                apply(&mut follower.state, record);
            }
        }
        if held(&follower.state) >= awards {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "a reader misses an award");
        thread::sleep(Duration::from_millis(1));
    }
}

fn on_a_small_disk(folder: &Path) {
    let log = folder.join("log");
    let storage = Arc::new(Disk::open(&log).expect("the folder is made"));
    let open = || Engine::open(options(storage.clone(), SEGMENT_BYTES)).expect("the log opens");
    let (engine, _) = open();
    found(&engine, VACANCIES);
    let mut follower = engine.follow().expect("the engine is open");
    let mut ledger = Ledger::default();
    for number in 0..BEFORE {
        assert_eq!(ledger.ask(&engine, number), Ok(true));
    }

    let mut next = BEFORE;
    for left in LEFT {
        let ballast = folder.join("ballast");
        fill(&ballast, left);
        let until_full = fill_the_rest(&engine, &mut ledger, &mut next);
        let seen = stay_full(&engine, &storage, &mut follower, &mut ledger, &mut next);
        std::fs::remove_file(&ballast).expect("the ballast is ours");
        let snapshot = newest_snapshot(&storage);
        let to_recover = go_on(&engine, &mut ledger, &mut next);
        let Full { asked, running } = seen;
        assert_eq!(
            running, 0,
            "it takes requests in before there is room for a segment"
        );
        let begun = Instant::now();
        while newest_snapshot(&storage) == snapshot {
            assert!(begun.elapsed() < PATIENCE, "no more snapshots are saved");
            thread::sleep(Duration::from_millis(10));
        }
        // The harness keeps what is printed; the process around this one reads it.
        println!(
            "full disk, {left} bytes left: {} accepts fitted into what was prepared, read-only \
             after {} ms, asked {asked} times meanwhile and seen running {running} times; took \
             accepts again {} ms after there was space",
            until_full.taken,
            until_full.took.as_millis(),
            to_recover.as_millis(),
        );
    }

    // The follower of before has missed nothing, and a new start finds the same.
    catch_up(&mut follower, ledger.won().count());
    let (last, state) = (follower.state.sequence(), digest(&follower.state));
    ledger.judge(&follower.state);
    assert_eq!(held(&follower.state), ledger.won().count());
    engine.close();
    let (engine, recovered) = open();
    assert_eq!(recovered.sequence, last);
    let again = engine.follow().expect("the engine is open").into_state();
    assert_eq!(
        digest(&again),
        state,
        "the log gives the state that was shown"
    );
    engine.close();
    println!("{} awards acknowledged, 0 lost", ledger.won().count());
}

struct UntilFull {
    taken: u32,
    took: Duration,
}

/// Accepts until nobody can say any more.
fn fill_the_rest(engine: &Engine, ledger: &mut Ledger, next: &mut u32) -> UntilFull {
    let (filled, first) = (Instant::now(), *next);
    while ledger.ask(engine, *next) != Err(Unavailable::DiskFull) {
        *next += 1;
        assert!(*next < VACANCIES * OFFICERS, "the disk is not full");
    }
    *next += 1;
    UntilFull {
        taken: *next - first - 1,
        took: filled.elapsed(),
    }
}

struct Full {
    asked: u32,
    running: u32,
}

/// While the disk is full nobody hears of an award, and readers have all that were told, and no
/// others.
fn stay_full(
    engine: &Engine,
    storage: &Arc<Disk>,
    follower: &mut Follower,
    ledger: &mut Ledger,
    next: &mut u32,
) -> Full {
    let mut seen = Full {
        asked: 0,
        running: 0,
    };
    let full = Instant::now();
    while full.elapsed() < FULL_FOR {
        seen.running += u32::from(engine.health() == Health::Running);
        assert_eq!(ledger.ask(engine, *next), Err(Unavailable::DiskFull));
        *next += 1;
        seen.asked += 1;
        catch_up(follower, ledger.won().count());
        assert_eq!(held(&follower.state), ledger.won().count());
        ledger.judge(&follower.state);
        let read = read_folder(storage.clone(), Sequence(1)).records();
        let last = read.last().expect("there are records").expect("they read");
        assert_eq!(last.0, follower.state.sequence(), "the log can be read");
        thread::sleep(Duration::from_millis(5));
    }
    seen
}

/// There is space: the engine goes on by itself, whoever asks again under the same id is answered,
/// and the race goes on. How long it took.
fn go_on(engine: &Engine, ledger: &mut Ledger, next: &mut u32) -> Duration {
    let emptied = Instant::now();
    while ledger.ask(engine, *next).is_err() {
        assert!(emptied.elapsed() < PATIENCE, "it stays read-only");
        thread::sleep(Duration::from_millis(1));
    }
    let took = emptied.elapsed();
    assert_eq!(engine.health(), Health::Running);
    *next += 1;
    for number in ledger.unanswered().into_iter().chain(*next..*next + AFTER) {
        assert_eq!(ledger.ask(engine, number), Ok(true), "accept {number}");
    }
    assert!(ledger.unanswered().is_empty());
    *next += AFTER;
    took
}

fn newest_snapshot(storage: &Disk) -> Option<String> {
    let files = storage.list().expect("the folder lists");
    let names = files.into_iter().map(|file| file.name);
    names.filter(|name| name.starts_with("snapshot-")).max()
}

/// Takes all the space there is but for the last so many bytes.
fn fill(ballast: &Path, left: u64) {
    let mut file = std::fs::File::create(ballast).expect("a file without bytes");
    for piece in [1 << 20, 1 << 12] {
        let zeros = vec![0; piece];
        while file.write_all(&zeros).is_ok() {}
    }
    let taken = file.metadata().expect("it is open").len();
    file.set_len(taken.saturating_sub(left))
        .expect("it shrinks");
}
