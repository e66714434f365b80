//! Bounds of what agencies, customers and officers provide.

use engine::core::NewProvision;
use engine::limits::{
    DISTRICTS_MAX, LIFTS_MAX, LIMITS_MAX, NAME_LEN_MAX, PERIOD_DAYS_MAX, QUIET_WINDOWS_MAX,
    REACH_METRES_MAX,
};
use engine::model::{
    Beyond, Ladder, Lift, Limit, Measure, OfficerId, Period, Preferences, Provisions, Quiet, Reach,
};
use engine::rules::{Candidate, Clause, eligibility};

use super::*;

fn provided(provision: NewProvision) -> Body {
    Body::Roster(vec![RosterChange::Provided(provision)])
}

#[test]
fn limits_are_so_many_and_of_periods_that_there_are() {
    let limit = |period| Limit {
        measure: Measure::Hours {
            period,
            most_minutes: 600,
        },
        beyond: Beyond::Warn,
        valid: Interval::ALWAYS,
    };
    let rest = Limit {
        measure: Measure::Rest { least_minutes: 480 },
        ..limit(Period::Day)
    };
    let backwards = Limit {
        valid: Interval {
            start: Timestamp(2),
            end: Timestamp(1),
        },
        ..rest
    };
    let set = |limits| {
        let agency = "chandler".into();
        provided(NewProvision::Limits { agency, limits })
    };
    let week = |starts_on| set(vec![rest, limit(Period::Week { starts_on })]);
    let days = |days| set(vec![rest, limit(Period::Days(days))]);
    let no = Some(Invalid::Limits);
    check(vec![
        ("none", set(vec![]), None),
        ("all", set(vec![rest; LIMITS_MAX]), None),
        ("one more", set(vec![rest; LIMITS_MAX + 1]), no.clone()),
        ("from Sunday", week(6), None),
        ("from an eighth day", week(7), no.clone()),
        ("one day", days(1), None),
        ("no days", days(0), no.clone()),
        ("the longest", days(PERIOD_DAYS_MAX), None),
        ("longer", days(PERIOD_DAYS_MAX + 1), no),
        ("never", set(vec![backwards]), Some(Invalid::Validity)),
    ]);
}

#[test]
fn what_lies_on_a_limit_holds() {
    let state = town();
    let row = state.vacancy(VacancyId(0)).expect("it was published");
    let ground = state.ground(row, NOW).expect("it has a programme");
    let id = OfficerId(0);
    let officer = state.roster().officers.find(id);
    let officer = officer.expect("there is one officer");
    let calendar = None;
    let who = Candidate {
        id,
        officer,
        calendar,
    };
    let hours = |would_be_minutes| Clause::Hours {
        period: Period::Day,
        held_minutes: 0,
        would_be_minutes,
        most_minutes: 600,
    };
    let rest = |between_minutes| Clause::Rest {
        between_minutes,
        least_minutes: 480,
    };
    let cases = [
        (hours(599), true),
        (hours(600), true),
        (hours(601), false),
        (rest(479), false),
        (rest(480), true),
        (rest(481), true),
    ];
    for (clause, holds) in cases {
        assert_eq!(eligibility::holds(ground, clause, who), holds, "{clause:?}");
    }
}

/// So many lifts, each of an hour of its own, from the `first` hour on.
fn lifted(first: usize, count: usize, reason: usize) -> Body {
    let lift = |number: usize| {
        let start = NOW.0 + number as i64 * HOUR_US;
        let (start, end) = (Timestamp(start), Timestamp(start + HOUR_US));
        RosterChange::Provided(NewProvision::Lifted {
            badge: "B-01".into(),
            lift: Lift::Dated(Interval { start, end }),
            reason: "x".repeat(reason),
        })
    };
    Body::Roster((first..first + count).map(lift).collect())
}

#[test]
fn a_lift_has_a_reason() {
    let no = Some(Invalid::Lift);
    check(vec![
        ("the shortest", lifted(0, 1, 1), None),
        ("the longest", lifted(0, 1, REASON_LEN_MAX), None),
        ("none", lifted(0, 1, 0), no.clone()),
        ("longer", lifted(0, 1, REASON_LEN_MAX + 1), no),
    ]);
}

