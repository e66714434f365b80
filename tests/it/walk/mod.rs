//! Random walks over one engine: accepts, releases, recalls, cancellations, amendments and time,
//! several to a batch. After each batch everything that must hold is examined, and the gate is held
//! against the line: what it says at once is what the line would have said.

mod cast;
mod course;
mod hold;
mod step;

use engine::core::{Amendment, Event, Record, State, apply};
use engine::model::{OfficerSet, Timestamp};
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

use course::{Reached, Walk};
use hold::{Rounds, examine};
use step::{Step, steps};

/// Walks of one run, unless `MUSTER_WALKS` says more.
const WALKS: u32 = 192;
/// How often all walks together must have met each thing that they are about.
const MEETINGS_MIN: u32 = 20;

#[test]
fn whatever_is_amended_released_and_taken_everything_that_must_hold_holds() {
    let cases = std::env::var("MUSTER_WALKS").ok();
    let cases = cases.map_or(WALKS, |count| count.parse().expect("a number of walks"));
    let mut reached = Reached::default();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    });
    let total = std::cell::RefCell::new(&mut reached);
    let result = runner.run(&steps(), |steps| {
        let (_, walked) = walk(&steps);
        total.borrow_mut().add(walked);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{cases} walks: {reached:?}");
    let Reached {
        gated,
        behind,
        amended,
        reconfirmed,
        lapsed,
        refused_as_amended,
        repeated,
    } = reached;
    for (count, what) in [
        (gated, "a loser at the gate"),
        (behind, "a loser behind a loser"),
        (amended, "an amendment"),
        (reconfirmed, "a yes to one"),
        (lapsed, "a reservation that lapsed"),
        (refused_as_amended, "an answer to what was amended"),
        (repeated, "a repeated request"),
    ] {
        assert!(
            count >= MEETINGS_MIN,
            "the walks met too little of {what}: {count}"
        );
    }
}

/// What a bug in deciding would leave behind is seen: the records of a walk are applied with one
/// of them changed, and the examination must object.
#[test]
fn planted_bugs_are_seen() {
    let steps = [
        Step::Accept(0, 0, 0),
        Step::Settle(1),
        Step::Amend(0, Some(5), None, 30),
        Step::Amend(1, Some(9), None, 30),
        Step::Settle(1),
    ];
    let (records, _) = walk(&steps);
    let played = |tamper: fn(&mut Amendment)| {
        let mut state = State::empty();
        for record in &records {
            let mut record = record.clone();
            for event in &mut record.events {
                if let Event::Amended(amendment) = event {
                    tamper(amendment);
                }
            }
            apply(&mut state, &record);
        }
        examine(&state, &mut Rounds::new())
    };
    assert_eq!(played(|_| {}), Ok(()));
    let forgotten = played(|amendment| {
        // The holder is neither asked to confirm nor let go, and the calendar keeps the old hours.
        if let Some(moved) = &mut amendment.moved {
            moved.unconfirmed = OfficerSet::new();
        }
    });
    let said = forgotten.expect_err("the calendar is wrong");
    assert!(said.contains("the calendar is not what is held"), "{said}");
    let overdue = played(|amendment| {
        if let Some(moved) = &mut amendment.moved {
            moved.confirm_by = Timestamp::MIN;
        }
    });
    let said = overdue.expect_err("a deadline has passed");
    assert!(said.contains("something due was not handled"), "{said}");
    let unasked = played(|amendment| amendment.recipients = OfficerSet::new());
    let said = unasked.expect_err("a vacancy is open, and nobody hears of it");
    assert!(said.contains("could come and was not asked"), "{said}");
}

fn walk(steps: &[Step]) -> (Vec<Record>, Reached) {
    let mut walk = Walk::new();
    steps.iter().for_each(|step| walk.take(step));
    walk.end()
}
