//! The bounds of commands: what lies on one is done, what lies beyond is refused with its reason.

#[path = "bounds/afterwards.rs"]
mod afterwards;
#[path = "bounds/denials.rs"]
mod denials;
#[path = "bounds/jobs.rs"]
mod jobs;
#[path = "bounds/provided.rs"]
mod provided;
#[path = "bounds/publication.rs"]
mod publication;
#[path = "bounds/roster.rs"]
mod roster;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Actor, Body, Command, Events, Invalid, Kind, Matches, NewSegment, NewVacancy, Outcome, Record,
    Refusal, RosterChange, Stamp, State, apply, decide,
};
use engine::limits::{
    AVAILABILITY_WINDOWS_MAX, CERTIFICATIONS_MAX, POST_ORDERS_LEN_MAX, REASON_LEN_MAX,
    SEGMENTS_MAX, SLOTS_MAX, VACANCY_SPAN_US_MAX, WINDOW_MS_MAX, WINDOWS_MAX,
};
use engine::model::{
    Class, Date, Interval, Position, Rank, RequestId, SiteKind, Timestamp, VacancyId, VacancyKey,
    Window,
};

/// 07:00 in Phoenix on 22 November 2026.
const NOW: Timestamp = Timestamp(1_795_356_000_000_000);
const HOUR_US: i64 = 3_600_000_000;

/// A roster with one of each, and one vacancy.
fn town() -> State {
    let mut state = State::empty();
    settle(&mut state, Body::Roster(town_roster()));
    settle(&mut state, Body::Publish(Box::new(vacancy(1))));
    state
}

