//! A dispatch office with planted races: what an engine looks like that checks and then acts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use engine::core::Refusal;

use super::call::{Answer, Op};
use super::floor::{Desk, Verdict};
use super::record::Arena;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing: the control, which must pass.
    None,
    /// The slot is looked at before and taken after: two awards of one slot.
    TwoAwards,
    /// The calendar is looked at before and booked after: one officer in two places.
    TwoPlaces,
    /// A gate hears of a re-offer late: filled is said of a slot that is open again.
    StaleFilled,
    /// A shift is read, changed and written back whole: a release can be overwritten.
    LostRelease,
    /// Requests are not remembered: a retry is a new request.
    Forgetful,
    /// The sequence is drawn before the line is entered.
    NumberedEarly,
}

impl Bug {
    pub(crate) const PLANTED: [Bug; 6] = [
        Bug::TwoAwards,
        Bug::TwoPlaces,
        Bug::StaleFilled,
        Bug::LostRelease,
        Bug::Forgetful,
        Bug::NumberedEarly,
    ];
}

/// An office that answers under one lock, except where its bug lets go of it.
pub(crate) struct Office {
    bug: Bug,
    desk: Mutex<Desk>,
    /// Vacancies that the gate takes for filled, with the answers until it looks again.
    gate: Mutex<Vec<(u32, u32)>>,
    drawn: AtomicU64,
    /// Answers given so far.
    answered: AtomicU64,
}

/// How often a thread that holds no lock lets others go first, at most, before it goes on without
/// anybody having come in between.
const YIELDS_MAX: usize = 64;
/// Answers that a stale gate gives before it looks again.
const GATE_STALE_ANSWERS: u32 = 3;

impl Office {
    pub(crate) fn new(bug: Bug, desk: Desk) -> Office {
        Office {
            bug,
            drawn: AtomicU64::new(desk.last),
            desk: Mutex::new(desk),
            gate: Mutex::default(),
            answered: AtomicU64::new(0),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Awards a slot that was fit for it a moment ago, without another look.
    fn award_anyway(&self, request: u64, op: Op, slot: u16) -> Answer {
        let mut desk = self.desk();
        let answer = desk.word(&Verdict::Award(slot), op);
        desk.floor.perform(op, &answer);
        desk.remember((op.asker(), request), op, &answer);
        answer
    }

    /// Reads what `op` comes to and lets go of the lock, as long as it takes another thread to
    /// come in between.
    fn look(&self, op: Op) -> Verdict {
        let verdict = self.desk().floor.judge(op);
        self.linger();
        verdict
    }

    /// Waits until somebody else was answered in between, unless nobody comes. A race that is
    /// planted shows itself on any machine, however few threads run at once.
    fn linger(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        for _ in 0..YIELDS_MAX {
            if self.answered.load(Ordering::SeqCst) != before {
                return;
            }
            thread::yield_now();
        }
    }

    fn check_then_act(&self, request: u64, op: Op) -> Option<Answer> {
        let Verdict::Award(slot) = self.look(op) else {
            return None;
        };
        if self.desk().floor.judge(op) == Verdict::Award(slot) {
            return None;
        }
        Some(self.award_anyway(request, op, slot))
    }

    /// Checks the slot again, but not the calendar.
    fn check_half_then_act(&self, request: u64, op: Op) -> Option<Answer> {
        let Verdict::Award(slot) = self.look(op) else {
            return None;
        };
        let now = self.desk().floor.judge(op);
        if !matches!(now, Verdict::No(Refusal::Overlaps { .. })) {
            return None;
        }
        Some(self.award_anyway(request, op, slot))
    }

    fn stale_gate(&self, op: Op) -> Option<Answer> {
        let Op::Accept { vacancy, .. } = op else {
            return None;
        };
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let row = gate.iter_mut().find(|(filled, _)| *filled == vacancy)?;
        row.1 = row.1.saturating_sub(1);
        if row.1 == 0 {
            gate.retain(|(filled, _)| *filled != vacancy);
        }
        Some(Answer::refused(Refusal::Filled))
    }

    fn note_filled(&self, op: Op) {
        let Op::Accept { vacancy, .. } = op else {
            return;
        };
        let is_filled = {
            let desk = self.desk();
            let shift = desk.floor.shifts.get(vacancy as usize);
            shift.is_some_and(|shift| shift.seats.iter().all(|seat| seat.holder.is_some()))
        };
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if is_filled && gate.iter().all(|(filled, _)| *filled != vacancy) {
            gate.push((vacancy, GATE_STALE_ANSWERS));
        }
    }

    fn write_back(&self, request: u64, op: Op) -> Option<Answer> {
        let (Op::Release { vacancy, .. } | Op::Accept { vacancy, .. }) = op else {
            return None;
        };
        let before = self.desk().floor.shifts.get(vacancy as usize)?.clone();
        self.linger();
        let mut desk = self.desk();
        desk.floor.shifts[vacancy as usize] = before;
        Some(desk.answer(request, op))
    }

    fn numbered_early(&self, request: u64, op: Op) -> Answer {
        let sequence = self.drawn.fetch_add(1, Ordering::SeqCst);
        self.linger();
        let mut desk = self.desk();
        desk.last = sequence;
        desk.answer(request, op)
    }
}

impl Arena for Office {
    fn ask(&self, request: u64, op: Op) -> Answer {
        let unsound = match self.bug {
            Bug::None => None,
            Bug::TwoAwards => self.check_then_act(request, op),
            Bug::TwoPlaces => self.check_half_then_act(request, op),
            Bug::StaleFilled => self.stale_gate(op),
            Bug::LostRelease => self.write_back(request, op),
            Bug::Forgetful => {
                let fresh = self.drawn.fetch_add(1, Ordering::SeqCst);
                Some(self.desk().answer(u64::MAX - fresh, op))
            }
            Bug::NumberedEarly => Some(self.numbered_early(request, op)),
        };
        let answer = unsound.unwrap_or_else(|| self.desk().answer(request, op));
        self.answered.fetch_add(1, Ordering::SeqCst);
        // Between the answer and its recipient there is always some way.
        self.linger();
        if self.bug == Bug::StaleFilled {
            self.note_filled(op);
        }
        answer
    }
}
