//! Work that is offered later, in bulk: no change of a roster makes one tick do more than a few
//! vacancies, nothing is left out, and whoever restarts in the middle goes on.

use std::collections::BTreeSet;

use engine::core::command::{NewAvailability, NewOfficer, NewProvision, NewSite};
use engine::core::{
    Actor, Body, Command, Event, Events, Match, Matches, NewSegment, NewVacancy, Outcome,
    Publication, Record, RosterChange, Stamp, State, apply, decide, digest,
};
use engine::limits::{CONSIDERED_AT_A_TIME, EXAMINED_ALONE_MAX};
use engine::model::{
    Class, Position, Preferences, Rank, RequestId, SiteKind, Term, Timestamp, VacancyId, VacancyKey,
};

/// Sunday 22 November 2026, noon in Phoenix.
const NOON: Timestamp = Timestamp(1_795_374_000_000_000);
const HOUR_US: i64 = 3_600_000_000;
const OFFICERS: usize = 2_000;
const VACANCIES: usize = 300;

#[test]
fn an_import_of_officers_is_offered_what_is_open_some_vacancies_at_a_time() {
    let mut state = town();
    settle(&mut state, Body::PublishAll(publications()));
    assert!(state.next_deadline().is_some_and(|due| due > NOON));

    settle(&mut state, Body::Roster(officers(0..OFFICERS)));
    let mut ticks = 0;
    while state.next_deadline().is_some_and(|due| due <= NOON) {
        let before = digest(&state);
        let events = settle(&mut state, Body::Tick);
        assert_ne!(
            digest(&state),
            before,
            "a state after another is not that state"
        );
        let offers = events.iter().filter(is_offer).count();
        assert!(offers <= CONSIDERED_AT_A_TIME, "{offers} in one tick");
        ticks += 1;
        // In the middle of it, everything is written down.
        let restored = State::restore(&state.snapshot().expect("memory")).expect("just saved");
        assert_eq!(digest(&restored), digest(&state));
        state = restored;
    }
    assert_eq!(ticks, VACANCIES.div_ceil(CONSIDERED_AT_A_TIME));
    for (_, row) in state.vacancies().iter() {
        assert_eq!(row.offered.len(), OFFICERS as u64);
    }

    // One officer more, and everybody is not asked again.
    settle(&mut state, Body::Roster(officers(OFFICERS..OFFICERS + 1)));
    let events = settle(&mut state, Body::Tick);
    let offered = events.iter().filter_map(|event| match event {
        Event::Offered { recipients, .. } => Some(recipients.len()),
        _ => None,
    });
    let offered: Vec<u64> = offered.collect();
    assert_eq!(offered, vec![1; CONSIDERED_AT_A_TIME]);
}

/// So many are asked of the index, which finds everybody: those who are not due hear nothing.
#[test]
fn many_who_come_later_are_asked_and_nobody_else() {
    let mut state = town();
    settle(&mut state, Body::Roster(officers(0..3)));
    let publication = publications().swap_remove(0);
    settle(&mut state, Body::Publish(Box::new(publication.vacancy)));
    let declined = state.roster().officer("CHA-0001").expect("imported");
    let vacancy = state.vacancy_id(VacancyKey(1)).expect("published");
    let no = Body::Decline { vacancy, round: 1 };
    settle_as(&mut state, Actor::Officer(declined), no);
    let most_alone = usize::try_from(EXAMINED_ALONE_MAX).expect("a handful");
    let mut from = 3;
    for many in [most_alone - 1, most_alone, most_alone + 1] {
        let new = from..from + many;
        from = new.end;
        settle(&mut state, Body::Roster(officers(new.clone())));
        let events = settle(&mut state, Body::Tick);
        let offered = events.iter().find_map(|event| match event {
            Event::Offered { recipients, .. } => Some(recipients.iter().collect::<Vec<_>>()),
            _ => None,
        });
        let new = new.map(|number| state.roster().officer(&format!("CHA-{number:04}")));
        assert_eq!(offered, Some(new.map(|id| id.expect("imported")).collect()));
    }
}

