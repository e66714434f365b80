//! The sequential specification: what each operation may answer when nothing happens at the same
//! time. It is written from `docs/rules.md`, decisions 0004 and 0012, and shares no rule with the engine:
//! plain lists, searched from end to end.
//!
//! The world of a history is small: one agency, work that needs no certificate, and a clock that
//! stands still before all of it. One thing happens in it that nobody asks for: a tick, at a moment
//! that is not told, offers open work to those who have become eligible for it since.

use engine::core::{Kind, Refusal};
use engine::model::{Rank, VacancyId};
use engine::rules::Clause;

use super::call::{Answer, Award, Call, Op};

/// Everything that answers depend on, but for the memory of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Floor {
    pub(crate) staff: Vec<Staff>,
    pub(crate) shifts: Vec<Shift>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Staff {
    pub(crate) rank: Rank,
    pub(crate) suspended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shift {
    pub(crate) key: u8,
    pub(crate) start_hour: u8,
    pub(crate) end_hour: u8,
    pub(crate) seats: Vec<Seat>,
    pub(crate) cancelled: bool,
    pub(crate) round: u32,
    pub(crate) closed_round: u32,
    pub(crate) offered: Vec<u32>,
    /// Those whom a tick offers it or has offered it.
    pub(crate) offered_later: Vec<u32>,
    pub(crate) returned: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    pub(crate) rank: Rank,
    pub(crate) holder: Option<(u32, Award)>,
    /// The last round that was filled before the award: the holder may have lost it, and heard so.
    pub(crate) filled_before: u32,
}

/// What an operation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A slot is awarded.
    Award(u16),
    /// The officer holds a slot already.
    Held(Award),
    Done,
    /// Done if the tick that offers the work came first, and not offered otherwise.
    DoneIfOffered,
    No(Refusal),
}

impl Verdict {
    /// Whether this, answered so, changes the floor, and so is cited by its sequence.
    pub(crate) fn is_write(&self, answer: &Answer) -> bool {
        match self {
            Verdict::Award(_) | Verdict::Done => true,
            Verdict::DoneIfOffered => matches!(answer, Answer::Done { .. }),
            Verdict::Held(_) | Verdict::No(_) => false,
        }
    }
}

impl Floor {
    pub(crate) fn new(ranks: &[Rank]) -> Floor {
        let staff = |&rank| Staff {
            rank,
            suspended: false,
        };
        Floor {
            staff: ranks.iter().map(staff).collect(),
            shifts: Vec::new(),
        }
    }

    /// What `op` comes to, asked now and for the first time.
    pub(crate) fn judge(&self, op: Op) -> Verdict {
        match op {
            Op::Publish { key, .. } if self.shifts.iter().any(|shift| shift.key == key) => {
                Verdict::No(Refusal::AlreadyExists {
                    kind: Kind::Vacancy,
                    code: format!("{key:032x}").into(),
                })
            }
            Op::Publish { .. } | Op::Suspend { .. } | Op::Reinstate { .. } => Verdict::Done,
            Op::Cancel { vacancy } => self.on(vacancy, |shift| {
                if shift.cancelled {
                    return Verdict::No(Refusal::Cancelled);
                }
                Verdict::Done
            }),
            Op::Accept {
                officer,
                vacancy,
                round,
            } => self.on(vacancy, |shift| self.accept(officer, shift, round)),
            Op::Decline {
                officer,
                vacancy,
                round,
            } => self.on(vacancy, |shift| {
                if shift.cancelled {
                    return Verdict::No(Refusal::Cancelled);
                }
                // A round that was never filled goes on as the one that follows.
                let stands = shift.closed_round < round && round <= shift.round;
                let is_asked = stands || round == shift.round;
                if shift.award_of(officer).is_some() || !is_asked {
                    return Verdict::No(Refusal::NotOffered);
                }
                if shift.offered.contains(&officer) {
                    return Verdict::Done;
                }
                match shift.offered_later.contains(&officer) {
                    true => Verdict::DoneIfOffered,
                    false => Verdict::No(Refusal::NotOffered),
                }
            }),
            Op::Release { officer, vacancy } | Op::Recall { officer, vacancy } => {
                self.on(vacancy, |shift| {
                    if shift.cancelled {
                        return Verdict::No(Refusal::Cancelled);
                    }
                    if shift.award_of(officer).is_none() {
                        return Verdict::No(Refusal::NotHolder);
                    }
                    Verdict::Done
                })
            }
        }
    }

