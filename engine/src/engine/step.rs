//! The engine thread's one step.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

use super::follow::{Batch, Boxes, Delivery, Ended, Follower, Mailbox};
use super::recover::{OpenError, Rebuilt, Recovered, recover};
use super::{Health, Intention, Options, ReplyTo, Shared};
use crate::core::digest::fingerprint;
use crate::core::{
    Actor, Body, Command, Event, Matches, Outcome, Record, Reply, Stamp, State, apply, decide,
};
use crate::limits::BATCH_LEN_MAX;
use crate::log::{CommitError, Log, Snapshots};
use crate::model::{RequestId, Sequence, Timestamp};
use crate::race::Unavailable;

/// Publications in one batch from which matching is spread over all cores.
const PARALLEL_MATCHES_MIN: usize = 4;

/// How often a read-only engine looks whether there is space again.
const FULL_RETRY: Duration = Duration::from_millis(250);

/// The one who settles: owns the state and the log.
pub struct Stepper {
    shared: Arc<Shared>,
    options: Options,
    state: State,
    /// None while the disk is full: reopening the log is the check that there is space again.
    log: Option<Log>,
    /// The last record that followers were given.
    told: Sequence,
    followers: Vec<Arc<Mailbox>>,
    /// Taken from the line and not yet settled, the first to enter first.
    waiting: Vec<Intention>,
}

/// A batch in the making.
#[derive(Default)]
struct Draft {
    records: Vec<Record>,
    replies: Vec<(ReplyTo, Reply)>,
    is_last: bool,
}

impl Stepper {
    pub(super) fn open(
        shared: Arc<Shared>,
        options: Options,
    ) -> Result<(Stepper, Recovered), OpenError> {
        let rebuilt = recover(Arc::clone(&options.storage), options.log, None)?;
        let Rebuilt {
            state,
            log,
            recovered,
            ..
        } = rebuilt;
        let told = state.sequence();
        for (id, row) in state.vacancies().iter() {
            shared.gates.show(id, row);
        }
        for officer in state.refused_officers() {
            shared.gates.note_answer(officer);
        }
        let (followers, waiting) = (Vec::new(), Vec::new());
        let log = Some(log);
        let stepper = Stepper {
            shared,
            options,
            state,
            log,
            told,
            followers,
            waiting,
        };
        Ok((stepper, recovered))
    }

    /// The state after everything settled so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where snapshots are saved, from any thread.
    pub(super) fn snapshots(&self) -> Snapshots {
        self.log
            .as_ref()
            .expect("a stepper opens with a log")
            .snapshots()
    }

    /// Takes what is in line and settles it as one batch. Says whether the engine goes on.
    pub fn step(&mut self) -> bool {
        // Whoever waits here has left the line, and only the line's length makes it busy.
        if self.waiting.is_empty() {
            self.shared.inbox.drain_into(&mut self.waiting);
        }
        if self.log.is_none() && !self.reopen() {
            self.turn_everybody_away(Unavailable::DiskFull);
            return self.shared.health() != Health::Closed;
        }
        let at = self.state.at().max(self.options.clock.now());
        let draft = self.settle(at);
        self.make_durable(draft)
    }

    /// Steps until the engine ends, sleeping while there is nothing to do.
    pub(super) fn run(mut self) {
        while self.step() {
            if !self.waiting.is_empty() {
                continue;
            }
            // A push between the last drain and here has left a token that makes `park` return
            // at once: whoever finds the line empty unparks.
            match self.idle_for() {
                None => thread::park(),
                Some(wait) if wait.is_zero() => {}
                Some(wait) => thread::park_timeout(wait),
            }
        }
    }

    /// How long there will be nothing to do, unless somebody enters the line; none means for good.
    fn idle_for(&self) -> Option<Duration> {
        if self.log.is_none() {
            return Some(FULL_RETRY);
        }
        let wait = |due: Timestamp| {
            let us = due
                .as_micros()
                .saturating_sub(self.options.clock.now().as_micros());
            Duration::from_micros(u64::try_from(us).unwrap_or(0))
        };
        self.state.next_deadline().map(wait)
    }

