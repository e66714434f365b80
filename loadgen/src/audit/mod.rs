//! Judges a run from the ledger alone.
//!
//! The auditor sees what officers and coordinators heard and did, the world as it was described
//! to the server, and the board at the end. It never asks the server how things came about.
//!
//! Sequences order everything: a hold begins with the record that awarded it and ends with the
//! record of the release, recall or cancellation that ended it, so two holds of one slot overlap
//! exactly if the log itself says so, however late anybody heard of it.

mod answers;
mod holds;
mod offers;
mod pushes;
mod told;

use std::fmt;

use crate::ledger::{Ledger, VacancyNo};

use holds::Holds;

/// What the auditor found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    counts: [u64; BreachKind::ALL.len()],
    breaches: Vec<Breach>,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which promise.
    pub kind: BreachKind,
    /// The exact history, as sentences: who, what, when, under which sequences.
    pub history: String,
}

/// The promises that are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreachKind {
    /// Two officers held one slot at the same time.
    DoubleFill,
    /// One officer held two assignments that need them in two places at once.
    OverlappingAssignment,
    /// A request was never answered, or was answered twice, or the answer does not agree with the
    /// board.
    LostAnswer,
    /// A vacancy was offered, or a slot given, to somebody who was not eligible or not free.
    IneligibleOffer,
    /// The same push came twice, or so late that the session kept it to itself.
    RepeatedPush,
    /// A push came after one that followed it in the history.
    OutOfOrderPush,
    /// The board counts more recipients of an offer than heard it, or somebody who was there was not
    /// told that a slot is theirs, or that what they were offered is no longer to be had.
    MissingPush,
}

impl BreachKind {
    /// Every kind, in the order of the report.
    pub const ALL: [BreachKind; 7] = [
        BreachKind::DoubleFill,
        BreachKind::OverlappingAssignment,
        BreachKind::LostAnswer,
        BreachKind::IneligibleOffer,
        BreachKind::RepeatedPush,
        BreachKind::OutOfOrderPush,
        BreachKind::MissingPush,
    ];
}

impl fmt::Display for BreachKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BreachKind::DoubleFill => "double fill",
            BreachKind::OverlappingAssignment => "overlapping assignment",
            BreachKind::LostAnswer => "lost answer",
            BreachKind::IneligibleOffer => "ineligible offer",
            BreachKind::RepeatedPush => "repeated push",
            BreachKind::OutOfOrderPush => "push out of order",
            BreachKind::MissingPush => "missing push",
        })
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.history)
    }
}

/// Histories that are kept in full; further breaches are counted only.
pub const BREACHES_KEPT_MAX: usize = 1_000;

impl Audit {
    /// How many breaches of this kind there were.
    pub fn count(&self, kind: BreachKind) -> u64 {
        self.counts[kind as usize]
    }

    /// The first [`BREACHES_KEPT_MAX`] breaches with their histories.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Adds a breach; its history is told only if it will be kept.
    fn add(&mut self, kind: BreachKind, history: impl FnOnce() -> String) {
        self.add_alike(kind, 1, history);
    }

    /// Adds so many breaches, of which one history tells.
    fn add_alike(&mut self, kind: BreachKind, count: u64, history: impl FnOnce() -> String) {
        self.counts[kind as usize] += count;
        if self.breaches.len() < BREACHES_KEPT_MAX {
            self.breaches.push(Breach {
                kind,
                history: history(),
            });
        }
    }
}

/// Judges a run.
pub fn audit(ledger: &Ledger) -> Audit {
    let mut audit = Audit::default();
    let holds = Holds::of(ledger);
    holds::double_fills(ledger, &holds, &mut audit);
    holds::overlapping_assignments(ledger, &holds, &mut audit);
    answers::lost(ledger, &holds, &mut audit);
    offers::ineligible(ledger, &holds, &mut audit);
    pushes::repeated_and_out_of_order(ledger, &mut audit);
    pushes::unheard(ledger, &mut audit);
    pushes::missing(ledger, &mut audit);
    told::untold(ledger, &holds, &mut audit);
    audit
}

/// The name of a planned vacancy.
fn key(ledger: &Ledger, vacancy: VacancyNo) -> String {
    ledger
        .vacancies
        .get(vacancy.index())
        .map_or_else(|| "no vacancy".to_owned(), |facts| facts.key.to_string())
}

/// An instant of the run, in seconds.
fn at(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests;
