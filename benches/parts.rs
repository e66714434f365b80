//! The parts of the engine, each beside its slow twin or its floor.
//!
//! ```text
//! cargo bench --bench parts
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::digest::fingerprint;
use engine::core::{
    Actor, Body, Command, Event, Matches, NewSegment, NewVacancy, Outcome, Record, RosterChange,
    Stamp, State, apply, decide,
};
use engine::index::naive;
use engine::io::{Clock, ManualClock, Memory};
use engine::limits::{ANSWERS_MAX, SLOTS_MAX};
use engine::log::{Background, LogOptions};
use engine::model::{
    AgreementId, Availability, Calendar, Class, Interval, OfficerId, Position, Rank, RequestId,
    Sequence, SiteKind, Timestamp, VacancyId, VacancyKey,
};
use engine::rules::tier;
use engine::{Engine, Options, Stepper, Ticket};

/// 2026-11-22T19:00:00Z.
const NOON: Timestamp = Timestamp(1_795_374_000_000_000);
const HOUR_MS: u64 = 3_600_000;
/// Officers of each of four agencies, in one match.
const OFFICERS_EACH: usize = 2_500;
/// Accepts settled in one step.
const ACCEPTS: usize = 1_024;

struct House {
    engine: Engine,
    stepper: Stepper,
    requests: u128,
}

impl House {
    fn open(officers_each: usize) -> House {
        let options = Options {
            storage: Arc::new(Memory::new()),
            clock: Arc::new(ManualClock::new(NOON)),
            log: LogOptions {
                background: Background::OnDemand,
                ..LogOptions::default()
            },
            snapshot_every_records: 0,
        };
        let (engine, stepper, _) = Engine::open_stepped(options).expect("an empty log opens");
        let mut house = House {
            engine,
            stepper,
            requests: 0,
        };
        house.done(Actor::Operator, Body::Roster(roster(officers_each)));
        house
    }

    fn done(&mut self, by: Actor, body: Body) {
        self.requests += 1;
        let request = RequestId(self.requests);
        let ticket = self.engine.submit(Command { request, by, body });
        self.stepper.step();
        ticket
            .wait()
            .expect("memory does not fail")
            .expect("it is allowed");
    }

    fn accept(&mut self, officer: OfficerId, vacancy: VacancyId) -> Ticket {
        self.requests += 1;
        self.engine.submit(Command {
            request: RequestId(self.requests),
            by: Actor::Officer(officer),
            body: Body::Accept { vacancy, round: 1 },
        })
    }

    /// Publishes a vacancy of `slots` slots, each at a time of its own.
    fn publish(&mut self, slots: usize) -> VacancyId {
        let id: VacancyId = self.stepper.state().vacancies().end();
        let start = ManualClock::new(NOON)
            .now()
            .plus_ms(HOUR_MS * (2 + u64::from(id.0) % 600));
        let vacancy = NewVacancy {
            key: VacancyKey(u128::from(id.0) + 1),
            lead: "agency-0".into(),
            programme: "sso".into(),
            segments: vec![NewSegment {
                site: "site".into(),
                start,
                end: start.plus_ms(HOUR_MS),
            }],
            slots: vec![Rank::Officer; slots],
            windows_ms: vec![],
            post_orders: String::new(),
        };
        self.done(Actor::Operator, Body::Publish(Box::new(vacancy)));
        id
    }
}

