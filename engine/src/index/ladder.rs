//! Instants through which validities are known in advance.
//!
//! A validity ends at any microsecond, and a row of bits has one question. So the rows ask whether
//! somebody is qualified through each of a few instants, the rungs, and only who runs out between
//! two of them is examined.

use crate::model::Timestamp;

/// Between one rung and the next, in milliseconds: sixteen days. The closer, the fewer are
/// examined, and the more memory and writing a change of validity costs.
const RUNG_MS: u64 = 16 * 24 * 3_600 * 1_000;
/// Rungs with a date: some fourteen months, so that a school year is known in advance.
const DATED: usize = 27;
/// All rungs: the first is the beginning of time, and asks whether there is anything at all; the
/// last is its end, and asks for what never runs out.
pub(super) const RUNGS: usize = DATED + 2;

/// The rungs, ascending.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    rungs: [Timestamp; RUNGS],
    is_set_up: bool,
}

impl Default for Ladder {
    fn default() -> Ladder {
        let mut rungs = [Timestamp::MAX; RUNGS];
        rungs[0] = Timestamp::MIN;
        let is_set_up = false;
        Ladder { rungs, is_set_up }
    }
}

impl Ladder {
    /// Sets the ladder up at `at`, once. It stays there: who asks for what lies beyond it has more
    /// to examine, and a restart sets up another.
    pub(super) fn set_up(&mut self, at: Timestamp) {
        if self.is_set_up {
            return;
        }
        self.is_set_up = true;
        for (number, rung) in (1..).zip(&mut self.rungs[1..=DATED]) {
            *rung = at.plus_ms(number * RUNG_MS);
        }
    }

    /// How many rungs, from the first, something that ends at `end` reaches.
    pub(super) fn reached(&self, end: Timestamp) -> usize {
        self.rungs.partition_point(|rung| *rung <= end)
    }

    /// The rung that whatever lasts through `end` reaches, and the one that says that it does.
    pub(super) fn around(&self, end: Timestamp) -> (usize, usize) {
        let enough = self.rungs.partition_point(|rung| *rung < end);
        match self.rungs[enough] == end {
            true => (enough, enough),
            false => (enough - 1, enough),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_the_rung_above_lasts_and_what_misses_the_one_below_does_not() {
        let mut ladder = Ladder::default();
        let day = |day: u64| Timestamp(1_000).plus_ms(day * 24 * 3_600 * 1_000);
        let ends = [
            Timestamp::MIN,
            Timestamp(-5),
            day(0),
            day(1),
            day(16),
            day(17),
            day(32),
            day(431),
            day(432),
            day(5_000),
            Timestamp::MAX,
        ];
        for _ in 0..2 {
            for (end, through) in ends.iter().flat_map(|end| ends.map(|other| (*end, other))) {
                let reached = ladder.reached(end);
                let (needed, enough) = ladder.around(through);
                assert!(enough < RUNGS && needed <= enough);
                let lasts = through <= end;
                assert!(reached <= enough || lasts, "{end:?} {through:?}");
                assert!(reached > needed || !lasts, "{end:?} {through:?}");
            }
            ladder.set_up(day(0));
            assert_eq!(ladder.around(day(17)), (1, 2));
            assert_eq!(ladder.around(day(32)), (2, 2));
        }
    }
}
