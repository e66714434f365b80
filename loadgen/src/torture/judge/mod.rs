//! Holds everything that was heard against the log that survived.
//!
//! Whatever anybody was told before a crash must rest on a record that is still there after it:
//! answers, pushes, what a whole-state sync said, and the board. Sequences order everything, so
//! a statement is judged at its own place in the history, however far the log has gone on since.

mod answers;
mod pushes;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use protocol::{BoardRow, VacancyKey};

use super::history::History;
use crate::ledger::{DeskBook, OfficerBook, RequestIds, VacancyNo};
use crate::world::{Facts, World};

/// What there is to judge by.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The log that survived.
    pub history: &'a History,
    /// What is known of it from before: record by record, it must still be there.
    pub before: Option<&'a History>,
    /// The world of the run.
    pub world: &'a World,
    /// The planned vacancies, by number.
    pub vacancies: &'a [Facts],
    /// The officers' books.
    pub officers: &'a [OfficerBook],
    /// The desks' books.
    pub desks: &'a [DeskBook],
    /// Leads from a request's id to its ask and back.
    pub ids: RequestIds,
    /// Boards that were seen.
    pub boards: &'a [BoardSeen],
    /// The restarts so far, in order.
    pub restarts: &'a [Restart],
}

/// A board that somebody saw.
#[derive(Debug, Clone)]
pub struct BoardSeen {
    /// The last record of the log before the server that showed it was started.
    pub from: u64,
    /// What it said.
    pub rows: Vec<BoardRow>,
}

/// A server that was started on a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// When, in microseconds of the run.
    pub at_us: u64,
    /// The last record that the log held.
    pub last: u64,
}

/// What the judgement came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How much was looked at.
    pub counts: Checked,
    by_kind: BTreeMap<BreachKind, u64>,
    breaches: Vec<Breach>,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Final answers.
    pub answers: u64,
    /// Among them, slots won.
    pub wins: u64,
    /// Among them, refusals, that a slot went to somebody else included.
    pub refusals: u64,
    /// Pushes, to officers and desks.
    pub pushes: u64,
    /// Whole states that officers were told.
    pub syncs: u64,
    /// Boards.
    pub boards: u64,
    /// Records of the log.
    pub records: u64,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which promise.
    pub kind: BreachKind,
    /// The exact history, as sentences.
    pub history: String,
}

/// The promises that are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreachKind {
    /// An officer was told of a slot won, and the log does not have the award.
    LostWin,
    /// Something was acknowledged, and the log does not have it.
    LostAcknowledgement,
    /// A request was done twice, or was answered no and done all the same.
    ForgottenRequest,
    /// A refusal that nothing in the log explains: it rested on something that was undone.
    UnjustifiedRefusal,
    /// A slot was given to two.
    DoubledSlot,
    /// An officer holds two assignments that share an instant.
    OverlappingOfficer,
    /// A push told of something that the log does not have.
    UndonePush,
    /// A whole-state sync is not the state at its place in the log.
    WrongSync,
    /// A board is not the state at any place of the log where it can have been seen.
    WrongBoard,
    /// A record that was there is gone, or is another one.
    RewrittenRecord,
    /// The log is damaged by a mere crash, or a server refuses to start on it.
    DamagedLog,
    /// The audit of everybody's books found a breach.
    Audit,
}

impl fmt::Display for BreachKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BreachKind::LostWin => "lost win",
            BreachKind::LostAcknowledgement => "lost acknowledgement",
            BreachKind::ForgottenRequest => "forgotten request",
            BreachKind::UnjustifiedRefusal => "unjustified refusal",
            BreachKind::DoubledSlot => "doubled slot",
            BreachKind::OverlappingOfficer => "overlapping officer",
            BreachKind::UndonePush => "undone push",
            BreachKind::WrongSync => "wrong sync",
            BreachKind::WrongBoard => "wrong board",
            BreachKind::RewrittenRecord => "rewritten record",
            BreachKind::DamagedLog => "damaged log",
            BreachKind::Audit => "audit",
        })
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.history)
    }
}

/// Histories of each kind that are kept in full; further breaches are counted only.
pub const HISTORIES_PER_KIND_MAX: u64 = 20;

impl Findings {
    /// How many breaches there were.
    pub fn breaches_count(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// How many breaches there were of each kind that there were any of.
    pub fn by_kind(&self) -> &BTreeMap<BreachKind, u64> {
        &self.by_kind
    }

    /// The first [`HISTORIES_PER_KIND_MAX`] breaches of each kind with their histories, the
    /// gravest kind first.
    pub fn breaches(&self) -> Vec<&Breach> {
        let mut breaches: Vec<&Breach> = self.breaches.iter().collect();
        breaches.sort_by_key(|breach| breach.kind);
        breaches
    }

    /// Adds a breach; its history is told only if it will be kept.
    pub fn add(&mut self, kind: BreachKind, history: impl FnOnce() -> String) {
        let count = self.by_kind.entry(kind).or_default();
        *count += 1;
        if *count <= HISTORIES_PER_KIND_MAX {
            let history = history();
            self.breaches.push(Breach { kind, history });
        }
    }
}

/// Judges everything that was heard so far against the log that survived.
pub fn judge(evidence: &Evidence<'_>) -> Findings {
    let mut findings = Findings::default();
    rewritten(evidence, &mut findings);
    let outline = replay::replay(evidence, &mut findings);
    answers::judge(evidence, &outline, &mut findings);
    pushes::judge(evidence, &mut findings);
    findings
}

/// What was in the log once must stay there.
fn rewritten(evidence: &Evidence<'_>, findings: &mut Findings) {
    let Some(before) = evidence.before else {
        return;
    };
    for (sequence, record) in before.records() {
        let now = evidence.history.record(sequence);
        if now.is_none_or(|now| now.fingerprint != record.fingerprint) {
            findings.add(BreachKind::RewrittenRecord, || {
                format!(
                    "a server was started on a log whose record {sequence} was of {} ({:?}); \
                     after the next crash it {}.",
                    record.request,
                    record.events,
                    match now {
                        None => "is gone".to_owned(),
                        Some(now) => format!("is of {} ({:?})", now.request, now.events),
                    }
                )
            });
            return;
        }
    }
}

impl Evidence<'_> {
    fn key(&self, vacancy: VacancyNo) -> VacancyKey {
        let facts = self.vacancies.get(vacancy.index());
        facts.map_or(VacancyKey(0), |facts| facts.key)
    }

    fn numbers(&self) -> HashMap<VacancyKey, VacancyNo> {
        let numbered = self.vacancies.iter().zip(0u32..);
        numbered
            .map(|(facts, number)| (facts.key, VacancyNo(number)))
            .collect()
    }

    /// What the log says at a place, for people.
    fn tell(&self, sequence: u64) -> String {
        match self.history.record(sequence) {
            Some(record) => format!(
                "record {sequence} is of {} and says {:?}",
                record.request, record.events
            ),
            None => format!("the log ends with record {}", self.history.last()),
        }
    }
}

/// An instant of the run, in seconds.
fn at(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}
