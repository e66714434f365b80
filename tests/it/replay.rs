//! The log is the audit trail: after a run of random commands, the state of every moment of it can
//! be had again, and is the one that the live engine had then.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Actor, Body, Command, Event, NewSegment, NewVacancy, RosterChange, State, apply, digest,
};
use engine::io::{Clock, ManualClock, Memory, Storage};
use engine::log::{Background, LogOptions, Recovery, kept};
use engine::model::{
    Class, Direction, Interval, OfficerId, Position, Rank, RequestId, Sequence, SiteKind,
    Timestamp, VacancyId, VacancyKey,
};
use engine::replay::{Moment, Replay, ReplayError, state_at};
use engine::{Engine, Follower, Options, Stepper};

const SEEDS: [u64; 3] = [7, 42, 4_711];
const STEPS: usize = 50;
const OFFICERS: u32 = 12;
const HOUR_MS: u64 = 3_600_000;
/// Small, so that a run has many segments.
const SEGMENT_BYTES: u64 = 32 << 10;
const AGENCIES: [&str; 3] = ["chandler", "gilbert", "mesa"];

/// What the live engine was like after a record.
struct Lived {
    sequence: Sequence,
    at: Timestamp,
    digest: u64,
}

/// A run that is over.
struct Run {
    storage: Arc<Memory>,
    lived: Vec<Lived>,
    /// States as snapshots, after a third and after two thirds of all records.
    snapshots: Vec<(Sequence, Vec<u8>)>,
}

#[test]
fn every_moment_of_a_random_run_can_be_had_again() {
    let mut reached = BTreeSet::new();
    for seed in SEEDS {
        let run = play(seed, &mut reached);
        run.holds_record_by_record();
        run.holds_at_every_record();
        run.holds_at_every_time();
        run.refuses_what_it_does_not_know();
        run.save_snapshots(true);
        run.holds_at_every_record();
        run.holds_at_every_time();
        run.refuses_what_it_does_not_know();
    }
    for kind in [
        "TierOpened",
        "Awarded",
        "Declined",
        "Vacated",
        "Cancelled",
        "Expired",
        "Punched",
        "Flagged",
        "Confirmed",
        "Refused",
        "Suspended",
        "CertificationRevoked",
    ] {
        assert!(reached.contains(kind), "no {kind} in any run: {reached:?}");
    }
}

#[test]
fn what_was_removed_is_refused_and_the_rest_can_be_had() {
    let run = play(SEEDS[0], &mut BTreeSet::new());
    run.save_snapshots(false);
    let (earliest, _) = run.snapshots[0];
    let first = kept(&*run.storage).expect("memory does not fail").first;
    assert!(
        first > Some(Sequence(1)),
        "segments were removed: {first:?}"
    );
    for lived in &run.lived {
        let past = state_at(&run.storage(), Moment::After(lived.sequence));
        if lived.sequence >= earliest {
            assert_eq!(digest(&past.expect("it is kept").state), lived.digest);
            continue;
        }
        let error = past.expect_err("it is gone");
        let ReplayError::TooEarly { earliest: said, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*said, earliest);
        let words = error.to_string();
        assert!(words.contains(&format!("record {earliest}")), "{words}");
    }
    // What is left of the records before is still read, with the names of the oldest snapshot.
    let first = first.expect("there is a log");
    let mut replay = Replay::from(run.storage(), first).expect("it can be read");
    let mut read = 0;
    while let Some(entry) = replay.peek().expect("it can be read") {
        let sequence = entry.record.sequence;
        assert_eq!(sequence, Sequence(first.0 + read));
        assert_eq!(replay.is_exact(), sequence > earliest, "{sequence}");
        replay.advance().expect("it can be read");
        read += 1;
    }
    assert_eq!(first.0 + read - 1, run.last().sequence.0);
    assert_eq!(digest(replay.state()), run.last().digest);
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let run = play(SEEDS[1], &mut BTreeSet::new());
    run.save_snapshots(true);
    let last = run.last();
    for (place, from) in [(1, run.snapshots[0].0), (0, Sequence::ZERO)] {
        run.damage_snapshot(place);
        let past = state_at(&run.storage(), Moment::After(last.sequence));
        let past = past.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((past.snapshot, digest(&past.state)), (from, last.digest));
    }
}

