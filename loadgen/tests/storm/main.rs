//! Storms over real QUIC sessions against a small village server that can be told to misbehave.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod village;
mod workloads;

use std::sync::Arc;
use std::time::Duration;

use loadgen::audit::BreachKind;
use loadgen::behaviour::Mix;
use loadgen::live::Live;
use loadgen::pacer::{Pacer, Rate};
use loadgen::storm::{Outcome, Plan, StormError, StormOptions, Target, run};
use loadgen::view::{Progress, Silent};
use village::{Fault, Village};

const NOW_US: i64 = 1_795_000_000_000_000;
const MONDAY_US: i64 = 1_795_442_400_000_000;

fn options() -> StormOptions {
    StormOptions {
        seed: 7,
        officers: 90,
        vacancies: 30,
        pacer: Pacer::Constant(Rate::per_second(60.0).unwrap()),
        mix: Mix::default(),
        window_ms: 250,
        weeks: 1,
        monday_us: MONDAY_US,
        now_us: NOW_US,
    }
}

fn plan() -> Plan {
    quick(Plan::storm(&options()))
}

/// The same with less patience at the end, because the village answers at once.
fn quick(plan: Plan) -> Plan {
    Plan {
        settle: Duration::from_millis(400),
        deadline: Duration::from_secs(4),
        ..plan
    }
}

/// With time enough for everything to be answered on a machine that has other work.
fn patient(plan: Plan) -> Plan {
    Plan {
        settle: Duration::from_secs(1),
        deadline: Duration::from_secs(30),
        ..plan
    }
}

fn target(village: &Village) -> Target {
    Target {
        address: village.address(),
        server_name: "localhost".to_owned(),
        trust: village.trust(),
        signing: village.signing(),
        import_roster: true,
    }
}

async fn storm(fault: Fault) -> Outcome {
    storm_of(fault, plan()).await
}

async fn storm_of(fault: Fault, plan: Plan) -> Outcome {
    let village = Village::start(fault);
    run(plan, target(&village), &Silent).await.unwrap()
}

/// Storms in one of which a planted fault has to show: whether two officers come for one slot at
/// all is up to the machine.
const STORMS_MAX: usize = 3;

