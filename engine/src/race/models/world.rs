//! A small installation: officers of one agency, and two vacancies at the same time.

use std::sync::OnceLock;

use crate::core::command::{NewAvailability, NewOfficer, NewSite};
use crate::core::digest::fingerprint;
use crate::core::{
    Actor, Body, Command, Event, Matches, NewSegment, NewVacancy, Outcome, Record, Reply,
    RosterChange, Stamp, State, apply, decide,
};
use crate::model::{
    Class, OfficerId, Position, Rank, RequestId, SiteKind, Timestamp, VacancyId, VacancyKey,
};

/// Both vacancies are of one slot, and they overlap.
pub(super) const VACANCIES: [VacancyId; 2] = [VacancyId(0), VacancyId(1)];

/// Officers of the agency, numbered from 0; all of them may take either vacancy.
const OFFICERS: u32 = 8;

const HOUR_MS: u64 = 3_600_000;

/// The state in which both vacancies are offered to everybody.
pub(super) fn offered() -> State {
    static OFFERED: OnceLock<State> = OnceLock::new();
    OFFERED.get_or_init(build).clone()
}

/// The officer's accept of the first round, under a request id of the two.
pub(super) fn accept(officer: OfficerId, vacancy: VacancyId) -> Command {
    Command {
        request: RequestId(1_000 + 10 * u128::from(officer.0) + u128::from(vacancy.0)),
        by: Actor::Officer(officer),
        body: Body::Accept { vacancy, round: 1 },
    }
}

/// Decides and applies one command, as the engine thread does. The record is none if the answer
/// rests on an earlier one, or on none.
pub(super) fn settle_one(
    state: &mut State,
    command: &Command,
    stamp: Stamp,
) -> (Reply, Option<Record>) {
    let events = match decide(state, command, stamp, &Matches::none()) {
        Ok(Outcome::Again(reply)) => return (reply, None),
        Ok(Outcome::New(events)) => events,
        Err(refused) if refused.refusal.is_remembered(&command.body) => {
            Event::Refused(refused).into()
        }
        Err(refused) => return (Err(refused), None),
    };
    let record = Record {
        sequence: state.sequence().next(),
        at: stamp.at,
        request: command.request,
        by: command.by,
        fingerprint: fingerprint(&command.body),
        events,
    };
    apply(state, &record);
    (record.reply(), Some(record))
}

fn build() -> State {
    let mut state = State::empty();
    let at = Timestamp(1_000_000);
    let bodies = [
        Body::Roster(roster()),
        Body::Publish(Box::new(vacancy(1, at))),
        Body::Publish(Box::new(vacancy(2, at))),
    ];
    for (request, body) in (1..).map(RequestId).zip(bodies) {
        let by = Actor::Operator;
        let command = Command { request, by, body };
        let (reply, _) = settle_one(&mut state, &command, Stamp { at, place: 0 });
        reply.expect("the operator may do so, and the names are right");
    }
    state
}

fn roster() -> Vec<RosterChange> {
    let invented = || String::from("Invented");
    let mut changes = vec![
        RosterChange::Agency {
            code: "agency".into(),
            name: invented(),
            agreement: Some("msa".into()),
        },
        RosterChange::Programme {
            code: "traffic".into(),
            name: invented(),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Site(NewSite {
            code: "site".into(),
            name: invented(),
            lead: "agency".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_000_000,
                longitude_udeg: -112_000_000,
            },
            geofence_m: 150,
            district: invented(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    changes.extend((0..OFFICERS).map(|number| {
        RosterChange::Officer(NewOfficer {
            badge: format!("B-{number}"),
            home: "agency".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: Vec::new(),
            approvals: Vec::new(),
            availability: NewAvailability::Always,
        })
    }));
    changes
}

fn vacancy(key: u128, at: Timestamp) -> NewVacancy {
    let start = at.plus_ms(24 * HOUR_MS);
    NewVacancy {
        key: VacancyKey(key),
        lead: "agency".into(),
        programme: "traffic".into(),
        segments: vec![NewSegment {
            site: "site".into(),
            start,
            end: start.plus_ms(HOUR_MS),
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}