#[test]
fn an_officer_has_so_many_lifts_that_are_of_use() {
    let mut state = town();
    let full = {
        let (kind, limit) = (Kind::Lift, LIFTS_MAX as u64);
        Some(Refusal::LimitReached { kind, limit })
    };
    assert_eq!(judge(&state, lifted(0, LIFTS_MAX + 1, 1)).err(), full);
    settle(&mut state, lifted(0, LIFTS_MAX - 1, 1));
    let next = LIFTS_MAX - 1;
    assert_eq!(judge(&state, lifted(next, 2, 1)).err(), full);
    settle(&mut state, lifted(next, 1, 1));
    assert_eq!(judge(&state, lifted(next + 1, 1, 1)).err(), full);
    // Those that are there already are replaced by themselves, one or all of them.
    settle(&mut state, lifted(next, 1, 1));
    settle(&mut state, lifted(0, LIFTS_MAX, 1));
    assert_eq!(judge(&state, lifted(1, LIFTS_MAX, 1)).err(), full);
    // What one officer has is no bound on another, in one change.
    let mut fresh = town();
    settle(&mut fresh, Body::Roster(vec![officer("B-02")]));
    let (Body::Roster(mut both), Body::Roster(mut others)) =
        (lifted(0, LIFTS_MAX, 1), lifted(LIFTS_MAX, 1, 1))
    else {
        panic!("lifts are changes of the roster")
    };
    for change in &mut others {
        if let RosterChange::Provided(NewProvision::Lifted { badge, .. }) = change {
            *badge = "B-02".into();
        }
    }
    both.append(&mut others);
    assert_eq!(judge(&fresh, Body::Roster(both)).err(), None);
    // An hour later the first of them is of no use any more.
    let later = Timestamp(NOW.0 + HOUR_US);
    let hear = |count| {
        let again = lifted(next + 1, count, 1);
        judge_as(&state, Actor::Operator, later, again).err()
    };
    assert_eq!(hear(1), None);
    assert_eq!(hear(2), full);
    settle_as(&mut state, Actor::Operator, later, lifted(next + 1, 1, 1));
    let kept = &state.roster().provisions.lifts[&OfficerId(0)];
    assert_eq!(kept.len(), LIFTS_MAX);
}

#[test]
fn what_was_provided_and_is_taken_back_leaves_nothing() {
    let mut state = town();
    let (agency, badge) = (|| "chandler".to_owned(), || "B-01".to_owned());
    let rest = Limit {
        measure: Measure::Rest { least_minutes: 480 },
        beyond: Beyond::Warn,
        valid: Interval::ALWAYS,
    };
    let quick = Preferences {
        notice_ms: 1,
        ..Preferences::default()
    };
    let limits = |limits| {
        let agency = agency();
        NewProvision::Limits { agency, limits }
    };
    let prefer = |preferences| {
        let badge = badge();
        NewProvision::Preferences { badge, preferences }
    };
    let last = |classes| NewProvision::LastTier {
        programme: "sso".into(),
        classes,
        waived: vec![],
    };
    let jobs = |required| NewProvision::JobRules {
        agency: agency(),
        required,
        programmes: vec![],
        verified: false,
        rules: vec![],
    };
    let ladders = |ladders| {
        let agency = agency();
        NewProvision::Ladders { agency, ladders }
    };
    let ladder = Ladder {
        steps: vec![],
        higher_fills: true,
        valid: Interval::ALWAYS,
    };
    settle(&mut state, provided(limits(vec![rest])));
    settle(&mut state, provided(prefer(quick)));
    settle(&mut state, provided(last(vec![Class::PeaceOfficer])));
    settle(&mut state, provided(jobs(true)));
    settle(&mut state, provided(ladders(vec![ladder])));
    let provisions = &state.roster().provisions;
    assert_eq!(provisions.job_rules.len(), 1);
    assert_eq!(provisions.ladders.len(), 1);
    assert_eq!(provisions.limits.len(), 1);
    assert_eq!(provisions.preferences.len(), 1);
    assert_eq!(provisions.last_tiers.len(), 1);
    settle(&mut state, provided(limits(vec![])));
    settle(&mut state, provided(prefer(Preferences::default())));
    settle(&mut state, provided(last(vec![])));
    settle(&mut state, provided(jobs(false)));
    settle(&mut state, provided(ladders(vec![])));
    assert_eq!(state.roster().provisions, Provisions::default());
}

