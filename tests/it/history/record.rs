//! Records what threads ask of one arena, and what they hear.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

use engine::core::command::NewOfficer;
use engine::core::{
    Actor, Body, Command, NewSegment, NewVacancy, RosterChange, command::NewAvailability,
    command::NewSite,
};
use engine::io::{ManualClock, Storage};
use engine::log::LogOptions;
use engine::model::{
    Class, OfficerId, Position, Rank, RequestId, SiteKind, Timestamp, VacancyId, VacancyKey,
};
use engine::{Engine, Options};
use loadgen::seed::SplitMix64;

use super::call::{Answer, Award, Call, Op};
use super::floor::{Desk, Floor};

/// Operations between two moments at which all threads wait for each other, so that they start
/// the next ones together.
const VOLLEY: usize = 4;
/// Hours of the day on which everything takes place.
const DAY_HOURS: u64 = 24;
/// Rounds of a vacancy that threads guess at, at most this far from what they have heard.
const GUESS: u64 = 2;

/// Something that can be asked by many threads at once.
pub(crate) trait Arena: Sync {
    fn ask(&self, request: u64, op: Op) -> Answer;
}

/// What is asked, and by how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) threads: usize,
    pub(crate) calls_per_thread: usize,
    pub(crate) officers: u32,
    pub(crate) sergeants: u32,
    pub(crate) vacancies: u32,
}

impl Workload {
    /// The floor before the first operation, and the publications that furnish it.
    pub(crate) fn floor(&self) -> (Floor, Vec<Op>) {
        let ordinary = (0..self.officers).map(|_| Rank::Officer);
        let leading = (0..self.sergeants).map(|_| Rank::Sergeant);
        let ranks: Vec<Rank> = ordinary.chain(leading).collect();
        // Pairs overlap by an hour, pairs touch each other, and nothing else meets.
        let publication = |number: u32| {
            let key = u8::try_from(number).expect("a handful of vacancies");
            Op::Publish {
                key,
                start_hour: 2 * key,
                hours: 3 - key % 2,
                officers: 1 + key % 2,
                sergeants: u8::from(key.is_multiple_of(3)),
            }
        };
        (
            Floor::new(&ranks),
            (0..self.vacancies).map(publication).collect(),
        )
    }

    fn staff(&self) -> u32 {
        self.officers + self.sergeants
    }
}

/// What all threads of a recording know of each other.
pub(crate) struct Recording {
    load: Workload,
    moments: AtomicU64,
    requests: AtomicU64,
    /// The newest round that was heard of, by vacancy.
    rounds: Vec<AtomicU32>,
    /// What was asked so far, to be asked again by others while it is under way.
    asked: Mutex<Vec<(u64, Op)>>,
    calls: Mutex<Vec<Call>>,
}