#[test]
fn where_nothing_can_be_rebuilt_records_are_still_read() {
    let run = play(SEEDS[2], &mut BTreeSet::new());
    run.save_snapshots(false);
    run.damage_snapshot(0);
    run.damage_snapshot(1);
    let first = kept(&*run.storage).expect("memory does not fail").first;
    let first = first.expect("there is a log");
    let error = state_at(&run.storage(), Moment::End).expect_err("the beginning is missing");
    assert_eq!(error, ReplayError::NoBase { first });
    let mut replay = Replay::from(run.storage(), Sequence(1)).expect("it can be read");
    for number in first.0..=run.last().sequence.0 {
        let entry = replay.advance().expect("it can be read");
        let entry = entry.expect("it is all there");
        assert_eq!(entry.record.sequence, Sequence(number));
        assert!(replay.state().vacancies().is_empty(), "no state is made up");
    }
}

#[test]
fn no_log_is_said_to_be_none() {
    let empty: Arc<dyn Storage> = Arc::new(Memory::new());
    for moment in [Moment::End, Moment::After(Sequence(1))] {
        let error = state_at(&empty, moment).expect_err("there is nothing");
        assert!(matches!(error, ReplayError::Empty { .. }), "{error}");
    }
}

impl Run {
    fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage) as Arc<dyn Storage>
    }

    fn last(&self) -> &Lived {
        self.lived.last().expect("a run has records")
    }

    fn holds_record_by_record(&self) {
        let mut replay = Replay::from(self.storage(), Sequence(1)).expect("it can be read");
        for lived in &self.lived {
            let entry = replay.advance().expect("it can be read");
            let entry = entry.expect("it has as many records");
            assert_eq!(
                (entry.record.sequence, entry.record.at),
                (lived.sequence, lived.at)
            );
            assert_eq!(
                digest(replay.state()),
                lived.digest,
                "record {}",
                lived.sequence
            );
        }
        assert!(replay.advance().expect("it can be read").is_none());
    }

    fn holds_at_every_record(&self) {
        let snapshots = kept(&*self.storage)
            .expect("memory does not fail")
            .snapshots;
        let mut before = 0;
        for lived in &self.lived {
            let past = state_at(&self.storage(), Moment::After(lived.sequence));
            let past = past.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                digest(&past.state),
                lived.digest,
                "record {}",
                lived.sequence
            );
            // Were it the state of a record before or after, it would be noticed.
            assert_ne!(before, lived.digest);
            before = lived.digest;
            let newest = snapshots.iter().rfind(|at| **at <= lived.sequence);
            let newest = newest.copied().unwrap_or_default();
            assert_eq!(past.snapshot, newest, "no more is read than need be");
            assert_eq!(past.records, lived.sequence.0 - newest.0);
        }
        let end = state_at(&self.storage(), Moment::End).expect("it can be read");
        assert_eq!(digest(&end.state), self.last().digest);
    }

    fn holds_at_every_time(&self) {
        for (place, lived) in self.lived.iter().enumerate() {
            let next = self.lived.get(place + 1);
            if next.is_some_and(|next| next.at == lived.at) {
                // The state at a time is the one after everything decided at it.
                continue;
            }
            let mut times = vec![lived.at];
            if let Some(next) = next {
                times.push(Timestamp(next.at.as_micros() - 1));
            }
            for time in times {
                let past = state_at(&self.storage(), Moment::At(time));
                let past = past.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(
                    digest(&past.state),
                    lived.digest,
                    "record {}",
                    lived.sequence
                );
            }
        }
    }

    fn refuses_what_it_does_not_know(&self) {
        let Lived { sequence, at, .. } = self.last();
        let late = [
            Moment::After(sequence.next()),
            Moment::At(Timestamp(at.as_micros() + 1)),
        ];
        for moment in late {
            let error = state_at(&self.storage(), moment).expect_err("nobody knows yet");
            let (asked, last, at) = (moment, *sequence, *at);
            assert_eq!(error, ReplayError::TooLate { asked, last, at });
            let words = error.to_string();
            assert!(
                words.contains(&format!("its last record is {last}")),
                "{words}"
            );
        }
        let begun = self.lived[0].at;
        let before = Moment::At(Timestamp(begun.as_micros() - 1));
        let error = state_at(&self.storage(), before).expect_err("there was no log");
        assert!(
            matches!(
                error,
                ReplayError::TooEarly {
                    earliest: Sequence(1),
                    ..
                }
            ),
            "{error}"
        );
    }

    /// Changes a bit in the middle of a snapshot.
    fn damage_snapshot(&self, place: usize) {
        let (sequence, _) = self.snapshots[place];
        let name = format!("snapshot-{:020}.snap", sequence.0);
        let file = self.storage.open(&name).expect("it was saved");
        let middle = file.bytes().expect("memory does not fail") / 2;
        let mut byte = [0];
        file.read_at(middle, &mut byte)
            .expect("memory does not fail");
        byte[0] ^= 1;
        file.write_at(middle, &byte).expect("memory does not fail");
    }

    /// Saves the snapshots, and has the segments before them archived or removed.
    fn save_snapshots(&self, keep_archived: bool) {
        let options = LogOptions {
            keep_archived,
            ..log_options()
        };
        let recovery = Recovery::begin(self.storage(), options).expect("nobody else writes");
        let (log, _) = recovery.finish().expect("it ended well");
        for (sequence, bytes) in &self.snapshots {
            let saved = log.snapshots().save(*sequence, bytes);
            saved.expect("memory does not fail");
        }
        let files = self.storage.list().expect("memory does not fail");
        let is_archived = files.iter().any(|file| file.name.starts_with("archived-"));
        assert_eq!(is_archived, keep_archived);
    }
}

