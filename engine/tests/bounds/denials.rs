//! Who may not come in: until when, how many, and what stops for them.

use engine::core::{NewBearer, NewDenial};
use engine::limits::{DENIALS_MAX, NAME_LEN_MAX};
use engine::model::{DenialReason, OfficerId};

use super::*;

const OFFICER: OfficerId = OfficerId(0);

fn officer() -> NewBearer {
    let badge = "B-01".into();
    NewBearer::Officer { badge }
}

fn subject(agency: Option<&str>, name: &str) -> NewBearer {
    NewBearer::Subject {
        agency: agency.map(str::to_owned),
        name: name.into(),
    }
}

fn deny(bearer: NewBearer, until: Option<Timestamp>) -> Body {
    Body::Deny(Box::new(NewDenial {
        bearer,
        reason: DenialReason::DeviceLost,
        until,
    }))
}

fn admit(bearer: NewBearer) -> Body {
    Body::Admit(Box::new(bearer))
}

fn accept() -> Body {
    let vacancy = VacancyId(1);
    Body::Accept { vacancy, round: 1 }
}

#[test]
fn what_a_denied_officer_sent_before_is_refused_when_its_turn_comes() {
    let mut state = town();
    settle(
        &mut state,
        published(|new| new.segments = vec![segment(HOUR_US, 2 * HOUR_US)]),
    );
    let by = Actor::Officer(OFFICER);
    let asked = |state: &State, at| judge_as(state, by, at, accept()).err();
    assert_eq!(asked(&state, NOW), None);
    let until = NOW.plus_ms(1);
    settle(&mut state, deny(officer(), Some(until)));
    assert_eq!(asked(&state, NOW), Some(Refusal::Denied));
    assert_eq!(asked(&state, Timestamp(until.0 - 1)), Some(Refusal::Denied));
    assert_eq!(asked(&state, until), None, "its time is over");
    settle(&mut state, deny(officer(), None));
    assert_eq!(asked(&state, until), Some(Refusal::Denied));
    settle(&mut state, admit(officer()));
    assert_eq!(asked(&state, NOW), None);
    // Whoever else is denied is nobody's reason to refuse an officer.
    settle(&mut state, deny(subject(None, "B-01"), None));
    assert_eq!(asked(&state, NOW), None);
}

#[test]
fn a_badge_of_the_agency_is_its_officer_and_another_name_is_not() {
    let mut state = town();
    let badge = || subject(Some("chandler"), "B-01");
    for (named, is_officer) in [
        (officer(), true),
        (badge(), true),
        (subject(Some("chandler"), "desk"), false),
        (subject(None, "B-01"), false),
    ] {
        settle(&mut state, deny(named.clone(), None));
        assert_eq!(state.denials().len(), 1);
        assert_eq!(
            state.is_officer_denied(OFFICER, NOW),
            is_officer,
            "{named:?}"
        );
        settle(&mut state, admit(named));
        assert!(state.denials().is_empty());
    }
    // Whichever way they were denied, one word lets them in again.
    for named in [officer(), badge()] {
        settle(&mut state, deny(officer(), None));
        settle(&mut state, deny(badge(), Some(NOW.plus_ms(1))));
        assert_eq!(state.denials().len(), 2);
        let later = NOW.plus_ms(1);
        assert!(state.is_officer_denied(OFFICER, later), "the longer holds");
        settle(&mut state, admit(named));
        assert!(state.denials().is_empty());
    }
}

#[test]
fn who_is_denied_by_name_is_denied_still_when_the_name_becomes_a_badge() {
    let mut state = town();
    let named = || subject(Some("chandler"), "B-02");
    settle(&mut state, deny(named(), None));
    let add = |badge: &str| Body::Roster(vec![super::officer(badge)]);
    settle(&mut state, add("B-02"));
    let new = state.roster().officer("B-02").expect("it was added");
    assert!(state.is_officer_denied(new, NOW));
    let judged = judge_as(&state, Actor::Officer(new), NOW, accept()).err();
    assert_eq!(judged, Some(Refusal::Denied));
    settle(&mut state, admit(named()));
    assert!(!state.is_officer_denied(new, NOW));
}

#[test]
fn a_denial_names_somebody_and_ends_later_than_now() {
    let state = town();
    let long = "x".repeat(NAME_LEN_MAX);
    let unknown = |kind, code: &str| {
        let code = code.into();
        Some(Refusal::Unknown { kind, code })
    };
    let no = |invalid| Some(Refusal::Invalid(invalid));
    let code = |text: &str| no(Invalid::Code(text.into()));
    let key = |text: &str| deny(NewBearer::SigningKey(text.into()), None);
    let device = |text: &str| deny(NewBearer::Device(text.into()), None);
    let nobody = NewBearer::Officer {
        badge: "B-99".into(),
    };
    let cases = [
        (deny(officer(), Some(NOW.plus_ms(1))), None),
        (deny(officer(), Some(NOW)), no(Invalid::Validity)),
        (deny(nobody, None), unknown(Kind::Officer, "B-99")),
        (
            deny(subject(Some("mesa"), "x"), None),
            unknown(Kind::Agency, "mesa"),
        ),
        (deny(subject(None, &long), None), None),
        (
            deny(subject(None, &format!("{long}x")), None),
            no(Invalid::Name),
        ),
        (deny(subject(None, ""), None), no(Invalid::Name)),
        (deny(subject(None, "a\nb"), None), no(Invalid::Name)),
        (key("0123456789abcdef"), None),
        (key(""), code("")),
        (device("not a key"), code("not a key")),
        (admit(officer()), unknown(Kind::Denial, "B-01")),
    ];
    for (body, refusal) in cases {
        let judged = judge_as(&state, Actor::Operator, NOW, body.clone()).err();
        assert_eq!(judged, refusal, "{body:?}");
    }
}

#[test]
fn nobody_denies_but_the_operator() {
    let state = town();
    let lead = state.roster().agency("chandler").expect("it was added");
    for by in [
        Actor::Coordinator(lead),
        Actor::Officer(OFFICER),
        Actor::Clock,
    ] {
        for body in [deny(officer(), None), admit(officer())] {
            let judged = judge_as(&state, by, NOW, body).err();
            assert_eq!(judged, Some(Refusal::NotAllowed), "{by:?}");
        }
    }
}

#[test]
fn a_full_list_takes_one_more_when_the_time_of_another_is_over() {
    let mut state = town();
    let until = NOW.plus_ms(1);
    settle(&mut state, deny(subject(None, "first"), Some(until)));
    for number in 1..DENIALS_MAX {
        settle(&mut state, deny(subject(None, &number.to_string()), None));
    }
    let (kind, limit) = (Kind::Denial, DENIALS_MAX as u64);
    let full = Some(Refusal::LimitReached { kind, limit });
    let judged = |state: &State, at, named| judge_as(state, Actor::Operator, at, deny(named, None));
    assert_eq!(judged(&state, NOW, officer()).err(), full);
    assert_eq!(
        judged(&state, NOW, subject(None, "1")).err(),
        None,
        "a denial said anew"
    );
    settle_as(&mut state, Actor::Operator, until, deny(officer(), None));
    assert_eq!(state.denials().len(), DENIALS_MAX);
    assert_eq!(judged(&state, until, subject(None, "first")).err(), full);
}
