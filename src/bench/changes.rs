//! What it costs to keep the index up to date, change by change.

use std::time::Instant;

use engine::core::{Actor, Event, Record, apply};
use engine::model::{
    Availability, Calendar, CertificationId, Exceptions, Interval, OfficerId, RequestId, Timestamp,
    Window,
};
use loadgen::seed::SplitMix64;

use super::crowd::Crowd;
use super::report::Beside;

/// Changes of each kind, in each of the goes.
const CHANGES: usize = 20_000;
/// How often the same changes are made: the shortest go of each counts, since a neighbour on the
/// machine does not disturb the same one every time.
const GOES: usize = 5;
/// The certificate that comes and goes, and how long it is valid.
const KIND: CertificationId = CertificationId(0);
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;

/// What one change costs, on average and at worst: in the index alone, and as a record applied.
pub(super) fn changes(seed: u64, crowd: &Crowd) -> Vec<Beside> {
    let mut dice = SplitMix64::new(seed ^ 1);
    let all = crowd.flat.len() as u64;
    let mut draw = || crowd.flat[dice.below(all) as usize].id;
    let officers: Vec<OfficerId> = (0..CHANGES).map(|_| draw()).collect();
    let mut bits = vec![0u64; crowd.state.roster().officers.end().index() / 64 + 1];
    let flip = goes(&officers, |officer, _| {
        bits[officer.index() / 64] ^= 1 << (officer.index() % 64);
    });
    let applied = as_records(crowd, &officers);
    let rows = in_index(crowd, &officers).into_iter().chain(applied);
    let mut beside = Vec::new();
    for (row, what, taken) in rows {
        let floor = ("one bit flipped, anywhere", flip.each_ns);
        beside.push(Beside::new(row, what, "ns", taken.each_ns, floor));
        let (row, what) = (format!("{row}-stall"), format!("{what}: the longest"));
        let floor = ("1 ms", 1e3);
        beside.push(Beside::new(
            &row,
            &what,
            "µs",
            taken.longest_ns / 1e3,
            floor,
        ));
    }
    beside
}

type Row = (&'static str, &'static str, Taken);

/// Changes of the index alone.
fn in_index(crowd: &Crowd, officers: &[OfficerId]) -> [Row; 3] {
    let now = crowd.now();
    let mut index = crowd.state.index().clone();
    let before = crowd.state.roster();
    let mut after = before.clone();
    for officer in officers {
        let row = after
            .officers
            .find_mut(*officer)
            .expect("it was drawn from them");
        row.certifications.remove(&KIND);
        row.availability = by_day(420);
    }
    let rosters = |turn| {
        if turn {
            (before, &after)
        } else {
            (&after, before)
        }
    };
    let certificate = goes(officers, |officer, turn| {
        index.certify(officer, KIND, rosters(turn).1, now);
    });
    let availability = goes(officers, |officer, turn| {
        let (old, new) = rosters(turn);
        let rows = old.officers.find(officer).zip(new.officers.find(officer));
        let (old, new) = rows.expect("it was drawn from them");
        index.declare(officer, &old.availability, new);
    });
    let span = crowd.work[0].row.posting.span();
    let nothing = Calendar::default();
    let busy = goes(officers, |officer, turn| match turn {
        true => index.book(officer, before, span),
        false => {
            let calendar = crowd.state.calendars().find(officer).unwrap_or(&nothing);
            index.rebook(officer, before, calendar, [span].into_iter());
        }
    });
    [
        ("certificate", "a certificate, in the index", certificate),
        (
            "availability",
            "another availability, in the index",
            availability,
        ),
        ("busy", "work taken or given back, in the index", busy),
    ]
}

/// Changes as records that are applied.
fn as_records(crowd: &Crowd, officers: &[OfficerId]) -> [Row; 2] {
    let mut state = crowd.state.clone();
    let mut record = |event: Event| {
        let record = Record {
            sequence: state.sequence().next(),
            at: state.at(),
            request: RequestId(0),
            by: Actor::Clock,
            fingerprint: 0,
            events: event.into(),
        };
        apply(&mut state, &record);
    };
    let start = Timestamp::MIN;
    let end = crowd.now().plus_ms(YEAR_MS);
    let valid = Interval { start, end };
    let certificate = goes(officers, |officer, turn| {
        record(match turn {
            true => Event::CertificationGranted {
                officer,
                certification: KIND,
                valid,
            },
            false => Event::CertificationRevoked {
                officer,
                certification: KIND,
            },
        });
    });
    let availability = goes(officers, |officer, turn| {
        let availability = Box::new(by_day(if turn { 420 } else { 360 }));
        record(Event::AvailabilityDeclared {
            officer,
            availability,
        });
    });
    [
        ("certificate-applied", "a certificate, applied", certificate),
        (
            "availability-applied",
            "another availability, applied",
            availability,
        ),
    ]
}

/// Availability on every day from this minute until six.
fn by_day(from_minute: u16) -> Availability {
    let until_minute = 1_080;
    let window = Window {
        from_minute,
        until_minute,
    };
    Availability::Declared {
        weekly: std::array::from_fn(|_| vec![window]).into(),
        exceptions: Exceptions::default(),
    }
}

/// What changes took: on average, and the longest.
struct Taken {
    each_ns: f64,
    longest_ns: f64,
}

/// Makes each change and takes it back, several times over: the shortest time of each counts.
fn goes(officers: &[OfficerId], mut change: impl FnMut(OfficerId, bool)) -> Taken {
    let mut shortest = [
        vec![u64::MAX; officers.len()],
        vec![u64::MAX; officers.len()],
    ];
    let mut shortest_go = [u128::MAX; 2];
    for _ in 0..GOES {
        for (turn, shortest_go) in [true, false].into_iter().zip(&mut shortest_go) {
            let began = Instant::now();
            officers.iter().for_each(|officer| change(*officer, turn));
            *shortest_go = (*shortest_go).min(began.elapsed().as_nanos());
        }
        for (turn, shortest) in [true, false].into_iter().zip(&mut shortest) {
            for (officer, shortest) in officers.iter().zip(shortest) {
                let began = Instant::now();
                change(*officer, turn);
                *shortest = (*shortest).min(began.elapsed().as_nanos() as u64);
            }
        }
    }
    let both: u128 = shortest_go.iter().sum();
    Taken {
        each_ns: both as f64 / 2.0 / officers.len() as f64,
        longest_ns: shortest.into_iter().flatten().max().unwrap_or(0) as f64,
    }
}
