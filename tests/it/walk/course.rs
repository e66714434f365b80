//! One walk over one engine, its follower and the gate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use engine::core::{
    Actor, Afterwards, Amend, Body, Command, Event, Matches, Outcome, Record, Reduce, Refusal,
    Reply, RosterChange, Stamp, State, apply, decide, digest,
};
use engine::io::{Clock, ManualClock, Memory};
use engine::log::{Background, LogOptions};
use engine::model::{OfficerId, Rank, RequestId, Timestamp, Vacancy, VacancyId};
use engine::{Engine, Follower, Options, Stepper, Ticket};

use super::cast::{HOUR_MS, MINUTE_MS, SEVEN, VACANCIES, badge, posted, roster, segment};
use super::hold::{Rounds, examine, refusal, same_answer};
use super::step::Step;

/// Noon of the day before, when a walk begins.
const START: Timestamp = Timestamp(SEVEN.0 - 19 * HOUR_MS as i64 * 1_000);
/// How long a walk may take, in milliseconds: less than answers are remembered for.
const WALK_MS: u64 = 23 * HOUR_MS;

/// An engine under examination.
pub(super) struct Walk {
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
pub(super) struct Reached {
    pub(super) gated: u32,
    /// Accepts that were too late behind another one that was too late for the same vacancy.
    pub(super) behind: u32,
    pub(super) amended: u32,
    pub(super) reconfirmed: u32,
    pub(super) lapsed: u32,
    pub(super) refused_as_amended: u32,
    pub(super) repeated: u32,
}

impl Walk {
    pub(super) fn new() -> Walk {
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

    pub(super) fn take(&mut self, step: &Step) {
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
            Step::Reduce(vacancy, slot) => {
                let reduce = Reduce {
                    vacancy: VacancyId(vacancy),
                    fewer: 0,
                    slots: vec![slot],
                    reason: "fewer".to_owned(),
                };
                let reduce = Afterwards::Reduce(reduce);
                (Actor::Operator, Body::Afterwards(Box::new(reduce)))
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
        let ticks = news.iter().take_while(|record| record.by == Actor::Clock);
        let mut applied = ticks.count();
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
    pub(super) fn end(mut self) -> (Vec<Record>, Reached) {
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

    pub(super) fn add(&mut self, other: Reached) {
        self.gated += other.gated;
        self.behind += other.behind;
        self.amended += other.amended;
        self.reconfirmed += other.reconfirmed;
        self.lapsed += other.lapsed;
        self.refused_as_amended += other.refused_as_amended;
        self.repeated += other.repeated;
    }
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
