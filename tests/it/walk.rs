//! Random walks over one engine: accepts, releases, recalls, cancellations, amendments and time,
//! several to a batch. After each batch everything that must hold is examined, and the gate is held
//! against the line: what it says at once is what the line would have said.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Actor, Amend, Amendment, Body, Command, Event, Matches, NewSegment, NewVacancy, Outcome,
    Record, Refusal, Reply, RosterChange, Stamp, State, apply, decide, digest,
};
use engine::io::{Clock, ManualClock, Memory};
use engine::log::{Background, LogOptions};
use engine::model::{
    Booking, Class, Interval, OfficerId, OfficerSet, Position, Rank, RequestId, SiteKind, Standing,
    Timestamp, Vacancy, VacancyId, VacancyKey,
};
use engine::{Engine, Follower, Options, Stepper, Ticket};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const OFFICERS: u32 = 9;
const VACANCIES: u32 = 4;
/// Walks of one run, unless `MUSTER_WALKS` says more.
const WALKS: u32 = 192;
/// Monday, 23 November 2026, 07:00 in Phoenix: when the earliest work starts.
const SEVEN: Timestamp = Timestamp(1_795_442_400_000_000);
/// How often all walks together must have met each thing that they are about.
const MEETINGS_MIN: u32 = 20;
/// Noon of the day before, when a walk begins.
const START: Timestamp = Timestamp(SEVEN.0 - 19 * HOUR_MS as i64 * 1_000);
/// How long a walk may take, in milliseconds: less than answers are remembered for.
const WALK_MS: u64 = 23 * HOUR_MS;

/// One step of a walk.
#[derive(Debug, Clone)]
enum Step {
    /// An officer answers the round that stands, or one so much earlier.
    Accept(u32, u32, u32),
    Decline(u32, u32),
    /// Somebody with a reservation says yes to the round that stands.
    Confirm(u32),
    Release(u32, u32),
    Recall(u32, u32),
    Cancel(u32),
    NextTier(u32),
    Suspend(u32, bool),
    /// To another hour, of so many slots, with so many minutes to confirm.
    Amend(u32, Option<u64>, Option<usize>, u64),
    /// Somebody repeats an earlier request.
    Again(usize),
    /// What was put in line is settled, so many minutes later.
    Settle(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (officer, vacancy) = (0..OFFICERS, 0..VACANCIES);
    let both = (vacancy.clone(), officer.clone());
    let hour = proptest::option::weighted(0.8, 0..12u64);
    let slots = proptest::option::weighted(0.3, 1..4usize);
    let amend = (vacancy.clone(), hour, slots, 1..90u64);
    let step = prop_oneof![
        10 => (both.clone(), 0..2u32).prop_map(|((v, o), back)| Step::Accept(v, o, back)),
        2 => both.clone().prop_map(|(v, o)| Step::Decline(v, o)),
        4 => vacancy.clone().prop_map(Step::Confirm),
        3 => both.clone().prop_map(|(v, o)| Step::Release(v, o)),
        2 => both.prop_map(|(v, o)| Step::Recall(v, o)),
        1 => vacancy.clone().prop_map(Step::Cancel),
        1 => vacancy.prop_map(Step::NextTier),
        1 => (officer, any::<bool>()).prop_map(|(o, on)| Step::Suspend(o, on)),
        5 => amend.prop_map(|(v, hour, slots, within)| Step::Amend(v, hour, slots, within)),
        4 => any::<usize>().prop_map(Step::Again),
        8 => (0..60u64).prop_map(Step::Settle),
    ];
    proptest::collection::vec(step, 1..120)
}

/// An engine under examination.
struct Walk {
    engine: Engine,
    stepper: Stepper,
    clock: Arc<ManualClock>,
    storage: Arc<Memory>,
    follower: Follower,
    /// Everything that became durable.
    records: Vec<Record>,
    in_line: Vec<(Command, Ticket)>,
    asked: Vec<(Command, Reply)>,
    rounds: Rounds,
    reached: Reached,
}

/// What a run of walks came across; a walk that meets nothing proves nothing.
#[derive(Debug, Default, Clone, Copy)]
struct Reached {
    gated: u32,
    /// Accepts that were too late behind another one that was too late for the same vacancy.
    behind: u32,
    amended: u32,
    reconfirmed: u32,
    lapsed: u32,
    refused_as_amended: u32,
    repeated: u32,
}

impl Walk {
    fn new() -> Walk {
        let clock = Arc::new(ManualClock::new(START));
        let storage = Arc::new(Memory::new());
        let options = options(&storage, &clock);
        let (engine, mut stepper, _) = Engine::open_stepped(options).expect("an empty disk");
        let reader = engine.clone();
        let following = std::thread::spawn(move || reader.follow());
        while !following.is_finished() {
            stepper.step();
        }
        let follower = following.join().expect("no panic").expect("it is open");
        let mut walk = Walk {
            engine,
            stepper,
            clock,
            storage,
            follower,
            records: Vec::new(),
            in_line: Vec::new(),
            asked: Vec::new(),
            rounds: Rounds::new(),
            reached: Reached::default(),
        };
        walk.put(Actor::Operator, Body::Roster(roster()));
        walk.settle(0);
        for number in 0..VACANCIES {
            walk.put(Actor::Operator, Body::Publish(Box::new(posted(number))));
        }
        walk.settle(0);
        walk
    }