fn roster(officers_each: usize) -> Vec<RosterChange> {
    let name = || String::from("Invented");
    let mut changes = vec![
        RosterChange::Certification {
            code: "azpost".into(),
            name: name(),
        },
        RosterChange::Certification {
            code: "ade-sso".into(),
            name: name(),
        },
        RosterChange::Programme {
            code: "sso".into(),
            name: name(),
            certifications: vec!["azpost".into(), "ade-sso".into()],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
    ];
    for agency in 0..4 {
        changes.push(RosterChange::Agency {
            code: format!("agency-{agency}"),
            name: name(),
            agreement: Some(format!("msa-{agency}")),
        });
    }
    changes.push(RosterChange::Site(NewSite {
        code: "site".into(),
        name: name(),
        lead: "agency-0".into(),
        zone: "America/Phoenix".into(),
        position: Position {
            latitude_udeg: 33_000_000,
            longitude_udeg: -112_000_000,
        },
        geofence_m: 150,
        district: name(),
        kind: SiteKind::Public,
        ade_funded: false,
    }));
    for number in 0..4 * officers_each {
        let certifications = match number % 3 {
            0 => vec![("azpost".into(), Interval::ALWAYS)],
            _ => ["azpost", "ade-sso"]
                .map(|kind| (kind.into(), Interval::ALWAYS))
                .into(),
        };
        changes.push(RosterChange::Officer(NewOfficer {
            badge: format!("B-{number}"),
            home: format!("agency-{}", number % 4),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications,
            approvals: vec![("sso".into(), Interval::ALWAYS)],
            availability: NewAvailability::Always,
        }));
    }
    changes
}

/// The hot plane against examining everybody, for one vacancy of an agency of 2,500 among 10,000.
fn matching(criterion: &mut Criterion) {
    let mut house = House::open(OFFICERS_EACH);
    let id = house.publish(1);
    let state = house.stepper.state();
    let row = state.vacancy(id).expect("it was published");
    let ground = state.ground(row, NOON).expect("a programme");
    let lead = row.posting.lead;
    let agencies = tier::agencies_of_tier(state.roster(), lead, 0, NOON, ground.span);
    let mut group = criterion.benchmark_group("match one vacancy, 10,000 officers");
    group.bench_function("index", |bencher| {
        bencher.iter(|| state.index().eligible(ground, state.calendars(), &agencies));
    });
    group.bench_function("index, as bits", |bencher| {
        bencher.iter(|| state.index().marks(ground, state.calendars(), &agencies));
    });
    group.bench_function("naive twin", |bencher| {
        bencher.iter(|| naive::eligible(ground, state.calendars(), &agencies));
    });
    group.finish();
}

/// One change of the roster in the index, of an officer among 10,000.
fn flipping(criterion: &mut Criterion) {
    let mut house = House::open(OFFICERS_EACH);
    let id = house.publish(1);
    let state = house.stepper.state();
    let roster = state.roster();
    let span = state.vacancy(id).expect("it was published").posting.span();
    let officer = roster.officer("B-4").expect("it was imported");
    let row = roster.officers.find(officer).expect("it has a number");
    let mut away = row.clone();
    away.availability = Availability::Declared {
        weekly: std::array::from_fn(|_| Vec::new()).into(),
        exceptions: BTreeMap::new().into(),
    };
    let mut index = state.index().clone();
    let mut group = criterion.benchmark_group("one change in the index, 10,000 officers");
    group.bench_function("a qualification", |bencher| {
        bencher.iter(|| index.requalify(officer, roster, NOON));
    });
    group.bench_function("availability, there and back", |bencher| {
        bencher.iter(|| {
            index.declare(officer, &row.availability, &away);
            index.declare(officer, &away.availability, row);
        });
    });
    let nothing = Calendar::default();
    group.bench_function("work taken and given back", |bencher| {
        bencher.iter(|| {
            index.book(officer, roster, span);
            index.rebook(officer, roster, &nothing, [span].into_iter());
        });
    });
    group.finish();
}

/// The whole race in process, on a log in memory: everything but the disk.
fn racing(criterion: &mut Criterion) {
    let mut house = House::open(ACCEPTS);
    let officers: Vec<OfficerId> = {
        let roster = house.stepper.state().roster();
        let home = |number: usize| format!("B-{}", number * 4);
        (0..ACCEPTS)
            .filter_map(|number| roster.officer(&home(number)))
            .collect()
    };
    let mut group = criterion.benchmark_group("accepts in one step, log in memory");
    group.throughput(Throughput::Elements(officers.len() as u64));
    group.sample_size(20);
    group.bench_function("hot: one slot", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let vacancy = house.publish(1);
                let started = Instant::now();
                let tickets: Vec<Ticket> = officers
                    .iter()
                    .map(|&officer| house.accept(officer, vacancy))
                    .collect();
                house.stepper.step();
                let answered = tickets.into_iter().map(Ticket::wait).filter(Result::is_ok);
                assert_eq!(answered.count(), officers.len(), "everybody is answered");
                spent += started.elapsed();
            }
            spent
        });
    });
    group.finish();
}