    /// Does `op`, which was answered `answer` and is a write.
    pub(crate) fn perform(&mut self, op: Op, answer: &Answer) {
        match op {
            Op::Publish { .. } => self.publish(op),
            Op::Suspend { officer } => self.staff[officer as usize].suspended = true,
            Op::Reinstate { officer } => {
                let who = &mut self.staff[officer as usize];
                if std::mem::take(&mut who.suspended) {
                    self.widen(officer);
                }
            }
            Op::Cancel { vacancy } => {
                let shift = &mut self.shifts[vacancy as usize];
                shift.cancelled = true;
                let held = shift.seats.iter_mut().filter_map(|seat| seat.holder.take());
                let freed: Vec<u32> = held.map(|(officer, _)| officer).collect();
                for officer in freed {
                    self.widen(officer);
                }
            }
            Op::Accept {
                officer, vacancy, ..
            } => {
                let Answer::Won(award) = answer else {
                    unreachable!("an accept that writes is a win: {answer:?}");
                };
                let shift = &mut self.shifts[vacancy as usize];
                let seat = &mut shift.seats[usize::from(award.slot)];
                seat.holder = Some((officer, *award));
                seat.filled_before = shift.closed_round;
                if shift.seats.iter().all(|seat| seat.holder.is_some()) {
                    shift.closed_round = shift.round;
                }
            }
            // Nobody is left to ask in this world, so a decline changes no later answer, but that
            // it shows who was offered the work.
            Op::Decline {
                officer, vacancy, ..
            } => {
                let shift = &mut self.shifts[vacancy as usize];
                if !shift.offered.contains(&officer) {
                    shift.offered.push(officer);
                }
            }
            Op::Release { officer, vacancy } | Op::Recall { officer, vacancy } => {
                self.vacate(officer, vacancy);
                self.widen(officer);
            }
        }
    }

    /// Whether `op` may be answered `answer` now. Places in line are stated by the engine and
    /// follow no rule of the floor, but a holder's is part of the award.
    pub(crate) fn permits(&self, op: Op, answer: &Answer) -> bool {
        match (self.judge(op), answer) {
            (Verdict::Award(slot), Answer::Won(award)) => {
                let Op::Accept { vacancy, .. } = op else {
                    return false;
                };
                (award.vacancy, award.slot) == (vacancy, slot)
            }
            (Verdict::Held(held), Answer::Won(award)) => held == *award,
            (Verdict::Done | Verdict::DoneIfOffered, Answer::Done { .. }) => true,
            (Verdict::DoneIfOffered, answer) => answer.says(&Refusal::NotOffered),
            (Verdict::No(refusal), answer) => answer.says(&refusal),
            _ => false,
        }
    }

    fn accept(&self, officer: u32, shift: &Shift, round: u32) -> Verdict {
        if let Some((award, filled_before)) = shift.seat_of(officer) {
            if round <= filled_before {
                return Verdict::No(Refusal::Filled);
            }
            return Verdict::Held(award);
        }
        if round <= shift.closed_round {
            return Verdict::No(Refusal::Filled);
        }
        if shift.cancelled {
            return Verdict::No(Refusal::Cancelled);
        }
        if round > shift.round || shift.returned.contains(&officer) {
            return Verdict::No(Refusal::NotOffered);
        }
        if let Some(clause) = self.breach(officer, shift) {
            return Verdict::No(Refusal::NotEligible { clause });
        }
        let work = (shift.start_hour, shift.end_hour);
        if let Some(with) = self.busy(officer, work) {
            return Verdict::No(Refusal::Overlaps { with });
        }
        let rank = self.staff[officer as usize].rank;
        let open = |seat: &Seat| seat.holder.is_none() && seat.rank == rank;
        match (0..).zip(&shift.seats).find(|(_, seat)| open(seat)) {
            Some((slot, _)) => Verdict::Award(slot),
            None => Verdict::No(Refusal::RankFilled),
        }
    }

