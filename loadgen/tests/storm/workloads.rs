//! Every workload against the village, which answers all of them truly.

use std::time::Duration;

use loadgen::behaviour::{Mix, Temper};
use loadgen::pacer::{Pacer, Rate};
use loadgen::ramp::{self, RampOptions};
use loadgen::storm::{Backoff, Outcome, Plan, Recorded, StormOptions, run};
use loadgen::usage::{Sample, Subject};
use loadgen::view::Silent;
use protocol::Rank;

use super::village::{Fault, Village};
use super::{options, patient, target};

async fn played(plan: Plan) -> Outcome {
    let village = Village::start(Fault::None);
    let outcome = run(patient(plan), target(&village), &Silent).await.unwrap();
    assert!(outcome.report.audit.is_clean(), "{:#?}", outcome.breaches);
    outcome
}

fn rate(hits: f64) -> Rate {
    Rate::per_second(hits).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_has_one_winner_and_everybody_else_is_told() {
    let options = StormOptions {
        officers: 24,
        vacancies: 10,
        pacer: Pacer::Constant(rate(20.0)),
        ..options()
    };
    let report = played(Plan::races(&options)).await.report;
    let counts = &report.counts;
    assert_eq!((counts.awards, counts.vacancies), (10, 10));
    // Who hears of a slot only when it is taken does not even ask.
    assert!(
        counts.accepts > 10 && counts.lost + 10 <= counts.accepts,
        "{counts:?}"
    );
    let latencies = &report.latency_us;
    assert!(latencies.race_to_winner.p50 > 0);
    assert!(latencies.race_to_last_loser.max >= latencies.race_to_winner.p50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_reaches_everybody_and_nobody_answers() {
    let options = StormOptions {
        officers: 24,
        vacancies: 5,
        pacer: Pacer::Constant(rate(20.0)),
        ..options()
    };
    let report = played(Plan::broadcasts(&options)).await.report;
    assert_eq!(
        (report.counts.offers_pushed, report.counts.accepts),
        (5 * 24, 0)
    );
    let recipients: Vec<u64> = report.broadcasts.iter().map(|one| one.recipients).collect();
    assert_eq!(recipients, [24; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_comes_back_after_a_cut() {
    for backoff in [Backoff::Spread, Backoff::Together] {
        let options = StormOptions {
            vacancies: 60,
            pacer: Pacer::Constant(rate(20.0)),
            mix: Mix::all(Temper::Eager),
            ..options()
        };
        let plan = Plan {
            backoff,
            ..Plan::reconnection(&options, Duration::from_secs(1))
        };
        let report = played(plan).await.report;
        assert_eq!(report.counts.connections_cut, 90);
        assert!(report.counts.reconnects >= 90, "{:?}", report.counts);
        assert!(report.latency_us.outage.p50 > 0);
        let names: Vec<&str> = report.periods.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["before", "after the cut"]);
        let asked: u64 = report.periods.iter().map(|one| one.publications).sum();
        assert_eq!(asked, 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_slow_nobody_and_miss_nothing() {
    let mut plan = Plan::storm(&options());
    plan.deafen(400);
    let is_deaf = |one: &&loadgen::storm::PlannedOfficer| one.behaviour.temper == Temper::Deaf;
    let deaf = plan.officers.iter().filter(is_deaf).count();
    assert!((15..60).contains(&deaf), "{deaf}");
    let report = played(plan).await.report;
    // What they hear when the schedule is over counts as heard, and is no measure of the server.
    let measured: u64 = report.broadcasts.iter().map(|one| one.recipients).sum();
    assert!(
        (1..report.counts.offers_pushed).contains(&measured),
        "{measured} of {}",
        report.counts.offers_pushed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_sessions_stand_and_are_weighed() {
    let lasting = Duration::from_millis(1_200);
    let plan = Plan {
        subject: Some(Subject::own(None)),
        ..Plan::idle(&options(), lasting)
    };
    let begun = std::time::Instant::now();
    let village = Village::start(Fault::None);
    let outcome = run(plan, target(&village), &Silent).await.unwrap();
    let report = outcome.report;
    assert!(begun.elapsed() >= lasting);
    assert_eq!((report.counts.sessions, report.counts.vacancies), (90, 0));
    let usage = &report.usage;
    // How much each weighs is not asked: other tests come and go in this process.
    let stood = |sample: &&Sample| sample.sessions == 90;
    let looks: Vec<&Sample> = usage.samples.iter().filter(stood).collect();
    assert!(looks.len() > 1, "{usage:?}");
    assert!(looks.iter().all(|look| look.memory_bytes > 0), "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_offered_in_its_own_time_scaled() {
    let recorded: Vec<Recorded> = [0, 800, 900, 4_000]
        .map(|ms| Recorded {
            at: Duration::from_millis(ms),
            slots: vec![Rank::Officer; 2],
            lasting_us: 5 * 3_600_000_000,
        })
        .to_vec();
    let plan = Plan::replay(&options(), &recorded, 10.0);
    let instants: Vec<u128> = plan
        .publications
        .iter()
        .map(|one| one.at.as_millis())
        .collect();
    assert_eq!(instants, [0, 80, 90, 400]);
    assert_eq!(
        plan.digest(),
        Plan::replay(&options(), &recorded, 10.0).digest()
    );
    let report = played(plan).await.report;
    assert_eq!(report.counts.vacancies, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_with_the_profile_around_the_knee() {
    let ramp = RampOptions {
        storm: StormOptions {
            mix: Mix::all(Temper::Eager),
            ..options()
        },
        bound: Duration::from_secs(5),
        from: rate(20.0),
        to: rate(40.0),
        step: Duration::from_millis(500),
        commit: "none".to_owned(),
        subject: None,
    };
    let village = Village::start(Fault::None);
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let outcome = ramp::run(&ramp, &target(&village), &Silent, &mut say).await;
    let outcome = outcome.unwrap();
    assert!(outcome.report.audit.is_clean(), "{:#?}", outcome.breaches);
    let knee = &outcome.report.knee;
    assert_eq!(
        (knee.publications_per_ks, knee.is_a_lower_limit),
        (40_000, 1)
    );
    assert_eq!((knee.probes.len(), said.len()), (2, 2));
    let asked: Vec<u64> = outcome
        .report
        .periods
        .iter()
        .map(|one| one.publications)
        .collect();
    assert_eq!(asked, [10, 20, 40, 60, 10]);
}