/// Whoever asks for everything that stands, while ticks still go through it, hears each offer once:
/// of those it has come to with the answer, and of the others with their tick.
#[test]
fn what_a_release_frees_is_told_with_its_tick_and_not_before() {
    let mut state = town_with_one_that_lasts();
    let officer = state.roster().officer("CHA-0001").expect("imported");
    let told = |state: &State| -> BTreeSet<VacancyId> {
        let rows = state.vacancies().iter();
        let told = rows.filter(|(id, row)| state.is_told_of(*id, row, officer));
        told.map(|(id, _)| id).collect()
    };
    let vacancy = state.vacancy_id(VacancyKey(1)).expect("published");
    let accept = Body::Accept { vacancy, round: 1 };
    assert_eq!(told(&state).len(), VACANCIES);
    settle_as(&mut state, Actor::Officer(officer), accept);
    assert!(told(&state).is_empty(), "it lasts as long as all others");

    settle_as(
        &mut state,
        Actor::Officer(officer),
        Body::Release { vacancy },
    );
    let mut known = told(&state);
    assert!(known.is_empty(), "no tick has looked at any of them");
    while state.next_deadline().is_some_and(|due| due <= NOON) {
        let events = settle(&mut state, Body::Tick);
        let offered = events.iter().filter_map(|event| match event {
            Event::Offered {
                vacancy,
                recipients,
                ..
            } if recipients.contains(officer) => Some(*vacancy),
            _ => None,
        });
        let is_new = offered.map(|offered| known.insert(offered));
        assert!(is_new.fold(true, |all, one| all & one), "said twice");
        assert_eq!(told(&state), known);
    }
    assert_eq!(known.len(), VACANCIES - 1, "all but what was given back");
}

/// Whoever would rather do other work is pushed nothing by a tick, and finds everything that stands
/// when they look.
#[test]
fn who_has_wishes_is_told_at_once_what_a_release_frees() {
    let mut state = town_with_one_that_lasts();
    let badge = "CHA-0001";
    let wishes = NewProvision::Preferences {
        badge: badge.into(),
        preferences: Preferences {
            districts: vec!["elsewhere".into()],
            ..Preferences::default()
        },
    };
    settle(
        &mut state,
        Body::Roster(vec![RosterChange::Provided(wishes)]),
    );
    let officer = state.roster().officer(badge).expect("imported");
    let vacancy = state.vacancy_id(VacancyKey(1)).expect("published");
    let accept = Body::Accept { vacancy, round: 1 };
    settle_as(&mut state, Actor::Officer(officer), accept);
    settle_as(
        &mut state,
        Actor::Officer(officer),
        Body::Release { vacancy },
    );
    let told = state.vacancies().iter();
    let told = told.filter(|(id, row)| state.is_told_of(*id, row, officer));
    assert_eq!(told.count(), VACANCIES - 1);
}

#[test]
fn a_roster_without_open_vacancies_notes_nothing() {
    let mut state = town();
    let events = settle(&mut state, Body::Roster(officers(0..3)));
    let noted = events
        .iter()
        .any(|event| matches!(event, Event::Widened(_)));
    assert!(
        !noted,
        "whatever is published later asks everybody by itself"
    );
    assert_eq!(state.next_deadline(), None);
}

#[test]
fn many_vacancies_are_matched_ahead_as_they_are_in_their_turn() {
    let mut state = town();
    settle(&mut state, Body::Roster(officers(0..50)));
    let body = Body::PublishAll(publications());
    let wanted = Matches::wanted(&body);
    assert_eq!(wanted.len(), VACANCIES);
    assert_eq!(Matches::count(&body), VACANCIES);
    let found = wanted.into_iter();
    let ahead: Matches = found.map(|one| Match::find(&state, one, NOON)).collect();
    let in_turn = decided(&state, &body, &Matches::none());
    assert_eq!(decided(&state, &body, &ahead), in_turn);

    // Whoever is booked in between is not asked, and whoever is suspended makes it void.
    let first = Body::Publish(Box::new(publications().swap_remove(0).vacancy));
    let Body::PublishAll(mut rest) = body else {
        unreachable!("it is a publication of many")
    };
    rest.remove(0);
    settle(&mut state, first);
    let rest = Body::PublishAll(rest);
    let find = |state: &State| -> Matches {
        let wanted = Matches::wanted(&rest).into_iter();
        wanted.map(|one| Match::find(state, one, NOON)).collect()
    };
    let ahead = find(&state);
    let officer = state.roster().officer("CHA-0007").expect("imported");
    let accept = Body::Accept {
        vacancy: state.vacancy_id(VacancyKey(1)).expect("published"),
        round: 1,
    };
    settle_as(&mut state, Actor::Officer(officer), accept);
    let in_turn = decided(&state, &rest, &Matches::none());
    assert_eq!(decided(&state, &rest, &ahead), in_turn);
    let ahead = find(&state);
    let badge = "CHA-0008".into();
    let suspended = vec![RosterChange::Suspended { badge }];
    settle(&mut state, Body::Roster(suspended));
    let in_turn = decided(&state, &rest, &Matches::none());
    assert_eq!(decided(&state, &rest, &ahead), in_turn);
}

