//! The staffing ladder (rule 10): supervisors' slots replace officers' slots, they are not added.

use crate::limits::{LADDER_STEPS_MAX, LADDERS_MAX, SLOTS_MAX};
use crate::model::{Ladder, Rank, Step, Timestamp};

/// The ladder among `ladders` that holds for work that starts at `start`: the first, if there are
/// several.
pub fn in_force(ladders: &[Ladder], start: Timestamp) -> Option<&Ladder> {
    let holds = |ladder: &&Ladder| ladder.valid.contains(start);
    ladders.iter().find(holds)
}

/// What each of `slots` slots asks for.
pub fn ranks(steps: &[Step], slots: u16) -> Vec<Rank> {
    let rank_of = |nth| {
        let met = steps.iter().filter(|step| meets(step, nth));
        met.map(|step| step.rank).max().unwrap_or(Rank::Officer)
    };
    (1..=slots).map(rank_of).collect()
}

/// A rank of which `named` has fewer than the ladder asks for among as many slots, with both
/// figures. Whoever is of a higher rank counts as well.
pub fn shortfall(steps: &[Step], named: &[Rank]) -> Option<(Rank, usize, usize)> {
    let slots = u16::try_from(named.len()).unwrap_or(u16::MAX);
    let asked = ranks(steps, slots);
    let count = |ranks: &[Rank], least: Rank| ranks.iter().filter(|rank| **rank >= least).count();
    Rank::ALL.into_iter().find_map(|least| {
        let (asked, named) = (count(&asked, least), count(named, least));
        (named < asked).then_some((least, asked, named))
    })
}

/// Whether `ladders` stay inside their bounds.
pub fn are_sound(ladders: &[Ladder]) -> bool {
    let is_step =
        |step: &Step| (1..=SLOTS_MAX).contains(&usize::from(step.nth)) && step.every != Some(0);
    let is_ladder = |ladder: &Ladder| {
        ladder.steps.len() <= LADDER_STEPS_MAX && ladder.steps.iter().all(is_step)
    };
    ladders.len() <= LADDERS_MAX && ladders.iter().all(is_ladder)
}

fn meets(step: &Step, nth: u16) -> bool {
    match (nth.checked_sub(step.nth), step.every) {
        (Some(0), _) => true,
        (Some(after), Some(every)) => after.checked_rem(every) == Some(0),
        (Some(_), None) | (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Interval;

    fn step(nth: u16, rank: Rank, every: Option<u16>) -> Step {
        Step { nth, rank, every }
    }

    /// As Tucson's police department publishes it: the fifth a sergeant, the sixteenth a commander.
    fn tucson() -> [Step; 2] {
        [
            step(5, Rank::Sergeant, None),
            step(16, Rank::Commander, None),
        ]
    }

    fn letters(ranks: &[Rank]) -> String {
        let letter = |rank: &Rank| match rank {
            Rank::Officer => 'o',
            Rank::Sergeant => 's',
            Rank::Commander => 'c',
        };
        ranks.iter().map(letter).collect()
    }

    #[test]
    fn supervisors_replace_officers_and_come_once_unless_the_step_repeats() {
        let every_fifth = [step(5, Rank::Sergeant, Some(5))];
        let third_supervisor = [every_fifth[0], step(15, Rank::Commander, None)];
        let table: [(&[Step], u16, &str); 9] = [
            (&tucson(), 1, "o"),
            (&tucson(), 4, "oooo"),
            (&tucson(), 5, "oooos"),
            (&tucson(), 15, "oooosoooooooooo"),
            (&tucson(), 16, "oooosooooooooooc"),
            (&tucson(), 32, "oooosoooooooooocoooooooooooooooo"),
            (&every_fifth, 11, "oooosooooso"),
            (&third_supervisor, 15, "oooosoooosooooc"),
            (&[], 3, "ooo"),
        ];
        for (steps, slots, expected) in table {
            assert_eq!(letters(&ranks(steps, slots)), expected, "{slots} slots");
        }
    }

    #[test]
    fn a_posting_that_names_ranks_has_as_many_supervisors_as_the_ladder_asks_for() {
        let of = |letters: &str| -> Vec<Rank> {
            let rank = |letter| match letter {
                's' => Rank::Sergeant,
                'c' => Rank::Commander,
                _ => Rank::Officer,
            };
            letters.chars().map(rank).collect()
        };
        let short = |letters| shortfall(&tucson(), &of(letters));
        assert_eq!(short("oooo"), None);
        assert_eq!(short("ooooo"), Some((Rank::Sergeant, 1, 0)));
        assert_eq!(short("soooo"), None, "which slot it is does not matter");
        assert_eq!(short("ooooc"), None, "a commander is more than a sergeant");
        assert_eq!(
            short("sssss"),
            None,
            "more than the ladder asks for is kept"
        );
        let sixteen = "ooooooooooooooss";
        assert_eq!(short(sixteen), Some((Rank::Commander, 1, 0)));
        assert_eq!(short("oooooooooooooooc"), Some((Rank::Sergeant, 2, 1)));
    }

    #[test]
    fn the_ladder_of_the_start_of_the_work_holds() {
        let ladder = |from: i64, until: i64| Ladder {
            steps: Vec::new(),
            higher_fills: from == 0,
            valid: Interval {
                start: Timestamp(from),
                end: Timestamp(until),
            },
        };
        let ladders = [ladder(0, 10), ladder(10, 20)];
        let fills = |at| in_force(&ladders, Timestamp(at)).map(|ladder| ladder.higher_fills);
        assert_eq!(fills(9), Some(true));
        assert_eq!(fills(10), Some(false));
        assert_eq!(fills(20), None);
    }
}