fn town_roster() -> Vec<RosterChange> {
    let name = || String::from("Invented");
    vec![
        certification(0),
        RosterChange::Programme {
            code: "sso".into(),
            name: name(),
            certifications: vec!["kind-0".into()],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Agency {
            code: "chandler".into(),
            name: name(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Site(site()),
        officer("B-01"),
    ]
}

fn site() -> NewSite {
    NewSite {
        code: "chandler-001".into(),
        name: "Invented".into(),
        lead: "chandler".into(),
        zone: "America/Phoenix".into(),
        position: Position {
            latitude_udeg: 33_306_160,
            longitude_udeg: -111_841_250,
        },
        geofence_m: 150,
        district: "Invented".into(),
        kind: SiteKind::Public,
        ade_funded: false,
    }
}

fn officer(badge: &str) -> RosterChange {
    RosterChange::Officer(NewOfficer {
        badge: badge.into(),
        home: "chandler".into(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![("kind-0".into(), Interval::ALWAYS)],
        approvals: vec![],
        availability: NewAvailability::Always,
    })
}

fn certification(number: usize) -> RosterChange {
    RosterChange::Certification {
        code: format!("kind-{number}"),
        name: "Invented".into(),
    }
}

fn vacancy(key: u128) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(key),
        lead: "chandler".into(),
        programme: "sso".into(),
        segments: vec![segment(1, 2)],
        slots: vec![Rank::Officer],
        windows_ms: vec![],
        post_orders: String::new(),
    }
}

/// Work between so many microseconds from now.
fn segment(from_us: i64, until_us: i64) -> NewSegment {
    NewSegment {
        site: "chandler-001".into(),
        start: Timestamp(NOW.0 + from_us),
        end: Timestamp(NOW.0 + until_us),
    }
}

/// What an operator hears now.
fn judge(state: &State, body: Body) -> Result<Outcome, Refusal> {
    judge_as(state, Actor::Operator, NOW, body)
}

fn judge_as(state: &State, by: Actor, at: Timestamp, body: Body) -> Result<Outcome, Refusal> {
    let request = RequestId(1);
    let command = Command { request, by, body };
    // Whoever accepts is first in line.
    let stamp = Stamp { at, place: 1 };
    let decided = decide(state, &command, stamp, &Matches::none());
    decided.map_err(|refused| refused.refusal)
}

fn settle(state: &mut State, body: Body) {
    settle_as(state, Actor::Operator, NOW, body);
}

fn settle_as(state: &mut State, by: Actor, at: Timestamp, body: Body) {
    let Ok(Outcome::New(events)) = judge_as(state, by, at, body) else {
        panic!("it is refused, or was asked before")
    };
    record(state, by, at, events);
}

/// Writes what happened into `state`.
fn record(state: &mut State, by: Actor, at: Timestamp, events: Events) {
    let sequence = state.sequence().next();
    let record = Record {
        sequence,
        at,
        // Nobody asks under this request again.
        request: RequestId(u128::MAX - u128::from(sequence.0)),
        by,
        fingerprint: 0,
        events,
    };
    apply(state, &record);
}

/// Asserts that each body is done, or refused as invalid for that reason.
fn check(cases: Vec<(&str, Body, Option<Invalid>)>) {
    check_in(&town(), cases);
}

fn check_in(state: &State, cases: Vec<(&str, Body, Option<Invalid>)>) {
    for (case, body, expected) in cases {
        let refused = judge(state, body).err();
        assert_eq!(refused, expected.map(Refusal::Invalid), "{case}");
    }
}

fn published(change: impl FnOnce(&mut NewVacancy)) -> Body {
    let mut new = vacancy(2);
    change(&mut new);
    Body::Publish(Box::new(new))
}

#[test]
fn a_publication_has_its_bounds() {
    let segments = |count: usize| {
        let numbers = 1..=i64::try_from(count).expect("a handful");
        published(|new| new.segments = numbers.map(|n| segment(n, n + 1)).collect())
    };
    let slots = |count| published(|new| new.slots = vec![Rank::Officer; count]);
    let windows = |windows: Vec<u64>| published(|new| new.windows_ms = windows);
    let orders = |length| published(|new| new.post_orders = "x".repeat(length));
    check(vec![
        ("no segment", segments(0), Some(Invalid::Segments)),
        ("all segments", segments(SEGMENTS_MAX), None),
        (
            "one more",
            segments(SEGMENTS_MAX + 1),
            Some(Invalid::Segments),
        ),
        ("no slot", slots(0), Some(Invalid::Slots)),
        ("all slots", slots(SLOTS_MAX), None),
        ("one more", slots(SLOTS_MAX + 1), Some(Invalid::Slots)),
        ("all windows", windows(vec![1; WINDOWS_MAX]), None),
        (
            "one more",
            windows(vec![1; WINDOWS_MAX + 1]),
            Some(Invalid::Windows),
        ),
        ("the longest window", windows(vec![WINDOW_MS_MAX]), None),
        (
            "a longer one",
            windows(vec![1, WINDOW_MS_MAX + 1]),
            Some(Invalid::Windows),
        ),
        ("the longest orders", orders(POST_ORDERS_LEN_MAX), None),
        (
            "longer ones",
            orders(POST_ORDERS_LEN_MAX + 1),
            Some(Invalid::PostOrders),
        ),
    ]);
}

#[test]
fn work_begins_after_now_and_spans_31_days() {
    let work = |segments: Vec<NewSegment>| published(|new| new.segments = segments);
    let (max, order) = (VACANCY_SPAN_US_MAX, Some(Invalid::SegmentOrder));
    let two = |end| work(vec![segment(1, HOUR_US), segment(2 * HOUR_US, end)]);
    check(vec![
        ("now", work(vec![segment(0, 1)]), Some(Invalid::InThePast)),
        ("a moment later", work(vec![segment(1, 2)]), None),
        ("no time at all", work(vec![segment(1, 1)]), order.clone()),
        ("backwards", work(vec![segment(2, 1)]), order.clone()),
        ("31 days", work(vec![segment(1, 1 + max)]), None),
        ("more", work(vec![segment(1, 2 + max)]), order.clone()),
        ("far more", work(vec![segment(1, 2 * max)]), order.clone()),
        ("31 days, in two", two(1 + max), None),
        ("more, in two", two(2 + max), order),
    ]);
}

#[test]
fn a_reason_has_its_length() {
    let cancel = |length| {
        let (vacancy, reason) = (VacancyId(0), "x".repeat(length));
        Body::Cancel { vacancy, reason }
    };
    check(vec![
        ("the longest", cancel(REASON_LEN_MAX), None),
        ("longer", cancel(REASON_LEN_MAX + 1), Some(Invalid::Reason)),
        (
            "much longer",
            cancel(2 * REASON_LEN_MAX),
            Some(Invalid::Reason),
        ),
    ]);
}

#[test]
fn declared_windows_lie_in_a_day_and_days_exist() {
    let window = |from_minute, until_minute| Window {
        from_minute,
        until_minute,
    };
    let date = |month, day| Date {
        year: 2027,
        month,
        day,
    };
    let declared = |weekly, exceptions| {
        Body::Roster(vec![RosterChange::AvailabilityDeclared {
            badge: "B-01".into(),
            availability: NewAvailability::Declared { weekly, exceptions },
        }])
    };
    let weekly = |day, from, until| declared(vec![(day, window(from, until))], vec![]);
    let dated = |date, windows| declared(vec![], vec![(date, windows)]);
    let many = |weekly: usize, dates: usize, each: usize| {
        let dates = vec![(date(1, 1), vec![window(0, 1); each]); dates];
        declared(vec![(0, window(0, 1)); weekly], dates)
    };
    let (max, no) = (AVAILABILITY_WINDOWS_MAX, Some(Invalid::Availability));
    check(vec![
        ("a whole day", weekly(6, 0, 1_440), None),
        ("an eighth day", weekly(7, 0, 1_440), no.clone()),
        ("beyond midnight", weekly(0, 0, 1_441), no.clone()),
        ("no time", weekly(0, 600, 600), no.clone()),
        ("backwards", weekly(0, 600, 599), no.clone()),
        (
            "an eighth day beyond midnight",
            weekly(7, 0, 1_441),
            no.clone(),
        ),
        ("a date", dated(date(2, 28), vec![window(0, 1)]), None),
        ("a date off", dated(date(2, 28), vec![]), None),
        (
            "no such date",
            dated(date(2, 29), vec![window(0, 1)]),
            no.clone(),
        ),
        ("no such date, off", dated(date(2, 29), vec![]), no.clone()),
        (
            "a date beyond midnight",
            dated(date(2, 28), vec![window(0, 1_441)]),
            no.clone(),
        ),
        ("all windows", many(max, 0, 0), None),
        ("one more", many(max + 1, 0, 0), no.clone()),
        ("dates count", many(max - 2, 1, 1), None),
        ("one more, with a date", many(max - 1, 1, 1), no.clone()),
        ("one more, by dates", many(0, max / 2 + 1, 1), no),
    ]);
}

#[test]
fn an_installation_holds_so_many_of_a_kind() {
    let state = town();
    let added = |count| Body::Roster((1..=count).map(certification).collect());
    let rest = CERTIFICATIONS_MAX - 1;
    assert!(
        judge(&state, added(rest)).is_ok(),
        "as many as there may be"
    );
    let (kind, limit) = (Kind::Certification, CERTIFICATIONS_MAX as u64);
    let refused = judge(&state, added(rest + 1)).err();
    assert_eq!(refused, Some(Refusal::LimitReached { kind, limit }));
}
