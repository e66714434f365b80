//! Drives the engine and the model side by side, and compares everything after every step.

use std::fmt::Write;
use std::sync::Arc;

use engine::core::{
    Actor, Answer, Body, Command, Event, Invalid, Refusal, Reply, State, apply, digest,
};
use engine::io::{Clock, ManualClock, Memory};
use engine::log::{Background, LogOptions};
use engine::model::{AgencyId, Interval, OfficerId, RequestId, Standing, VacancyId};
use engine::rules::Clause;
use engine::{Engine, Follower, Options, Stepper};

use super::cast::{Ask, By, DAY, HalfHour, OFFICERS};
use super::flat::{Flat, Flaw, Said};
use super::step::{Asker, Step, What, Wish};
use super::tally::Tally;
use super::words::{badge, body, cast, instant};

/// When every sequence begins: noon in Phoenix.
const NOON: HalfHour = 38;
/// Steps in which everything that a moment brings about has happened.
const SETTLE_STEPS: usize = 8;
/// Steps between two comparisons of every offer with every officer.
const OFFERS_EVERY: usize = 8;

/// Where engine and model differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Place in the sequence.
    pub(crate) step: usize,
    pub(crate) what: String,
}

/// Plays `steps`; says what was counted, or the first difference.
pub(crate) fn play(steps: &[Step], flaw: Flaw) -> Result<Tally, Difference> {
    let mut drive = Drive::new(flaw);
    for (number, step) in steps.iter().enumerate() {
        let offers = number % OFFERS_EVERY == 0;
        let played = drive.step(step).and_then(|()| drive.compare(offers));
        played.map_err(|what| Difference { step: number, what })?;
    }
    let ended = drive.finish();
    ended.map_err(|what| Difference {
        step: steps.len(),
        what,
    })?;
    Ok(drive.tally)
}

struct Drive {
    storage: Arc<Memory>,
    clock: Arc<ManualClock>,
    /// None only while it is closed and opened again.
    house: Option<House>,
    flat: Flat,
    ids: Vec<OfficerId>,
    now: HalfHour,
    /// Every request: who asked what, and what they heard first and when.
    asked: Vec<Asked>,
    /// Assignments that the engine flagged in this step.
    flagged: Vec<(VacancyId, OfficerId, Clause)>,
    tally: Tally,
}

struct House {
    engine: Engine,
    stepper: Stepper,
    follower: Follower,
}

#[derive(Clone)]
struct Asked {
    by: By,
    request: u128,
    ask: Ask,
    heard: Option<(HalfHour, Reply)>,
}

