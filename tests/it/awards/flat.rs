//! Award rules done slowly on plain lists: who holds, bids and waits, and who may.
//!
//! One agency, one rank, no tiers: what those do to a vacancy is the other model's. Times are
//! seconds. It shares refusals with the engine, and no rule.

mod interplay;

use engine::core::Refusal;
use engine::model::Standing;

pub(super) use interplay::{BUDGET_MIN, DISTRICT, MOST_MIN};

/// Officers of the cast; those with a date of service have the year 2000 plus this.
pub(super) const SINCE: [Option<i16>; 6] = [Some(9), Some(3), None, Some(9), Some(1), None];

/// A vacancy as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) span: (i64, i64),
    pub(super) slots: usize,
    pub(super) collect: Option<Collect>,
    pub(super) ranked_by: Vec<By>,
    pub(super) undo: i64,
    pub(super) standby: Option<i64>,
    /// Time around the work in which nobody who works it can work elsewhere.
    pub(super) around: (i64, i64),
    /// Whether the grant of [`DISTRICT`] pays for it.
    pub(super) is_funded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collect {
    Until(i64),
    Fairness(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Seniority,
    Hours(i64),
    Rotation,
}

/// Something that is wrong with the model on purpose: the engine must be seen to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// Whoever bid first is first, whatever the rule.
    RankedByArrival,
    /// Who bid is not examined again.
    NotExaminedAgain,
    /// A declined offer leaves the bid in.
    DeclineKeepsBid,
    /// Who undid is not asked again.
    UndoIsARelease,
    /// A slot that is given back is offered to everybody at once.
    ReleaseSkipsTheList,
    /// Whoever is asked from the list has all the time there is.
    SilenceIsNoAnswer,
    /// The list is in the order of arrival, also among those who were ranked.
    ListByArrival,
    /// An accept in the fairness window wins at once.
    NoWindow,
    /// Whoever is on the way is free.
    NoTimeAround,
    /// Nobody works too much.
    NoLimit,
    /// A slot that nobody had at the start is paid for.
    NothingGivenBack,
    /// Of many vacancies, those are published that the grant pays for.
    PublishesWhatFits,
}

impl Flaw {
    pub(super) const PLANTED: [Flaw; 12] = [
        Flaw::RankedByArrival,
        Flaw::NotExaminedAgain,
        Flaw::DeclineKeepsBid,
        Flaw::UndoIsARelease,
        Flaw::ReleaseSkipsTheList,
        Flaw::SilenceIsNoAnswer,
        Flaw::ListByArrival,
        Flaw::NoWindow,
        Flaw::NoTimeAround,
        Flaw::NoLimit,
        Flaw::NothingGivenBack,
        Flaw::PublishesWhatFits,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vacancy {
    pub(super) notice: Notice,
    pub(super) standing: Standing,
    pub(super) round: u32,
    closed_round: u32,
    pub(super) slots: Vec<Option<Holder>>,
    offered_at: i64,
    offered: Vec<usize>,
    returned: Vec<usize>,
    /// Officer and place.
    pub(super) bids: Vec<(usize, u32)>,
    counted: u32,
    closes_at: Option<i64>,
    ranked: Vec<usize>,
    pub(super) list: Vec<usize>,
    /// Slot, officer, until when.
    pub(super) kept: Vec<(usize, usize, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) officer: usize,
    at: i64,
    closed_before: u32,
}

/// A good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Won(usize),
    Bid(u32),
    Standby(u32),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Accept,
    Decline,
    Release,
    Undo,
    Join,
    Leave,
}

pub(super) struct Flat {
    pub(super) flaw: Flaw,
    pub(super) vacancies: Vec<Vacancy>,
    /// Who has time again, and hears of what is open then.
    pub(super) freed: Vec<usize>,
}

impl Flat {
    /// Publishes all, or none.
    pub(super) fn publish(&mut self, notices: Vec<Notice>, at: i64) -> Result<(), Refusal> {
        let before = self.vacancies.len();
        for notice in notices {
            let paid = self.is_paid(&notice);
            if paid.is_err() && self.flaw != Flaw::PublishesWhatFits {
                self.vacancies.truncate(before);
            }
            paid?;
            self.publish_one(notice, at);
        }
        Ok(())
    }

    fn publish_one(&mut self, notice: Notice, at: i64) {
        self.vacancies.push(Vacancy {
            standing: Standing::Open,
            round: 1,
            closed_round: 0,
            slots: vec![None; notice.slots],
            offered_at: at,
            offered: Vec::new(),
            returned: Vec::new(),
            bids: Vec::new(),
            counted: 0,
            closes_at: None,
            ranked: Vec::new(),
            list: Vec::new(),
            kept: Vec::new(),
            notice,
        });
        let number = self.vacancies.len() - 1;
        self.vacancies[number].offered = self.free(number);
    }

