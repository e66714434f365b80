//! Whether pushes came once, in order, and to everybody.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Cursor;

use super::{Audit, BreachKind, at, key};
use crate::ledger::{HeardWhat, Ledger, OfficerBook, SeenWhat, VacancyNo};

/// Pushes that came twice, and pushes that came after what followed them.
pub(super) fn repeated_and_out_of_order(ledger: &Ledger, audit: &mut Audit) {
    for book in &ledger.officers {
        for _ in 0..book.repeats_dropped {
            audit.add(BreachKind::RepeatedPush, || {
                format!(
                    "{} was sent {} pushes again that had been delivered before; the client \
                     library dropped them.",
                    book.badge, book.repeats_dropped
                )
            });
        }
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
                continue;
            }
            HeardWhat::Synced => {
                stating = false;
                if heard.cursor() != Cursor::default() {
                    last = last.max(Some(heard.cursor()));
                }
                continue;
            }
            HeardWhat::Gone | HeardWhat::Dropped | HeardWhat::Down => continue,
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

/// Offers that the board counts and nobody heard.
///
/// An officer whose session was away at any time may have been told in another way (a state sync
/// says only what still stands), so each such officer excuses one missing push per record.
pub(super) fn missing(ledger: &Ledger, audit: &mut Audit) {
    if !ledger.everyone {
        return;
    }
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
    let mut heard: BTreeMap<(u64, VacancyNo), u64> = BTreeMap::new();
    let mut away = BTreeSet::new();
    for (officer, book) in ledger.officers.iter().enumerate() {
        let mut ups = 0;
        for one in &book.heard {
            match one.what {
                HeardWhat::Offered { .. } => {
                    *heard.entry((one.sequence, one.vacancy)).or_default() += 1;
                }
                HeardWhat::Up { .. } => ups += 1,
                _ => {}
            }
        }
        if ups != 1 {
            away.insert(officer);
        }
    }
    for ((sequence, vacancy), opened) in counted {
        let recipients: u64 = opened.values().sum();
        let heard = heard.get(&(sequence, vacancy)).copied().unwrap_or(0);
        let excused = away.len() as u64;
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
