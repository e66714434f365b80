//! What happens in the demo: a Monday-morning peak on the sample state.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use loadgen::behaviour::Mix;
use loadgen::pacer::{Extent, Pacer, Rate, schedule};
use loadgen::seed::derive;
use loadgen::storm::{Plan, StormOptions};
use loadgen::world::{Synthetic, SyntheticOfficer, SyntheticSite};

use crate::embedded::COMMIT;
use crate::sample::SampleState;

/// Vacancies of the peak.
const PEAK_VACANCIES: u64 = 400;
/// How fast they are published: the whole peak in about five seconds.
const PEAK_PER_SECOND: f64 = 80.0;
/// Vacancies of the trickle that follows, unless the demo ends after the peak.
const TRICKLE_VACANCIES: u64 = 3_600;
/// The trickle's rate.
const TRICKLE_PER_SECOND: f64 = 0.5;
/// How long each tier is asked before the next: short, so that escalation can be watched.
const WINDOW_MS: u64 = 1_500;

/// What the demo is made from.
pub(super) struct Options<'a> {
    pub(super) seed: u64,
    /// Whether a trickle follows the peak.
    pub(super) goes_on: bool,
    /// Monday 07:00 in Phoenix, microseconds since the epoch.
    pub(super) monday_us: i64,
    pub(super) now_us: i64,
    pub(super) sample: &'a SampleState,
}

/// The peak: every officer of the sample state on a session, hundreds of vacancies within
/// seconds, a few cancelled, an officer recalled, a certificate that lapses under an offer.
pub(super) fn peak(options: &Options<'_>) -> Plan {
    let instants = instants(options);
    let storm = StormOptions {
        seed: options.seed,
        officers: options.sample.officers().len(),
        vacancies: instants.len(),
        pacer: Pacer::Replay(instants),
        mix: Mix::default(),
        window_ms: WINDOW_MS,
        weeks: 1,
        monday_us: options.monday_us,
        now_us: options.now_us,
    };
    Plan {
        commit: COMMIT.to_owned(),
        workload: format!("demo --seed {}", options.seed),
        ..Plan::in_world(&storm, world(options.sample))
    }
}

/// When vacancies are published: independent arrivals at the peak's rate, then the trickle.
fn instants(options: &Options<'_>) -> Vec<Duration> {
    let arrivals = |per_second, name, hits| {
        let rate = Rate::per_second(per_second).expect("the demo's rates are positive");
        let seed = derive(options.seed, name);
        schedule(&Pacer::Poisson { rate, seed }, Extent::Hits(hits))
    };
    let mut instants = arrivals(PEAK_PER_SECOND, "demo peak", PEAK_VACANCIES);
    if options.goes_on {
        let after = instants.last().copied().unwrap_or_default() + Duration::from_secs(5);
        let trickle = arrivals(TRICKLE_PER_SECOND, "demo trickle", TRICKLE_VACANCIES);
        instants.extend(trickle.into_iter().map(|at| after + at));
    }
    instants
}

/// The sample state as a world for officers and their ledger.
fn world(sample: &SampleState) -> Synthetic {
    let agencies = sample.agencies().to_vec();
    let place = |code: &str| {
        let found = agencies.iter().position(|agency| agency == code);
        found.expect("the sample state's own agencies")
    };
    Synthetic {
        changes: sample.changes.clone(),
        programme: "sso".to_owned(),
        certification: "ade-sso".to_owned(),
        sites: sample
            .sites()
            .iter()
            .map(|site| SyntheticSite {
                code: site.code.clone(),
                lead: place(&site.lead),
            })
            .collect(),
        officers: sample
            .officers()
            .iter()
            .map(|one| SyntheticOfficer {
                badge: one.badge.clone(),
                agency: place(&one.agency),
            })
            .collect(),
        agencies,
    }
}

/// The date in Phoenix at this instant.
pub(super) fn date_of(at_us: i64) -> Date {
    let zone = TimeZone::get("America/Phoenix").unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
    at.to_zoned(zone).date()
}
