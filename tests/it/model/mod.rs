//! The engine against a flat reference model: random sequences of everything that can be asked,
//! compared after every step, and shrunk to the shortest sequence that still differs.
//!
//! The model ([`flat`], with [`permission`], [`roster`] and [`rules`]) does slowly on plain lists
//! what `docs/rules.md` says. Both are driven side by side ([`drive`]) by steps that are drawn from
//! a seed ([`step`]). After every step they must agree on every answer, holder, offer, tier, flag
//! and deadline; after every sequence the states that are live, followed, restored and replayed are
//! one; and one seed gives one run.
//!
//! `MUSTER_MODEL_CASES=N` plays N sequences instead of [`CASES`].

mod afterwards;
mod cast;
mod denials;
mod drive;
mod flat;
mod flaw;
mod later;
mod permission;
mod provisions;
mod publication;
mod resolve;
mod roster;
mod rules;
mod staffing;
mod step;
mod tally;
mod words;

use cast::Notice;
use drive::{Difference, play};
use engine::model::Rank;
use flat::Flaw;
use step::{Asker, Step, What, Who, Wish, sequence};
use tally::Tally;

/// Sequences played, unless the environment asks for more.
const CASES: u64 = 300;
/// Sequences in which a planted flaw must show itself.
const FLAW_CASES: u64 = 2_000;
/// Steps of the shortest sequence that shows a planted flaw, at most.
const SHORT: usize = 12;
/// Seeds that are played twice.
const TWICE: u64 = 20;

#[test]
fn the_engine_does_what_the_flat_model_does() {
    let cases = match std::env::var("MUSTER_MODEL_CASES") {
        Ok(text) => text
            .parse()
            .expect("MUSTER_MODEL_CASES is a number of sequences"),
        Err(_) => CASES,
    };
    let (mut steps, mut sum) = (0, Tally::default());
    for seed in 0..cases {
        let wanted = sequence(seed);
        match play(&wanted, Flaw::None) {
            Ok(tally) => sum.add(tally),
            Err(_) => panic!("{}", tell(seed, &wanted, Flaw::None)),
        }
        steps += wanted.len();
    }
    let refused: u64 = sum.refusals.values().sum();
    println!(
        "model: {cases} sequences, {steps} steps, {} asks ({} won, {refused} refused, {} retries, \
         {} turned away at the gate), {} flags, {} ticks, {} restarts, 0 differences; refusals {:?}",
        sum.asks,
        sum.awards,
        sum.retries,
        sum.at_the_gate,
        sum.flags,
        sum.ticks,
        sum.restarts,
        sum.refusals
    );
    let reached = [
        10 * sum.flags,
        sum.awards,
        sum.retries,
        sum.at_the_gate,
        sum.ticks,
        sum.restarts,
    ];
    // Few assignments lose their ground in so short a time; everything else is frequent.
    assert!(
        reached.iter().all(|count| *count > cases / 4),
        "{reached:?}"
    );
    for wanted in [
        "AlreadyExists",
        "BelowLadder",
        "Cancelled",
        "ClockedIn",
        "Denied",
        "Expired",
        "Filled",
        "Invalid",
        "NoFurtherTier",
        "NotAllowed",
        "NotEligible",
        "NotHolder",
        "NotStarted",
        "NotOffered",
        "Overlaps",
        "RankFilled",
        "RequestReused",
        "TooFewSlots",
        "Unchanged",
        "Unknown",
    ] {
        assert!(sum.refusals.contains_key(wanted), "nobody heard {wanted}");
    }
}

/// What has started can still be cancelled, and says so from then on; who heard that it had started
/// hears it again.
#[test]
fn a_retry_hears_that_the_work_had_started_although_it_was_cancelled_since() {
    let publish = What::Publish {
        notice: Notice {
            key: 0,
            lead: 0,
            programme: 1,
            segments: vec![(0, (10, 20))],
            slots: vec![Rank::Officer],
            windows: Vec::new(),
            around: (0, 0),
            staffed: Default::default(),
        },
        same_key: false,
    };
    let officer = Who::Exactly(0);
    let accept = What::Accept {
        back: 0,
        officer,
        round: 0,
    };
    let alone = |what: What| {
        let by = Asker::Proper;
        Step::Together(vec![Wish { by, what }])
    };
    let steps = [
        alone(publish),
        alone(accept),
        Step::Wait(12),
        alone(What::Release { back: 0, officer }),
        alone(What::Cancel { back: 0 }),
        alone(What::Again { back: 1 }),
    ];
    play(&steps, Flaw::None).expect("the retry hears what was heard first");
}

#[test]
fn one_seed_gives_one_run() {
    let trace = |seed: u64| {
        let played = play(&sequence(seed), Flaw::None);
        played.expect("the other test tells of differences").trace
    };
    let once: Vec<u64> = (0..TWICE).map(trace).collect();
    let twice: Vec<u64> = (0..TWICE).map(trace).collect();
    assert_eq!(once, twice);
    let mut distinct = once.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), once.len(), "a trace tells runs apart");
    println!("model: {TWICE} seeds played twice, the same trace each time");
}

#[test]
fn planted_flaws_are_found_and_shrunk() {
    for flaw in Flaw::PLANTED {
        let differs = |seed: &u64| play(&sequence(*seed), flaw).is_err();
        let Some(seed) = (0..FLAW_CASES).find(differs) else {
            panic!("{flaw:?} made no difference in {FLAW_CASES} sequences");
        };
        let all = sequence(seed);
        let (steps, difference) = shrink(&all, flaw);
        println!(
            "planted {flaw:?}: sequence {seed}, shrunk from {} steps to {}: {}",
            all.len(),
            steps.len(),
            difference.what.lines().next().unwrap_or_default()
        );
        assert!(steps.len() <= SHORT, "{flaw:?}: {steps:#?}");
        assert!(
            play(&steps, Flaw::None).is_ok(),
            "only the flaw makes a difference"
        );
    }
}

/// The shortest part of `steps` that dropping finds which still differs, and how.
fn shrink(steps: &[Step], flaw: Flaw) -> (Vec<Step>, Difference) {
    let mut short = steps.to_vec();
    let mut difference = play(&short, flaw).expect_err("there is something to shrink");
    // Nothing after the difference has to do with it.
    let mut chunk = short.len().div_ceil(2);
    while chunk > 0 {
        let mut dropped = false;
        let mut from = 0;
        while from < short.len() {
            let until = (from + chunk).min(short.len());
            let fewer = [&short[..from], &short[until..]].concat();
            match play(&fewer, flaw) {
                Err(found) => {
                    (short, difference) = (fewer, found);
                    dropped = true;
                }
                Ok(_) => from = until,
            }
        }
        chunk = if dropped && chunk == 1 { 1 } else { chunk / 2 };
    }
    for place in 0..short.len() {
        for fewer in simpler(&short[place]) {
            let mut simple = short.clone();
            simple[place] = fewer;
            if let Err(found) = play(&simple, flaw) {
                (short, difference) = (simple, found);
            }
        }
    }
    (short, difference)
}

/// A step that asks several things together, each of them alone.
fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Together(wishes) if wishes.len() > 1 => {
            let alone = wishes.iter().map(|wish| Step::Together(vec![wish.clone()]));
            alone.collect()
        }
        _ => Vec::new(),
    }
}

fn tell(seed: u64, steps: &[Step], flaw: Flaw) -> String {
    let (steps, Difference { step, what }) = shrink(steps, flaw);
    format!("seed {seed} differs in step {step} of {steps:#?}:\n{what}")
}
