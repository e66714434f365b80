//! What is known of up to 1,024 officers of one agency, one bit each.

use std::borrow::Cow;

use super::ladder::{Ladder, RUNGS};
use super::rows::{NOBODY, Rows, WORDS, Words, mark, place_of};
use super::week::{WEEK_ROWS, Week};
use crate::model::{Officer, OfficerId, ProgrammeId, Rank, Roster, Timestamp};
use crate::rules;

/// One row for each rank.
const RANKS: usize = 3;
/// Whose windows begin or end inside an hour: their week is not all they are willing to do.
const RAGGED: usize = RANKS;
/// Who has a validity that was still to begin when it was recorded.
const PENDING: usize = RAGGED + 1;
/// From here on, the rungs of each programme.
const QUALIFIED: usize = PENDING + 1;

/// Officers of one agency whose numbers share a block.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Which block of numbers.
    pub(super) number: u32,
    rows: Rows,
    /// Hours in which they are willing to work; left out while everybody always is.
    week: Option<Rows>,
}

/// The rows of a block that a question reads.
pub(super) struct Question {
    /// The rung that is needed, and the one that is enough.
    pub(super) qualified: (usize, usize),
    /// Ranks asked for, as rows.
    pub(super) ranks: Vec<usize>,
    /// Hours asked for.
    pub(super) week: Vec<usize>,
}

/// What the rows of a block answer.
pub(super) struct Answer {
    /// Qualified and willing beyond doubt.
    pub(super) firm: Words,
    /// Whoever else may be.
    pub(super) doubtful: Words,
}

/// The row of `rank`.
pub(super) fn rank_row(rank: Rank) -> usize {
    match rank {
        Rank::Officer => 0,
        Rank::Sergeant => 1,
        Rank::Commander => 2,
    }
}

/// The row of those who are qualified for `programme` through rung `rung`.
pub(super) fn qualified_row(programme: ProgrammeId, rung: usize) -> usize {
    QUALIFIED + programme.index() * RUNGS + rung
}

impl Block {
    pub(super) fn new(number: u32) -> Block {
        Block {
            number,
            rows: Rows::default(),
            week: None,
        }
    }

    /// Who of this block is, or may be, what `question` asks for. `excepted` are those with
    /// windows of their own on one of the days.
    #[inline]
    pub(super) fn answer(&self, question: &Question, excepted: &Words) -> Answer {
        let (needed, enough) = question.qualified;
        let needed = self.rows.read(needed);
        let enough = self.rows.read(enough);
        let ragged = self.rows.read(RAGGED);
        let pending = self.rows.read(PENDING);
        let rank = match question.ranks[..] {
            [rank] => self.rows.read(rank),
            ref ranks => Cow::Owned(union(&self.rows, ranks)),
        };
        let willing = match &self.week {
            Some(week) => intersection(week, &question.week),
            None => [u64::MAX; WORDS],
        };
        let mut answer = Answer {
            firm: NOBODY,
            doubtful: NOBODY,
        };
        for word in 0..WORDS {
            let asked = needed[word] & rank[word];
            let possible = asked & (willing[word] | ragged[word] | excepted[word]);
            let firm = asked & enough[word] & willing[word] & !pending[word] & !excepted[word];
            answer.firm[word] = firm;
            answer.doubtful[word] = possible & !firm;
        }
        answer
    }

    /// Records the officer's rank and week, of which nothing was recorded before.
    pub(super) fn put(&mut self, id: OfficerId, officer: &Officer) {
        let (_, place) = place_of(id);
        self.rows.write(rank_row(officer.rank), place, true);
        let week = Week::of(&officer.availability);
        if self.week.is_some() || !week.is_always() {
            self.declare(place, Week::never(), week);
        }
    }

    /// Records for which of `programmes` the officer is qualified, and how long.
    pub(super) fn qualify(
        &mut self,
        (id, officer): (OfficerId, &Officer),
        roster: &Roster,
        programmes: impl Iterator<Item = ProgrammeId>,
        ladder: &Ladder,
        at: Timestamp,
    ) {
        let (_, place) = place_of(id);
        for id in programmes {
            let programme = roster.programmes.find(id);
            let through = programme.and_then(|row| rules::qualified(id, row, officer));
            let reached = through.map_or(0, |through| ladder.reached(through.end));
            for rung in 0..RUNGS {
                let row = qualified_row(id, rung);
                self.rows.write(row, place, rung < reached);
            }
        }
        let certified = officer.certifications.iter().map(|(_, valid)| valid);
        let approved = officer.approvals.iter().map(|(_, valid)| valid);
        let is_pending = certified.chain(approved).any(|valid| valid.start > at);
        self.rows.write(PENDING, place, is_pending);
    }

    /// Records that the officer's week was `before` and is `now`.
    pub(super) fn declare(&mut self, place: usize, before: Week, now: Week) {
        let rows = &self.rows;
        let week = self.week.get_or_insert_with(|| {
            let mut everybody = union(rows, &[0, 1, 2]);
            mark(&mut everybody, place, before.is_always());
            let mut week = Rows::default();
            week.fill(WEEK_ROWS, &everybody);
            week
        });
        for (row, on) in now.unlike(before) {
            week.write(row, place, on);
        }
        self.rows.write(RAGGED, place, !now.is_whole);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.week.as_ref().map_or(0, Rows::bytes)
    }
}

fn union(rows: &Rows, of: &[usize]) -> Words {
    let mut all = NOBODY;
    for &row in of {
        let row = rows.read(row);
        all.iter_mut().zip(&*row).for_each(|(all, row)| *all |= row);
    }
    all
}

fn intersection(rows: &Rows, of: &[usize]) -> Words {
    let mut all = [u64::MAX; WORDS];
    for &row in of {
        let row = rows.read(row);
        all.iter_mut().zip(&*row).for_each(|(all, row)| *all &= row);
    }
    all
}