    fn breach(&self, officer: u32, shift: &Shift) -> Option<Clause> {
        let who = &self.staff[officer as usize];
        if who.suspended {
            return Some(Clause::NotSuspended);
        }
        let wanted = shift.seats.iter().any(|seat| seat.rank == who.rank);
        (!wanted).then_some(Clause::Rank)
    }

    /// The earliest shift that `officer` holds during `work`, half-open hours.
    fn busy(&self, officer: u32, work: (u8, u8)) -> Option<VacancyId> {
        let held = (0..).zip(&self.shifts).filter(|(_, shift)| {
            let meets = shift.start_hour < work.1 && work.0 < shift.end_hour;
            meets && shift.award_of(officer).is_some()
        });
        let earliest = held.min_by_key(|(_, shift)| shift.start_hour);
        earliest.map(|(number, _)| VacancyId(number))
    }

    /// Everybody who could take `shift` now.
    fn everybody_for(&self, shift: &Shift) -> Vec<u32> {
        let work = (shift.start_hour, shift.end_hour);
        let staff = 0..u32::try_from(self.staff.len()).expect("a handful of officers");
        staff
            .filter(|who| !shift.returned.contains(who))
            .filter(|&who| self.breach(who, shift).is_none() && self.busy(who, work).is_none())
            .collect()
    }

    fn publish(&mut self, op: Op) {
        let Op::Publish {
            key,
            start_hour,
            hours,
            officers,
            sergeants,
        } = op
        else {
            unreachable!("only publications are published");
        };
        let seat = |rank| Seat {
            rank,
            holder: None,
            filled_before: 0,
        };
        let ordinary = (0..officers).map(|_| seat(Rank::Officer));
        let leading = (0..sergeants).map(|_| seat(Rank::Sergeant));
        let mut shift = Shift {
            key,
            start_hour,
            end_hour: start_hour + hours,
            seats: ordinary.chain(leading).collect(),
            cancelled: false,
            round: 1,
            closed_round: 0,
            offered: Vec::new(),
            offered_later: Vec::new(),
            returned: Vec::new(),
        };
        shift.offered = self.everybody_for(&shift);
        self.shifts.push(shift);
    }

    fn vacate(&mut self, officer: u32, vacancy: u32) {
        // Who holds this shift is busy in its hours and is not offered it again.
        let mut recipients = self.everybody_for(&self.shifts[vacancy as usize]);
        let shift = &mut self.shifts[vacancy as usize];
        let was_filled = shift.seats.iter().all(|seat| seat.holder.is_some());
        for seat in &mut shift.seats {
            if seat.holder.is_some_and(|(holder, _)| holder == officer) {
                seat.holder = None;
            }
        }
        if was_filled {
            shift.offered.clear();
        }
        let ranks: Vec<Rank> = shift
            .seats
            .iter()
            .filter(|seat| seat.holder.is_none())
            .map(|seat| seat.rank)
            .collect();
        recipients.retain(|who| ranks.contains(&self.staff[*who as usize].rank));
        shift.offered.extend(recipients);
        shift.offered.sort_unstable();
        shift.offered.dedup();
        shift.offered.retain(|who| *who != officer);
        shift.returned.push(officer);
        shift.round += 1;
    }

    /// A tick will look at what is open for `officer`, who can come to more than before.
    fn widen(&mut self, officer: u32) {
        let rank = self.staff[officer as usize].rank;
        let is_for_them = |shift: &Shift| {
            let mut seats = shift.seats.iter();
            !shift.cancelled
                && seats.any(|seat| seat.holder.is_none() && seat.rank == rank)
                && self.everybody_for(shift).contains(&officer)
        };
        let places = 0..self.shifts.len();
        let places: Vec<usize> = places.filter(|at| is_for_them(&self.shifts[*at])).collect();
        for place in places {
            let offered_later = &mut self.shifts[place].offered_later;
            if !offered_later.contains(&officer) {
                offered_later.push(officer);
                offered_later.sort_unstable();
            }
        }
    }

    fn on(&self, vacancy: u32, judge: impl FnOnce(&Shift) -> Verdict) -> Verdict {
        match self.shifts.get(vacancy as usize) {
            Some(shift) => judge(shift),
            None => Verdict::No(Refusal::Unknown {
                kind: Kind::Vacancy,
                code: vacancy.to_string().into(),
            }),
        }
    }
}

