//! Whether every request was answered, once, and truly.

use std::collections::{BTreeSet, HashMap};

use protocol::{BoardRow, VacancyKey};

use super::holds::Holds;
use super::{Audit, BreachKind, at, key};
use crate::ledger::{DeskAskWhat, Ledger};

/// Requests without an answer, answers that contradict each other, and wins that the board does
/// not show (or holders on the board who were never told).
pub(super) fn lost(ledger: &Ledger, holds: &Holds, audit: &mut Audit) {
    unanswered(ledger, audit);
    contradicted(ledger, audit);
    if let Some(board) = &ledger.board {
        against_the_board(ledger, holds, board, audit);
    }
}

fn unanswered(ledger: &Ledger, audit: &mut Audit) {
    for book in &ledger.officers {
        for ask in book.asks.iter().filter(|ask| ask.answer.is_none()) {
            audit.add(BreachKind::LostAnswer, || {
                format!(
                    "{} asked to {:?} {} at {} (told {} times to come back later) and heard \
                     nothing until the end.",
                    book.badge,
                    ask.what,
                    key(ledger, ask.vacancy),
                    at(ask.sent_us),
                    ask.busy,
                )
            });
        }
    }
    for desk in &ledger.desks {
        for ask in desk.asks.iter().filter(|ask| ask.answer.is_none()) {
            audit.add(BreachKind::LostAnswer, || {
                format!(
                    "the desk of {} asked to {} at {} and heard nothing until the end.",
                    desk.name,
                    desk_wish(ledger, &ask.what),
                    at(ask.sent_us),
                )
            });
        }
    }
}

fn contradicted(ledger: &Ledger, audit: &mut Audit) {
    for book in &ledger.officers {
        for contradiction in &book.contradictions {
            let ask = &book.asks[contradiction.ask];
            audit.add(BreachKind::LostAnswer, || {
                format!(
                    "{} asked to {:?} {}, heard {:?} at {} and then, under the same id, \
                     {:?} at {}.",
                    book.badge,
                    ask.what,
                    key(ledger, ask.vacancy),
                    ask.answer,
                    at(ask.answered_us),
                    contradiction.later,
                    at(contradiction.at_us),
                )
            });
        }
    }
    for desk in &ledger.desks {
        for contradiction in &desk.contradictions {
            let ask = &desk.asks[contradiction.ask];
            audit.add(BreachKind::LostAnswer, || {
                format!(
                    "the desk of {} asked to {}, heard {:?} at {} and then, under the same id, \
                     {:?} at {}.",
                    desk.name,
                    desk_wish(ledger, &ask.what),
                    ask.answer,
                    at(ask.answered_us),
                    contradiction.later,
                    at(contradiction.at_us),
                )
            });
        }
    }
}

/// What a desk asked for, as the rest of a sentence.
fn desk_wish(ledger: &Ledger, what: &DeskAskWhat) -> String {
    match what {
        DeskAskWhat::Publish(vacancy) => format!("publish {}", key(ledger, *vacancy)),
        DeskAskWhat::Cancel(vacancy) => format!("cancel {}", key(ledger, *vacancy)),
        DeskAskWhat::OpenNextTier(vacancy) => {
            format!("open the next tier of {}", key(ledger, *vacancy))
        }
        DeskAskWhat::Recall { vacancy, badge } => {
            format!("recall {badge} from {}", key(ledger, *vacancy))
        }
        DeskAskWhat::Roster(changes) => format!("make {} roster changes", changes.len()),
    }
}

fn against_the_board(ledger: &Ledger, holds: &Holds, board: &[BoardRow], audit: &mut Audit) {
    let rows: HashMap<VacancyKey, &BoardRow> = board.iter().map(|row| (row.vacancy, row)).collect();
    let mut told = BTreeSet::new();
    for hold in holds.iter().filter(|hold| hold.stands_at_the_end()) {
        let badge = &ledger.officers[hold.officer].badge;
        let facts = &ledger.vacancies[hold.vacancy.index()];
        told.insert((facts.key.0, hold.slot, badge.as_str()));
        let slot = usize::from(hold.slot);
        let row = rows.get(&facts.key);
        let holder = row.and_then(|row| row.slots.get(slot)?.holder.as_ref());
        if holder != Some(badge) {
            audit.add(BreachKind::LostAnswer, || {
                format!(
                    "{badge} won slot {slot} of {} (sequence {}, {} at {}) and did not give it \
                     back, but the final board says {}.",
                    facts.key,
                    hold.from,
                    hold.heard_as,
                    at(hold.heard_us),
                    match (row, holder) {
                        (None, _) => "nothing of this vacancy".to_owned(),
                        (Some(_), None) => "that nobody holds it".to_owned(),
                        (Some(_), Some(other)) => format!("that {other} holds it"),
                    }
                )
            });
        }
    }
    let simulated: BTreeSet<&str> = ledger
        .officers
        .iter()
        .map(|book| book.badge.as_str())
        .collect();
    for facts in &ledger.vacancies {
        let slots = rows.get(&facts.key).map_or(&[][..], |row| &row.slots);
        for (slot, number) in slots.iter().zip(0u16..) {
            let Some(holder) = slot.holder.as_deref() else {
                continue;
            };
            if simulated.contains(holder) && !told.contains(&(facts.key.0, number, holder)) {
                audit.add(BreachKind::LostAnswer, || {
                    format!(
                        "the final board says that {holder} holds slot {number} of {}, but \
                         {holder} never heard so or has given it back.",
                        facts.key
                    )
                });
            }
        }
    }
}