impl Drive {
    fn new(flaw: Flaw) -> Drive {
        let storage = Arc::new(Memory::new());
        let clock = Arc::new(ManualClock::new(instant(NOON)));
        let house = Some(open(&storage, &clock));
        let mut drive = Drive {
            storage,
            clock,
            house,
            flat: Flat::new(flaw, 0, NOON),
            ids: Vec::new(),
            now: NOON,
            asked: Vec::new(),
            flagged: Vec::new(),
            tally: Tally::default(),
        };
        let command = Command {
            request: RequestId(u128::MAX),
            by: Actor::Operator,
            body: Body::Roster(cast()),
        };
        let ticket = drive.house().engine.submit(command);
        drive.house_mut().stepper.step();
        let reply = ticket.wait().expect("memory never fails");
        reply.expect("the cast is sound");
        drive.ids = (0..OFFICERS.len())
            .map(|officer| {
                let roster = drive.house().stepper.state().roster();
                roster.officer(&badge(officer)).expect("one of the cast")
            })
            .collect();
        drive.flat.records = drive.house().stepper.state().sequence().0;
        drive
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Together(wishes) => return self.together(wishes),
            Step::Wait(half_hours) => self.set_clock(self.now + half_hours),
            Step::SetBack(half_hours) => self.set_clock(self.now - half_hours),
            Step::Restart => self.restart(),
        }
        self.settle();
        self.tally.line(&format!("{step:?}"));
        Ok(())
    }

    /// Asks everything in line, settles it in one step, and has the model do the same.
    fn together(&mut self, wishes: &[Wish]) -> Result<(), String> {
        let mut tickets = Vec::new();
        let asked: Vec<Asked> = wishes.iter().map(|wish| self.resolve(wish)).collect();
        for asked in asked {
            let may_be_turned_away = self.may_be_turned_away(&asked);
            let command = self.command(&asked);
            let ticket = self.house().engine.submit(command);
            tickets.push((asked, may_be_turned_away, ticket));
        }
        self.house_mut().stepper.step();
        let at = self.at();
        self.tally.ticks += u64::from(self.flat.tick(at));
        for (asked, may_be_turned_away, ticket) in tickets {
            let heard = ticket.wait().map_err(|error| error.to_string())?;
            self.tally.hear(&heard);
            self.tally
                .line(&format!("{:?} {:?} {heard:?}", asked.by, asked.ask));
            let filled = matches!(&heard, Err(refused) if refused.refusal == Refusal::Filled);
            // Behind a loser the line says what the gate will, without asking who it is.
            let is_passed = self.is_denied(&asked, at) && self.may_be_turned_away(&asked);
            if filled && (may_be_turned_away || is_passed) {
                self.tally.at_the_gate += 1;
            } else {
                let said = self.flat.ask(asked.by, asked.request, &asked.ask, at);
                self.same_answer(&asked, &heard, &said)?;
            }
            self.keep_promise(&asked, at, heard)?;
        }
        self.settle();
        Ok(())
    }

    /// The request that `wish` comes to; its id is new, or that of the request it repeats.
    fn resolve(&mut self, wish: &Wish) -> Asked {
        let at = self.at();
        let fresh = self.asked.len() as u128 + 1;
        let earlier = |back: usize| match self.asked.len() {
            0 => None,
            count => self.asked.get(count - 1 - back % count).cloned(),
        };
        let nothing = What::NextTier { back: 0 };
        let (what, request, by) = match &wish.what {
            What::Again { back } => match earlier(*back) {
                Some(asked) => {
                    self.tally.retries += 1;
                    return asked;
                }
                None => (&nothing, fresh, None),
            },
            What::Reuse { back, what } => match earlier(*back) {
                Some(asked) => (&**what, asked.request, Some(asked.by)),
                None => (&**what, fresh, None),
            },
            what => (what, fresh, None),
        };
        let (proper, ask) = what.resolve(&self.flat, at, fresh);
        // An officer's errand is asked by officers, or it is nobody's.
        let by = match (by, wish.by) {
            (Some(by), _) => by,
            (None, Asker::Proper) => proper,
            (None, Asker::Exactly(by)) => by,
        };
        let asked = Asked {
            by,
            request,
            ask,
            heard: None,
        };
        if request == fresh {
            self.asked.push(asked.clone());
        }
        asked
    }

    /// Whether the gate may say that it is filled: every slot of the round is durably taken, the
    /// officer holds and held none of them, and this request has no remembered answer.
    fn may_be_turned_away(&self, asked: &Asked) -> bool {
        let (By::Officer(officer), Ask::Accept { vacancy, round }) = (asked.by, &asked.ask) else {
            return false;
        };
        let Some(row) = self.flat.vacancies.get(*vacancy) else {
            return false;
        };
        let stands = matches!(row.standing, Standing::Open | Standing::Filled);
        let lost = row.lost.iter().any(|lost| lost.officer == officer);
        let held = self.flat.held(*vacancy, officer).is_some() || row.returned.contains(&officer);
        let memory = self.flat.remembered(asked.by, asked.request);
        let remembered = memory.is_some_and(|memory| memory.ask == asked.ask);
        stands && (1..=row.closed_round).contains(round) && !held && !lost && !remembered
    }

    fn is_denied(&self, asked: &Asked, at: HalfHour) -> bool {
        matches!(asked.by, By::Officer(officer) if self.flat.is_denied(officer, at))
    }

    fn same_answer(&self, asked: &Asked, heard: &Reply, said: &Said) -> Result<(), String> {
        let same = match (heard, said) {
            (
                Ok(Answer::Won(receipt)),
                Said::Won {
                    vacancy,
                    slot,
                    holder,
                },
            ) => {
                let engine = (receipt.vacancy.index(), usize::from(receipt.slot));
                let terms = (
                    receipt.cover.index(),
                    receipt.sequence.0,
                    receipt.awarded_at,
                );
                engine == (*vacancy, *slot)
                    && terms == (holder.cover, holder.sequence, instant(holder.at))
                    && receipt.place > 0
            }
            (Ok(Answer::Done { sequence }), Said::Done { sequence: said }) => sequence.0 == *said,
            (Err(refused), Said::No(refusal)) => refused.refusal == *refusal,
            _ => false,
        };
        if same {
            return Ok(());
        }
        let Asked { by, ask, .. } = asked;
        Err(format!(
            "{by:?} asked {ask:?}: the engine says {heard:?}, the model {said:?}"
        ))
    }

    /// The same request hears the same answer for as long as answers are kept (P5). What was
    /// senseless by itself or not allowed is judged anew; the comments name the other exceptions.
    fn keep_promise(&mut self, asked: &Asked, at: HalfHour, heard: Reply) -> Result<(), String> {
        let same = |other: &&mut Asked| {
            (other.by, other.request, &other.ask) == (asked.by, asked.request, &asked.ask)
        };
        let Some(kept) = self.asked.iter_mut().find(same) else {
            return Ok(());
        };
        let Some((first_at, first)) = kept.heard.clone() else {
            kept.heard = Some((at, heard));
            return Ok(());
        };
        let refusal = |reply: &Reply| reply.as_ref().err().map(|refused| refused.refusal.clone());
        let unchanged =
            first == heard || refusal(&first).is_some() && refusal(&first) == refusal(&heard);
        if unchanged {
            return Ok(());
        }
        if at - first_at >= DAY {
            kept.heard = Some((at, heard));
            return Ok(());
        }
        match (refusal(&first), &heard) {
            (Some(Refusal::Invalid(what)), _) if what != Invalid::Rest => {
                kept.heard = Some((at, heard));
            }
            (Some(Refusal::NotAllowed | Refusal::RequestReused), _) => {
                kept.heard = Some((at, heard));
            }
            (Some(Refusal::Denied), _) => kept.heard = Some((at, heard)),
            // Of these nothing is written down that whoever was denied since could be told.
            (Some(Refusal::Filled | Refusal::Cancelled), Err(refused))
                if refused.refusal == Refusal::Denied => {}
            // Somebody used the id for something else in between.
            (_, Err(refused)) if refused.refusal == Refusal::RequestReused => {}
            _ => {
                let ask = &asked.ask;
                return Err(format!(
                    "a retry of {ask:?} heard {heard:?}, and first {first:?}"
                ));
            }
        }
        Ok(())
    }

    /// Lets everything happen that falls due now.
    fn settle(&mut self) {
        for _ in 0..SETTLE_STEPS {
            self.house_mut().stepper.step();
            let at = self.at();
            self.tally.ticks += u64::from(self.flat.tick(at));
        }
        let mut flagged = Vec::new();
        let house = self.house_mut();
        while let Ok(Some(delivery)) = house.follower.try_next() {
            let records = delivery.batch.iter().flat_map(|batch| &batch.records);
            for record in records {
                apply(&mut house.follower.state, record);
                flagged.extend(record.events.iter().filter_map(flag));
            }
        }
        self.flagged.append(&mut flagged);
    }

    fn restart(&mut self) {
        self.tally.restarts += 1;
        self.house().engine.close();
        while self.house_mut().stepper.step() {}
        // The old engine lets go of the folder before the new one takes it.
        self.house = None;
        self.house = Some(open(&self.storage, &self.clock));
    }

    /// What must be true at the end: live, following, restored and replayed are one state.
    fn finish(&mut self) -> Result<(), String> {
        self.settle();
        self.compare(true)?;
        let live = digest(self.house().stepper.state());
        let following = digest(&self.house().follower.state);
        let snapshot = self.house().stepper.state().snapshot().expect("in memory");
        let restored = digest(&State::restore(&snapshot).expect("it was just written"));
        self.restart();
        let replayed = digest(self.house().stepper.state());
        let all = [live, following, restored, replayed];
        self.tally.line(&format!("{live:x}"));
        if all.iter().any(|one| *one != live) {
            return Err(format!("live, following, restored, replayed: {all:x?}"));
        }
        Ok(())
    }

    fn compare(&mut self, offers: bool) -> Result<(), String> {
        let (state, flat) = (self.house().stepper.state(), &self.flat);
        let sequence = state.sequence().0;
        if sequence != flat.records {
            return Err(format!(
                "{sequence} records, and {} in the model",
                flat.records
            ));
        }
        let deadline = state.next_deadline();
        if deadline != flat.next_deadline().map(instant) {
            let model = flat.next_deadline();
            return Err(format!(
                "next due at {deadline:?}, and in the model at {model:?}"
            ));
        }
        let count = state.vacancies().iter().count();
        if count != flat.vacancies.len() {
            return Err(format!(
                "{count} vacancies, and {} in the model",
                flat.vacancies.len()
            ));
        }
        for number in 0..count {
            let (engine, model) = (self.tell_engine(number), self.tell_model(number));
            if engine != model {
                return Err(format!(
                    "vacancy {number} is\n  {engine}, in the model\n  {model}"
                ));
            }
        }
        self.one_place_at_a_time()?;
        self.compare_flags()?;
        if offers {
            self.compare_offers()?;
        }
        Ok(())
    }

    /// No officer holds two overlapping assignments: by looking at all pairs of all slots.
    fn one_place_at_a_time(&self) -> Result<(), String> {
        let state = self.house().stepper.state();
        let mut held: Vec<(OfficerId, Interval)> = Vec::new();
        for (_, row) in state.vacancies().iter() {
            for holder in row.holders() {
                for segment in &row.posting.segments {
                    let meets = |(officer, span): &(OfficerId, Interval)| {
                        let meets = span.start < segment.span.end && segment.span.start < span.end;
                        *officer == holder.officer && meets
                    };
                    if held.iter().any(meets) {
                        return Err(format!("{:?} is in two places", holder.officer));
                    }
                    held.push((holder.officer, segment.span));
                }
            }
        }
        Ok(())
    }

    /// The same assignments were flagged for the coordinator in this step (rule 2).
    fn compare_flags(&mut self) -> Result<(), String> {
        let engine = std::mem::take(&mut self.flagged);
        let model = std::mem::take(&mut self.flat.flagged);
        let mut named: Vec<_> = model
            .into_iter()
            .map(|(number, who, clause)| (VacancyId::from(number), self.ids[who], clause))
            .collect();
        named.sort_unstable();
        let mut sorted = engine.clone();
        sorted.sort_unstable();
        self.tally.flags += engine.len() as u64;
        if sorted != named {
            return Err(format!("flagged {engine:?}, and in the model {named:?}"));
        }
        Ok(())
    }

    fn compare_offers(&self) -> Result<(), String> {
        let state = self.house().stepper.state();
        for (id, row) in state.vacancies().iter() {
            for (officer, number) in self.ids.iter().zip(0..) {
                let engine = state.stands_for(row, *officer, instant(self.at()));
                let model = self.flat.stands_for(id.index(), number, self.at());
                if engine != model {
                    return Err(format!(
                        "{id:?} stands for officer {number}: {engine}, {model}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn tell_engine(&self, number: usize) -> String {
        let state = self.house().stepper.state();
        let id = VacancyId::from(number);
        let row = state
            .vacancy(id)
            .expect("vacancies are numbered without gaps");
        let officer = |id: OfficerId| self.ids.iter().position(|known| *known == id);
        let mut told = format!(
            "{:?} round={} closed={} filled={:?} tier={} closes={:?} punches={} slots=",
            row.standing,
            row.round,
            row.closed_round,
            row.filled_at,
            row.tier,
            row.tier_closes_at,
            state.punches(id).len()
        );
        for slot in &row.slots {
            let holder = slot.holder.as_ref().map(|holder| {
                let terms = (holder.cover.index(), holder.sequence.0, holder.awarded_at);
                (officer(holder.officer), terms)
            });
            let _ = write!(told, "{:?} {holder:?} ", slot.rank);
        }
        for (name, set) in [
            ("offered", &row.offered),
            ("declined", &row.declined),
            ("returned", &row.returned),
        ] {
            let mut members: Vec<_> = set.iter().filter_map(officer).collect();
            members.sort_unstable();
            let _ = write!(told, "{name}={members:?} ");
        }
        told
    }

    fn tell_model(&self, number: usize) -> String {
        let row = &self.flat.vacancies[number];
        let mut told = format!(
            "{:?} round={} closed={} filled={:?} tier={} closes={:?} punches={} slots=",
            row.standing,
            row.round,
            row.closed_round,
            row.filled_at.map(instant),
            row.tier,
            row.tier_closes_at.map(instant),
            row.punches
        );
        for slot in &row.slots {
            let holder = slot.holder.map(|holder| {
                let terms = (holder.cover, holder.sequence, instant(holder.at));
                (Some(holder.officer), terms)
            });
            let _ = write!(told, "{:?} {holder:?} ", slot.rank);
        }
        for (name, list) in [
            ("offered", &row.offered),
            ("declined", &row.declined),
            ("returned", &row.returned),
        ] {
            let mut members = list.clone();
            members.sort_unstable();
            members.dedup();
            let _ = write!(told, "{name}={members:?} ");
        }
        told
    }

    /// The time that a command is stamped with: never earlier than the last record.
    fn at(&self) -> HalfHour {
        self.now.max(self.flat.last_at)
    }

    fn set_clock(&mut self, now: HalfHour) {
        self.now = now;
        self.clock.set(instant(now));
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

    fn command(&self, asked: &Asked) -> Command {
        let by = match asked.by {
            By::Operator => Actor::Operator,
            By::Agency(agency) => Actor::Coordinator(AgencyId::from(agency)),
            By::Officer(officer) => Actor::Officer(self.ids[officer]),
        };
        Command {
            request: RequestId(asked.request),
            by,
            body: body(&asked.ask, &self.ids),
        }
    }
}

fn open(storage: &Arc<Memory>, clock: &Arc<ManualClock>) -> House {
    let log = LogOptions {
        segment_bytes: 1 << 18,
        background: Background::OnDemand,
        ..LogOptions::default()
    };
    let storage = Arc::clone(storage);
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    let options = Options {
        storage,
        clock,
        log,
        snapshot_every_records: 0,
    };
    let (engine, mut stepper, _) = Engine::open_stepped(options).expect("memory is sound");
    let reader = engine.clone();
    let following = std::thread::spawn(move || reader.follow());
    while !following.is_finished() {
        stepper.step();
        std::thread::yield_now();
    }
    let follower = following.join().expect("following does not panic");
    let follower = follower.expect("the engine is open");
    House {
        engine,
        stepper,
        follower,
    }
}

fn flag(event: &Event) -> Option<(VacancyId, OfficerId, Clause)> {
    match event {
        Event::Flagged {
            vacancy,
            officer,
            clause,
        } => Some((*vacancy, *officer, *clause)),
        _ => None,
    }
}
