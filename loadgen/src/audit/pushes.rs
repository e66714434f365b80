//! Whether pushes came once, in order, and to everybody.
//!
//! The client library withholds a push whose cursor does not lie behind what was delivered, and
//! counts it: with that client [`unheard`] finds what came twice under one cursor or out of order,
//! and the books show a repetition under a new cursor.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Cursor;

use super::{Audit, BreachKind, at, key};
use crate::ledger::{HeardWhat, Ledger, OfficerBook, SeenWhat, Unheard, VacancyNo};

/// Pushes that came twice, and pushes that came after what followed them.
pub(super) fn repeated_and_out_of_order(ledger: &Ledger, audit: &mut Audit) {
    for book in &ledger.officers {
        of_officer(ledger, book, audit);
    }
}

fn of_officer(ledger: &Ledger, book: &OfficerBook, audit: &mut Audit) {
    let mut stating = false;
    let mut last = None;
    let mut offered: BTreeSet<(VacancyNo, u32)> = BTreeSet::new();
    for heard in &book.heard {
        match heard.what {
            HeardWhat::Up { resumed } => {
                stating = !resumed;
                if stating {
                    // What it no longer says was taken back while the officer was away, by other
                    // work of theirs perhaps, and may be offered again once they are free.
                    offered.clear();
                }
                continue;
            }
            HeardWhat::Synced => {
                stating = false;
                if heard.cursor() != Cursor::default() {
                    last = last.max(Some(heard.cursor()));
                }
                continue;
            }
            HeardWhat::Gone
            | HeardWhat::Dropped
            | HeardWhat::Down
            | HeardWhat::StoppedReading
            | HeardWhat::Busy => continue,
            // One push withdraws many, and each of them may be offered again in its round.
            HeardWhat::Overlapped => {
                offered.retain(|(vacancy, _)| *vacancy != heard.vacancy);
                last = last.max(Some(heard.cursor()));
                continue;
            }
            HeardWhat::Offered { .. }
            | HeardWhat::Withdrawn(_)
            | HeardWhat::Assigned { .. }
            | HeardWhat::Unassigned(_) => {}
        }
        // A state sync says again what was said before, and in no order of history.
        if stating {
            if let HeardWhat::Offered { round, .. } = heard.what {
                offered.insert((heard.vacancy, round));
            }
            continue;
        }
        let mut fresh = true;
        if let HeardWhat::Offered { round, .. } = heard.what {
            fresh = offered.insert((heard.vacancy, round));
        }
        let cursor = heard.cursor();
        if last == Some(cursor) || !fresh {
            audit.add(BreachKind::RepeatedPush, || {
                format!(
                    "{} heard again at {} of {} ({:?} at {cursor:?}).",
                    book.badge,
                    at(heard.at_us),
                    key(ledger, heard.vacancy),
                    heard.what,
                )
            });
        } else if last.is_some_and(|last| cursor < last) {
            audit.add(BreachKind::OutOfOrderPush, || {
                format!(
                    "{} heard at {} of {} ({:?} at {cursor:?}) after {last:?}.",
                    book.badge,
                    at(heard.at_us),
                    key(ledger, heard.vacancy),
                    heard.what,
                )
            });
        }
        last = last.max(Some(cursor));
    }
}

/// Pushes and answers that were received and kept from those whom they were for, because a server
/// that keeps its promises does not send them.
pub(super) fn unheard(ledger: &Ledger, audit: &mut Audit) {
    let officers = ledger.officers.iter();
    let officers = officers.map(|book| (&book.badge, book.unheard));
    let desks = ledger.desks.iter().map(|book| (&book.name, book.unheard));
    for (who, unheard) in officers.chain(desks) {
        let Unheard { pushes, answers } = unheard;
        if pushes > 0 {
            audit.add_alike(BreachKind::RepeatedPush, pushes, || {
                format!(
                    "the session of {who} received {pushes} pushes at or before the cursor it had \
                     reached, and withheld them."
                )
            });
        }
        if answers > 0 {
            audit.add_alike(BreachKind::LostAnswer, answers, || {
                format!(
                    "the session of {who} received {answers} answers to requests that had been \
                     answered, and withheld them."
                )
            });
        }
    }
}