    fn take(&mut self, step: &Step) {
        let officer = |number: u32| Actor::Officer(self.officer(number));
        match *step {
            Step::Settle(minutes) => return self.settle(minutes),
            Step::Again(which) => {
                if self.asked.is_empty() {
                    return;
                }
                let (command, _) = self.asked[which % self.asked.len()].clone();
                return self.submit(command);
            }
            _ => {}
        }
        let (by, body) = match *step {
            Step::Accept(vacancy, who, back) => {
                let vacancy = VacancyId(vacancy);
                let round = self.row(vacancy).round.saturating_sub(back).max(1);
                (officer(who), Body::Accept { vacancy, round })
            }
            Step::Decline(vacancy, who) => {
                let vacancy = VacancyId(vacancy);
                let round = self.row(vacancy).round;
                (officer(who), Body::Decline { vacancy, round })
            }
            Step::Confirm(vacancy) => {
                let vacancy = VacancyId(vacancy);
                let row = self.row(vacancy);
                let moved = row.moved.iter();
                let Some(who) = moved.flat_map(|moved| moved.unconfirmed.iter()).next() else {
                    return;
                };
                let round = row.round;
                (Actor::Officer(who), Body::Accept { vacancy, round })
            }
            Step::Release(vacancy, who) => {
                let vacancy = VacancyId(vacancy);
                (officer(who), Body::Release { vacancy })
            }
            Step::Recall(vacancy, who) => {
                let (vacancy, officer) = (VacancyId(vacancy), self.officer(who));
                (Actor::Operator, Body::Recall { vacancy, officer })
            }
            Step::Cancel(vacancy) => {
                let (vacancy, reason) = (VacancyId(vacancy), String::new());
                (Actor::Operator, Body::Cancel { vacancy, reason })
            }
            Step::NextTier(vacancy) => {
                let vacancy = VacancyId(vacancy);
                (Actor::Operator, Body::OpenNextTier { vacancy })
            }
            Step::Suspend(who, on) => {
                let badge = badge(who);
                let change = match on {
                    true => RosterChange::Suspended { badge },
                    false => RosterChange::Reinstated { badge },
                };
                (Actor::Operator, Body::Roster(vec![change]))
            }
            Step::Amend(vacancy, hour, slots, within) => {
                let amend = Amend {
                    vacancy: VacancyId(vacancy),
                    segments: hour.map(|hour| vec![segment(hour)]),
                    slots: slots.map(|slots| vec![Rank::Officer; slots]),
                    post_orders: None,
                    confirm_within_ms: within * MINUTE_MS,
                };
                (Actor::Operator, Body::Amend(Box::new(amend)))
            }
            Step::Again(_) | Step::Settle(_) => return,
        };
        self.put(by, body);
    }

    fn put(&mut self, by: Actor, body: Body) {
        let request = RequestId(self.asked.len() as u128 + self.in_line.len() as u128 + 1);
        self.submit(Command { request, by, body });
    }

    fn submit(&mut self, command: Command) {
        let mut ticket = self.engine.submit(command.clone());
        let mut context = Context::from_waker(Waker::noop());
        // What is answered before anything was settled was answered by the gate.
        let Poll::Ready(answer) = Pin::new(&mut ticket).poll(&mut context) else {
            self.in_line.push((command, ticket));
            return;
        };
        let at_the_gate = answer.expect("the disk is sound");
        let stamp = Stamp {
            at: self.stepper.state().at(),
            place: 1,
        };
        let state = self.stepper.state();
        let in_line = match decide(state, &command, stamp, &Matches::none()) {
            Ok(outcome) => panic!("the gate turned away {command:?}, the line says {outcome:?}"),
            Err(refused) => refused.refusal,
        };
        assert_eq!(refusal(&at_the_gate), Some(&in_line), "{command:?}");
        self.reached.gated += 1;
        self.asked.push((command, at_the_gate));
    }

