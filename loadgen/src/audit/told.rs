//! Whether officers were told that a slot is theirs, and that an offer no longer stands.
//!
//! A session hears pushes in the order of the log. So whoever was there from a record on and heard of
//! a later one has heard everything of it, or it will never come: nobody has to guess how long a push
//! may take, and who was away, read nothing or had gone by the end of the run accuses nobody.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Standing;

use super::holds::Holds;
use super::{Audit, BreachKind, key};
use crate::ledger::{Answer, HeardWhat, Ledger, OfficerAskWhat, OfficerBook, SeenWhat, VacancyNo};

/// Assignments and withdrawals that somebody who was there did not hear of.
pub(super) fn untold(ledger: &Ledger, holds: &Holds, audit: &mut Audit) {
    let later = ledger.world_at_the_end();
    let over = over(ledger, holds);
    for book in &ledger.officers {
        let stays = stays(book);
        unassigned(ledger, book, &stays, audit);
        for stay in &stays {
            for (vacancy, offer) in &stay.open {
                let Some(over) = over.get(vacancy) else {
                    continue;
                };
                let facts = &ledger.vacancies[vacancy.index()];
                let mut worlds = [&ledger.world, &later].into_iter();
                let was_asked = offer.round == over.round
                    && worlds
                        .all(|world| world.judge(&book.badge, facts, facts.start_us()).is_ok());
                let is_due = offer.sequence < over.sequence && over.sequence < stay.last;
                if is_due && was_asked && !withdrew(book, *vacancy) {
                    audit.add(BreachKind::MissingPush, || {
                        format!(
                            "{} was offered {} at sequence {} and was not told that it no longer \
                             stands since sequence {}, but heard of sequence {}.",
                            book.badge,
                            key(ledger, *vacancy),
                            offer.sequence,
                            over.sequence,
                            stay.last,
                        )
                    });
                }
            }
        }
    }
}

/// Awards that an officer was answered and never told as news, or in a state sync.
fn unassigned(ledger: &Ledger, book: &OfficerBook, stays: &[Stay], audit: &mut Audit) {
    let told: BTreeSet<(VacancyNo, u64)> = book
        .heard
        .iter()
        .filter_map(|one| match one.what {
            HeardWhat::Assigned { awarded, .. } => Some((one.vacancy, awarded)),
            _ => None,
        })
        .collect();
    for ask in &book.asks {
        let Some(Answer::Won { sequence, .. }) = ask.answer else {
            continue;
        };
        let there = |stay: &&Stay| stay.first < sequence && sequence < stay.last;
        if let Some(stay) = stays.iter().find(there)
            && !told.contains(&(ask.vacancy, sequence))
        {
            audit.add(BreachKind::MissingPush, || {
                format!(
                    "{} won {} at sequence {sequence} and was not told that it is assigned, but \
                     heard of sequence {}.",
                    book.badge,
                    key(ledger, ask.vacancy),
                    stay.last,
                )
            });
        }
    }
}

/// Whether the officer did something by which the offer may have ended without a word.
fn withdrew(book: &OfficerBook, vacancy: VacancyNo) -> bool {
    let asks = book.asks.iter().filter(|ask| ask.vacancy == vacancy);
    let mut answers = asks.map(|ask| (ask.what, ask.answer));
    answers.any(|(what, answer)| match (what, answer) {
        (OfficerAskWhat::Decline | OfficerAskWhat::Release, _) => true,
        (OfficerAskWhat::Accept, Some(Answer::Lost(code))) => code != protocol::RefusalCode::Filled,
        (OfficerAskWhat::Accept, answer) => answer.is_some(),
    })
}

/// A time during which a session stood and read.
struct Stay {
    /// It has heard of everything through this record, and of each one after it as it came.
    first: u64,
    /// The last record that it heard of.
    last: u64,
    /// The offers that it thought to stand at the end.
    open: BTreeMap<VacancyNo, Offer>,
}

struct Offer {
    sequence: u64,
    round: u32,
}

fn stays(book: &OfficerBook) -> Vec<Stay> {
    let mut stays = Vec::new();
    let mut stay: Option<Stay> = None;
    for one in &book.heard {
        match one.what {
            HeardWhat::Up { .. }
            | HeardWhat::Down
            | HeardWhat::Dropped
            | HeardWhat::StoppedReading => stays.extend(stay.take()),
            HeardWhat::Synced => {
                stays.extend(stay.take());
                stay = Some(Stay {
                    first: one.sequence,
                    last: one.sequence,
                    open: BTreeMap::new(),
                });
            }
            HeardWhat::Busy => {}
            HeardWhat::Offered { .. }
            | HeardWhat::Withdrawn(_)
            | HeardWhat::Overlapped
            | HeardWhat::Assigned { .. }
            | HeardWhat::Unassigned(_)
            | HeardWhat::Gone => {
                let Some(stay) = &mut stay else { continue };
                stay.last = stay.last.max(one.sequence);
                if let HeardWhat::Offered { round, .. } = one.what {
                    let sequence = one.sequence;
                    stay.open.insert(one.vacancy, Offer { sequence, round });
                } else {
                    stay.open.remove(&one.vacancy);
                }
            }
        }
    }
    stays.extend(stay);
    stays
}

/// How a vacancy stood at the end of the run.
struct Over {
    /// The record since which nobody is asked for it.
    sequence: u64,
    round: u32,
}

/// The vacancies for which nobody is asked any more, by the board at the end. Those of which the
/// books do not say since when are left out.
fn over(ledger: &Ledger, holds: &Holds) -> BTreeMap<VacancyNo, Over> {
    let rows = ledger.board.iter().flatten();
    let rows: BTreeMap<_, _> = rows.map(|row| (row.vacancy, row)).collect();
    let mut closed: BTreeMap<VacancyNo, u64> = BTreeMap::new();
    for seen in ledger.desks.iter().flat_map(|desk| &desk.seen) {
        if matches!(seen.what, SeenWhat::Cancelled | SeenWhat::Expired) {
            closed.insert(seen.vacancy, seen.sequence);
        }
    }
    let mut held: BTreeMap<VacancyNo, Vec<(&str, u64)>> = BTreeMap::new();
    for hold in holds.iter().filter(|hold| hold.stands_at_the_end()) {
        let badge = ledger.officers[hold.officer].badge.as_str();
        held.entry(hold.vacancy)
            .or_default()
            .push((badge, hold.from));
    }
    let since = |vacancy: VacancyNo, row: &protocol::BoardRow| match row.standing {
        Standing::Open => None,
        Standing::Cancelled | Standing::Expired => closed.get(&vacancy).copied(),
        Standing::Filled => {
            let held = held.get(&vacancy)?;
            let from = |badge: &str| {
                let own = held.iter().filter(|(holder, _)| *holder == badge);
                own.map(|(_, from)| *from).max()
            };
            let holders = row.slots.iter().map(|slot| from(slot.holder.as_deref()?));
            let holders: Option<Vec<u64>> = holders.collect();
            holders?.into_iter().max()
        }
    };
    let vacancies = (0..).zip(&ledger.vacancies);
    let over = vacancies.filter_map(|(number, facts)| {
        let (vacancy, row) = (VacancyNo(number), *rows.get(&facts.key)?);
        let (sequence, round) = (since(vacancy, row)?, row.round);
        Some((vacancy, Over { sequence, round }))
    });
    over.collect()
}
