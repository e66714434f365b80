//! Instants through which validities are known in advance.
//!
//! A validity ends at any microsecond, and a row of bits has one question. So the rows ask whether
//! somebody is qualified through each of a few instants, the rungs, and whoever runs out between
//! two of them is on a list.

use crate::model::Timestamp;

/// From the instant at which the ladder is set up to the first rung, in milliseconds: sixteen days.
/// Each rung after it is twice as far away: most work is near, and each rung costs memory and, at
/// every change of a validity, writing.
const RUNG_MS: u64 = 16 * 24 * 3_600 * 1_000;
/// Rungs with a date: the last is some seventeen months away, so that a school year is known in
/// advance.
const DATED: usize = 6;
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
    /// Sets the ladder up at `at`, once. It stays there: who asks for what lies beyond it has a
    /// longer list to read, and a restart sets up another.
    pub(super) fn set_up(&mut self, at: Timestamp) {
        if self.is_set_up {
            return;
        }
        self.is_set_up = true;
        for (doubled, rung) in (0..).zip(&mut self.rungs[1..=DATED]) {
            *rung = at.plus_ms(RUNG_MS << doubled);
        }
    }

    /// How many rungs, from the first, something that ends at `end` reaches: one at least.
    pub(super) fn reached(&self, end: Timestamp) -> usize {
        self.rungs.partition_point(|rung| *rung <= end)
    }

    /// The last rung that whatever lasts through `end` reaches. Whatever reaches it and no other
    /// may end before `end`; whatever reaches another does not.
    pub(super) fn below(&self, end: Timestamp) -> usize {
        self.reached(end) - 1
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
            day(511),
            day(512),
            day(5_000),
            Timestamp::MAX,
        ];
        for _ in 0..2 {
            for (end, through) in ends.iter().flat_map(|end| ends.map(|other| (*end, other))) {
                let (reached, below) = (ladder.reached(end), ladder.below(through));
                assert!((1..=RUNGS).contains(&reached) && below < RUNGS);
                let lasts = through <= end;
                assert!(reached <= below + 1 || lasts, "{end:?} {through:?}");
                assert!(reached > below || !lasts, "{end:?} {through:?}");
            }
            ladder.set_up(day(0));
            assert_eq!(ladder.below(day(17)), 1);
            assert_eq!(ladder.below(day(33)), 2);
        }
    }
}
