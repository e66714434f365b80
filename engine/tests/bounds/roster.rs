//! Bounds of the roster, and of an amendment.

use engine::core::Amend;
use engine::limits::{
    AGENCIES_MAX, CONFIRM_WITHIN_MS_MAX, CONFIRM_WITHIN_MS_MIN, NAME_LEN_MAX, PROGRAMMES_MAX,
    ROSTER_CHANGES_MAX,
};

use super::*;

fn roster(change: RosterChange) -> Body {
    Body::Roster(vec![change])
}

#[test]
fn a_name_has_its_length() {
    let named = |length| {
        roster(RosterChange::Certification {
            code: "new".into(),
            name: "x".repeat(length),
        })
    };
    let no = Some(Invalid::Name);
    check(vec![
        ("none", named(0), no.clone()),
        ("the shortest", named(1), None),
        ("the longest", named(NAME_LEN_MAX), None),
        ("longer", named(NAME_LEN_MAX + 1), no),
    ]);
}

#[test]
fn a_site_is_on_the_map() {
    let at = |latitude_udeg, longitude_udeg| {
        roster(RosterChange::Site(NewSite {
            position: Position {
                latitude_udeg,
                longitude_udeg,
            },
            code: "new".into(),
            ..site()
        }))
    };
    let no = Some(Invalid::Position);
    check(vec![
        ("the north pole", at(90_000_000, 0), None),
        ("beyond it", at(90_000_001, 0), no.clone()),
        ("beyond the south pole", at(-90_000_001, 0), no.clone()),
        ("the date line", at(0, -180_000_000), None),
        ("beyond it", at(0, 180_000_001), no),
    ]);
}

#[test]
fn what_is_valid_is_valid_for_a_time() {
    let valid = |start, end| Interval {
        start: Timestamp(start),
        end: Timestamp(end),
    };
    let granted = |valid| {
        roster(RosterChange::CertificationGranted {
            badge: "B-01".into(),
            certification: "kind-0".into(),
            valid,
        })
    };
    let hired = |valid| {
        roster(RosterChange::Officer(NewOfficer {
            badge: "B-02".into(),
            home: "chandler".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![("kind-0".into(), valid)],
            approvals: vec![],
            availability: NewAvailability::Always,
        }))
    };
    let no = Some(Invalid::Validity);
    check(vec![
        ("a moment", granted(valid(1, 2)), None),
        ("no time", granted(valid(1, 1)), no.clone()),
        ("backwards", granted(valid(2, 1)), no.clone()),
        ("hired with a moment", hired(valid(1, 2)), None),
        ("hired with none", hired(valid(1, 1)), no),
    ]);
}

#[test]
fn a_command_has_so_many_changes() {
    let suspended = |count| {
        let badge = || String::from("B-01");
        let suspend = || RosterChange::Suspended { badge: badge() };
        Body::Roster((0..count).map(|_| suspend()).collect())
    };
    let no = Some(Invalid::Changes);
    check(vec![
        ("none", suspended(0), no.clone()),
        ("one", suspended(1), None),
        ("all", suspended(ROSTER_CHANGES_MAX), None),
        ("one more", suspended(ROSTER_CHANGES_MAX + 1), no),
    ]);
}

#[test]
fn so_many_agencies_and_programmes_are_there_however_they_came() {
    let agency = |number: usize| RosterChange::Agency {
        code: format!("agency-{number}"),
        name: "Invented".into(),
        agreement: None,
    };
    let programme = |number: usize| RosterChange::Programme {
        code: format!("programme-{number}"),
        name: "Invented".into(),
        certifications: vec![],
        classes: vec![],
        approval: false,
    };
    type New<'a> = &'a dyn Fn(usize) -> RosterChange;
    let kinds: [(Kind, usize, New<'_>); 2] = [
        (Kind::Agency, AGENCIES_MAX, &agency),
        (Kind::Programme, PROGRAMMES_MAX, &programme),
    ];
    for (kind, max, new) in kinds {
        // The town has one of each, and three more of the command come first.
        let mut state = town();
        settle(&mut state, Body::Roster((0..3).map(new).collect()));
        let added = |count: usize| Body::Roster((3..3 + count).map(new).collect());
        let rest = max - 4;
        assert_eq!(judge(&state, added(rest)).err(), None, "{kind:?}");
        let limit = max as u64;
        let refused = judge(&state, added(rest + 1)).err();
        assert_eq!(refused, Some(Refusal::LimitReached { kind, limit }));
    }
}

#[test]
fn holders_have_a_minute_to_a_year_to_confirm() {
    let within = |confirm_within_ms| {
        Body::Amend(Box::new(Amend {
            vacancy: VacancyId(0),
            segments: None,
            slots: None,
            post_orders: Some("x".into()),
            confirm_within_ms,
        }))
    };
    let no = Some(Invalid::ConfirmWithin);
    check(vec![
        ("the shortest", within(CONFIRM_WITHIN_MS_MIN), None),
        ("shorter", within(CONFIRM_WITHIN_MS_MIN - 1), no.clone()),
        ("the longest", within(CONFIRM_WITHIN_MS_MAX), None),
        ("longer", within(CONFIRM_WITHIN_MS_MAX + 1), no),
    ]);
}
