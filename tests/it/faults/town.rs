//! A small invented town on an engine without a server: officers who all may take everything.

use std::sync::Arc;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{Actor, Answer, Body, Command, NewSegment, NewVacancy, Reply, RosterChange};
use engine::io::{Clock, Storage, SystemClock};
use engine::log::LogOptions;
use engine::model::{
    Class, Interval, OfficerId, Position, Rank, RequestId, SiteKind, VacancyId, VacancyKey,
};
use engine::{Engine, Options, Unavailable};

/// Officers, and slots of every vacancy: everybody who asks once wins.
pub(super) const OFFICERS: u32 = 64;

/// Records from one snapshot to the next.
const SNAPSHOT_EVERY: u64 = 40;

const HOUR_MS: u64 = 3_600_000;

pub(super) fn options(storage: Arc<dyn Storage>, segment_bytes: u64) -> Options {
    Options {
        storage,
        clock: Arc::new(SystemClock),
        log: LogOptions {
            segment_bytes,
            identity: 0x70_37,
            ..LogOptions::default()
        },
        snapshot_every_records: SNAPSHOT_EVERY,
    }
}

/// Makes the town and so many vacancies, all of them offered to everybody.
pub(super) fn found(engine: &Engine, vacancies: u32) {
    let start = SystemClock.now().plus_ms(24 * HOUR_MS);
    let vacancy = |number: u32| {
        let begins = start.plus_ms(u64::from(number) * HOUR_MS);
        Body::Publish(Box::new(NewVacancy {
            key: VacancyKey(u128::from(number) + 1),
            lead: "chandler".into(),
            programme: "sso".into(),
            segments: vec![NewSegment {
                site: "chandler-001".into(),
                start: begins,
                end: begins.plus_ms(HOUR_MS),
            }],
            slots: vec![Rank::Officer; OFFICERS as usize],
            windows_ms: vec![],
            post_orders: String::new(),
        }))
    };
    let bodies = std::iter::once(Body::Roster(roster())).chain((0..vacancies).map(vacancy));
    for (body, number) in bodies.zip(1u128..) {
        let command = Command {
            request: RequestId(number),
            by: Actor::Operator,
            body,
        };
        let reply = engine.submit(command).wait().expect("there is space");
        reply.expect("the operator may do so");
    }
}

/// The `number`-th accept: every officer takes the first vacancy, then every officer the next.
pub(super) fn accept(number: u32) -> Command {
    let (vacancy, officer) = (number / OFFICERS, number % OFFICERS);
    Command {
        request: RequestId(1_000_000 + u128::from(number)),
        by: Actor::Officer(OfficerId(officer)),
        body: Body::Accept {
            vacancy: VacancyId(vacancy),
            round: 1,
        },
    }
}

/// Whether the answer to an accept is an award; none if nobody can say.
pub(super) fn won(answer: Result<Reply, Unavailable>) -> Result<bool, Unavailable> {
    answer.map(|reply| matches!(reply, Ok(Answer::Won(_))))
}

fn roster() -> Vec<RosterChange> {
    let (name, always) = (String::from("Invented"), Interval::ALWAYS);
    let officer = |number: u32| {
        RosterChange::Officer(NewOfficer {
            badge: format!("CHA-{number:04}"),
            home: "chandler".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![("azpost".into(), always)],
            approvals: vec![("sso".into(), always)],
            availability: NewAvailability::Always,
        })
    };
    let mut changes = vec![
        RosterChange::Certification {
            code: "azpost".into(),
            name: name.clone(),
        },
        RosterChange::Programme {
            code: "sso".into(),
            name: "School safety officer".into(),
            certifications: vec!["azpost".into()],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
        RosterChange::Agency {
            code: "chandler".into(),
            name: name.clone(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Site(NewSite {
            code: "chandler-001".into(),
            name: name.clone(),
            lead: "chandler".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: name,
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    changes.extend((0..OFFICERS).map(officer));
    changes
}
