//! The engine thread's one step: settle what is in line, and hand it to the one who writes.

use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rayon::prelude::*;

use super::desk::Desk;
use super::follow::{Ended, Follower, Mailbox};
use super::recover::{OpenError, Rebuilt, Recovered, recover};
use super::scribe::{Draft, Joining, Scribe, Verdict};
use super::{Health, Intention, Options, Shared};
use crate::core::digest::fingerprint;
use crate::core::{
    Actor, Body, Command, Event, Match, Matches, Outcome, Record, Refusal, Refused, Reply, Stamp,
    State, TOUCHED_AT_A_TIME, Wanted, apply, decide,
};
use crate::limits::{BATCH_LEN_MAX, RECORD_EVENTS_SURE, TICKS_MAX};
use crate::log::{RECORD_BYTES_MAX, Snapshots};
use crate::model::{RequestId, Timestamp, VacancyId};
use crate::race::{Sign, Unavailable};

/// Publications in one batch from which matching is spread over all cores.
const PARALLEL_MATCHES_MIN: usize = 4;

/// How often a read-only engine looks whether there is space again.
const FULL_RETRY: Duration = Duration::from_millis(250);

/// The one who settles: owns the state.
pub struct Stepper {
    shared: Arc<Shared>,
    options: Options,
    /// After everything settled, which may not be durable yet.
    state: State,
    scribe: Arc<Mutex<Scribe>>,
    /// The way to the thread that writes, unless whoever steps writes as well.
    log_thread: Option<LogThread>,
    /// Whether the state is ahead of the log for good, because the disk is full.
    is_stale: bool,
    /// Taken from the line and not yet settled, the first to enter first.
    waiting: Vec<Intention>,
    /// The vacancy that was found filled last, unless something was recorded since.
    filled: Option<Filled>,
    /// Whether the last to be settled was alone, and may soon have the next thing to say.
    was_alone: bool,
    /// Where long records are written to see how long they are.
    measured: Vec<u8>,
}

/// A vacancy that is filled, settled though not yet durable: whoever else is in line for it hears so
/// without being examined, in one pass behind the winner.
struct Filled {
    vacancy: VacancyId,
    sign: Sign,
    filled_at: Option<Timestamp>,
}

