//! The model's afterwards: fewer slots, and holders who did not come.

use engine::core::{Invalid, Kind, Refusal};
use engine::model::{Rank, Standing};

use super::cast::{HalfHour, Notice, OFFICERS};
use super::flat::{Flat, Flaw, Lost, Said, Vacancy};

impl Flat {
    pub(super) fn punch(
        &mut self,
        number: usize,
        officer: usize,
        off_the_map: bool,
    ) -> Result<Said, Refusal> {
        if off_the_map {
            return Err(Refusal::Invalid(Invalid::Position));
        }
        self.known(number)?;
        self.held(number, officer).ok_or(Refusal::NotHolder)?;
        self.vacancies[number].punches += 1;
        self.vacancies[number].came.push(officer);
        self.done()
    }

    /// Ends a vacancy on the customer's behalf, until its work is over.
    pub(super) fn cancel(&mut self, number: usize, at: HalfHour) -> Result<Said, Refusal> {
        let row = self.known(number)?;
        let (is_over, holders) = (row.notice.end() <= at, self.holders(number));
        // It expired for whoever was asked; those who hold a slot are at work.
        match row.standing {
            Standing::Cancelled => return Err(Refusal::Cancelled),
            Standing::Expired if is_over || holders.is_empty() => return Err(Refusal::Expired),
            Standing::Open | Standing::Filled if is_over => return Err(Refusal::Expired),
            Standing::Expired | Standing::Open | Standing::Filled => {}
        }
        self.note_freed(number, &holders, at);
        let keeps = self.flaw == Flaw::CancelKeepsTime;
        let row = &mut self.vacancies[number];
        row.standing = Standing::Cancelled;
        row.tier_closes_at = None;
        for slot in &mut row.slots {
            slot.holder = slot.holder.filter(|_| keeps);
        }
        self.done()
    }

    /// Takes slots away: those named, and `fewer` ordinary ones, one after the other.
    pub(super) fn reduce(
        &mut self,
        number: usize,
        (fewer, named): (usize, &[usize]),
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        let twice = (1..named.len()).any(|place| named[..place].contains(&named[place]));
        if twice || (fewer == 0 && named.is_empty()) {
            return Err(Refusal::Invalid(Invalid::Reduction));
        }
        self.not_over(number, at)?;
        let row = &self.vacancies[number];
        let mut unknown: Vec<usize> = named.to_vec();
        unknown.retain(|slot| *slot >= row.slots.len());
        if let Some(slot) = unknown.iter().min() {
            let (kind, code) = (Kind::Slot, slot.to_string().into());
            return Err(Refusal::Unknown { kind, code });
        }
        let mut gone: Vec<usize> = named.to_vec();
        for _ in 0..fewer {
            gone.extend(self.next_to_go(row, &gone));
        }
        let is_ordinary = |slot: &usize| row.slots[*slot].rank == Rank::Officer;
        let ordinary = (0..row.slots.len()).filter(|slot| !named.contains(slot));
        let ordinary = ordinary.filter(is_ordinary).count();
        if gone.len() < named.len() + fewer || gone.len() == row.slots.len() {
            let ordinary = u16::try_from(ordinary).expect("a handful of slots");
            return Err(Refusal::TooFewSlots { ordinary });
        }
        self.take_away(number, &gone, at);
        self.done()
    }

    /// The ordinary slot that goes next: an open one if there is one, and the newest of them.
    fn next_to_go(&self, row: &Vacancy, gone: &[usize]) -> Option<usize> {
        let left = (0..row.slots.len()).filter(|slot| !gone.contains(slot));
        let ordinary: Vec<usize> = left
            .filter(|slot| row.slots[*slot].rank == Rank::Officer)
            .collect();
        let mut open = ordinary
            .iter()
            .filter(|slot| row.slots[**slot].holder.is_none());
        let newest = match self.flaw {
            Flaw::OldestSlotGoes => ordinary.first(),
            _ => ordinary.last(),
        };
        open.next_back().or(newest).copied()
    }

    fn take_away(&mut self, number: usize, gone: &[usize], at: HalfHour) {
        let leaving = gone
            .iter()
            .filter_map(|slot| self.vacancies[number].slots[*slot].holder);
        let leaving: Vec<usize> = leaving.map(|holder| holder.officer).collect();
        self.note_freed(number, &leaving, at);
        let row = &mut self.vacancies[number];
        let mut losers = Vec::new();
        for &slot in gone {
            if let Some(holder) = row.slots[slot].holder {
                losers.push(holder.officer);
                row.lost.push(Lost {
                    officer: holder.officer,
                    first_round: holder.filled_before + 1,
                    last_round: row.round,
                });
            }
        }
        let kept = (0..row.slots.len()).filter(|slot| !gone.contains(slot));
        row.slots = kept.map(|slot| row.slots[slot].clone()).collect();
        row.notice.slots = row.slots.iter().map(|slot| slot.rank).collect();
        row.offered.retain(|who| !losers.contains(who));
        if row.standing != Standing::Open {
            return;
        }
        if row.slots.iter().all(|slot| slot.holder.is_some()) {
            row.standing = Standing::Filled;
            row.closed_round = row.round;
            row.filled_at = Some(at);
            row.tier_closes_at = None;
            return;
        }
        let row = &self.vacancies[number];
        let is_asked = |who: &usize| {
            let mut slots = row.notice.slots.iter();
            slots.any(|asked| self.fits(&row.notice, *asked, OFFICERS[*who].rank))
        };
        let is_useless = |who: &&usize| {
            let silent = !row.declined.contains(who) && self.held(number, **who).is_none();
            silent && !is_asked(who)
        };
        let useless: Vec<usize> = row.offered.iter().filter(is_useless).copied().collect();
        let row = &mut self.vacancies[number];
        row.offered.retain(|who| !useless.contains(who));
        // Who has just lost a slot of this work is not asked for it in the same moment.
        let before = row.returned.len();
        row.returned.extend(losers);
        self.open_if_nobody_is_left(number, at);
        self.vacancies[number].returned.truncate(before);
    }

    /// A holder has not come; the rest of the work from `again` on is a vacancy of its own.
    pub(super) fn no_show(
        &mut self,
        number: usize,
        officer: usize,
        again: Option<(u128, HalfHour)>,
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        self.known(number)?;
        let (slot, _) = self.held(number, officer).ok_or(Refusal::NotHolder)?;
        let row = &self.vacancies[number];
        if at < row.notice.start() {
            return Err(Refusal::NotStarted);
        }
        if row.no_shows.contains(&officer) {
            return Err(Refusal::Unchanged);
        }
        if row.came.contains(&officer) && self.flaw != Flaw::NoShowAlthoughClockedIn {
            return Err(Refusal::ClockedIn);
        }
        if let Some((key, from)) = again {
            if from <= at || row.notice.end() <= from {
                return Err(Refusal::Invalid(Invalid::Rest));
            }
            self.unused(key)?;
            let left = row.notice.segments.iter().filter(|(_, span)| from < span.1);
            let notice = Notice {
                key,
                segments: left
                    .map(|(site, span)| (*site, (span.0.max(from), span.1)))
                    .collect(),
                slots: vec![row.slots[slot].rank],
                ..row.notice.clone()
            };
            self.put_up(&notice, at);
        }
        self.vacancies[number].no_shows.push(officer);
        self.done()
    }
}
