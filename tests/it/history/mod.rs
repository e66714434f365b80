//! Linearizability: whatever threads ask of the engine at the same time, the answers are those of
//! some sequential order that real time does not contradict.
//!
//! Threads accept, release, recall, decline, cancel, publish, suspend and retry on a real engine
//! with its thread, over vacancies that overlap, so that slots and officers' calendars are both
//! raced for. Each operation is recorded with its beginning and end ([`record`]), and a checker
//! that shares no rule with the engine ([`floor`]) looks for the order ([`order`]). A search that
//! tries every order ([`search`]) is its slow twin; histories with a lie put in ([`doctor`]) and an
//! office with planted races ([`racy`]) must be caught.
//!
//! `MUSTER_HISTORY_RUNS=N` records N histories in memory instead of [`RUNS`].

mod call;
mod doctor;
mod floor;
mod order;
mod racy;
mod record;
mod search;
mod twin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use engine::io::{Disk, Memory, Storage};
use engine::log::LogOptions;

use call::{Answer, Call, overlapping_pairs};
use doctor::{Lie, Recorded};
use floor::Desk;
use order::{certify, explain};
use racy::{Bug, Office};
use record::{House, Recording, Workload};

/// Histories recorded in memory, unless the environment asks for more.
const RUNS: u64 = 24;
/// Histories recorded on a disk: there the threads wait for syncs, and meet more often.
const DISK_RUNS: u64 = 2;
/// Pairs of operations under way at once, in all histories of a test: fewer prove nothing.
const PAIRS_MIN: u64 = 2_000;
/// Small histories for the twins.
const SMALL_HISTORIES: u64 = 4_000;
/// Recorded histories of each office that the search goes through.
const RACES_SEARCHED: u64 = 40;
/// Histories in which each planted race must be caught, and that it may take at most.
const CATCHES: u64 = 3;
const RACES_MAX: u64 = 400;

const HOUSE_LOAD: Workload = Workload {
    threads: 10,
    calls_per_thread: 48,
    officers: 8,
    sergeants: 2,
    vacancies: 9,
};

const OFFICE_LOAD: Workload = Workload {
    threads: 8,
    calls_per_thread: 3,
    officers: 2,
    sergeants: 1,
    vacancies: 2,
};

/// Few enough operations for the search to go through every order.
const SMALL_LOAD: Workload = Workload {
    threads: 4,
    calls_per_thread: 3,
    ..OFFICE_LOAD
};

/// What was counted over many histories.
#[derive(Default)]
struct Count {
    histories: u64,
    operations: u64,
    pairs: u64,
    answers: BTreeMap<String, u64>,
    lies: BTreeMap<String, u64>,
}

impl Count {
    fn add(&mut self, calls: &[Call]) {
        self.histories += 1;
        self.operations += calls.len() as u64;
        self.pairs += overlapping_pairs(calls);
        for call in calls {
            *self.answers.entry(kind(&call.answer)).or_default() += 1;
        }
    }

    fn print(&self, what: &str) {
        let Count {
            histories,
            operations,
            pairs,
            ..
        } = self;
        println!(
            "{what}: {histories} histories, {operations} operations, {pairs} overlapping pairs, \
             all linearizable; answers {:?}; lies caught {:?}",
            self.answers, self.lies
        );
    }
}

fn kind(answer: &Answer) -> String {
    match answer {
        Answer::Won(_) => "Won".into(),
        Answer::Done { .. } => "Done".into(),
        Answer::Refused { refusal, .. } => {
            let words = format!("{refusal:?}");
            let end = words.find([' ', '{', '(']).unwrap_or(words.len());
            words[..end].into()
        }
    }
}

/// Records one history on an engine that is restarted in the middle of it, and checks it.
fn record_house(storage: &Arc<dyn Storage>, load: Workload, seed: u64) -> Recorded {
    let log = LogOptions {
        segment_bytes: 1 << 18,
        ..LogOptions::default()
    };
    let house = House::open(Arc::clone(storage), log);
    let start = house.furnish(&load);
    let recording = Recording::new(load);
    recording.run(&house, 2 * seed);
    house.engine.close();
    // What was asked before the restart is asked again after it.
    let house = House::open(Arc::clone(storage), log);
    recording.run(&house, 2 * seed + 1);
    let end = house.engine.follow().expect("the engine is open");
    let end = end.into_state();
    house.engine.close();

    let calls = recording.finish();
    let order = explain(&start.floor, start.last, &calls)
        .unwrap_or_else(|breach| panic!("seed {seed}: {}", tell(&calls, &breach)));
    assert!(
        certify(&start.floor, start.last, &calls, &order),
        "seed {seed}: the order that was found does not hold"
    );
    let recorded = Recorded {
        floor: start.floor,
        last: start.last,
        calls,
        order,
    };
    assert_same_end(&recorded, &end, seed);
    recorded
}