/// Offers that the board counts and nobody heard.
///
/// An officer whose session was away when a record was made may have been told in another way (a
/// state sync says only what still stands), so each eligible officer who was away excuses one
/// push of it.
pub(super) fn missing(ledger: &Ledger, audit: &mut Audit) {
    if !ledger.everyone {
        return;
    }
    let mut heard: BTreeMap<(u64, VacancyNo), u64> = BTreeMap::new();
    let offers = ledger.officers.iter().flat_map(|book| &book.heard);
    for one in offers.filter(|one| matches!(one.what, HeardWhat::Offered { .. })) {
        *heard.entry((one.sequence, one.vacancy)).or_default() += 1;
    }
    let absences: Vec<Vec<(u64, u64)>> = ledger.officers.iter().map(absences).collect();
    let later = ledger.world_at_the_end();
    for ((sequence, vacancy), recipients) in counted(ledger) {
        let heard = heard.get(&(sequence, vacancy)).copied().unwrap_or(0);
        if heard >= recipients {
            continue;
        }
        let facts = &ledger.vacancies[vacancy.index()];
        let eligible = |badge: &str| {
            let worlds = [&ledger.world, &later];
            worlds
                .iter()
                .any(|world| world.judge(badge, facts, facts.start_us()).is_ok())
        };
        let away = ledger
            .officers
            .iter()
            .zip(&absences)
            .filter(|(book, absences)| {
                let away = |(from, until): &(u64, u64)| *from <= sequence && sequence <= *until;
                absences.iter().any(away) && eligible(&book.badge)
            });
        let excused = away.count() as u64;
        if heard + excused < recipients {
            audit.add(BreachKind::MissingPush, || {
                format!(
                    "the board says that sequence {sequence} offered {} to {recipients} officers, \
                     but {heard} heard it and at most {excused} were away.",
                    key(ledger, vacancy),
                )
            });
        }
    }
}

/// How many officers each record offered a vacancy to, as the board says.
fn counted(ledger: &Ledger) -> BTreeMap<(u64, VacancyNo), u64> {
    // Several desks may see one record, so what it opened is told apart by tier and round.
    let mut counted: BTreeMap<(u64, VacancyNo), BTreeMap<(u8, u32), u64>> = BTreeMap::new();
    for seen in ledger.desks.iter().flat_map(|desk| &desk.seen) {
        let (opened, recipients) = match seen.what {
            SeenWhat::TierOpened { tier, recipients } => ((tier, 0), recipients),
            SeenWhat::Reoffered { round, recipients } => ((0, round), recipients),
            SeenWhat::Awarded { .. } | SeenWhat::Cancelled | SeenWhat::Expired => continue,
        };
        let record = counted.entry((seen.sequence, seen.vacancy)).or_default();
        record.insert(opened, u64::from(recipients));
    }
    let sum = |opened: BTreeMap<_, u64>| opened.into_values().sum();
    counted
        .into_iter()
        .map(|(record, opened)| (record, sum(opened)))
        .collect()
}

/// The spans of the log during which an officer's session was away, first and last record
/// included.
fn absences(book: &OfficerBook) -> Vec<(u64, u64)> {
    let mut absences = Vec::new();
    let mut reached = 0;
    let mut away_since = Some(0);
    for one in &book.heard {
        match one.what {
            HeardWhat::Down
            | HeardWhat::Dropped
            | HeardWhat::StoppedReading
            | HeardWhat::Up { .. } => {
                away_since = away_since.or(Some(reached));
            }
            HeardWhat::Synced => {
                reached = reached.max(one.sequence);
                absences.extend(away_since.take().map(|since| (since, reached)));
            }
            _ => reached = reached.max(one.sequence),
        }
    }
    absences.extend(away_since.map(|since| (since, u64::MAX)));
    absences
}
