//! How races for a slot were settled, as everybody in them was told.

use std::collections::BTreeMap;

use crate::ledger::{Answer, Ledger, OfficerAskWhat, VacancyNo};

/// One race: the accepts of one round of a vacancy, of which somebody won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Race {
    /// The first accept's intended instant.
    pub(super) begun_us: u64,
    /// When the first winner was told.
    pub(super) won_us: u64,
    /// When the last of those was told who lost, and had meant to accept before the first winner
    /// was told; later ones were not in the race.
    pub(super) last_lost_us: Option<u64>,
}

/// Every race of a run. Officers who cut their own connection are not measured.
pub(super) fn races(ledger: &Ledger) -> Vec<Race> {
    let mut of_round: BTreeMap<(VacancyNo, u32), Vec<Runner>> = BTreeMap::new();
    let asks = ledger.officers.iter().flat_map(|book| &book.asks);
    for ask in asks.filter(|ask| ask.what == OfficerAskWhat::Accept && !ask.interrupted) {
        let is_win = match ask.answer {
            Some(Answer::Won { .. }) => true,
            Some(Answer::Lost(_)) => false,
            _ => continue,
        };
        let round = of_round.entry((ask.vacancy, ask.round)).or_default();
        round.push(Runner {
            intended_us: ask.intended_us,
            answered_us: ask.answered_us,
            is_win,
        });
    }
    of_round.values().filter_map(|asks| race(asks)).collect()
}

/// One accept of a race.
struct Runner {
    intended_us: u64,
    answered_us: u64,
    is_win: bool,
}

fn race(runners: &[Runner]) -> Option<Race> {
    let begun_us = runners.iter().map(|runner| runner.intended_us).min()?;
    let winners = runners.iter().filter(|runner| runner.is_win);
    let won_us = winners.map(|runner| runner.answered_us).min()?;
    let losers = runners.iter().filter(|runner| !runner.is_win);
    let losers = losers.filter(|runner| runner.intended_us <= won_us);
    Some(Race {
        begun_us,
        won_us,
        last_lost_us: losers.map(|runner| runner.answered_us).max(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_after_the_winner_was_told_is_not_in_the_race() {
        let runner = |intended_us, answered_us, is_win| Runner {
            intended_us,
            answered_us,
            is_win,
        };
        let asks = [
            runner(100, 900, true),
            runner(90, 1_200, false),
            runner(800, 1_500, false),
            runner(901, 9_999, false),
        ];
        let expected = Race {
            begun_us: 90,
            won_us: 900,
            last_lost_us: Some(1_500),
        };
        assert_eq!(race(&asks), Some(expected));
        assert_eq!(race(&asks[1..]), None);
        assert_eq!(race(&asks[..1]).unwrap().last_lost_us, None);
    }
}