/// The order that was found ends where the engine ended, with as many records as it explains: those
/// of its calls, and at most one of a tick for each that may have made somebody eligible for more.
fn assert_same_end(recorded: &Recorded, end: &engine::core::State, seed: u64) {
    let mut desk = Desk::new(recorded.floor.clone(), recorded.last);
    let mut records = BTreeSet::new();
    let mut widening = 0;
    for &place in &recorded.order {
        let call = &recorded.calls[place];
        assert!(desk.take(call), "the order was certified");
        if call.answer.is_remembered() {
            records.insert(call.identity());
            widening += u64::from(call.op.may_widen());
        }
    }
    let written = end.sequence().0 - recorded.last;
    let calls = records.len() as u64;
    assert!(
        (calls..=calls + widening).contains(&written),
        "seed {seed}: {written} records of {calls} calls, of which {widening} may have ticks follow"
    );
    assert_eq!(end.vacancies().iter().count(), desk.floor.shifts.len());
    for ((_, row), shift) in end.vacancies().iter().zip(&desk.floor.shifts) {
        let engine = row.slots.iter().map(|slot| {
            let holder = slot.holder.as_ref()?;
            Some((holder.officer.0, holder.sequence.0))
        });
        let floor = shift.seats.iter().map(|seat| {
            let (officer, award) = seat.holder?;
            Some((officer, award.sequence))
        });
        let (engine, floor): (Vec<_>, Vec<_>) = (engine.collect(), floor.collect());
        assert_eq!(
            engine, floor,
            "seed {seed}: holders of vacancy {}",
            shift.key
        );
    }
}

fn tell(calls: &[Call], breach: &order::Breach) -> String {
    let places = match breach {
        order::Breach::NotPermitted(one) | order::Breach::NoMoment(one) => vec![*one],
        order::Breach::ChangedOnRetry(one, other)
        | order::Breach::CitedTwice(one, other)
        | order::Breach::AgainstRealTime(one, other) => vec![*one, *other],
    };
    let told: Vec<_> = places.iter().map(|place| &calls[*place]).collect();
    format!("no order explains this history: {breach:?} in {told:#?}")
}

fn runs() -> u64 {
    match std::env::var("MUSTER_HISTORY_RUNS") {
        Ok(text) => text
            .parse()
            .expect("MUSTER_HISTORY_RUNS is a number of histories"),
        Err(_) => RUNS,
    }
}

#[test]
fn what_threads_hear_is_what_some_order_gives() {
    let mut count = Count::default();
    let runs = runs();
    for seed in 0..runs {
        let storage: Arc<dyn Storage> = Arc::new(Memory::new());
        let recorded = record_house(&storage, HOUSE_LOAD, seed);
        count.add(&recorded.calls);
        for lie in Lie::ALL {
            let Some((last, doctored)) = recorded.doctored(lie) else {
                continue;
            };
            let verdict = explain(&recorded.floor, last, &doctored);
            assert!(verdict.is_err(), "seed {seed}: {lie:?} was believed");
            *count.lies.entry(format!("{lie:?}")).or_default() += 1;
        }
    }
    count.print("in memory");
    assert!(count.pairs >= PAIRS_MIN, "the threads hardly met");
    for wanted in [
        "Won",
        "Done",
        "Filled",
        "Overlaps",
        "NotOffered",
        "NotHolder",
        "NotEligible",
        "Cancelled",
        "RankFilled",
        "RequestReused",
        "Unknown",
        "AlreadyExists",
    ] {
        assert!(count.answers.contains_key(wanted), "nobody heard {wanted}");
    }
    for lie in Lie::ALL {
        let caught = count.lies.get(&format!("{lie:?}")).copied().unwrap_or(0);
        assert!(caught >= runs / 4, "{lie:?} could be told {caught} times");
    }
}