    /// Decides and applies everything in line, up to a batch's worth, in order.
    fn settle(&mut self, at: Timestamp) -> Draft {
        let count = self.waiting.len().min(BATCH_LEN_MAX);
        let mut draft = Draft {
            records: Vec::with_capacity(count),
            replies: Vec::with_capacity(count),
            is_last: false,
        };
        let batch: Vec<Intention> = self.waiting.drain(..count).collect();
        // Before anything is settled the state is as durable as the log.
        for intention in &batch {
            match intention {
                Intention::Follow(reader) => self.welcome(reader),
                Intention::Listen(outbox) => self.followers.push(Arc::clone(&outbox.mailbox)),
                Intention::Command(..) | Intention::Close => {}
            }
        }
        if self.state.next_deadline().is_some_and(|due| due <= at) {
            self.tick(at, &mut draft);
        }
        let matches = self.match_ahead(&batch, at);
        for (place, intention) in batch.into_iter().enumerate() {
            match intention {
                Intention::Command(command, reply_to) => {
                    let found = matches.get(place).cloned().unwrap_or_default();
                    let reply = self.settle_one(&command, at, &found, &mut draft);
                    draft.replies.push((reply_to, reply));
                }
                Intention::Follow(_) | Intention::Listen(_) => {}
                Intention::Close => draft.is_last = true,
            }
        }
        draft
    }

    /// Lets a reader follow from the state as it stands.
    fn welcome(&mut self, reader: &std::sync::mpsc::SyncSender<Follower>) {
        let mailbox = Arc::new(Mailbox::of_reader());
        let follower = Follower::new(self.state.clone(), Arc::clone(&mailbox));
        // A reader that no longer waits has no use for deliveries.
        if reader.send(follower).is_ok() {
            self.followers.push(mailbox);
        }
    }

    /// Matches the batch's publications on all cores, if there are enough to be worth it.
    fn match_ahead(&self, batch: &[Intention], at: Timestamp) -> Vec<Matches> {
        let publishes = |intention: &&Intention| {
            matches!(
                intention,
                Intention::Command(
                    Command {
                        body: Body::Publish(_),
                        ..
                    },
                    _
                )
            )
        };
        if batch.iter().filter(publishes).count() < PARALLEL_MATCHES_MIN {
            return Vec::new();
        }
        let state = &self.state;
        let find = |intention: &Intention| match intention {
            Intention::Command(command, _) => Matches::prepare(state, command, at),
            Intention::Follow(_) | Intention::Listen(_) | Intention::Close => Matches::none(),
        };
        batch.par_iter().map(find).collect()
    }

    fn settle_one(
        &mut self,
        command: &Command,
        at: Timestamp,
        matches: &Matches,
        draft: &mut Draft,
    ) -> Reply {
        let place = match command.body.accepted() {
            Some((vacancy, _)) => self.shared.gates.next_place(vacancy),
            None => 0,
        };
        let events = match decide(&self.state, command, Stamp { at, place }, matches) {
            Ok(Outcome::Again(reply)) => return reply,
            Ok(Outcome::New(events)) => events,
            Err(refused) if refused.refusal.is_remembered(&command.body) => {
                vec![Event::Refused(refused)]
            }
            Err(refused) => return Err(refused),
        };
        let record = Record {
            sequence: self.state.sequence().next(),
            at,
            request: command.request,
            by: command.by,
            fingerprint: fingerprint(&command.body),
            events,
        };
        let reply = record.reply();
        apply(&mut self.state, &record);
        draft.records.push(record);
        reply
    }

    /// Handles what has fallen due. What is left over falls due again in the next step.
    fn tick(&mut self, at: Timestamp, draft: &mut Draft) {
        let tick = Command {
            request: RequestId(0),
            by: Actor::Clock,
            body: Body::Tick,
        };
        // The clock hears no answer.
        let _ = self.settle_one(&tick, at, &Matches::none(), draft);
    }

    /// Writes and syncs the batch, and only then tells anybody. Says whether the engine goes on.
    fn make_durable(&mut self, draft: Draft) -> bool {
        let sync_us = match self.write(&draft.records) {
            Ok(sync_us) => sync_us,
            Err(CommitError::Full { .. }) => {
                // The state is ahead of the log: both are rebuilt when there is space.
                self.log = None;
                self.shared.set_health(Health::ReadOnly);
                fail_all(draft.replies, Unavailable::DiskFull);
                if draft.is_last {
                    self.end(Health::Closed, Ended::Closed);
                }
                return !draft.is_last;
            }
            Err(CommitError::Poisoned { .. }) => {
                fail_all(draft.replies, Unavailable::Failed);
                self.end(Health::Failed, Ended::Failed);
                return false;
            }
        };
        self.show_gates(&draft.records);
        self.tell(draft.records, draft.replies, sync_us);
        if draft.is_last {
            self.end(Health::Closed, Ended::Closed);
        }
        !draft.is_last
    }

