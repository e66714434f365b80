//! Bounds of terms, grants, and of many vacancies at once.

use engine::core::{NewGrant, Publication};
use engine::limits::{
    BUFFER_MS_MAX, FAIRNESS_MS_MAX, GRANT_BUDGET_MIN_MAX, GRANTS_MAX, HOURS_PERIOD_MS_MAX,
    NAME_LEN_MAX, PUBLICATIONS_MAX, REVEAL_WITHIN_MS_MAX, STANDBY_CONFIRM_MS_MAX,
    STANDBY_CONFIRM_MS_MIN, STANDBY_MAX, UNDO_MS_MAX,
};
use engine::model::{AwardRule, Collect, Criterion, OfficerId, Promise, Term};

use super::*;

fn with(terms: Vec<Term>) -> Body {
    let vacancy = vacancy(2);
    Body::PublishAll(vec![Publication { vacancy, terms }])
}

#[test]
fn terms_have_their_bounds() {
    let buffer = |before_ms, after_ms| {
        with(vec![Term::Buffer {
            before_ms,
            after_ms,
        }])
    };
    let opens = |before_ms: Vec<u64>| with(vec![Term::OpensBefore { before_ms }]);
    let beyond = |length| {
        let reason = "x".repeat(length).into();
        with(vec![Term::BeyondGrant { reason }])
    };
    let falling = |count: usize| opens((1..=count as u64).rev().collect());
    let (no, far) = (Some(Invalid::Terms), Some(Invalid::OpensBefore));
    check(vec![
        ("the longest way there", buffer(BUFFER_MS_MAX, 0), None),
        ("the longest way back", buffer(0, BUFFER_MS_MAX), None),
        ("longer there", buffer(BUFFER_MS_MAX + 1, 0), no.clone()),
        ("longer back", buffer(0, BUFFER_MS_MAX + 1), no.clone()),
        ("twice", with(vec![Term::MarkedCar, Term::MarkedCar]), no),
        ("no distance", opens(vec![]), far.clone()),
        ("all distances", falling(WINDOWS_MAX), None),
        ("one more", falling(WINDOWS_MAX + 1), far.clone()),
        ("the farthest", opens(vec![WINDOW_MS_MAX]), None),
        ("farther", opens(vec![WINDOW_MS_MAX + 1]), far.clone()),
        ("none at all", opens(vec![0]), far.clone()),
        ("not falling", opens(vec![5, 5]), far.clone()),
        ("rising", opens(vec![5, 6]), far),
        ("the shortest reason", beyond(1), None),
        ("the longest reason", beyond(REASON_LEN_MAX), None),
        ("no reason", beyond(0), Some(Invalid::Reason)),
        ("longer", beyond(REASON_LEN_MAX + 1), Some(Invalid::Reason)),
    ]);
}

#[test]
fn terms_about_awards_have_their_bounds() {
    let undo = |within_ms| with(vec![Term::Undo { within_ms }]);
    let standby = |confirm_within_ms| with(vec![Term::Standby { confirm_within_ms }]);
    let (least, most) = (STANDBY_CONFIRM_MS_MIN, STANDBY_CONFIRM_MS_MAX);
    let no = Some(Invalid::Award);
    check(vec![
        ("no time to undo", undo(0), no.clone()),
        ("the shortest", undo(1), None),
        ("the longest", undo(UNDO_MS_MAX), None),
        ("longer", undo(UNDO_MS_MAX + 1), no.clone()),
        ("the shortest time to confirm", standby(least), None),
        ("shorter", standby(least - 1), no.clone()),
        ("the longest", standby(most), None),
        ("longer", standby(most + 1), no),
    ]);
}

#[test]
fn accepts_are_collected_before_the_work_and_ranked_by_what_makes_sense() {
    let award = |collect, ranked_by| {
        let rule = AwardRule { collect, ranked_by };
        with(vec![Term::Award(Box::new(rule))])
    };
    let until = |us| {
        let collect = Collect::Until(Timestamp(NOW.0 + us));
        let ranked_by = Vec::new();
        let rule = AwardRule { collect, ranked_by };
        let mut vacancy = vacancy(2);
        vacancy.segments = vec![segment(2, 3)];
        let terms = vec![Term::Award(Box::new(rule))];
        Body::PublishAll(vec![Publication { vacancy, terms }])
    };
    let fair = |window_ms| award(Collect::Fairness { window_ms }, vec![]);
    let ranked = |by: Vec<Criterion>| award(Collect::Fairness { window_ms: 1 }, by);
    let hours = |period_ms| Criterion::FewestHours { period_ms };
    let lots = |reveal_within_ms| Criterion::Lottery {
        promise: Promise([0; 32]),
        reveal_within_ms,
    };
    let (rotation, seniority) = (Criterion::Rotation, Criterion::Seniority);
    let all = vec![seniority, hours(1), rotation, lots(1)];
    let no = Some(Invalid::Award);
    check(vec![
        ("until now", until(0), no.clone()),
        ("until just before the start", until(1), None),
        ("until the start", until(2), no.clone()),
        ("no window", fair(0), no.clone()),
        ("the shortest", fair(1), None),
        ("the longest", fair(FAIRNESS_MS_MAX), None),
        ("longer", fair(FAIRNESS_MS_MAX + 1), no.clone()),
        ("by all criteria", ranked(all), None),
        (
            "by one twice",
            ranked(vec![hours(1), rotation, hours(2)]),
            no.clone(),
        ),
        ("hours of no time", ranked(vec![hours(0)]), no.clone()),
        (
            "the longest period",
            ranked(vec![hours(HOURS_PERIOD_MS_MAX)]),
            None,
        ),
        (
            "longer",
            ranked(vec![hours(HOURS_PERIOD_MS_MAX + 1)]),
            no.clone(),
        ),
        ("no time to reveal", ranked(vec![lots(0)]), no.clone()),
        (
            "the longest",
            ranked(vec![lots(REVEAL_WITHIN_MS_MAX)]),
            None,
        ),
        ("longer", ranked(vec![lots(REVEAL_WITHIN_MS_MAX + 1)]), no),
    ]);
}