#[test]
fn what_threads_hear_from_a_disk_is_what_some_order_gives() {
    let mut count = Count::default();
    for seed in 0..DISK_RUNS {
        let folder = scratch(seed);
        let storage: Arc<dyn Storage> = Arc::new(Disk::open(&folder).expect("a fresh folder"));
        let recorded = record_house(&storage, HOUSE_LOAD, 1_000 + seed);
        count.add(&recorded.calls);
        drop(storage);
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    count.print("on disk");
    assert!(count.pairs >= PAIRS_MIN, "the threads hardly met");
}

#[test]
fn the_fast_checker_and_the_search_agree() {
    let (mut right, mut wrong) = (0_u64, 0_u64);
    for seed in 0..SMALL_HISTORIES {
        let (start, calls) = twin::small_history(seed);
        let slow = search::is_linearizable(&start.floor, start.last, &calls);
        let fast = explain(&start.floor, start.last, &calls);
        assert_eq!(fast.is_ok(), slow, "seed {seed}: {fast:?} of {calls:#?}");
        if let Ok(order) = fast {
            let certified = certify(&start.floor, start.last, &calls, &order);
            assert!(certified, "seed {seed}: {order:?} of {calls:#?}");
        }
        *(if slow { &mut right } else { &mut wrong }) += 1;
    }
    println!("twins: {right} right and {wrong} wrong histories, the same verdict on all");
    assert!(right > SMALL_HISTORIES / 4 && wrong > SMALL_HISTORIES / 4);
}

/// Records one history of an office with `bug`: where it began, and what was recorded.
fn record_office(bug: Bug, load: Workload, seed: u64) -> (Desk, Vec<Call>) {
    let (floor, publications) = load.floor();
    let mut desk = Desk::new(floor, 0);
    for (request, op) in (u64::MAX / 4..).zip(publications) {
        desk.answer(request, op);
    }
    let start = Desk::new(desk.floor, desk.last);
    let recording = Recording::new(load);
    recording.run(&Office::new(bug, start.clone()), seed);
    (start, recording.finish())
}

/// What the fast checker says, with its certificate verified.
fn is_explained(start: &Desk, calls: &[Call]) -> bool {
    let Ok(order) = explain(&start.floor, start.last, calls) else {
        return false;
    };
    assert!(certify(&start.floor, start.last, calls, &order));
    true
}

#[test]
fn planted_races_are_caught_and_sound_work_is_not() {
    for bug in Bug::PLANTED {
        let (mut histories, mut caught) = (0, 0);
        while caught < CATCHES && histories < RACES_MAX {
            let (start, calls) = record_office(bug, OFFICE_LOAD, histories);
            histories += 1;
            caught += u64::from(!is_explained(&start, &calls));
        }
        println!("planted {bug:?}: caught in {caught} of {histories} histories");
        assert_eq!(
            caught, CATCHES,
            "{bug:?} hardly showed in {histories} histories"
        );
    }
    let mut count = Count::default();
    for seed in 0..RUNS {
        let (start, calls) = record_office(Bug::None, OFFICE_LOAD, seed);
        let explained = is_explained(&start, &calls);
        assert!(explained, "an office under one lock is linearizable");
        count.add(&calls);
    }
    count.print("the control");
}

#[test]
fn the_search_agrees_about_recorded_races() {
    let (mut right, mut wrong) = (0_u64, 0_u64);
    for bug in [Bug::None].into_iter().chain(Bug::PLANTED) {
        for seed in 0..RACES_SEARCHED {
            let (start, calls) = record_office(bug, SMALL_LOAD, seed);
            let slow = search::is_linearizable(&start.floor, start.last, &calls);
            let fast = is_explained(&start, &calls);
            assert_eq!(fast, slow, "{bug:?}, seed {seed}: {calls:#?}");
            *(if slow { &mut right } else { &mut wrong }) += 1;
        }
    }
    println!("recorded races: {right} right and {wrong} wrong histories, the same verdict on all");
    assert!(right >= RACES_SEARCHED && wrong >= RACES_SEARCHED / 4);
}

fn scratch(seed: u64) -> PathBuf {
    let name = format!("muster-history-{}-{seed}", std::process::id());
    std::env::temp_dir().join(name)
}