    /// Answers `what` of `officer`, who answers `round`.
    pub(super) fn ask(
        &mut self,
        (officer, what): (usize, What),
        (number, round): (usize, u32),
        at: i64,
    ) -> Result<Said, Refusal> {
        if what == What::Accept {
            return self.accept(officer, number, round, at);
        }
        let row = &self.vacancies[number];
        let holds = row.slot_of(officer);
        if what == What::Undo {
            let (slot, holder) = holds.ok_or(Refusal::NotHolder)?;
            if at >= holder.at + row.notice.undo {
                return Err(Refusal::NotUndoable);
            }
            row.not_over(at)?;
            self.vacate(number, slot, officer, true, at);
            return Ok(Said::Done);
        }
        if what == What::Join && row.notice.standby.is_none() {
            return Err(Refusal::NoStandby);
        }
        row.not_over(at)?;
        match what {
            What::Decline => self.decline(officer, number, round, at),
            What::Release => {
                let (slot, _) = holds.ok_or(Refusal::NotHolder)?;
                self.vacate(number, slot, officer, false, at);
                Ok(Said::Done)
            }
            What::Join => self.join(officer, number),
            What::Leave => {
                if !row.list.contains(&officer) {
                    return Err(Refusal::NotWaiting);
                }
                match row.kept.iter().any(|kept| kept.1 == officer) {
                    true => self.pass(number, &[officer], true, at),
                    false => self.vacancies[number].list.retain(|one| *one != officer),
                }
                Ok(Said::Done)
            }
            What::Accept | What::Undo => unreachable!("answered above"),
        }
    }

    fn accept(
        &mut self,
        officer: usize,
        number: usize,
        round: u32,
        at: i64,
    ) -> Result<Said, Refusal> {
        let row = &self.vacancies[number];
        if let Some((slot, holder)) = row.slot_of(officer) {
            let lost_before = round <= holder.closed_before;
            return if lost_before {
                Err(Refusal::Filled)
            } else {
                Ok(Said::Won(slot))
            };
        }
        if round <= row.closed_round {
            return Err(Refusal::Filled);
        }
        row.not_over(at)?;
        if round > row.round || row.returned.contains(&officer) {
            return Err(Refusal::NotOffered);
        }
        self.can_come(officer, &row.notice)?;
        if let Some(kept) = row.kept.iter().find(|kept| kept.1 == officer) {
            let slot = kept.0;
            self.award(number, slot, officer, at);
            return Ok(Said::Won(slot));
        }
        let slot = row
            .open()
            .into_iter()
            .next()
            .ok_or(Refusal::KeptForStandby)?;
        let until = row.closes_at.or(match row.notice.collect {
            None => None,
            Some(Collect::Until(until)) => Some(until),
            Some(Collect::Fairness(_)) if self.flaw == Flaw::NoWindow => None,
            Some(Collect::Fairness(window)) => Some(row.offered_at + window),
        });
        // At the start nobody is awarded anything any more.
        let until = until.filter(|until| *until < row.notice.span.0);
        let Some(until) = until.filter(|until| at < *until) else {
            self.award(number, slot, officer, at);
            return Ok(Said::Won(slot));
        };
        let row = &mut self.vacancies[number];
        if let Some((_, place)) = row.bids.iter().find(|bid| bid.0 == officer) {
            return Ok(Said::Bid(*place));
        }
        row.counted += 1;
        row.bids.push((officer, row.counted));
        row.closes_at = Some(until);
        Ok(Said::Bid(row.counted))
    }

    fn decline(
        &mut self,
        officer: usize,
        number: usize,
        round: u32,
        at: i64,
    ) -> Result<Said, Refusal> {
        let row = &mut self.vacancies[number];
        // A round that was never filled goes on as the one that follows.
        let stands = row.closed_round < round && round <= row.round;
        let is_asked = row.offered.contains(&officer) && (stands || round == row.round);
        if row.slot_of(officer).is_some() || !is_asked {
            return Err(Refusal::NotOffered);
        }
        if row.kept.iter().any(|kept| kept.1 == officer) {
            self.pass(number, &[officer], true, at);
        } else if self.flaw != Flaw::DeclineKeepsBid {
            row.bids.retain(|bid| bid.0 != officer);
            row.end_bids_if(row.bids.is_empty());
        }
        Ok(Said::Done)
    }

