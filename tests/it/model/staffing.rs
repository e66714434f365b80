//! The model's staffing ladders, and which ranks take which slots: counted slot by slot.

use engine::core::{BelowLadder, Refusal};
use engine::model::{Interval, Ladder, Rank, Step, Term};
use loadgen::seed::SplitMix64;

use super::cast::{Notice, OFFICERS};
use super::flat::{Flat, Flaw};
use super::provisions::Provide;

/// What is said about the slots of a vacancy beside their ranks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Staffed {
    /// Only their number: then no rank is named.
    pub(crate) count: Option<usize>,
    /// Whether a higher rank fills a lower slot.
    pub(crate) higher: Option<bool>,
}

/// A ladder of a lead agency; without dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rungs {
    /// Slot, counted from 1; what it asks for; after how many slots again.
    steps: Vec<(usize, Rank, Option<usize>)>,
    higher: bool,
}

impl Flat {
    /// `notice` with the ranks and the answer about higher ranks that the lead's ladder gives where
    /// nothing is said.
    pub(super) fn staffed(&self, notice: &Notice) -> Notice {
        let rungs = self.rungs(notice.lead);
        let mut notice = notice.clone();
        if let Some(count) = notice.staffed.count.take() {
            notice.slots = match self.flaw {
                Flaw::LadderIgnored => vec![Rank::Officer; count],
                _ => (1..=count).map(|slot| rungs.rank_of(slot)).collect(),
            };
        }
        let higher = notice.staffed.higher.unwrap_or(rungs.higher);
        notice.staffed.higher = Some(higher);
        notice
    }

    /// Refuses fewer supervisors than the ladder of the lead asks for among as many slots.
    pub(super) fn above_ladder(&self, notice: &Notice) -> Result<(), Refusal> {
        let rungs = self.rungs(notice.lead);
        let asked: Vec<Rank> = (1..=notice.slots.len()).map(|n| rungs.rank_of(n)).collect();
        for rank in [Rank::Sergeant, Rank::Commander] {
            let count = |slots: &[Rank]| slots.iter().filter(|slot| **slot >= rank).count();
            let (asked, named) = (count(&asked), count(&notice.slots));
            if named < asked && self.flaw != Flaw::BelowLadderPublished {
                return Err(Refusal::BelowLadder(Box::new(BelowLadder {
                    rank,
                    slots: notice.slots.len() as u16,
                    asked: asked as u16,
                    named: named as u16,
                })));
            }
        }
        Ok(())
    }

    /// Whether an officer of `rank` takes a slot that asks for `asked`.
    pub(super) fn fits(&self, notice: &Notice, asked: Rank, rank: Rank) -> bool {
        let fills = notice.staffed.higher == Some(true) && self.flaw != Flaw::HigherRankNeverFills;
        asked == rank || (fills && rank > asked) || self.flaw == Flaw::AnyRankFits
    }

    /// The slot that `officer` takes: of those that fit, one of the nearest rank, and the first.
    pub(super) fn slot_for(&self, number: usize, officer: usize) -> Option<usize> {
        let row = &self.vacancies[number];
        let rank = OFFICERS[officer].rank;
        let open = |slot: &usize| {
            let row_of = &row.slots[*slot];
            row_of.holder.is_none() && self.fits(&row.notice, row_of.rank, rank)
        };
        let open: Vec<usize> = (0..row.slots.len()).filter(open).collect();
        if matches!(self.flaw, Flaw::AnyRankFits | Flaw::LowerSlotFirst) {
            return open.first().copied();
        }
        let nearest = open.iter().map(|slot| row.slots[*slot].rank).max()?;
        let mut open = open.into_iter();
        open.find(|slot| row.slots[*slot].rank == nearest)
    }

    fn rungs(&self, lead: usize) -> Rungs {
        let mut ladders = self.provided.ladders.iter();
        let of_lead = ladders.find(|(of, _)| *of == lead);
        of_lead.map(|(_, rungs)| rungs.clone()).unwrap_or_default()
    }
}

impl Rungs {
    fn rank_of(&self, slot: usize) -> Rank {
        let mut rank = Rank::Officer;
        for (nth, asked, every) in &self.steps {
            let mut meets = *nth == slot;
            if let Some(every) = every {
                let mut again = *nth;
                while again < slot {
                    again += every;
                }
                meets |= again == slot;
            }
            if meets {
                rank = rank.max(*asked);
            }
        }
        rank
    }

    /// The ladder as the engine takes it.
    pub(super) fn ladders(&self) -> Vec<Ladder> {
        let step = |(nth, rank, every): &(usize, Rank, Option<usize>)| Step {
            nth: *nth as u16,
            rank: *rank,
            every: every.map(|every| every as u16),
        };
        if *self == Rungs::default() {
            return Vec::new();
        }
        vec![Ladder {
            steps: self.steps.iter().map(step).collect(),
            higher_fills: self.higher,
            valid: Interval::ALWAYS,
        }]
    }
}

/// The terms by which the engine hears what is said about slots.
pub(super) fn terms(staffed: &Staffed) -> Vec<Term> {
    let count = staffed.count.map(|count| Term::ByLadder {
        slots: count as u16,
    });
    let higher = staffed.higher.map(|fill| Term::HigherRanks { fill });
    count.into_iter().chain(higher).collect()
}

/// What is said about the slots of a vacancy: mostly nothing but the ranks that are in `slots`.
pub(super) fn draw(dice: &mut SplitMix64, slots: &mut Vec<Rank>) -> Staffed {
    let count = dice.chance(250).then(|| dice.between(1, 4) as usize);
    if count.is_some() {
        slots.clear();
    }
    let higher = dice.chance(350).then(|| dice.chance(700));
    Staffed { count, higher }
}

/// A ladder of `home`, or the end of the one it has.
pub(super) fn draw_ladder(dice: &mut SplitMix64, home: usize) -> Provide {
    let count = dice.below(3);
    let step = |_| {
        let rank = [Rank::Sergeant, Rank::Sergeant, Rank::Commander][dice.below(3) as usize];
        let every = dice.chance(300).then(|| dice.between(1, 3) as usize);
        (dice.between(1, 4) as usize, rank, every)
    };
    let steps = (0..count).map(step).collect();
    let higher = dice.chance(500);
    let rungs = Rungs { steps, higher };
    Provide::Ladder { home, rungs }
}