fn log_options() -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        identity: 7,
        background: Background::OnDemand,
        keep_archived: true,
    }
}

/// A live engine and what it has been like so far.
struct House {
    clock: Arc<ManualClock>,
    engine: Engine,
    stepper: Stepper,
    follower: Follower,
    random: Random,
    requests: u128,
    lived: Vec<Lived>,
    /// The state after every record, in bytes.
    states: Vec<Vec<u8>>,
}

fn play(seed: u64, reached: &mut BTreeSet<String>) -> Run {
    let storage = Arc::new(Memory::new());
    let clock = Arc::new(ManualClock::new(Timestamp(1_795_345_200_000_000)));
    let (engine, mut stepper, _) = Engine::open_stepped(Options {
        storage: Arc::clone(&storage) as Arc<dyn Storage>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        log: log_options(),
        snapshot_every_records: 0,
    })
    .expect("an empty log opens");
    let follower = std::thread::scope(|scope| {
        let follower = scope.spawn(|| engine.follow().expect("the engine is open"));
        while !follower.is_finished() {
            stepper.step();
            std::thread::yield_now();
        }
        follower.join().expect("it is followed")
    });
    let mut house = House {
        clock,
        engine,
        stepper,
        follower,
        random: Random(seed),
        requests: 0,
        lived: Vec::new(),
        states: Vec::new(),
    };
    house.submit(Actor::Operator, Body::Roster(roster()));
    house.settle(reached);
    for _ in 0..STEPS {
        for _ in 0..=house.random.below(3) {
            let (by, body) = house.choose();
            house.submit(by, body);
        }
        if house.random.below(4) == 0 {
            let ms = house.random.below(HOUR_MS);
            house.clock.advance_ms(ms);
        }
        house.settle(reached);
    }
    house.engine.close();
    while house.stepper.step() {}
    let thirds = [house.lived.len() / 3, house.lived.len() * 2 / 3];
    let snapshot = |place: usize| (house.lived[place].sequence, house.states[place].clone());
    Run {
        storage,
        snapshots: thirds.map(snapshot).to_vec(),
        lived: house.lived,
    }
}

impl House {
    fn submit(&mut self, by: Actor, body: Body) {
        self.requests += 1;
        let request = RequestId(self.requests);
        // The answer is of no interest; what is in the log is.
        drop(self.engine.submit(Command { request, by, body }));
    }

    /// Settles what is in line, and takes down what the engine is like after each record.
    fn settle(&mut self, reached: &mut BTreeSet<String>) {
        assert!(self.stepper.step(), "the engine goes on");
        while let Some(delivery) = self.follower.try_next().expect("the engine goes on") {
            let Some(batch) = delivery.batch else {
                continue;
            };
            for record in &batch.records {
                apply(&mut self.follower.state, record);
                let (sequence, at) = (record.sequence, record.at);
                let digest = digest(&self.follower.state);
                let lived = Lived {
                    sequence,
                    at,
                    digest,
                };
                self.lived.push(lived);
                let bytes = self.follower.state.snapshot();
                self.states.push(bytes.expect("a state can be written"));
                reached.extend(record.events.iter().map(kind));
            }
        }
        let live = digest(self.stepper.state());
        assert_eq!(self.lived.last().map(|last| last.digest), Some(live));
    }

    fn state(&self) -> &State {
        self.stepper.state()
    }