    /// Holds the refusals that were not recorded against the line: whoever is refused in one pass
    /// behind a winner hears what they would have heard alone. `twin` is the state before the batch,
    /// and `news` what became durable with it and after it.
    fn examine_unrecorded(&mut self, mut twin: State, news: &[Record], heard: &[(Command, Reply)]) {
        let is_ticked = news.first().is_some_and(|first| first.by == Actor::Clock);
        let mut applied = usize::from(is_ticked);
        news[..applied]
            .iter()
            .for_each(|tick| apply(&mut twin, tick));
        let mut late = None;
        for (command, reply) in heard {
            let own =
                |record: &Record| (record.by, record.request) == (command.by, command.request);
            if let Some(ahead) = news[applied..].iter().position(own) {
                let until = applied + ahead + 1;
                news[applied..until]
                    .iter()
                    .for_each(|record| apply(&mut twin, record));
                applied = until;
                late = None;
            } else if let Some(heard) = refusal(reply) {
                let at = twin.at().max(self.clock.now());
                let alone = decide(&twin, command, Stamp { at, place: 1 }, &Matches::none());
                let is_again = matches!(alone, Ok(Outcome::Again(_)));
                let alone = alone.err().map(|refused| refused.refusal);
                assert!(
                    is_again || alone.as_ref() == Some(heard),
                    "{command:?}: {alone:?}"
                );
                let accepted = command.body.accepted().map(|(vacancy, _)| vacancy);
                let now = accepted.filter(|_| *heard == Refusal::Filled);
                self.reached.behind += u32::from(now.is_some() && now == late);
                late = now;
            }
        }
    }

    fn settle(&mut self, minutes: u64) {
        let (twin, begun) = (self.follower.state.clone(), self.records.len());
        let since_start = self.clock.now().as_micros() - START.as_micros();
        let left_ms = WALK_MS.saturating_sub(since_start as u64 / 1_000);
        self.clock.advance_ms(left_ms.min(minutes * MINUTE_MS));
        // Deadlines that fall due because of what was settled are handled as well.
        for _ in 0..4 {
            assert!(self.stepper.step(), "the engine goes on");
        }
        while let Some(delivery) = self.follower.try_next().expect("the engine goes on") {
            for record in delivery.batch.iter().flat_map(|batch| &batch.records) {
                apply(&mut self.follower.state, record);
                record
                    .events
                    .iter()
                    .for_each(|event| self.reached.note(event));
                self.records.push(record.clone());
            }
        }
        let in_line = std::mem::take(&mut self.in_line).into_iter();
        let wait = |(command, ticket): (Command, Ticket)| {
            (command, ticket.wait().expect("the disk is sound"))
        };
        let heard: Vec<(Command, Reply)> = in_line.map(wait).collect();
        let news = self.records[begun..].to_vec();
        self.examine_unrecorded(twin, &news, &heard);
        for (command, reply) in heard {
            let same = |(asked, _): &&(Command, Reply)| {
                (asked.by, asked.request) == (command.by, command.request)
            };
            if let Some((_, before)) = self.asked.iter().find(same) {
                self.reached.repeated += 1;
                same_answer(&command, before, &reply);
            }
            self.asked.push((command, reply));
        }
        let state = self.stepper.state();
        assert_eq!(digest(state), digest(&self.follower.state));
        if let Err(breach) = examine(state, &mut self.rounds) {
            panic!("{breach}");
        }
    }

    /// Closes the engine and opens it again: the log alone says the same.
    fn end(mut self) -> (Vec<Record>, Reached) {
        self.settle(0);
        let live = digest(self.stepper.state());
        self.engine.close();
        while self.stepper.step() {}
        drop((self.engine, self.stepper));
        let opened = Engine::open_stepped(options(&self.storage, &self.clock));
        let (_, stepper, _) = opened.expect("a sound disk");
        assert_eq!(live, digest(stepper.state()), "the log rebuilds the state");
        (self.records, self.reached)
    }

    fn row(&self, id: VacancyId) -> &Vacancy {
        self.stepper.state().vacancy(id).expect("it was published")
    }

    fn officer(&self, number: u32) -> OfficerId {
        let officer = self.stepper.state().roster().officer(&badge(number));
        officer.expect("it is on the roster")
    }
}

impl Reached {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Amended(_) => self.amended += 1,
            Event::Reconfirmed { .. } => self.reconfirmed += 1,
            Event::Lapsed(_) => self.lapsed += 1,
            Event::Refused(refused) if refused.refusal == Refusal::Amended => {
                self.refused_as_amended += 1;
            }
            _ => {}
        }
    }

    fn add(&mut self, other: Reached) {
        self.gated += other.gated;
        self.behind += other.behind;
        self.amended += other.amended;
        self.reconfirmed += other.reconfirmed;
        self.lapsed += other.lapsed;
        self.refused_as_amended += other.refused_as_amended;
        self.repeated += other.repeated;
    }
}

