//! Plays scenario lines on a real engine with a clock that only the scenario moves.

mod afterwards;
mod ask;
mod award;
mod covers;
mod denials;
mod jobs;
mod provisions;
mod publication;
mod roster;
mod say;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::core::{Actor, Body, Command, NewVacancy, Refusal, State, digest};
use engine::io::{ManualClock, Memory};
use engine::limits::INBOX_LEN_MAX;
use engine::log::{Background, LogOptions};
use engine::model::{RequestId, Timestamp, VacancyId, VacancyKey};
use engine::rules::tier;
use engine::{Engine, Follower, Options, Stepper, Ticket};

use super::words::{Words, duration_ms};

/// Every scenario starts on Sunday 22 November 2026 at noon in Phoenix.
const START: &str = "2026-11-22T19:00:00Z";

/// An engine, its follower, and the names that a scenario uses.
pub(crate) struct Stage {
    storage: Arc<Memory>,
    clock: Arc<ManualClock>,
    /// None only while it is closed and opened again.
    house: Option<House>,
    /// `v1` and so on.
    vacancies: BTreeMap<String, VacancyKey>,
    requests: u128,
}

/// An open engine and a reader of it.
struct House {
    engine: Engine,
    stepper: Stepper,
    follower: Follower,
}

/// What is put in line.
enum Entrant<'a> {
    /// A scenario's line.
    Line(Words<'a>, Box<Command>),
    /// A crowd that leaves room for so many more.
    Crowd(usize),
}

/// A line that was put in line and waits for its answer.
struct Asked<'a> {
    words: Words<'a>,
    ticket: Ticket,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let start: jiff::Timestamp = START.parse().expect("the start is a time");
        let clock = Arc::new(ManualClock::new(Timestamp(start.as_microsecond())));
        let storage = Arc::new(Memory::new());
        let house = Some(open(&storage, &clock));
        Stage {
            storage,
            clock,
            house,
            vacancies: BTreeMap::new(),
            requests: 0,
        }
    }

    /// Plays one block: all its commands in line together, settled in one step.
    pub(crate) fn play(&mut self, lines: &[&str]) -> String {
        let mut output = String::new();
        let mut entrants: Vec<Entrant<'_>> = Vec::new();
        for line in lines {
            let words = Words::parse(line);
            match words.word(0) {
                "advance" => self.clock.advance_ms(duration_ms(words.word(1))),
                "at" => self.clock.set(self.moment(&words)),
                "just-before" => {
                    let Timestamp(us) = self.moment(&words);
                    self.clock.set(Timestamp(us - 1));
                }
                "restart" => self.restart(),
                "why" => self.why(&words, &mut output),
                "holders" => self.holders(&words, &mut output),
                "attendance" => self.attendance(&words, &mut output),
                "shifts" => self.shifts(&words, &mut output),
                "read" => self.read(&words, self.asker(&words), &mut output),
                "covers" => self.covers(&words, &mut output),
                "filled" => self.filled(&words, &mut output),
                "times" => self.times(&words, &mut output),
                "preview" => self.preview(&words, &mut output),
                "job-of" => self.job_of(&words, &mut output),
                "slots" => self.slots_of(&words, &mut output),
                "grant-of" => self.grant_of(&words, &mut output),
                "crowd" => {
                    let room = words.need("leaving").parse().expect("a number");
                    entrants.push(Entrant::Crowd(room));
                }
                "and" => {
                    let (_, rest) = line.split_once(' ').expect("`and` something");
                    let last = entrants.last_mut();
                    let Some(Entrant::Line(_, command)) = last else {
                        panic!("`{line}` continues nothing");
                    };
                    self.and(&Words::parse(rest), &mut command.body);
                }
                _ => {
                    let command = self.command(&words);
                    entrants.push(Entrant::Line(words, Box::new(command)));
                }
            }
        }
        let mut asked: Vec<Asked<'_>> = Vec::new();
        let mut crowd: Vec<Ticket> = Vec::new();
        for entrant in entrants {
            match entrant {
                Entrant::Line(words, command) => {
                    let ticket = self.house().engine.submit(*command);
                    asked.push(Asked { words, ticket });
                }
                Entrant::Crowd(room) => {
                    let in_line = asked.len() + crowd.len();
                    crowd.extend((in_line + room..INBOX_LEN_MAX).map(|_| self.passer_by()));
                }
            }
        }
        // What falls due because of this step is part of what happens after the block.
        for _ in 0..8 {
            assert!(self.house_mut().stepper.step(), "the engine goes on");
        }
        self.hear(&mut output);
        for Asked { words, ticket } in asked {
            let reply = ticket.wait().expect("a scenario's disk never fails");
            self.say_reply(&words, &reply, &mut output);
        }
        for ticket in crowd {
            let reply = ticket.wait().expect("a scenario's disk never fails");
            let refused = reply.expect_err("a passer-by asks for nothing");
            assert_eq!(refused.refusal, Refusal::NotAllowed);
        }
        output
    }

    /// Adds to a command what a line that begins with `and` says.
    fn and(&mut self, words: &Words<'_>, body: &mut Body) {
        match body {
            Body::Roster(changes) => changes.push(roster::roster_change(self, words)),
            Body::Publish(first) => {
                let first = publication::plain(NewVacancy::clone(first));
                *body = Body::PublishAll(vec![first, self.publication(words)]);
            }
            Body::PublishAll(all) => all.push(self.publication(words)),
            _ => panic!("there is no more of this than one"),
        }
    }

    /// Somebody who takes a place in line and changes nothing: not even a refusal is recorded.
    fn passer_by(&self) -> Ticket {
        self.house().engine.submit(Command {
            request: RequestId(u128::MAX),
            by: Actor::Operator,
            body: Body::Release {
                vacancy: VacancyId(0),
            },
        })
    }

    /// What must be true at the end of every scenario, whatever it was about.
    pub(crate) fn check(&mut self) {
        let live = digest(self.house().stepper.state());
        assert_eq!(
            live,
            digest(self.state()),
            "a follower has the engine's state"
        );
        let snapshot = self
            .house()
            .stepper
            .state()
            .snapshot()
            .expect("a state can be written");
        let restored = State::restore(&snapshot).expect("a snapshot can be read");
        assert_eq!(live, digest(&restored), "a snapshot holds the whole state");
        check_index(self.house().stepper.state());
        check_index(&restored);
        self.restart();
        assert_eq!(
            live,
            digest(self.house().stepper.state()),
            "the log alone rebuilds the state"
        );
        check_index(self.house().stepper.state());
    }

    fn restart(&mut self) {
        self.house().engine.close();
        while self.house_mut().stepper.step() {}
        // The old engine lets go of the folder before the new one takes it.
        self.house = None;
        self.house = Some(open(&self.storage, &self.clock));
    }

    fn house(&self) -> &House {
        self.house
            .as_ref()
            .expect("the house stands between restarts")
    }

    fn house_mut(&mut self) -> &mut House {
        self.house
            .as_mut()
            .expect("the house stands between restarts")
    }

    fn state(&self) -> &State {
        &self.house().follower.state
    }
}