/// Asserts that the fault is found as a breach of this kind, told in these words.
async fn assert_found(fault: Fault, kind: BreachKind, words: &[&str]) {
    // Nobody cuts a connection, which would excuse a push that nobody heard.
    let mix: Mix = "eager=60,considered=20,silent=10,decline=5,release=5"
        .parse()
        .unwrap();
    let mut breaches = Vec::new();
    for _ in 0..STORMS_MAX {
        let plan = quick(Plan::storm(&StormOptions { mix, ..options() }));
        let outcome = storm_of(fault, plan).await;
        let mut of_kind = outcome.breaches.iter().filter(|breach| breach.kind == kind);
        if of_kind.any(|breach| words.iter().all(|word| breach.history.contains(word))) {
            assert!(!outcome.report.audit.is_clean());
            return;
        }
        breaches.push(outcome.breaches);
    }
    panic!("{fault:?} is not told as {kind} with {words:?}: {breaches:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_server_comes_out_clean() {
    let outcome = storm_of(Fault::None, patient(Plan::storm(&options()))).await;
    let report = &outcome.report;
    assert!(report.audit.is_clean(), "{:#?}", outcome.breaches);
    let counts = &report.counts;
    assert_eq!((counts.officers, counts.sessions), (90, 90));
    assert_eq!((counts.vacancies, counts.dropped), (30, 0));
    for (what, count) in [
        ("offers", counts.offers_pushed),
        ("accepts", counts.accepts),
        ("awards", counts.awards),
        ("escalations", counts.escalations),
        ("cancels", counts.cancels),
    ] {
        assert!(count > 0, "no {what}: {counts:?}");
    }
    let latencies = &report.latency_us;
    for percentiles in [
        latencies.publish_to_last_push,
        latencies.publish_to_answer,
        latencies.accept_to_answer,
    ] {
        assert!(
            percentiles.p50 > 0 && percentiles.max < 5_000_000,
            "{latencies:?}"
        );
    }
    assert!(latencies.accept_service.p50 <= latencies.accept_to_answer.p50);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_connections_resume_without_a_breach() {
    let village = Village::start(Fault::None);
    let mix: Mix = "drop=1".parse().unwrap();
    let plan = patient(Plan::storm(&StormOptions { mix, ..options() }));
    let outcome = run(plan, target(&village), &Silent).await.unwrap();
    assert!(outcome.report.audit.is_clean(), "{:#?}", outcome.breaches);
    let counts = &outcome.report.counts;
    assert!(counts.connections_cut > 5 && counts.reconnects >= counts.connections_cut);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_fill_is_caught_and_explained() {
    let words = ["held slot 0", "; yet ", "answered Won"];
    assert_found(Fault::DoubleFill, BreachKind::DoubleFill, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swallowed_answer_is_caught() {
    let words = ["asked to Accept", "heard nothing"];
    assert_found(Fault::SwallowsAnAnswer, BreachKind::LostAnswer, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_to_everybody_are_caught() {
    let words = ["was offered in tier 0"];
    assert_found(
        Fault::OffersToEverybody,
        BreachKind::IneligibleOffer,
        &words,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_against_a_lapsed_certificate_is_caught() {
    let words = ["was awarded", "ade-sso"];
    assert_found(Fault::NeverLooksAgain, BreachKind::IneligibleOffer, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_nobody_is_caught() {
    let words = ["the board says", "heard it"];
    assert_found(Fault::SkipsAPush, BreachKind::MissingPush, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_that_is_no_news_is_caught() {
    let words = ["won", "was not told that it is assigned"];
    assert_found(Fault::TellsNoWinner, BreachKind::MissingPush, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_ends_without_a_word_is_caught() {
    let words = ["was offered", "was not told that it no longer stands"];
    assert_found(Fault::TellsNoLoser, BreachKind::MissingPush, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_comes_twice_is_caught_though_its_officer_hears_it_once() {
    let words = ["1 pushes at or before the cursor", "withheld"];
    assert_found(Fault::RepeatsAPush, BreachKind::RepeatedPush, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_shows_in_full_in_the_response_time() {
    let outcome = storm(Fault::Stalls(Duration::from_millis(200))).await;
    let latencies = &outcome.report.latency_us;
    assert!(latencies.publish_to_answer.p999 >= 195_000, "{latencies:?}");
    assert!(
        latencies.publish_to_last_push.max >= 195_000,
        "{latencies:?}"
    );
    // 60 publications a second: those of the stall's 200 ms all waited for a part of it, which
    // a generator that waits for its answers would not have noticed.
    assert!(latencies.publish_to_answer.p90 >= 50_000, "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_on_the_same_server_is_no_trouble() {
    let village = Village::start(Fault::None);
    let mut small = options();
    (small.vacancies, small.officers) = (4, 20);
    for later in 0..2 {
        small.now_us = NOW_US + later;
        let outcome = run(quick(Plan::storm(&small)), target(&village), &Silent)
            .await
            .unwrap();
        assert!(outcome.report.audit.is_clean(), "{:#?}", outcome.breaches);
        assert_eq!(outcome.report.counts.vacancies, 4);
    }
}

/// Asks the run to stop as soon as it begins.
struct Impatient;

impl Progress for Impatient {
    fn begin(&self, live: &Arc<Live>) {
        live.ask_stop();
    }

    fn end(&self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_early_counts_as_dropped() {
    let village = Village::start(Fault::None);
    let mut slow = options();
    slow.pacer = Pacer::Constant(Rate::per_second(0.5).unwrap());
    let outcome = run(quick(Plan::storm(&slow)), target(&village), &Impatient)
        .await
        .unwrap();
    let counts = &outcome.report.counts;
    assert!(counts.dropped >= 29, "{counts:?}");
    assert!(counts.vacancies <= 1, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_another_key_says_so() {
    let (village, other) = (Village::start(Fault::None), Village::start(Fault::None));
    let target = Target {
        signing: other.signing(),
        ..target(&village)
    };
    let error = run(plan(), target, &Silent).await.unwrap_err();
    let StormError::Session { who, .. } = &error else {
        panic!("a session is refused, not {error}");
    };
    assert_eq!(who, "loadgen-operator");
    assert!(error.to_string().contains("token"), "{error}");
}