/// The rounds of a vacancy as they were: the current one and the last closed one.
type Rounds = BTreeMap<VacancyId, (u32, u32)>;

/// Everything that must hold between two batches; the error says what does not.
fn examine(state: &State, rounds: &mut Rounds) -> Result<(), String> {
    let must = |holds: bool, what: &str, id: &dyn std::fmt::Debug| match holds {
        true => Ok(()),
        false => Err(format!("{id:?}: {what}")),
    };
    let mut booked: BTreeMap<OfficerId, Vec<Booking>> = BTreeMap::new();
    let mut deadlines = Vec::new();
    for (id, row) in state.vacancies().iter() {
        let holders: Vec<OfficerId> = row.holders().map(|holder| holder.officer).collect();
        let unique: BTreeSet<OfficerId> = holders.iter().copied().collect();
        must(
            unique.len() == holders.len(),
            "an officer has two slots",
            &id,
        )?;
        let is_over = matches!(row.standing, Standing::Cancelled | Standing::Expired);
        let is_filled = row.standing == Standing::Filled;
        must(
            is_over || is_filled == (row.slots_open() == 0),
            "filled and open are mixed up",
            &id,
        )?;
        must(
            !is_filled || row.closed_round == row.round,
            "it is filled in another round",
            &id,
        )?;
        let before = rounds.insert(id, (row.round, row.closed_round));
        let (round, closed) = before.unwrap_or_default();
        must(
            round <= row.round && closed <= row.closed_round,
            "rounds went back",
            &id,
        )?;
        must(
            row.closed_round <= row.round,
            "a round closed before it began",
            &id,
        )?;

        let moved = row.moved.as_deref().cloned().unwrap_or_default();
        let unconfirmed: BTreeSet<OfficerId> = moved.unconfirmed.iter().collect();
        must(
            unconfirmed.is_subset(&unique),
            "a reservation without a slot",
            &id,
        )?;
        must(
            unconfirmed.is_empty() || !is_over,
            "what is over has a reservation",
            &id,
        )?;
        must(
            moved.confirm_by.is_some() != unconfirmed.is_empty(),
            "a reservation without an end, or an end without one",
            &id,
        )?;
        deadlines.extend(moved.confirm_by);
        if row.standing == Standing::Open {
            deadlines.push(row.posting.span().start);
            deadlines.extend(row.tier_closes_at);
        }
        for officer in holders {
            let spans = row.posting.segments.iter().map(|segment| Booking {
                span: segment.span,
                vacancy: id,
            });
            booked.entry(officer).or_default().extend(spans);
        }
    }
    for (officer, calendar) in state.calendars().iter() {
        let mut held = booked.remove(&officer).unwrap_or_default();
        held.sort();
        must(
            held == calendar.bookings(),
            "the calendar is not what is held",
            &officer,
        )?;
        let disjoint = held
            .windows(2)
            .all(|two| two[0].span.end <= two[1].span.start);
        must(disjoint, "in two places at a time", &officer)?;
    }
    must(booked.is_empty(), "a slot is in no calendar", &booked)?;
    let next = deadlines.into_iter().min();
    must(
        next == state.next_deadline(),
        "deadlines are missing or left over",
        &next,
    )?;
    must(
        next.is_none_or(|due| due > state.at()),
        "something due was not handled",
        &next,
    )
}

/// A request hears what it heard. The place in line of what is not on record is counted anew.
fn same_answer(command: &Command, before: &Reply, now: &Reply) {
    match (refusal(before), refusal(now)) {
        (Some(first), Some(second)) => assert_eq!(first, second, "{command:?}"),
        _ => assert_eq!(before, now, "{command:?}"),
    }
}

fn refusal(reply: &Reply) -> Option<&Refusal> {
    reply.as_ref().err().map(|refused| &refused.refusal)
}

fn options(storage: &Arc<Memory>, clock: &Arc<ManualClock>) -> Options {
    Options {
        storage: Arc::<Memory>::clone(storage),
        clock: Arc::<ManualClock>::clone(clock),
        log: LogOptions {
            segment_bytes: 1 << 20,
            background: Background::OnDemand,
            ..LogOptions::default()
        },
        snapshot_every_records: 0,
    }
}

