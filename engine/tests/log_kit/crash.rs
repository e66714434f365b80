//! Crashes at every operation, with and without other faults.

use super::run::{FAULTS, Tally, fault_of, run};
use super::{Bug, Fault};

/// How many seeds the crash sweep takes; `MUSTER_LOG_SEEDS` says otherwise for a long run.
const SWEEP_SEEDS: u64 = 4 * FAULTS;
/// How many syncs of one run are made to fail, one at a time.
const SYNCS: u64 = 60;
const PLANTED_SEEDS: u64 = 8;

#[test]
fn no_crash_loses_doubles_or_refuses_anything() {
    let mut tally = Tally::default();
    let seeds = std::env::var("MUSTER_LOG_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(SWEEP_SEEDS) {
        let fault = fault_of(seed);
        let operations = run(seed, fault, 0, Bug::None, &mut tally);
        for crash_at in 1..=operations {
            run(seed, fault, crash_at, Bug::None, &mut tally);
        }
    }
    println!("{tally:#?}");
    assert_eq!(tally.first_breach, None);
    assert_eq!(tally.breaches, 0);
    let seen = [
        ("torn tails", tally.torn_tails),
        ("unacknowledged batches kept", tally.unacknowledged_kept),
        ("snapshots", tally.snapshots),
        ("poisoned", tally.poisoned),
        ("full", tally.full),
        ("resumed", tally.resumed),
        ("marks left behind by a slow disk", tally.marks_behind),
    ];
    for (what, times) in tally.fired.kinds().into_iter().chain(seen) {
        assert!(times > 0, "no {what}: the sweep proves less than it says");
    }
}

#[test]
fn no_failed_sync_before_a_crash_loses_anything() {
    // What a failed sync leaves behind shows only later: the page cache has what the disk has not,
    // a restart believes it, and then the power goes.
    let mut tally = Tally::default();
    for sync in 1..=SYNCS {
        let fault = Fault::FailSync(sync);
        let operations = run(7, fault, 0, Bug::None, &mut tally);
        for crash_at in (1 + sync % 2..=operations).step_by(2) {
            run(7, fault, crash_at, Bug::None, &mut tally);
        }
    }
    let (runs, failed) = (tally.runs, tally.fired.failed_syncs);
    println!(
        "{runs} runs, {failed} failed syncs, {} breaches",
        tally.breaches
    );
    assert_eq!(tally.first_breach, None);
    assert!(failed > 0);
}

#[test]
fn the_sweep_catches_planted_bugs() {
    let planted = [
        (Bug::AckFirst, Fault::Nothing),
        (Bug::LieAboutSync, Fault::Nothing),
        (Bug::LieAboutNames, Fault::Nothing),
        (Bug::SwallowFailedWrite, Fault::FailWrite(14)),
        (Bug::SwallowShortWrite, Fault::ShortWrite(14)),
        (Bug::SwallowFullWrite, Fault::FullWrite(14)),
        (Bug::SwallowFullCreate, Fault::Space(90_000)),
        (Bug::RetrySync, Fault::FailSync(12)),
        (Bug::RetryFolderSync, Fault::FailFolderSync(6)),
        (Bug::TrustMark, Fault::Slow),
    ];
    for (bug, fault) in planted {
        let mut tally = Tally::default();
        for seed in 0..PLANTED_SEEDS {
            let operations = run(seed, fault, 0, bug, &mut tally);
            for crash_at in (1..=operations).step_by(5) {
                run(seed, fault, crash_at, bug, &mut tally);
            }
        }
        let Tally {
            runs,
            breaches,
            first_breach,
            ..
        } = tally;
        println!("{bug:?}: {breaches} breaches in {runs} runs, first: {first_breach:?}");
        assert!(breaches > 0, "{bug:?} went unnoticed");
    }
}

#[test]
fn the_same_seed_runs_the_same() {
    for seed in 0..FAULTS {
        let (mut once, mut twice) = (Tally::default(), Tally::default());
        let first = run(seed, fault_of(seed), 40, Bug::None, &mut once);
        assert_eq!(first, run(seed, fault_of(seed), 40, Bug::None, &mut twice));
        assert_eq!(once.fired, twice.fired);
    }
}