fn is_offer(event: &&Event) -> bool {
    matches!(event, Event::Offered { .. })
}

/// An agency, a school and a programme.
fn town() -> State {
    let mut state = State::empty();
    let roster = vec![
        RosterChange::Agency {
            code: "chandler".into(),
            name: "Invented".into(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Programme {
            code: "sso".into(),
            name: "Invented".into(),
            certifications: vec![],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Site(NewSite {
            code: "chandler-001".into(),
            name: "Invented".into(),
            lead: "chandler".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 0,
                longitude_udeg: 0,
            },
            geofence_m: 100,
            district: "invented".into(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    settle(&mut state, Body::Roster(roster));
    state
}

/// The town with two officers, who were offered everything; the first vacancy lasts as long as all
/// others.
fn town_with_one_that_lasts() -> State {
    let mut state = town();
    settle(&mut state, Body::Roster(officers(0..2)));
    let mut all = publications();
    let whole = &mut all[0].vacancy.segments[0];
    whole.end = Timestamp(whole.start.as_micros() + VACANCIES as i64 * HOUR_US);
    settle(&mut state, Body::PublishAll(all));
    state
}

fn officers(numbers: std::ops::Range<usize>) -> Vec<RosterChange> {
    let officer = |number| {
        RosterChange::Officer(NewOfficer {
            badge: format!("CHA-{number:04}"),
            home: "chandler".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![],
            approvals: vec![],
            availability: NewAvailability::Always,
        })
    };
    numbers.map(officer).collect()
}

/// One vacancy for each hour, every second of them with time around it, so that it overlaps with its
/// neighbours.
fn publications() -> Vec<Publication> {
    let publication = |number: usize| {
        let start = Timestamp(NOON.as_micros() + (number as i64 + 1) * HOUR_US);
        let buffer = Term::Buffer {
            before_ms: 600_000,
            after_ms: 600_000,
        };
        Publication {
            vacancy: NewVacancy {
                key: VacancyKey(number as u128 + 1),
                lead: "chandler".into(),
                programme: "sso".into(),
                segments: vec![NewSegment {
                    site: "chandler-001".into(),
                    start,
                    end: Timestamp(start.as_micros() + HOUR_US),
                }],
                slots: vec![Rank::Officer],
                windows_ms: vec![],
                post_orders: String::new(),
            },
            terms: match number % 2 {
                0 => Vec::new(),
                _ => vec![buffer],
            },
        }
    };
    (0..VACANCIES).map(publication).collect()
}

fn decided(state: &State, body: &Body, matches: &Matches) -> Events {
    let command = command(Actor::Operator, body.clone());
    let stamp = Stamp { at: NOON, place: 0 };
    match decide(state, &command, stamp, matches) {
        Ok(Outcome::New(events)) => events,
        other => panic!("it is done: {other:?}"),
    }
}

fn settle(state: &mut State, body: Body) -> Events {
    let by = match body {
        Body::Tick => Actor::Clock,
        _ => Actor::Operator,
    };
    settle_as(state, by, body)
}

fn settle_as(state: &mut State, by: Actor, body: Body) -> Events {
    let command = command(by, body);
    let stamp = Stamp { at: NOON, place: 1 };
    let Ok(Outcome::New(events)) = decide(state, &command, stamp, &Matches::none()) else {
        panic!("it is refused, or was asked before")
    };
    let sequence = state.sequence().next();
    let record = Record {
        sequence,
        at: NOON,
        // Nobody asks under this request again.
        request: RequestId(u128::MAX - u128::from(sequence.0)),
        by,
        fingerprint: 0,
        events: events.clone(),
    };
    apply(state, &record);
    events
}

fn command(by: Actor, body: Body) -> Command {
    Command {
        request: RequestId(1),
        by,
        body,
    }
}