#[test]
fn preferences_have_their_bounds() {
    let prefer = |change: fn(&mut Preferences)| {
        let mut preferences = Preferences::default();
        change(&mut preferences);
        let badge = "B-01".into();
        provided(NewProvision::Preferences { badge, preferences })
    };
    let no = Some(Invalid::Preferences);
    check(vec![
        ("none", prefer(|_| {}), None),
        (
            "all districts",
            prefer(|new| new.districts = vec!["x".into(); DISTRICTS_MAX]),
            None,
        ),
        (
            "one more",
            prefer(|new| new.districts = vec!["x".into(); DISTRICTS_MAX + 1]),
            no.clone(),
        ),
        (
            "the longest name",
            prefer(|new| new.districts = vec!["x".repeat(NAME_LEN_MAX).into()]),
            None,
        ),
        (
            "a longer one",
            prefer(|new| new.districts = vec!["x".repeat(NAME_LEN_MAX + 1).into()]),
            no.clone(),
        ),
        (
            "no name",
            prefer(|new| new.districts = vec!["x".into(), "".into()]),
            no.clone(),
        ),
        (
            "the longest notice",
            prefer(|new| new.notice_ms = WINDOW_MS_MAX),
            None,
        ),
        (
            "longer",
            prefer(|new| new.notice_ms = WINDOW_MS_MAX + 1),
            no.clone(),
        ),
        (
            "the farthest",
            prefer(|new| new.reach = around(0, REACH_METRES_MAX)),
            None,
        ),
        (
            "farther",
            prefer(|new| new.reach = around(0, REACH_METRES_MAX + 1)),
            no.clone(),
        ),
        ("a metre", prefer(|new| new.reach = around(0, 1)), None),
        (
            "nowhere",
            prefer(|new| new.reach = around(0, 0)),
            no.clone(),
        ),
        (
            "beyond the pole",
            prefer(|new| new.reach = around(90_000_001, 1)),
            no,
        ),
    ]);
}

fn around(latitude_udeg: i32, metres: u32) -> Option<Reach> {
    let longitude_udeg = 0;
    let from = Position {
        latitude_udeg,
        longitude_udeg,
    };
    Some(Reach { from, metres })
}

#[test]
fn quiet_is_a_part_of_the_day_and_never_all_of_it() {
    let quiet = |zone: &str, windows: &[(u16, u16)]| {
        let window = |&(from_minute, until_minute): &(u16, u16)| Window {
            from_minute,
            until_minute,
        };
        let quiet = Some(Quiet {
            zone: zone.into(),
            windows: windows.iter().map(window).collect(),
        });
        let preferences = Preferences {
            quiet,
            ..Preferences::default()
        };
        let badge = "B-01".into();
        provided(NewProvision::Preferences { badge, preferences })
    };
    let phoenix = |windows: &[(u16, u16)]| quiet("America/Phoenix", windows);
    let many = |count: usize| {
        let windows: Vec<(u16, u16)> = (0..count as u16).map(|n| (n * 60, n * 60 + 30)).collect();
        phoenix(&windows)
    };
    let no = Some(Invalid::Preferences);
    check(vec![
        ("a night", phoenix(&[(1_320, 1_440), (0, 360)]), None),
        ("a minute is left", phoenix(&[(0, 600), (601, 1_440)]), None),
        ("the middle of the day", phoenix(&[(480, 960)]), None),
        ("a whole day", phoenix(&[(0, 1_440)]), no.clone()),
        ("in parts", phoenix(&[(600, 1_440), (0, 700)]), no.clone()),
        ("no window", phoenix(&[]), no.clone()),
        ("all windows", many(QUIET_WINDOWS_MAX), None),
        ("one more", many(QUIET_WINDOWS_MAX + 1), no.clone()),
        ("backwards", phoenix(&[(0, 5), (60, 50)]), no.clone()),
        ("beyond midnight", phoenix(&[(60, 1_441)]), no.clone()),
        ("no such zone", quiet("Mars/Olympus", &[(0, 60)]), no),
    ]);
}

#[test]
fn a_last_tier_waives_what_is_asked_and_is_approved_by_somebody() {
    let last = |waived: &[&str]| {
        RosterChange::Provided(NewProvision::LastTier {
            programme: "sso".into(),
            classes: vec![Class::CommunityServiceOfficer],
            waived: waived.iter().map(|code| (*code).to_owned()).collect(),
        })
    };
    let roster = |changes| Body::Roster(changes);
    check(vec![
        ("nothing waived", roster(vec![last(&[])]), None),
        ("what is asked", roster(vec![last(&["kind-0"])]), None),
        (
            "what is not asked",
            roster(vec![certification(1), last(&["kind-0", "kind-1"])]),
            Some(Invalid::LastTier),
        ),
    ]);
    let mut state = town();
    settle(&mut state, roster(vec![last(&[])]));
    let approve = |length| Body::ApproveLastTier {
        vacancy: VacancyId(0),
        approved_by: "x".repeat(length),
    };
    let no = Some(Invalid::ApprovedBy);
    check_in(
        &state,
        vec![
            ("nobody", approve(0), no.clone()),
            ("somebody", approve(1), None),
            ("the longest name", approve(NAME_LEN_MAX), None),
            ("a longer one", approve(NAME_LEN_MAX + 1), no),
        ],
    );
}
