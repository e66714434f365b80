//! What the twin does not see: what is kept, what it weighs, and when a match no longer holds.

use super::*;
use crate::model::{Class, Code, Exceptions, Held, Programme, Rank};

const AGENCY: AgencyId = AgencyId(0);
const SSO: ProgrammeId = ProgrammeId(0);
const KIND: CertificationId = CertificationId(0);
const NOW: Timestamp = Timestamp(1_000);
/// So many that what is known of a day is rows and not lists.
const OFFICERS: u32 = 100;

fn code(code: &str) -> Code {
    Code::parse(code).expect("a code")
}

/// From this minute on, every day.
fn from(minute: u16) -> Availability {
    let window = Window {
        from_minute: minute,
        until_minute: 1_440,
    };
    Availability::Declared {
        weekly: std::array::from_fn(|_| vec![window]).into(),
        exceptions: Exceptions::default(),
    }
}

/// Officers of one agency, qualified and willing every morning.
fn roster() -> Roster {
    let mut roster = Roster::default();
    let programme = Programme {
        code: code("sso"),
        name: "Invented".into(),
        certifications: vec![KIND],
        classes: vec![Class::PeaceOfficer],
        approval: false,
    };
    roster.put_programme(SSO, programme);
    for number in 0..OFFICERS {
        let officer = Officer {
            badge: code(&format!("A-{number}")),
            home: AGENCY,
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: [(KIND, Interval::ALWAYS)].into_iter().collect(),
            approvals: Held::default(),
            suspended: false,
            availability: from(360),
        };
        roster.put_officer(OfficerId(number), officer);
    }
    roster
}

fn index(roster: &Roster) -> Index {
    Index::build(roster, &Table::default(), NOW)
}

#[test]
fn whatever_may_make_somebody_eligible_ends_what_was_matched_before() {
    let roster = roster();
    let mut index = index(&roster);
    let id = OfficerId(0);
    let officer = roster.officers.find(id).expect("it is on the roster");
    let span = Interval::new(NOW, Timestamp(2_000)).expect("it is not empty");
    let changes: [&dyn Fn(&mut Index); 8] = [
        &|index| index.certify(id, KIND, &roster, NOW),
        &|index| index.approve(id, SSO, &roster, NOW),
        &|index| index.requalify(id, &roster, NOW),
        &|index| index.declare(id, &officer.availability, officer),
        &|index| index.define(SSO, &roster, NOW),
        &|index| index.widen(),
        &|index| index.rebook(id, &roster, &Calendar::default(), [span].into_iter()),
        &|index| index.put(id, &roster, NOW),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let before = index.generation();
        change(&mut index);
        assert_ne!(index.generation(), before, "change {number}");
    }
    let before = index.generation();
    index.book(id, &roster, span);
    assert_eq!(
        index.generation(),
        before,
        "a booking makes nobody eligible"
    );
}

#[test]
fn officers_of_one_week_have_it_in_memory_once() {
    let roster = roster();
    let index = index(&roster);
    let first = roster.officers.find(OfficerId(0));
    let mut other = first.expect("it is on the roster").clone();
    let week = |officer: &Officer| match &officer.availability {
        Availability::Declared { weekly, .. } => weekly.clone(),
        Availability::Always => panic!("a week was declared"),
    };
    for (minute, is_shared) in [(360, true), (420, false)] {
        other.availability = from(minute);
        let own = week(&other);
        index.share(&mut other);
        assert_eq!(week(&other), own, "it says what it said");
        assert_eq!(!week(&other).is_shared_with(&own), is_shared);
    }
}

#[test]
fn each_part_weighs_what_is_in_it() {
    let roster = roster();
    let mut index = index(&roster);
    let words = |rows: usize| rows * (OFFICERS as usize).div_ceil(64) * size_of::<u64>();

    let before = index.footprint();
    for number in 0..OFFICERS {
        index.expire(OfficerId(number), KIND);
    }
    let now = index.footprint();
    assert!(now.sets < before.sets, "who has run out is forgotten");
    assert_eq!((now.plane, now.days), (before.plane, before.days));

    // The rows through the last rung of the one programme, and beside them a week.
    let rows = words(qualified_row(SSO, ladder::RUNGS));
    assert!((rows..2 * rows).contains(&now.plane), "{now:?}");

    assert_eq!(now.days, 0);
    let day = |day: i64| {
        let (start, end) = (day * BOOKED_UNIT_US, (day + 1) * BOOKED_UNIT_US);
        Interval::new(Timestamp(start), Timestamp(end)).expect("it is not empty")
    };
    let mut weights = Vec::new();
    for number in 0..OFFICERS {
        index.book(OfficerId(number), &roster, day(0));
        weights.push(index.footprint().days);
    }
    assert!(weights.is_sorted(), "{weights:?}");
    // The list of a few grew from four to sixteen; from then on there is a row for all.
    let grown = weights.last().expect("some were booked") - weights[0];
    let list = 12 * size_of::<(u32, Interval)>();
    let range = list + words(1)..2 * list;
    assert!(range.contains(&grown), "{weights:?}");
    for number in 0..OFFICERS {
        let spans = [day(0)].into_iter();
        index.rebook(OfficerId(number), &roster, &Calendar::default(), spans);
    }
    assert_eq!(index.footprint().days, 0, "nobody has work any more");
}