#[test]
fn so_many_wait_on_a_standby_list() {
    let mut state = State::empty();
    let badges = (2..=STANDBY_MAX + 2).map(|number| officer(&format!("B-{number:02}")));
    settle(
        &mut state,
        Body::Roster(town_roster().into_iter().chain(badges).collect()),
    );
    let confirm_within_ms = STANDBY_CONFIRM_MS_MIN;
    settle(&mut state, with(vec![Term::Standby { confirm_within_ms }]));
    let (vacancy, round) = (VacancyId(0), 1);
    let officers: Vec<OfficerId> = state.roster().officers.iter().map(|(id, _)| id).collect();
    let [holder, waiting @ .., late] = &officers[..] else {
        panic!("there are more than two")
    };
    assert_eq!(waiting.len(), STANDBY_MAX);
    let accept = Body::Accept { vacancy, round };
    settle_as(&mut state, Actor::Officer(*holder), NOW, accept);
    for officer in waiting {
        let join = Body::JoinStandby { vacancy };
        settle_as(&mut state, Actor::Officer(*officer), NOW, join);
    }
    let hear = |officer: &OfficerId| {
        let by = Actor::Officer(*officer);
        judge_as(&state, by, NOW, Body::JoinStandby { vacancy }).err()
    };
    let (kind, limit) = (Kind::Standby, STANDBY_MAX as u64);
    let full = Refusal::LimitReached { kind, limit };
    assert_eq!(hear(late), Some(full.clone()));
    assert_eq!(hear(&waiting[7]), None, "it waits already");
    // Who leaves the list makes room, and a retry must not find it.
    assert!(full.is_remembered(&Body::JoinStandby { vacancy }));
}

#[test]
fn one_command_publishes_so_many() {
    let all = |count: usize| {
        let one = |key| Publication {
            vacancy: vacancy(key),
            terms: Vec::new(),
        };
        Body::PublishAll((2..count as u128 + 2).map(one).collect())
    };
    let no = Some(Invalid::Publications);
    check(vec![
        ("none", all(0), no.clone()),
        ("all", all(PUBLICATIONS_MAX), None),
        ("one more", all(PUBLICATIONS_MAX + 1), no),
    ]);
}

fn grant(change: impl FnOnce(&mut NewGrant)) -> Body {
    let day = |day| Date {
        year: 2026,
        month: 11,
        day,
    };
    let mut new = NewGrant {
        district: "Invented".into(),
        programme: "sso".into(),
        first: day(23),
        last: day(24),
        budget_min: 60,
    };
    change(&mut new);
    Body::Grant(new)
}

#[test]
fn a_grant_has_days_a_name_and_a_budget() {
    let named = |length| grant(|new| new.district = "x".repeat(length));
    let no = Some(Invalid::Grant);
    check(vec![
        ("one day", grant(|new| new.last = new.first), None),
        ("backwards", grant(|new| new.last.day = 22), no.clone()),
        (
            "no such first day",
            grant(|new| new.first.day = 0),
            no.clone(),
        ),
        (
            "no such last day",
            grant(|new| new.last.day = 31),
            no.clone(),
        ),
        ("the longest name", named(NAME_LEN_MAX), None),
        ("a longer one", named(NAME_LEN_MAX + 1), no.clone()),
        ("no name", named(0), no.clone()),
        ("nothing to spend", grant(|new| new.budget_min = 0), None),
        (
            "the most",
            grant(|new| new.budget_min = GRANT_BUDGET_MIN_MAX),
            None,
        ),
        (
            "more",
            grant(|new| new.budget_min = GRANT_BUDGET_MIN_MAX + 1),
            no,
        ),
    ]);
}

#[test]
fn so_many_districts_have_a_grant_and_any_of_them_may_change() {
    let mut state = town();
    let of = |number: usize| grant(|new| new.district = format!("Invented {number}"));
    for number in 1..=GRANTS_MAX {
        assert_eq!(judge(&state, of(number)).err(), None, "{number}");
        settle(&mut state, of(number));
    }
    let (kind, limit) = (Kind::Grant, GRANTS_MAX as u64);
    let refused = judge(&state, of(0)).err();
    assert_eq!(refused, Some(Refusal::LimitReached { kind, limit }));
    assert_eq!(judge(&state, of(7)).err(), None, "it has one already");
}