/// The index and its naive twin agree on every vacancy and tier.
fn check_index(state: &State) {
    for (_, row) in state.vacancies().iter() {
        let ground = state.ground(row, state.at());
        let ground = ground.expect("what was published has a programme");
        for number in 0..4 {
            let lead = row.posting.lead;
            let agencies =
                tier::agencies_of_tier(state.roster(), lead, number, ground.at, ground.span);
            let fast = state.index().eligible(ground, state.calendars(), &agencies);
            let slow = engine::index::naive::eligible(ground, state.calendars(), &agencies);
            assert_eq!(
                fast, slow,
                "the index agrees with its naive twin in tier {number}"
            );
            let funnel = state.index().funnel(ground, state.calendars(), &agencies);
            assert_eq!(
                funnel,
                publication::funnel(state, ground, &agencies),
                "the funnel agrees with explaining everybody in tier {number}"
            );
        }
    }
}

fn open(storage: &Arc<Memory>, clock: &Arc<ManualClock>) -> House {
    let log = LogOptions {
        segment_bytes: 1 << 20,
        background: Background::OnDemand,
        ..LogOptions::default()
    };
    let (storage, clock) = (Arc::clone(storage), Arc::clone(clock));
    let options = Options {
        storage,
        clock,
        log,
        snapshot_every_records: 0,
    };
    let opened = Engine::open_stepped(options).expect("a scenario's disk is sound");
    let (engine, mut stepper, _) = opened;
    let reader = engine.clone();
    let following = std::thread::spawn(move || reader.follow());
    while !following.is_finished() {
        stepper.step();
    }
    let follower = following
        .join()
        .expect("following does not panic")
        .expect("it is open");
    House {
        engine,
        stepper,
        follower,
    }
}