impl Shift {
    fn award_of(&self, officer: u32) -> Option<Award> {
        self.seat_of(officer).map(|(award, _)| award)
    }

    /// The award of the slot that `officer` holds, and the last round that was filled before it.
    fn seat_of(&self, officer: u32) -> Option<(Award, u32)> {
        let mut seats = self.seats.iter();
        seats.find_map(|seat| {
            let (holder, award) = seat.holder?;
            (holder == officer).then_some((award, seat.filled_before))
        })
    }
}

/// The floor with its memory of requests and its count of records: the whole specification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Desk {
    pub(crate) floor: Floor,
    /// The highest sequence that was cited.
    pub(crate) last: u64,
    remembered: Vec<Remembered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Remembered {
    identity: (Option<u32>, u64),
    op: Op,
    answer: Answer,
}

impl Desk {
    pub(crate) fn new(floor: Floor, last: u64) -> Desk {
        Desk {
            floor,
            last,
            remembered: Vec::new(),
        }
    }

    /// What happens if `call` is answered now as it was; nothing if it may not be.
    pub(crate) fn after(&self, call: &Call) -> Option<Desk> {
        let mut next = self.clone();
        next.take(call).then_some(next)
    }

    /// Answers `call` now as it was; says whether that may be.
    pub(crate) fn take(&mut self, call: &Call) -> bool {
        let (op, answer) = (call.op, &call.answer);
        if let Some(before) = self.recall(call.identity()) {
            if before.op == op {
                return before.answer == *answer;
            }
            // A gate turns a loser away without a look at what the request was used for before.
            let filled = Verdict::No(Refusal::Filled);
            let turned_away = answer.says(&Refusal::Filled) && self.floor.judge(op) == filled;
            return turned_away || answer.says(&Refusal::RequestReused);
        }
        if !self.floor.permits(op, answer) {
            return false;
        }
        if self.floor.judge(op).is_write(answer) {
            let Some(sequence) = answer.sequence().filter(|cited| *cited > self.last) else {
                return false;
            };
            self.last = sequence;
            self.floor.perform(op, answer);
        }
        self.remember(call.identity(), op, answer);
        true
    }

    /// Answers `op` as the specification would, with places in line of its own making.
    pub(crate) fn answer(&mut self, request: u64, op: Op) -> Answer {
        let identity = (op.asker(), request);
        if let Some(before) = self.recall(identity) {
            return if before.op == op {
                before.answer.clone()
            } else {
                Answer::refused(Refusal::RequestReused)
            };
        }
        let verdict = self.floor.judge(op);
        let answer = self.word(&verdict, op);
        if verdict.is_write(&answer) {
            self.floor.perform(op, &answer);
        }
        self.remember(identity, op, &answer);
        answer
    }

    /// `verdict` as an answer; what it records takes the next sequence.
    pub(crate) fn word(&mut self, verdict: &Verdict, op: Op) -> Answer {
        let answer = match (verdict, op) {
            (Verdict::Award(slot), Op::Accept { vacancy, .. }) => Answer::Won(Award {
                vacancy,
                slot: *slot,
                place: 1,
                sequence: self.last + 1,
            }),
            (Verdict::Award(_), _) => unreachable!("only accepts are awarded: {op:?}"),
            (Verdict::Held(award), _) => Answer::Won(*award),
            (Verdict::Done | Verdict::DoneIfOffered, _) => Answer::Done {
                sequence: self.last + 1,
            },
            (Verdict::No(refusal), _) => Answer::refused(refusal.clone()),
        };
        self.last += u64::from(answer.is_remembered());
        answer
    }

    pub(crate) fn remember(&mut self, identity: (Option<u32>, u64), op: Op, answer: &Answer) {
        if answer.is_remembered() {
            self.remembered.push(Remembered {
                identity,
                op,
                answer: answer.clone(),
            });
        }
    }

    fn recall(&self, identity: (Option<u32>, u64)) -> Option<&Remembered> {
        let mut remembered = self.remembered.iter();
        remembered.find(|before| before.identity == identity)
    }
}
