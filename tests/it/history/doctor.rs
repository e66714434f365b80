//! Histories of the real engine with one lie put in, each of which no order explains.

use engine::core::Refusal;

use super::call::{Answer, Award, Call, Op};
use super::floor::Floor;

/// A recorded history: where it began, what was recorded, and the order that explains it.
pub(crate) struct Recorded {
    pub(crate) floor: Floor,
    pub(crate) last: u64,
    pub(crate) calls: Vec<Call>,
    pub(crate) order: Vec<usize>,
}

/// A lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A second officer is told of an award of a slot that has a holder.
    TwoAwards,
    /// A holder is told of an award in the same hours.
    TwoPlaces,
    /// Filled is said of a round that was never closed, after its beginning was told.
    StaleFilled,
    /// A release that a later award of the slot rests on never happened.
    LostRelease,
    /// An award that a later release rests on never happened.
    LostAward,
    /// A retry hears that it lost what it had won.
    ChangedOnRetry,
    /// Two writes are numbered the other way round, though one was over before the other began.
    AgainstRealTime,
}

impl Lie {
    pub(crate) const ALL: [Lie; 7] = [
        Lie::TwoAwards,
        Lie::TwoPlaces,
        Lie::StaleFilled,
        Lie::LostRelease,
        Lie::LostAward,
        Lie::ChangedOnRetry,
        Lie::AgainstRealTime,
    ];
}

/// Room between two recorded moments, for calls that are put in.
const STRETCH: u64 = 4;
/// A request id that no recording reaches.
const FRESH: u64 = u64::MAX / 2;

impl Recorded {
    /// This history with `lie` in it, and the sequence that it begins at; nothing if it has no
    /// place for such a lie.
    pub(crate) fn doctored(&self, lie: Lie) -> Option<(u64, Vec<Call>)> {
        // Sequences are doubled, so that there is one between any two.
        let mut calls = self.calls.clone();
        for call in &mut calls {
            call.invoked *= STRETCH;
            call.answered *= STRETCH;
            match &mut call.answer {
                Answer::Won(Award { sequence, .. }) | Answer::Done { sequence } => *sequence *= 2,
                Answer::Refused { .. } => {}
            }
        }
        match lie {
            Lie::TwoAwards => self.two_awards(&mut calls)?,
            Lie::TwoPlaces => self.two_places(&mut calls)?,
            Lie::StaleFilled => self.stale_filled(&mut calls)?,
            Lie::LostRelease => self.lost_release(&mut calls)?,
            Lie::LostAward => self.lost_award(&mut calls)?,
            Lie::ChangedOnRetry => changed_on_retry(&mut calls)?,
            Lie::AgainstRealTime => against_real_time(&mut calls)?,
        }
        calls.sort_by_key(|call| call.invoked);
        Some((2 * self.last, calls))
    }

    /// The writes in their order, each with the floor that it was done on.
    fn writes(&self) -> Vec<(Floor, usize)> {
        let mut floor = self.floor.clone();
        let mut last = self.last;
        let mut writes = Vec::new();
        for &place in &self.order {
            let call = &self.calls[place];
            let Some(sequence) = call.answer.sequence().filter(|cited| *cited > last) else {
                continue;
            };
            last = sequence;
            writes.push((floor.clone(), place));
            floor.perform(call.op, &call.answer);
        }
        writes
    }

    fn awards(&self) -> Vec<(Floor, usize, u32, Award)> {
        let writes = self.writes().into_iter();
        let award = |(floor, place): (Floor, usize)| {
            let (Op::Accept { officer, .. }, Answer::Won(award)) =
                (self.calls[place].op, &self.calls[place].answer)
            else {
                return None;
            };
            Some((floor, place, officer, *award))
        };
        writes.filter_map(award).collect()
    }

    fn two_awards(&self, calls: &mut Vec<Call>) -> Option<()> {
        let (floor, place, officer, award) = self.awards().into_iter().next()?;
        let mut staff = 0..u32::try_from(floor.staff.len()).ok()?;
        let rank = |who: u32| floor.staff[who as usize].rank;
        let other = staff.rfind(|who| *who != officer && rank(*who) == rank(officer))?;
        let op = Op::Accept {
            officer: other,
            vacancy: award.vacancy,
            round: floor.shifts[award.vacancy as usize].round,
        };
        put_in_beside(calls, place, op, award_after(award, award.vacancy));
        Some(())
    }

    fn two_places(&self, calls: &mut Vec<Call>) -> Option<()> {
        for (floor, place, officer, award) in self.awards() {
            let here = &floor.shifts[award.vacancy as usize];
            let elsewhere = (0..).zip(&floor.shifts).find(|(number, shift)| {
                let meets = shift.start_hour < here.end_hour && here.start_hour < shift.end_hour;
                let is_open = shift.seats.iter().any(|seat| seat.holder.is_none());
                meets && is_open && *number != award.vacancy
            });
            if let Some((vacancy, shift)) = elsewhere {
                let round = shift.round;
                let op = Op::Accept {
                    officer,
                    vacancy,
                    round,
                };
                put_in_beside(calls, place, op, award_after(award, vacancy));
                return Some(());
            }
        }
        None
    }