/// Two agencies, the second backing the first up; a site, a programme, officers.
fn roster() -> Vec<RosterChange> {
    let agency = |code: &str| RosterChange::Agency {
        code: code.to_owned(),
        name: code.to_owned(),
        agreement: Some(format!("{code}-msa")),
    };
    let mut changes = vec![
        agency("lead"),
        agency("backup"),
        RosterChange::Pact {
            lead: "lead".to_owned(),
            backup: "backup".to_owned(),
            tier: 1,
            valid: Interval::ALWAYS,
            cover: None,
        },
        RosterChange::Programme {
            code: "sso".to_owned(),
            name: "sso".to_owned(),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Site(NewSite {
            code: "site".to_owned(),
            name: "site".to_owned(),
            lead: "lead".to_owned(),
            zone: "America/Phoenix".to_owned(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: "demo".to_owned(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    changes.extend((0..OFFICERS).map(|number| {
        RosterChange::Officer(NewOfficer {
            badge: badge(number),
            home: if number < 6 { "lead" } else { "backup" }.to_owned(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: Vec::new(),
            approvals: Vec::new(),
            availability: NewAvailability::Always,
        })
    }));
    changes
}

fn badge(number: u32) -> String {
    format!("off-{number:02}")
}

fn posted(number: u32) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(u128::from(number) + 1),
        lead: "lead".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![segment(2 * u64::from(number))],
        slots: vec![Rank::Officer; number as usize % 3 + 1],
        windows_ms: vec![40 * MINUTE_MS],
        post_orders: String::new(),
    }
}

/// Three hours of work, so many hours after seven.
fn segment(hour: u64) -> NewSegment {
    let start = SEVEN.plus_ms(hour * HOUR_MS);
    NewSegment {
        site: "site".to_owned(),
        start,
        end: start.plus_ms(3 * HOUR_MS),
    }
}

fn walk(steps: &[Step]) -> (Vec<Record>, Reached) {
    let mut walk = Walk::new();
    steps.iter().for_each(|step| walk.take(step));
    walk.end()
}

#[test]
fn whatever_is_amended_released_and_taken_everything_that_must_hold_holds() {
    let cases = std::env::var("MUSTER_WALKS").ok();
    let cases = cases.map_or(WALKS, |count| count.parse().expect("a number of walks"));
    let mut reached = Reached::default();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    });
    let total = std::cell::RefCell::new(&mut reached);
    let result = runner.run(&steps(), |steps| {
        let (_, walked) = walk(&steps);
        total.borrow_mut().add(walked);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{cases} walks: {reached:?}");
    let Reached {
        gated,
        behind,
        amended,
        reconfirmed,
        lapsed,
        refused_as_amended,
        repeated,
    } = reached;
    for (count, what) in [
        (gated, "a loser at the gate"),
        (behind, "a loser behind a loser"),
        (amended, "an amendment"),
        (reconfirmed, "a yes to one"),
        (lapsed, "a reservation that lapsed"),
        (refused_as_amended, "an answer to what was amended"),
        (repeated, "a repeated request"),
    ] {
        assert!(
            count >= MEETINGS_MIN,
            "the walks met too little of {what}: {count}"
        );
    }
}

/// What a bug in deciding would leave behind is seen: the records of a walk are applied with one
/// of them changed, and the examination must object.
#[test]
fn planted_bugs_are_seen() {
    let steps = [
        Step::Accept(0, 0, 0),
        Step::Settle(1),
        Step::Amend(0, Some(5), None, 30),
        Step::Settle(1),
    ];
    let (records, _) = walk(&steps);
    let played = |tamper: fn(&mut Amendment)| {
        let mut state = State::empty();
        for record in &records {
            let mut record = record.clone();
            for event in &mut record.events {
                if let Event::Amended(amendment) = event {
                    tamper(amendment);
                }
            }
            apply(&mut state, &record);
        }
        examine(&state, &mut Rounds::new())
    };
    assert_eq!(played(|_| {}), Ok(()));
    let forgotten = played(|amendment| {
        // The holder is neither asked to confirm nor let go, and the calendar keeps the old hours.
        if let Some(moved) = &mut amendment.moved {
            moved.unconfirmed = OfficerSet::new();
        }
    });
    let said = forgotten.expect_err("the calendar is wrong");
    assert!(said.contains("the calendar is not what is held"), "{said}");
    let overdue = played(|amendment| {
        if let Some(moved) = &mut amendment.moved {
            moved.confirm_by = Timestamp::MIN;
        }
    });
    let said = overdue.expect_err("a deadline has passed");
    assert!(said.contains("something due was not handled"), "{said}");
}