impl Recording {
    pub(crate) fn new(load: Workload) -> Recording {
        Recording {
            load,
            moments: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            rounds: (0..=load.vacancies + 2)
                .map(|_| AtomicU32::new(1))
                .collect(),
            asked: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    /// Lets the threads of the workload loose on `arena`, with dice from `seed`.
    pub(crate) fn run(&self, arena: &impl Arena, seed: u64) {
        let start = Barrier::new(self.load.threads);
        thread::scope(|scope| {
            for number in 0..self.load.threads {
                let start = &start;
                let mut dice = SplitMix64::new(seed.wrapping_mul(1_000_003) + number as u64);
                scope.spawn(move || {
                    let mut heard = Vec::with_capacity(self.load.calls_per_thread);
                    for turn in 0..self.load.calls_per_thread {
                        if turn % VOLLEY == 0 {
                            start.wait();
                        }
                        heard.push(self.call(arena, number, &mut dice));
                    }
                    locked(&self.calls).append(&mut heard);
                });
            }
        });
    }

    /// Everything recorded, in the order of the invocations.
    pub(crate) fn finish(self) -> Vec<Call> {
        let mut calls = self
            .calls
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        calls.sort_by_key(|call| call.invoked);
        calls
    }

    fn call(&self, arena: &impl Arena, thread: usize, dice: &mut SplitMix64) -> Call {
        let (request, op) = self.choose(dice);
        let invoked = self.moments.fetch_add(1, Ordering::SeqCst);
        let answer = arena.ask(request, op);
        let answered = self.moments.fetch_add(1, Ordering::SeqCst);
        if let (Op::Release { vacancy, .. } | Op::Recall { vacancy, .. }, Answer::Done { .. }) =
            (op, &answer)
            && let Some(round) = self.rounds.get(vacancy as usize)
        {
            round.fetch_add(1, Ordering::SeqCst);
        }
        Call {
            thread,
            request,
            op,
            invoked,
            answered,
            answer,
        }
    }

    fn choose(&self, dice: &mut SplitMix64) -> (u64, Op) {
        let mut asked = locked(&self.asked);
        let count = asked.len() as u64;
        if count > 0 && dice.chance(150) {
            // Mostly what was asked a moment ago, by whichever thread.
            let back = dice.between(1, count.min(12));
            let (request, op) = asked[(count - back) as usize];
            let asker = op.asker();
            // Now and then somebody uses an id twice, which is an error of theirs.
            let other = self.random_op(dice);
            return match dice.chance(100) && other.asker() == asker {
                true => (request, other),
                false => (request, op),
            };
        }
        let request = self.requests.fetch_add(1, Ordering::SeqCst);
        let op = self.random_op(dice);
        asked.push((request, op));
        (request, op)
    }

    fn random_op(&self, dice: &mut SplitMix64) -> Op {
        let officer = dice.below(u64::from(self.load.staff())) as u32;
        // One more than there are, now and then, until somebody publishes it.
        let vacancy = dice.below(u64::from(self.load.vacancies) + 1) as u32;
        match dice.pick(&[600, 80, 160, 60, 6, 15, 30, 49]) {
            0 => Op::Accept {
                officer,
                vacancy,
                round: self.round(vacancy, dice),
            },
            1 => Op::Decline {
                officer,
                vacancy,
                round: self.round(vacancy, dice),
            },
            2 => Op::Release { officer, vacancy },
            3 => Op::Recall { officer, vacancy },
            4 => Op::Cancel { vacancy },
            5 => Op::Publish {
                key: (self.load.vacancies + dice.below(2) as u32) as u8,
                start_hour: dice.below(DAY_HOURS - 4) as u8,
                hours: 1 + dice.below(4) as u8,
                officers: 1,
                sergeants: 0,
            },
            6 => Op::Suspend { officer },
            _ => Op::Reinstate { officer },
        }
    }

    fn round(&self, vacancy: u32, dice: &mut SplitMix64) -> u32 {
        let known = self
            .rounds
            .get(vacancy as usize)
            .map_or(1, |round| round.load(Ordering::SeqCst));
        if dice.chance(800) {
            return known;
        }
        let low = u64::from(known).saturating_sub(GUESS).max(1);
        dice.between(low, u64::from(known) + GUESS) as u32
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The real engine with its thread.
pub(crate) struct House {
    pub(crate) engine: Engine,
}

impl House {
    pub(crate) fn open(storage: Arc<dyn Storage>, log: LogOptions) -> House {
        let options = Options {
            storage,
            clock: Arc::new(ManualClock::new(Timestamp(1))),
            log,
            snapshot_every_records: 0,
        };
        let (engine, _) = Engine::open(options).expect("a sound log");
        House { engine }
    }

    /// Adds the people and places of `load` and publishes its vacancies; says where that leaves
    /// the specification.
    pub(crate) fn furnish(&self, load: &Workload) -> Desk {
        let (floor, publications) = load.floor();
        let agency = RosterChange::Agency {
            code: "tucson".into(),
            name: "Tucson".into(),
            agreement: Some("msa-tucson".into()),
        };
        let programme = RosterChange::Programme {
            code: "venue".into(),
            name: "Venues".into(),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        };
        let site = RosterChange::Site(NewSite {
            code: "site".into(),
            name: "Site".into(),
            lead: "tucson".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 0,
                longitude_udeg: 0,
            },
            geofence_m: 100,
            district: "one".into(),
            kind: SiteKind::Public,
            ade_funded: false,
        });
        let officers = (0..).zip(&floor.staff).map(|(number, who): (u32, _)| {
            RosterChange::Officer(NewOfficer {
                badge: format!("TUC-{number:04}"),
                home: "tucson".into(),
                class: Class::PeaceOfficer,
                rank: who.rank,
                certifications: Vec::new(),
                approvals: Vec::new(),
                availability: NewAvailability::Always,
            })
        });
        let changes = [agency, programme, site]
            .into_iter()
            .chain(officers)
            .collect();
        self.setup(0, Body::Roster(changes));
        for (number, op) in (1..).zip(&publications) {
            self.setup(number, body(*op));
        }
        let state = self
            .engine
            .follow()
            .expect("the engine is open")
            .into_state();
        for number in 0..load.staff() {
            let badge = format!("TUC-{number:04}");
            assert_eq!(state.roster().officer(&badge), Some(OfficerId(number)));
        }
        let mut desk = Desk::new(floor, state.sequence().0);
        for op in publications {
            desk.floor.perform(op, &Answer::Done { sequence: 0 });
        }
        desk
    }

    fn setup(&self, request: u128, body: Body) {
        let command = Command {
            // Recordings count their requests from 0.
            request: RequestId(u128::MAX - request),
            by: Actor::Operator,
            body,
        };
        let reply = self.engine.submit(command).wait();
        reply.expect("the disk is sound").expect("a fair beginning");
    }
}

impl Arena for House {
    fn ask(&self, request: u64, op: Op) -> Answer {
        let by = match op.asker() {
            Some(officer) => Actor::Officer(OfficerId(officer)),
            None => Actor::Operator,
        };
        let command = Command {
            request: RequestId(u128::from(request)),
            by,
            body: body(op),
        };
        match self
            .engine
            .submit(command)
            .wait()
            .expect("the disk is sound")
        {
            Ok(engine::core::Answer::Won(receipt)) => Answer::Won(Award {
                vacancy: receipt.vacancy.0,
                slot: receipt.slot,
                place: receipt.place,
                sequence: receipt.sequence.0,
            }),
            Ok(engine::core::Answer::Done { sequence }) => Answer::Done {
                sequence: sequence.0,
            },
            Ok(other) => unreachable!("no vacancy of a history is on terms: {other:?}"),
            Err(refused) => Answer::Refused {
                refusal: refused.refusal,
                place: refused.place,
            },
        }
    }
}

fn body(op: Op) -> Body {
    match op {
        Op::Publish {
            key,
            start_hour,
            hours,
            officers,
            sergeants,
        } => {
            let hour = |hour: u8| Timestamp(0).plus_ms((100 + u64::from(hour)) * 3_600_000);
            let ordinary = (0..officers).map(|_| Rank::Officer);
            let leading = (0..sergeants).map(|_| Rank::Sergeant);
            Body::Publish(Box::new(NewVacancy {
                key: VacancyKey(u128::from(key)),
                lead: "tucson".into(),
                programme: "venue".into(),
                segments: vec![NewSegment {
                    site: "site".into(),
                    start: hour(start_hour),
                    end: hour(start_hour + hours),
                }],
                slots: ordinary.chain(leading).collect(),
                windows_ms: Vec::new(),
                post_orders: String::new(),
            }))
        }
        Op::Cancel { vacancy } => Body::Cancel {
            vacancy: VacancyId(vacancy),
            reason: String::new(),
        },
        Op::Accept { vacancy, round, .. } => Body::Accept {
            vacancy: VacancyId(vacancy),
            round,
        },
        Op::Decline { vacancy, round, .. } => Body::Decline {
            vacancy: VacancyId(vacancy),
            round,
        },
        Op::Release { vacancy, .. } => Body::Release {
            vacancy: VacancyId(vacancy),
        },
        Op::Recall { officer, vacancy } => Body::Recall {
            vacancy: VacancyId(vacancy),
            officer: OfficerId(officer),
        },
        Op::Suspend { officer } => Body::Roster(vec![RosterChange::Suspended {
            badge: format!("TUC-{officer:04}"),
        }]),
        Op::Reinstate { officer } => Body::Roster(vec![RosterChange::Reinstated {
            badge: format!("TUC-{officer:04}"),
        }]),
    }
}