    fn stale_filled(&self, calls: &mut Vec<Call>) -> Option<()> {
        let writes = self.writes();
        let (floor, last) = writes.last()?;
        let mut end = floor.clone();
        end.perform(self.calls[*last].op, &self.calls[*last].answer);
        for (_, place) in writes {
            let call = &self.calls[place];
            let (Op::Release { officer, vacancy } | Op::Recall { officer, vacancy }) = call.op
            else {
                continue;
            };
            let shift = &end.shifts[vacancy as usize];
            if shift.closed_round < shift.round && shift.round > 1 {
                let op = Op::Accept {
                    officer: (officer + 1) % u32::try_from(end.staff.len()).ok()?,
                    vacancy,
                    round: shift.round,
                };
                let moment = call.answered * STRETCH + 1;
                put_in(calls, moment, op, FRESH, Answer::refused(Refusal::Filled));
                return Some(());
            }
        }
        None
    }

    fn lost_release(&self, calls: &mut Vec<Call>) -> Option<()> {
        let awards = self.awards();
        for (floor, place) in self.writes() {
            let call = &self.calls[place];
            let (Op::Release { officer, vacancy } | Op::Recall { officer, vacancy }) = call.op
            else {
                continue;
            };
            let seats = &floor.shifts[vacancy as usize].seats;
            let held = |seat: &super::floor::Seat| {
                seat.holder.is_some_and(|(holder, _)| holder == officer)
            };
            let slot = u16::try_from(seats.iter().position(held)?).ok()?;
            let sequence = call.answer.sequence()?;
            let rests_on_it = awards.iter().any(|(.., award)| {
                (award.vacancy, award.slot) == (vacancy, slot) && award.sequence > sequence
            });
            if rests_on_it {
                let lost = call.identity();
                calls.retain(|call| call.identity() != lost);
                return Some(());
            }
        }
        None
    }

    fn lost_award(&self, calls: &mut Vec<Call>) -> Option<()> {
        let awards = self.awards();
        for (_, place) in self.writes() {
            let call = &self.calls[place];
            let (Op::Release { officer, vacancy } | Op::Recall { officer, vacancy }) = call.op
            else {
                continue;
            };
            let of_holder = |(.., holder, award): &&(Floor, usize, u32, Award)| {
                *holder == officer && award.vacancy == vacancy
            };
            // Who gave a slot back is not awarded one of that vacancy again.
            let lost = awards.iter().find(of_holder)?.3;
            let lost = 2 * lost.sequence;
            let told = |call: &Call| !matches!(&call.answer, Answer::Won(a) if a.sequence == lost);
            calls.retain(told);
            return Some(());
        }
        None
    }
}

/// An award right after `award`, of the same slot number in `vacancy`.
fn award_after(award: Award, vacancy: u32) -> Answer {
    Answer::Won(Award {
        vacancy,
        slot: award.slot,
        place: award.place,
        sequence: 2 * award.sequence + 1,
    })
}

/// Puts a call in that begins and ends with the one at `place`.
fn put_in_beside(calls: &mut Vec<Call>, place: usize, op: Op, answer: Answer) {
    let Call {
        invoked, answered, ..
    } = calls[place];
    calls.push(Call {
        thread: usize::MAX,
        request: FRESH,
        op,
        invoked: invoked + 1,
        answered: answered + 1,
        answer,
    });
}

/// Puts a call in that begins at `moment` and ends at once.
fn put_in(calls: &mut Vec<Call>, moment: u64, op: Op, request: u64, answer: Answer) {
    calls.push(Call {
        thread: usize::MAX,
        request,
        op,
        invoked: moment,
        answered: moment + 1,
        answer,
    });
}

fn changed_on_retry(calls: &mut Vec<Call>) -> Option<()> {
    let won = |call: &&Call| matches!(call.answer, Answer::Won(_));
    let Call {
        answered,
        op,
        request,
        ..
    } = *calls.iter().find(won)?;
    let lost = Answer::refused(Refusal::Filled);
    put_in(calls, answered + 1, op, request, lost);
    Some(())
}

fn against_real_time(calls: &mut [Call]) -> Option<()> {
    // Writes that nobody repeated, so that each is cited once.
    let alone = |place: &usize| {
        let call = &calls[*place];
        let same = |other: &&Call| other.identity() == call.identity();
        matches!(call.answer, Answer::Done { .. }) && calls.iter().filter(same).count() == 1
    };
    let places: Vec<usize> = (0..calls.len()).filter(alone).collect();
    let first = *places.first()?;
    let is_later = |place: &&usize| calls[**place].invoked > calls[first].answered;
    let second = *places.iter().find(is_later)?;
    let swapped = (calls[first].answer.clone(), calls[second].answer.clone());
    (calls[second].answer, calls[first].answer) = swapped;
    Some(())
}