struct LogThread {
    desk: Arc<Desk>,
    join: JoinHandle<()>,
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
        for (id, row) in state.vacancies().iter() {
            shared.gates.show(id, row);
        }
        for officer in state.answered_officers() {
            shared.gates.note_answer(officer);
        }
        let clock = Arc::clone(&options.clock);
        let scribe = Scribe::new(Arc::clone(&shared), clock, log, state.sequence());
        let stepper = Stepper {
            shared,
            options,
            state,
            scribe: Arc::new(Mutex::new(scribe)),
            log_thread: None,
            is_stale: false,
            waiting: Vec::new(),
            filled: None,
            was_alone: false,
            measured: Vec::new(),
        };
        Ok((stepper, recovered))
    }

    /// Has another thread write what this one settles.
    pub(super) fn with_log_thread(
        mut self,
        prepare: impl FnOnce() + Send + 'static,
    ) -> Result<Stepper, OpenError> {
        let desk = Arc::new(Desk::new());
        let (shared, scribe) = (Arc::clone(&self.shared), Arc::clone(&self.scribe));
        let own = Arc::clone(&desk);
        let join = thread::Builder::new()
            .name("muster-log".into())
            .spawn(move || {
                prepare();
                own.serve(&scribe, &shared);
            })
            .map_err(|source| OpenError::Thread {
                what: source.to_string(),
            })?;
        self.log_thread = Some(LogThread { desk, join });
        Ok(self)
    }

    /// The state after everything settled so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where snapshots are saved, from any thread.
    pub(super) fn snapshots(&self) -> Snapshots {
        self.scribe().snapshots()
    }

    /// Takes what is in line and settles it as one batch. Says whether the engine goes on.
    pub fn step(&mut self) -> bool {
        // Whoever waits here has left the line, and only the line's length makes it busy.
        if self.waiting.is_empty() {
            self.shared.line.drain_into(&mut self.waiting);
        }
        if let Some(trouble) = self.trouble()
            && !self.conclude(trouble, false)
        {
            return false;
        }
        if self.is_stale {
            let verdict = self.scribe().has_space();
            if verdict == Verdict::Poisoned {
                return self.conclude(verdict, false);
            }
            if verdict == Verdict::Full || !self.reopen() {
                self.turn_everybody_away(Unavailable::DiskFull);
                return self.shared.health() != Health::Closed;
            }
        }
        let at = self.state.at().max(self.options.clock.now());
        let draft = self.settle(at);
        let is_last = draft.is_last;
        let verdict = self.hand_over(draft);
        self.conclude(verdict, is_last)
    }

    /// What went wrong on the log thread, if something did.
    fn trouble(&self) -> Option<Verdict> {
        let desk = &self.log_thread.as_ref()?.desk;
        desk.has_trouble().then(|| desk.clear())
    }

    /// Has `draft` written: here if it is one command that was alone in line, otherwise by the log
    /// thread if there is one, so that others can be settled meanwhile.
    fn hand_over(&mut self, draft: Draft) -> Verdict {
        if draft.is_empty() {
            return Verdict::Durable;
        }
        let Some(LogThread { desk, .. }) = &self.log_thread else {
            return self.scribe().write(draft);
        };
        if draft.is_last {
            let before = desk.clear();
            if before != Verdict::Durable {
                draft.fail(before.why());
                return before;
            }
            return self.scribe().write(draft);
        }
        let is_line_empty = self.waiting.is_empty() && self.shared.line.is_empty();
        let is_alone = draft.replies.len() <= 1 && is_line_empty && desk.is_clear();
        self.was_alone = is_alone && draft.replies.len() == 1;
        if is_alone {
            return self.scribe().write(draft);
        }
        desk.put(draft)
    }

    /// Draws the consequence of what became of a draft. Says whether the engine goes on.
    fn conclude(&mut self, verdict: Verdict, is_last: bool) -> bool {
        match verdict {
            Verdict::Durable if !is_last => return true,
            Verdict::Durable => self.end(Health::Closed, Ended::Closed),
            Verdict::Full => {
                self.is_stale = true;
                if let Some(LogThread { desk, .. }) = &self.log_thread {
                    // It is known here now.
                    let _ = desk.clear();
                }
                if !is_last {
                    return true;
                }
                self.end(Health::Closed, Ended::Closed);
            }
            Verdict::Poisoned => self.end(Health::Failed, Ended::Failed),
        }
        false
    }

    /// Steps until the engine ends, sleeping while there is nothing to do.
    pub(super) fn run(mut self) {
        while self.step() {
            if !self.waiting.is_empty() {
                continue;
            }
            match self.idle_for() {
                Some(wait) if wait.is_zero() => {}
                wait => {
                    if self.was_alone {
                        self.shared.line.look_out();
                    }
                    self.shared.line.wait(wait);
                }
            }
        }
    }

    /// How long there will be nothing to do, unless somebody enters the line; none means for good.
    fn idle_for(&self) -> Option<Duration> {
        if self.is_stale {
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
        // Taken out while it is settled, and put back for its memory.
        let mut waiting = std::mem::take(&mut self.waiting);
        let count = waiting.len().min(BATCH_LEN_MAX);
        let mut draft = Draft::with_capacity(count);
        for intention in &waiting[..count] {
            match intention {
                Intention::Follow(sender) => draft.joining.push(self.reader(sender.clone())),
                // Not with the draft, which may never be written.
                Intention::Listen(outbox) => self.scribe().listen(Arc::clone(&outbox.mailbox)),
                Intention::Command(..) | Intention::Close => {}
            }
        }
        self.tick(at, &mut draft);
        let mut matches = self.match_ahead(&waiting[..count], at).into_iter();
        let mut batch = waiting.drain(..count);
        while !batch.as_slice().is_empty() {
            self.touch(batch.as_slice());
            for intention in batch.by_ref().take(TOUCHED_AT_A_TIME) {
                let found = matches.next().unwrap_or_default();
                match intention {
                    Intention::Command(command, reply_to) => {
                        let reply = match self.lost(&command) {
                            Some(filled) => self.refuse(&command, filled),
                            None => self.settle_one(&command, at, &found, &mut draft),
                        };
                        draft.replies.push((reply_to, reply));
                    }
                    Intention::Follow(_) | Intention::Listen(_) => {}
                    Intention::Close => draft.is_last = true,
                }
            }
        }
        drop(batch);
        self.waiting = waiting;
        draft.signs = signs(&self.state, &draft.records);
        draft
    }

    /// Reads ahead what the next few commands will need.
    fn touch(&self, batch: &[Intention]) {
        let next = &batch[..batch.len().min(TOUCHED_AT_A_TIME)];
        for touch in [State::touch_rows, State::touch_beyond] {
            let touched = next.iter().map(|intention| match intention {
                Intention::Command(command, _) if self.lost(command).is_none() => {
                    touch(&self.state, command)
                }
                _ => 0,
            });
            black_box(touched.fold(0, usize::wrapping_add));
        }
    }

    /// Somebody who reads from the state as it stands, once it is durable.
    fn reader(&self, sender: std::sync::mpsc::SyncSender<Follower>) -> Joining {
        let mailbox = Arc::new(Mailbox::of_reader());
        Joining {
            follower: Follower::new(self.state.clone(), Arc::clone(&mailbox)),
            mailbox,
            sender,
        }
    }

    /// Matches the batch's publications on all cores, if there are enough to be worth it.
    fn match_ahead<'a>(&self, batch: &'a [Intention], at: Timestamp) -> Vec<Matches> {
        let published = |intention: &Intention| match intention {
            Intention::Command(command, _) => Matches::count(&command.body),
            Intention::Follow(_) | Intention::Listen(_) | Intention::Close => 0,
        };
        if batch.iter().map(published).sum::<usize>() < PARALLEL_MATCHES_MIN {
            return Vec::new();
        }
        let wanted = |intention: &'a Intention| match intention {
            Intention::Command(command, _) => Matches::wanted(&command.body),
            Intention::Follow(_) | Intention::Listen(_) | Intention::Close => Vec::new(),
        };
        let wanted: Vec<Vec<Wanted<'_>>> = batch.iter().map(wanted).collect();
        let state = &self.state;
        // One list of all, so that a command of thousands is spread over the cores as well.
        let all: Vec<Wanted<'_>> = wanted.iter().flatten().copied().collect();
        let found = all.into_par_iter();
        let found: Vec<_> = found.map(|one| Match::find(state, one, at)).collect();
        let mut found = found.into_iter();
        let of_each = wanted
            .iter()
            .map(|wanted| found.by_ref().take(wanted.len()).collect());
        of_each.collect()
    }

    fn settle_one(
        &mut self,
        command: &Command,
        at: Timestamp,
        matches: &Matches,
        draft: &mut Draft,
    ) -> Reply {
        let place = self.place(command);
        let events = match decide(&self.state, command, Stamp { at, place }, matches) {
            Ok(Outcome::Again(reply)) => return reply,
            Ok(Outcome::New(events)) => events,
            Err(refused) if refused.refusal.is_remembered(&command.body) => {
                Event::Refused(refused).into()
            }
            Err(refused) => {
                self.note_filled(command, &refused);
                return Err(refused);
            }
        };
        self.filled = None;
        let mut record = Record {
            sequence: self.state.sequence().next(),
            at,
            request: command.request,
            by: command.by,
            fingerprint: fingerprint(&command.body),
            events,
        };
        if let Some(refusal) = self.too_long(&record) {
            record.events = Event::Refused(refusal.into()).into();
        }
        let heard = (record.by, &*record.events);
        if let (Actor::Officer(officer), [Event::Refused(_) | Event::Bid { .. }, ..]) = heard {
            self.shared.gates.note_answer(officer);
        }
        let reply = record.reply();
        apply(&mut self.state, &record);
        draft.records.push(record);
        reply
    }

    /// Why `record` cannot be written, if it is too long for the log.
    fn too_long(&mut self, record: &Record) -> Option<Refusal> {
        if record.events.len() <= RECORD_EVENTS_SURE {
            return None;
        }
        self.measured.clear();
        record.encode_into(&mut self.measured);
        let bytes = self.measured.len();
        (bytes > RECORD_BYTES_MAX).then_some(Refusal::TooLong {
            bytes: bytes as u64,
        })
    }

    /// The place of an accept in the line of its vacancy; none of anything else.
    fn place(&self, command: &Command) -> u32 {
        match command.body.accepted() {
            Some((vacancy, _)) => self.shared.gates.next_place(vacancy),
            None => 0,
        }
    }

    /// Takes note of a vacancy that an accept has found filled.
    fn note_filled(&mut self, command: &Command, refused: &Refused) {
        if refused.refusal == Refusal::Filled
            && let Some((vacancy, _)) = command.body.accepted()
            && let Some(row) = self.state.vacancy(vacancy)
        {
            self.filled = Some(Filled {
                vacancy,
                sign: Sign::of(row),
                filled_at: refused.filled_at,
            });
        }
    }

    /// The vacancy that `command` is too late for, as its gate will say once it is durable. Like the
    /// gate it lets through whose request may have been answered before.
    fn lost(&self, command: &Command) -> Option<&Filled> {
        let filled = self.filled.as_ref()?;
        let (vacancy, round) = command.body.accepted()?;
        let Actor::Officer(officer) = command.by else {
            return None;
        };
        let is_lost = vacancy == filled.vacancy
            && filled.sign.is_lost_to(round, officer)
            && !self.shared.gates.has_answers(officer);
        is_lost.then_some(filled)
    }

    fn refuse(&self, command: &Command, filled: &Filled) -> Reply {
        Err(Refused {
            refusal: Refusal::Filled,
            place: Some(self.place(command)),
            filled_at: filled.filled_at,
        })
    }

    /// Handles what has fallen due. What is left over falls due again in the next step.
    /// Handles what is due: one record after the other, since each is decided on what the one before
    /// it left. Offering officers what they may come to takes many, and one is enough for now.
    fn tick(&mut self, at: Timestamp, draft: &mut Draft) {
        let tick = Command {
            request: RequestId(0),
            by: Actor::Clock,
            body: Body::Tick,
        };
        for _ in 0..TICKS_MAX {
            if self.state.next_deadline().is_none_or(|due| due > at) {
                return;
            }
            // The clock hears no answer.
            let _ = self.settle_one(&tick, at, &Matches::none(), draft);
            let last = draft.records.last();
            if last.is_some_and(|record| matches!(record.events.last(), Some(Event::Considered(_))))
            {
                return;
            }
        }
    }

    /// Tries to open the log again after the disk was full; says whether it worked.
    fn reopen(&mut self) -> bool {
        let storage = Arc::clone(&self.options.storage);
        let told = self.scribe().told();
        let Ok(rebuilt) = recover(storage, self.options.log, Some(told)) else {
            return false;
        };
        self.state = rebuilt.state;
        self.is_stale = false;
        self.filled = None;
        for officer in self.state.answered_officers() {
            self.shared.gates.note_answer(officer);
        }
        // What was written before the disk was full may be whole after all; nobody has heard of
        // it yet.
        let signs = signs(&self.state, &rebuilt.news);
        self.scribe().resume(rebuilt.log, rebuilt.news, signs);
        self.shared.line.set_health(Health::Running);
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
                Intention::Listen(outbox) => self.scribe().listen(outbox.mailbox),
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
        self.shared.line.set_health(health);
        let why = if health == Health::Failed {
            Unavailable::Failed
        } else {
            Unavailable::Closed
        };
        self.turn_everybody_away(why);
        self.shared.clear_line();
        if let Some(LogThread { desk, join }) = self.log_thread.take() {
            desk.close();
            // A panic there has been printed, and ended what it could end.
            let _ = join.join();
        }
        // Last, because nothing is delivered behind the end.
        self.scribe().end(ended);
    }

    fn scribe(&self) -> MutexGuard<'_, Scribe> {
        // Who panicked with it in hand has left a log that is dropped with it, or is poisoned.
        self.scribe.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the gates of the vacancies that `records` touched show when they are durable.
fn signs(state: &State, records: &[Record]) -> Vec<(VacancyId, Sign)> {
    let mut signs: Vec<(VacancyId, Sign)> = Vec::new();
    for event in records.iter().flat_map(|record| &record.events) {
        let Some((id, row)) = event
            .vacancy()
            .and_then(|id| Some((id, state.vacancy(id)?)))
        else {
            continue;
        };
        // Showing a gate twice does no harm, and a hot vacancy is next to itself in the batch.
        let is_repeated = signs.last().is_some_and(|(last, _)| *last == id);
        let is_new = matches!(event, Event::Published { .. });
        if !is_repeated && (is_new || Sign::differs(row)) {
            signs.push((id, Sign::of(row)));
        }
    }
    signs
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