    /// Appends `records` as one batch and syncs it; says how long that took in microseconds.
    fn write(&mut self, records: &[Record]) -> Result<u64, CommitError> {
        let log = self.log.as_mut().expect("a step begins with an open log");
        if records.is_empty() {
            return Ok(0);
        }
        for record in records {
            log.append_with(|bytes| record.encode_into(bytes));
        }
        let before = self.options.clock.now();
        log.commit()?;
        let us = self.options.clock.now().as_micros() - before.as_micros();
        Ok(u64::try_from(us).unwrap_or(0))
    }

    fn show_gates(&self, records: &[Record]) {
        for record in records {
            if let (Actor::Officer(officer), [Event::Refused(_), ..]) = (record.by, &*record.events)
            {
                self.shared.gates.note_answer(officer);
            }
        }
        let events = records.iter().flat_map(|record| &record.events);
        let mut last = None;
        // Showing a gate twice does no harm, and a hot vacancy is next to itself in the batch.
        for id in events.filter_map(Event::vacancy) {
            if last.replace(id) != Some(id)
                && let Some(row) = self.state.vacancy(id)
            {
                self.shared.gates.show(id, row);
            }
        }
    }

    /// Delivers the batch to every follower, and every answer to where it goes: one delivery, and
    /// so one wake, for each follower.
    fn tell(&mut self, records: Vec<Record>, replies: Vec<(ReplyTo, Reply)>, sync_us: u64) {
        if let Some(last) = records.last() {
            self.told = last.sequence;
        }
        let batch = (!records.is_empty()).then(|| Arc::new(Batch { records, sync_us }));
        let mut boxes = Boxes::default();
        for (reply_to, reply) in replies {
            match reply_to {
                ReplyTo::Ticket(promise) => promise.keep(Ok(reply)),
                ReplyTo::Outbox(outbox, token) => boxes.put(outbox, token, Ok(reply)),
            }
        }
        self.followers.retain(|mailbox| {
            let replies = boxes.take(mailbox);
            let batch = batch.clone().filter(|_| mailbox.reads_history);
            if batch.is_none() && replies.is_empty() {
                return !mailbox.is_abandoned();
            }
            mailbox.deliver(Delivery { batch, replies })
        });
    }

    /// Tries to open the log again after the disk was full; says whether it worked.
    fn reopen(&mut self) -> bool {
        let storage = Arc::clone(&self.options.storage);
        let Ok(rebuilt) = recover(storage, self.options.log, Some(self.told)) else {
            return false;
        };
        self.state = rebuilt.state;
        self.log = Some(rebuilt.log);
        // What was written before the disk was full may be whole after all; nobody has heard of
        // it yet.
        self.show_gates(&rebuilt.news);
        self.tell(rebuilt.news, Vec::new(), 0);
        self.shared.set_health(Health::Running);
        true
    }

    /// Answers everybody taken from the line that nobody can say. A closing is carried out.
    fn turn_everybody_away(&mut self, why: Unavailable) {
        let mut left = Vec::new();
        let mut is_last = false;
        for intention in std::mem::take(&mut self.waiting) {
            match intention {
                Intention::Command(_, reply_to) => left.push(reply_to),
                // Who wanted to follow finds nobody at the other end, and asks again or gives up.
                Intention::Follow(_) => {}
                Intention::Listen(outbox) => self.followers.push(outbox.mailbox),
                Intention::Close => is_last = true,
            }
        }
        super::fail(left, why);
        if is_last && self.shared.health() != Health::Closed {
            self.end(Health::Closed, Ended::Closed);
        }
    }

    /// Ends the engine: nobody is taken in any more, and whoever is in line is turned away.
    fn end(&mut self, health: Health, ended: Ended) {
        self.shared.set_health(health);
        let why = if health == Health::Failed {
            Unavailable::Failed
        } else {
            Unavailable::Closed
        };
        self.turn_everybody_away(why);
        self.shared.clear_line();
        // Last, because nothing is delivered behind the end.
        for mailbox in self.followers.drain(..) {
            mailbox.end(ended);
        }
    }
}

fn fail_all(replies: Vec<(ReplyTo, Reply)>, why: Unavailable) {
    super::fail(replies.into_iter().map(|(reply_to, _)| reply_to), why);
}

impl Drop for Stepper {
    /// A stepper that goes away without having ended was unwound by a panic: nobody may wait for
    /// answers that will never come.
    fn drop(&mut self) {
        if matches!(self.shared.health(), Health::Running | Health::ReadOnly) {
            self.end(Health::Failed, Ended::Failed);
        }
    }
}