    fn join(&mut self, officer: usize, number: usize) -> Result<Said, Refusal> {
        let row = &self.vacancies[number];
        let place = |row: &Vacancy| row.list.iter().position(|one| *one == officer);
        let said = |place: usize| Ok(Said::Standby(place as u32 + 1));
        if let Some(place) = place(row) {
            return said(place);
        }
        if !row.open().is_empty() || row.slot_of(officer).is_some() {
            return Err(Refusal::StillOpen);
        }
        if row.returned.contains(&officer) {
            return Err(Refusal::NotOffered);
        }
        self.can_come(officer, &row.notice)?;
        let by_arrival = self.flaw == Flaw::ListByArrival;
        let row = &mut self.vacancies[number];
        row.list.push(officer);
        let ranked = row.ranked.clone();
        if !by_arrival {
            let place = |one: &usize| ranked.iter().position(|ranked| ranked == one);
            row.list.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
        }
        said(place(row).expect("just put there"))
    }

    fn award(&mut self, number: usize, slot: usize, officer: usize, at: i64) {
        let row = &mut self.vacancies[number];
        row.slots[slot] = Some(Holder {
            officer,
            at,
            closed_before: row.closed_round,
        });
        row.kept.retain(|kept| kept.0 != slot);
        row.list.retain(|one| *one != officer);
        if row.slots.iter().all(Option::is_some) {
            row.standing = Standing::Filled;
            row.closed_round = row.round;
        }
        let span = row.notice.span;
        // What is kept for them at the same time goes to the next on that list.
        for other in 0..self.vacancies.len() {
            let row = &self.vacancies[other];
            let theirs = row.notice.span;
            let overlaps = span.0 < theirs.1 && theirs.0 < span.1;
            if other != number && overlaps && row.kept.iter().any(|kept| kept.1 == officer) {
                self.pass(other, &[officer], true, at);
            }
        }
    }

    fn vacate(&mut self, number: usize, slot: usize, officer: usize, undone: bool, at: i64) {
        let is_returned = !undone || self.flaw == Flaw::UndoIsARelease;
        self.freed.push(officer);
        let row = &mut self.vacancies[number];
        row.slots[slot] = None;
        if row.standing == Standing::Filled {
            row.offered.clear();
        }
        row.standing = Standing::Open;
        row.round += 1;
        row.offered.retain(|one| *one != officer);
        row.offered_at = at;
        if is_returned {
            row.returned.push(officer);
        }
        let skips = self.flaw == Flaw::ReleaseSkipsTheList;
        if skips || !self.keep(number, slot, at) {
            let free = self.free(number);
            self.vacancies[number].offer(free);
        }
    }

    /// Asks the first on the list who can come; says whether there is one.
    fn keep(&mut self, number: usize, slot: usize, at: i64) -> bool {
        let row = &self.vacancies[number];
        let can_come = |officer: &usize| {
            let asked = row.kept.iter().any(|kept| kept.1 == *officer);
            let back = row.returned.contains(officer);
            !asked && !back && self.can_come(*officer, &row.notice).is_ok()
        };
        let first = row.list.iter().copied().find(can_come);
        let (Some(officer), Some(within)) = (first, row.notice.standby) else {
            return false;
        };
        let until = (at + within).min(row.notice.span.0);
        let row = &mut self.vacancies[number];
        row.kept.push((slot, officer, until));
        row.offer(vec![officer]);
        true
    }

    /// Goes on to the next on the list. Who said no is not asked again when nobody is left on it, and
    /// who was silent is.
    fn pass(&mut self, number: usize, officers: &[usize], said_no: bool, at: i64) {
        let row = &mut self.vacancies[number];
        let passed = |kept: &&(usize, usize, i64)| officers.contains(&kept.1);
        let slots: Vec<usize> = row.kept.iter().filter(passed).map(|kept| kept.0).collect();
        row.kept.retain(|kept| !officers.contains(&kept.1));
        row.list.retain(|one| !officers.contains(one));
        row.offered.retain(|one| !officers.contains(one));
        let kept: Vec<bool> = slots
            .into_iter()
            .map(|slot| self.keep(number, slot, at))
            .collect();
        if kept.contains(&false) {
            let mut free = self.free(number);
            free.retain(|one| !said_no || !officers.contains(one));
            let row = &mut self.vacancies[number];
            row.offer(free);
            row.offered_at = at;
        }
    }

    /// Offers what is open to whoever has time again.
    pub(super) fn consider(&mut self, at: i64) {
        for officer in std::mem::take(&mut self.freed) {
            for number in 0..self.vacancies.len() {
                let row = &self.vacancies[number];
                let is_open = row.standing == Standing::Open && at < row.notice.span.0;
                let is_asked = row.offered.contains(&officer) || row.returned.contains(&officer);
                let is_free = self.can_come(officer, &row.notice).is_ok();
                if is_open && !row.open().is_empty() && !is_asked && is_free {
                    self.vacancies[number].offered.push(officer);
                }
            }
        }
    }