/// What the thread that settles does for an award, without the line and the log.
fn settling(criterion: &mut Criterion) {
    let mut house = House::open(OFFICERS_EACH);
    let vacancy = house.publish(SLOTS_MAX);
    let state = house.stepper.state();
    let row = state.vacancy(vacancy).expect("it was published");
    let officers: Vec<OfficerId> = row.offered.iter().take(SLOTS_MAX).collect();
    let accepts: Vec<Command> = officers.into_iter().zip(1 << 64..).map(accept).collect();
    let mut group = criterion.benchmark_group("awards of one vacancy of 256 slots");
    group.throughput(Throughput::Elements(accepts.len() as u64));
    group.bench_function("decided and applied", |bencher| {
        let settle = |state: &mut State| {
            for (accept, place) in accepts.iter().zip(1..) {
                let events =
                    match decide(state, accept, Stamp { at: NOON, place }, &Matches::none()) {
                        Ok(Outcome::New(events)) => events,
                        other => unreachable!("everybody was offered a slot: {other:?}"),
                    };
                let record = Record {
                    sequence: state.sequence().next(),
                    at: NOON,
                    request: accept.request,
                    by: accept.by,
                    fingerprint: fingerprint(&accept.body),
                    events,
                };
                apply(state, &record);
            }
        };
        bencher.iter_batched_ref(|| state.clone(), settle, BatchSize::LargeInput);
    });
    group.finish();
}

/// The table of answers when it is full: each that comes has the oldest forgotten.
fn remembering(criterion: &mut Criterion) {
    let record = |number: u64| Record {
        sequence: Sequence(number),
        request: RequestId(u128::from(number)),
        events: Vec::new().into(),
        ..award()
    };
    let mut state = State::empty();
    let mut last = 0;
    let mut remember = |state: &mut State| {
        last += 1;
        apply(state, &record(last));
        last
    };
    for _ in 0..ANSWERS_MAX {
        remember(&mut state);
    }
    let mut group = criterion.benchmark_group("one answer among 1,048,576");
    group.bench_function("remembered", |bencher| {
        bencher.iter(|| remember(&mut state));
    });
    let last = u128::from(state.sequence().0);
    let by = award().by;
    group.bench_function("found, in no order", |bencher| {
        let mut number = 0;
        bencher.iter(|| {
            number = (number + 7_919) % ANSWERS_MAX as u128;
            let found = state.answer(by, RequestId(last - number));
            assert!(found.is_some(), "it is not forgotten yet");
        });
    });
    group.finish();
}

/// A record of one award, and a batch of them, as the log holds them.
fn encoding(criterion: &mut Criterion) {
    let record = award();
    let mut bytes = Vec::new();
    record.encode_into(&mut bytes);
    let mut group = criterion.benchmark_group("one award record");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let mut buffer = Vec::with_capacity(4_096);
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            record.encode_into(&mut buffer);
            buffer.len()
        });
    });
    group.bench_function("decode, checked", |bencher| {
        bencher.iter(|| Record::decode(&bytes).expect("it was just written"));
    });
    group.finish();

    let batch = vec![record; ACCEPTS];
    let mut group = criterion.benchmark_group("a batch of 1,024 award records");
    group.throughput(Throughput::Elements(batch.len() as u64));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            batch
                .iter()
                .for_each(|record| record.encode_into(&mut buffer));
            buffer.len()
        });
    });
    group.finish();
}

fn accept((officer, request): (OfficerId, u128)) -> Command {
    Command {
        request: RequestId(request),
        by: Actor::Officer(officer),
        body: Body::Accept {
            vacancy: VacancyId(0),
            round: 1,
        },
    }
}

fn award() -> Record {
    Record {
        sequence: Sequence(1),
        at: NOON,
        request: RequestId(7),
        by: Actor::Officer(OfficerId(3)),
        fingerprint: 9,
        events: Event::Awarded {
            vacancy: VacancyId(1),
            slot: 0,
            officer: OfficerId(3),
            cover: AgreementId(0),
            place: 1,
        }
        .into(),
    }
}

criterion_group!(
    parts,
    matching,
    flipping,
    racing,
    settling,
    remembering,
    encoding
);
criterion_main!(parts);
