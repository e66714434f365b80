//! How races for a slot were settled, as everybody in them was told.

use std::collections::BTreeMap;

use protocol::RefusalCode;

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
            Some(Answer::Lost(RefusalCode::Filled)) => false,
            // Who may not have the slot at all does not race for it.
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
    use crate::ledger::{OfficerAsk, OfficerBook};

    #[test]
    fn who_may_not_have_the_slot_does_not_begin_the_race() {
        let accept = |intended_us, answer| OfficerAsk {
            vacancy: VacancyNo(0),
            round: 1,
            what: OfficerAskWhat::Accept,
            intended_us,
            sent_us: intended_us,
            answered_us: intended_us + 50,
            answer: Some(answer),
            busy: 0,
            interrupted: false,
        };
        let won = Answer::Won {
            slot: 0,
            sequence: 9,
            awarded_at_us: 0,
        };
        let asks = vec![
            accept(10, Answer::Lost(RefusalCode::NotEligible)),
            accept(2_000_000, won),
            accept(2_000_010, Answer::Lost(RefusalCode::Filled)),
        ];
        let ledger = Ledger {
            officers: vec![OfficerBook {
                asks,
                ..OfficerBook::default()
            }],
            ..Ledger::default()
        };
        let expected = Race {
            begun_us: 2_000_000,
            won_us: 2_000_050,
            last_lost_us: Some(2_000_060),
        };
        assert_eq!(races(&ledger), [expected]);
    }

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