    /// Does what is due, the earliest first; of what is due together, starts, then rankings, then
    /// the standby list, and of those the vacancy that was published first.
    pub(super) fn tick(&mut self, at: i64) {
        // Nobody waits for a slot of work that has started.
        let filled = self.vacancies.iter_mut();
        let filled = filled.filter(|row| row.standing == Standing::Filled);
        for row in filled.filter(|row| row.notice.span.0 <= at) {
            row.list.clear();
        }
        loop {
            let silence = self.flaw != Flaw::SilenceIsNoAnswer;
            let open = self.vacancies.iter().enumerate();
            let open = open.filter(|(_, row)| row.standing == Standing::Open);
            let due = open.flat_map(|(number, row)| {
                let start = Some((row.notice.span.0, 0, number));
                let bids = row.closes_at.map(|at| (at, 1, number));
                let kept = row.kept.iter().map(|kept| kept.2).min().filter(|_| silence);
                [start, bids, kept.map(|at| (at, 2, number))]
            });
            let Some((_, what, number)) = due.flatten().filter(|due| due.0 <= at).min() else {
                return;
            };
            let row = &mut self.vacancies[number];
            if row.notice.span.0 <= at {
                row.standing = Standing::Expired;
                row.kept.clear();
                row.list.clear();
                row.end_bids_if(true);
            } else if what == 1 {
                self.rank(number, at);
            } else {
                let silent = row.kept.iter().filter(|kept| kept.2 <= at);
                let silent: Vec<usize> = silent.map(|kept| kept.1).collect();
                self.pass(number, &silent, false, at);
            }
        }
    }

    fn rank(&mut self, number: usize, at: i64) {
        let row = &self.vacancies[number];
        let mut order: Vec<usize> = row.bids.iter().map(|bid| bid.0).collect();
        if self.flaw != Flaw::RankedByArrival {
            let key = |officer: &usize| -> Vec<i64> {
                let by = |by: &By| self.merit(*officer, *by, row.notice.span.0);
                row.notice.ranked_by.iter().map(by).collect()
            };
            order.sort_by_cached_key(key);
        }
        let mut missed = Vec::new();
        self.vacancies[number].end_bids_if(true);
        for officer in order {
            let row = &self.vacancies[number];
            let blind = self.flaw == Flaw::NotExaminedAgain;
            let may = blind || self.can_come(officer, &row.notice).is_ok();
            let may = may && !row.returned.contains(&officer) && row.slot_of(officer).is_none();
            match row.open().first().copied().filter(|_| may) {
                Some(slot) => self.award(number, slot, officer, at),
                None => missed.push(officer),
            }
        }
        self.vacancies[number].ranked = missed;
    }

    /// The lowest comes first.
    fn merit(&self, officer: usize, by: By, start: i64) -> i64 {
        let held = self.vacancies.iter().filter_map(|row| {
            let (_, holder) = row.slot_of(officer)?;
            Some((row.notice.span, holder))
        });
        match by {
            By::Seniority => SINCE[officer].map_or(i64::MAX, i64::from),
            By::Hours(period) => {
                let part = |(span, _): ((i64, i64), Holder)| {
                    (span.1.min(start) - span.0.max(start - period)).max(0)
                };
                held.map(part).sum()
            }
            By::Rotation => held.map(|(_, holder)| holder.at).max().unwrap_or(i64::MIN),
        }
    }

    /// Everybody who can come and did not give it back.
    fn free(&self, number: usize) -> Vec<usize> {
        let row = &self.vacancies[number];
        let can = |officer: &usize| {
            self.can_come(*officer, &row.notice).is_ok() && !row.returned.contains(officer)
        };
        (0..SINCE.len()).filter(can).collect()
    }
}

impl Vacancy {
    pub(super) fn slot_of(&self, officer: usize) -> Option<(usize, Holder)> {
        let held = self.slots.iter().enumerate();
        let mut held = held.filter_map(|(slot, holder)| Some((slot, (*holder)?)));
        held.find(|(_, holder)| holder.officer == officer)
    }

    /// Slots that nobody holds and that are kept for nobody.
    fn open(&self) -> Vec<usize> {
        let kept = |slot: &usize| self.kept.iter().any(|kept| kept.0 == *slot);
        let all = 0..self.slots.len();
        all.filter(|slot| self.slots[*slot].is_none() && !kept(slot))
            .collect()
    }

    fn offer(&mut self, officers: Vec<usize>) {
        self.offered.extend(officers);
    }

    fn end_bids_if(&mut self, ends: bool) {
        if ends {
            self.bids.clear();
            self.closes_at = None;
            self.counted = 0;
        }
    }

    fn not_over(&self, at: i64) -> Result<(), Refusal> {
        match self.standing {
            Standing::Expired => Err(Refusal::Expired),
            _ if self.notice.span.0 <= at => Err(Refusal::Expired),
            _ => Ok(()),
        }
    }
}