    fn choose(&mut self) -> (Actor, Body) {
        let vacancies = self.state().vacancies().len() as u64;
        let vacancy = VacancyId(self.random.below(vacancies.max(1)) as u32);
        let place = self.random.below(u64::from(OFFICERS)) as usize;
        let officers = self.state().roster().officers.iter();
        let officers: Vec<OfficerId> = officers.map(|(id, _)| id).collect();
        let officer = officers[place];
        let row = self.state().vacancy(vacancy);
        let round = row.map_or(1, |row| row.round);
        let holder = row.and_then(|row| row.holders().next().map(|holder| holder.officer));
        let by = Actor::Officer(officer);
        let by_holder = Actor::Officer(holder.unwrap_or(officer));
        let operator = Actor::Operator;
        match self.random.below(24) {
            0..=3 => (operator, Body::Publish(Box::new(self.publication()))),
            4..=11 => (by, Body::Accept { vacancy, round }),
            12 => (by_holder, Body::Accept { vacancy, round }),
            13 => (by, Body::Decline { vacancy, round }),
            14 | 15 => (by_holder, Body::Release { vacancy }),
            16 => (
                operator,
                Body::Recall {
                    vacancy,
                    officer: holder.unwrap_or(officer),
                },
            ),
            17 => (
                operator,
                Body::Cancel {
                    vacancy,
                    reason: "closed".to_owned(),
                },
            ),
            18 => (operator, Body::OpenNextTier { vacancy }),
            19 => (
                by_holder,
                Body::Punch {
                    vacancy,
                    direction: Direction::In,
                    position: None,
                },
            ),
            _ => (operator, Body::Roster(vec![self.change(place)])),
        }
    }

    fn publication(&mut self) -> NewVacancy {
        let start = self
            .clock
            .now()
            .plus_ms((1 + self.random.below(20)) * HOUR_MS);
        NewVacancy {
            key: VacancyKey(u128::from(self.random.next())),
            lead: AGENCIES[0].to_owned(),
            programme: "sso".to_owned(),
            segments: vec![NewSegment {
                site: "chandler-001".to_owned(),
                start,
                end: start.plus_ms(HOUR_MS),
            }],
            slots: vec![Rank::Officer; 1 + self.random.below(2) as usize],
            windows_ms: vec![HOUR_MS / 2],
            post_orders: String::new(),
        }
    }

    fn change(&mut self, place: usize) -> RosterChange {
        let badge = badge(place as u32);
        let certification = "azpost".to_owned();
        match self.random.below(6) {
            0 => RosterChange::Suspended { badge },
            1 => RosterChange::CertificationRevoked {
                badge,
                certification,
            },
            2 => RosterChange::CertificationGranted {
                badge,
                certification,
                valid: Interval {
                    start: Timestamp::MIN,
                    end: self
                        .clock
                        .now()
                        .plus_ms(self.random.below(200) * HOUR_MS + 1),
                },
            },
            _ => RosterChange::Reinstated { badge },
        }
    }
}

/// The name of an event's variant.
fn kind(event: &Event) -> String {
    let words = format!("{event:?}");
    let end = words.find(|letter: char| !letter.is_alphanumeric());
    words[..end.unwrap_or(words.len())].to_owned()
}

fn badge(number: u32) -> String {
    format!("B-{number:02}")
}

fn roster() -> Vec<RosterChange> {
    let name = || "Invented".to_owned();
    let mut changes = vec![
        RosterChange::Certification {
            code: "azpost".to_owned(),
            name: name(),
        },
        RosterChange::Programme {
            code: "sso".to_owned(),
            name: name(),
            certifications: vec!["azpost".to_owned()],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
    ];
    changes.extend(AGENCIES.map(|code| RosterChange::Agency {
        code: code.to_owned(),
        name: name(),
        agreement: Some(format!("{code}-msa")),
    }));
    changes.extend(
        AGENCIES[1..]
            .iter()
            .zip(1..)
            .map(|(backup, tier)| RosterChange::Pact {
                lead: AGENCIES[0].to_owned(),
                backup: (*backup).to_owned(),
                tier,
                valid: Interval::ALWAYS,
                cover: None,
            }),
    );
    changes.push(RosterChange::Site(NewSite {
        code: "chandler-001".to_owned(),
        name: name(),
        lead: AGENCIES[0].to_owned(),
        zone: "America/Phoenix".to_owned(),
        position: Position {
            latitude_udeg: 33_306_160,
            longitude_udeg: -111_841_250,
        },
        geofence_m: 150,
        district: name(),
        kind: SiteKind::Public,
        ade_funded: false,
    }));
    changes.extend((0..OFFICERS).map(|number| {
        RosterChange::Officer(NewOfficer {
            badge: badge(number),
            home: AGENCIES[number as usize % AGENCIES.len()].to_owned(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![("azpost".to_owned(), Interval::ALWAYS)],
            approvals: Vec::new(),
            availability: NewAvailability::Always,
        })
    }));
    changes
}

/// A stream of numbers from a seed (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
