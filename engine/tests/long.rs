//! What is long: commands and deadlines that reach very many officers at once, and the log, whose
//! records have a longest length.

use std::sync::Arc;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Actor, Body, Command, NewSegment, NewVacancy, Publication, Refusal, Reply, RosterChange,
};
use engine::io::{ManualClock, Memory, Storage};
use engine::limits::PUBLICATIONS_MAX;
use engine::log::RECORD_BYTES_MAX;
use engine::model::{Class, Interval, Position, Rank, RequestId, SiteKind, Timestamp, VacancyKey};
use engine::{Engine, Options, Stepper, Ticket};

/// Sunday 22 November 2026, noon in Phoenix.
const NOON: Timestamp = Timestamp(1_795_374_000_000_000);
const HOUR_MS: u64 = 3_600_000;

struct House {
    storage: Arc<Memory>,
    clock: Arc<ManualClock>,
    engine: Engine,
    stepper: Stepper,
    requests: u128,
}

impl House {
    fn open(storage: Arc<Memory>, clock: Arc<ManualClock>) -> House {
        let options = Options {
            storage: storage.clone(),
            clock: clock.clone(),
            log: Default::default(),
            snapshot_every_records: 0,
        };
        let opened = Engine::open_stepped(options);
        let (engine, stepper, _) = opened.expect("what was written can be read");
        House {
            storage,
            clock,
            engine,
            stepper,
            requests: 1 << 64,
        }
    }

    fn new() -> House {
        House::open(Arc::new(Memory::new()), Arc::new(ManualClock::new(NOON)))
    }

    fn reopen(self) -> House {
        let House { storage, clock, .. } = self;
        drop((self.engine, self.stepper));
        House::open(storage, clock)
    }

    fn ask(&mut self, body: Body) -> Ticket {
        self.requests += 1;
        self.engine.submit(Command {
            request: RequestId(self.requests),
            by: Actor::Operator,
            body,
        })
    }

    fn done(&mut self, body: Body) -> Reply {
        let ticket = self.ask(body);
        assert!(self.stepper.step());
        ticket.wait().expect("memory does not fail")
    }

    /// Agencies of so many officers each, all of which back up the first. Whoever is numbered between
    /// them belongs to nobody here, so that a set of them takes two bytes for each.
    fn town(&mut self, agencies: u32, officers: u32) {
        let name = || String::from("Invented");
        let mut changes = vec![RosterChange::Programme {
            code: "sso".into(),
            name: name(),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        }];
        let agency = |code: String| RosterChange::Agency {
            agreement: Some(format!("{code}-msa")),
            name: name(),
            code,
        };
        let officer = |badge: String, home: String| {
            RosterChange::Officer(NewOfficer {
                badge,
                home,
                class: Class::PeaceOfficer,
                rank: Rank::Officer,
                certifications: Vec::new(),
                approvals: Vec::new(),
                availability: NewAvailability::Always,
            })
        };
        for number in 0..agencies {
            let home = format!("agency-{number}");
            changes.push(agency(home.clone()));
            if number > 0 {
                changes.push(RosterChange::Pact {
                    lead: "agency-0".into(),
                    backup: home.clone(),
                    tier: 1,
                    valid: Interval::ALWAYS,
                    cover: None,
                });
            }
            let badges = 0..officers;
            changes.extend(badges.map(|n| officer(format!("B-{number}-{n}"), home.clone())));
            for other in 0..64 {
                let home = format!("other-{number}-{other}");
                changes.push(agency(home.clone()));
                changes.push(officer(format!("O-{number}-{other}"), home));
            }
        }
        changes.push(RosterChange::Site(NewSite {
            code: "school".into(),
            name: name(),
            lead: "agency-0".into(),
            kind: SiteKind::Public,
            district: "one".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            ade_funded: false,
        }));
        self.done(Body::Roster(changes)).expect("a sound roster");
    }
}

fn publications(from: usize, count: usize, windows_ms: &[u64]) -> Body {
    let publication = |number: usize| {
        let start = NOON.plus_ms((24 + number as u64 % 1_000) * HOUR_MS);
        let vacancy = NewVacancy {
            key: VacancyKey(number as u128 + 1),
            lead: "agency-0".into(),
            programme: "sso".into(),
            segments: vec![NewSegment {
                site: "school".into(),
                start,
                end: start.plus_ms(HOUR_MS),
            }],
            slots: vec![Rank::Officer],
            windows_ms: windows_ms.to_vec(),
            post_orders: String::new(),
        };
        let terms = Vec::new();
        Publication { vacancy, terms }
    };
    Body::PublishAll((from..from + count).map(publication).collect())
}

#[test]
fn a_command_that_reaches_too_many_at_once_is_refused_and_half_of_it_is_done() {
    let mut house = House::new();
    house.town(1, 2_100);
    let Err(refused) = house.done(publications(0, PUBLICATIONS_MAX, &[])) else {
        panic!("it does not fit into a record")
    };
    let Refusal::TooLong { bytes } = refused.refusal else {
        panic!("{refused:?}")
    };
    assert!(bytes > RECORD_BYTES_MAX as u64);
    assert!(house.stepper.state().vacancies().is_empty());
    let half = PUBLICATIONS_MAX / 2;
    for part in [0, half] {
        house.done(publications(part, half, &[])).expect("it fits");
    }
    let house = house.reopen();
    assert_eq!(house.stepper.state().vacancies().len(), PUBLICATIONS_MAX);
}

#[test]
fn what_falls_due_at_once_is_as_many_records_as_it_takes() {
    let mut house = House::new();
    // A quarter of a million officers in sixteen agencies would make one of twenty mebibytes.
    house.town(5, 4_000);
    let vacancies = 256;
    let published = house.done(publications(0, vacancies, &[HOUR_MS]));
    published.expect("nobody but the first agency is asked");
    let before = house.stepper.state().sequence().0;
    house.clock.advance_ms(HOUR_MS + 1);
    assert!(house.stepper.step());
    let state = house.stepper.state();
    for (_, row) in state.vacancies().iter() {
        assert_eq!((row.tier, row.offered.len()), (1, 20_000));
    }
    let records = state.sequence().0 - before;
    assert!((4..16).contains(&records), "{records} records");
    let house = house.reopen();
    assert_eq!(house.stepper.state().vacancies().len(), vacancies);
}

#[test]
fn what_is_in_line_at_once_is_as_many_batches_as_it_takes() {
    let mut house = House::new();
    house.town(1, 1_500);
    let asked = 4;
    let tickets: Vec<Ticket> = (0..asked)
        .map(|part| house.ask(publications(part * PUBLICATIONS_MAX, PUBLICATIONS_MAX, &[])))
        .collect();
    let batches = |house: &House| {
        let storage: Arc<dyn Storage> = house.storage.clone();
        let report = engine::log::verify(&storage);
        report.expect("it can be read").batches
    };
    let before = batches(&house);
    assert!(house.stepper.step());
    for ticket in tickets {
        ticket
            .wait()
            .expect("memory does not fail")
            .expect("it fits");
    }
    assert_eq!(batches(&house), before + 2);
    let house = house.reopen();
    let all = house.stepper.state().vacancies().len();
    assert_eq!(all, asked * PUBLICATIONS_MAX);
}
