//! The state as the log has it, record by record, in slow and obvious code; and every statement
//! of state held against it at the statement's own place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use protocol::{BoardRow, Standing, VacancyKey};

use super::{BoardSeen, BreachKind, Evidence, Findings, at};
use crate::ledger::{HeardWhat, VacancyNo};
use crate::torture::history::Fact;

/// What the history as a whole says of vacancies and officers.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The latest round of each vacancy.
    pub(super) rounds: BTreeMap<VacancyNo, u32>,
    /// The latest round of each vacancy in which every slot was taken.
    pub(super) closed_rounds: BTreeMap<VacancyNo, u32>,
    pub(super) cancelled: BTreeSet<VacancyNo>,
    /// Who ever held a slot of what.
    pub(super) held: HashMap<String, BTreeSet<VacancyNo>>,
    /// Who held a slot of what and lost it again.
    pub(super) ended: HashMap<String, BTreeSet<VacancyNo>>,
}

/// A vacancy at some place of the log.
#[derive(Debug, Clone)]
struct Row {
    slots: Vec<Option<String>>,
    round: u32,
    is_cancelled: bool,
    is_expired: bool,
}

/// A whole state that an officer was told.
struct Sync {
    officer: usize,
    sequence: u64,
    heard_us: u64,
    /// Vacancies held, with the slot and the record of the award.
    held: BTreeMap<VacancyNo, (u16, u64)>,
    /// Vacancies offered, with the round.
    offered: Vec<(VacancyNo, u32)>,
}

/// A board that no place of the log has matched yet.
struct Pending<'a> {
    seen: &'a BoardSeen,
    rows: HashMap<VacancyKey, &'a BoardRow>,
    /// Vacancies in which it differs from the place that was reached; nothing before its first.
    differs: Option<BTreeSet<VacancyNo>>,
    is_matched: bool,
}

struct Replay<'a> {
    evidence: &'a Evidence<'a>,
    numbers: HashMap<VacancyKey, VacancyNo>,
    rows: BTreeMap<VacancyNo, Row>,
    /// By badge: vacancies held, with the slot and the record of the award.
    held: HashMap<String, BTreeMap<VacancyNo, (u16, u64)>>,
    outline: Outline,
}

/// Walks through the history, and judges it, every whole-state sync and every board.
pub(super) fn replay(evidence: &Evidence<'_>, findings: &mut Findings) -> Outline {
    let mut replay = Replay {
        evidence,
        numbers: evidence.numbers(),
        rows: BTreeMap::new(),
        held: HashMap::new(),
        outline: Outline::default(),
    };
    let mut syncs = syncs(evidence, findings);
    syncs.sort_by_key(|sync| sync.sequence);
    let mut syncs = syncs.into_iter().peekable();
    let mut boards: Vec<Pending<'_>> = evidence.boards.iter().map(Pending::new).collect();
    for (sequence, record) in evidence.history.records() {
        findings.counts.records += 1;
        let mut touched = BTreeSet::new();
        for event in &record.events {
            touched.extend(replay.apply(sequence, event, findings));
        }
        while let Some(sync) = syncs.next_if(|sync| sync.sequence <= sequence) {
            replay.judge_sync(&sync, findings);
        }
        for board in &mut boards {
            board.pass(sequence, &replay.rows, &touched, evidence);
        }
    }
    for sync in syncs {
        findings.counts.syncs += 1;
        findings.add(BreachKind::WrongSync, || {
            format!(
                "{} was told the state at sequence {} at {}, but {}.",
                evidence.officers[sync.officer].badge,
                sync.sequence,
                at(sync.heard_us),
                evidence.tell(sync.sequence)
            )
        });
    }
    for board in boards {
        findings.counts.boards += 1;
        if !board.is_matched {
            findings.add(BreachKind::WrongBoard, || board.tell(evidence));
        }
    }
    replay.outline
}

impl Replay<'_> {
    /// Applies one event; says which vacancy changed.
    fn apply(&mut self, sequence: u64, event: &Fact, findings: &mut Findings) -> Option<VacancyNo> {
        let (Fact::Published { vacancy: key }
        | Fact::TierOpened { vacancy: key }
        | Fact::Awarded { vacancy: key, .. }
        | Fact::Vacated { vacancy: key, .. }
        | Fact::Declined { vacancy: key, .. }
        | Fact::Cancelled { vacancy: key }
        | Fact::Expired { vacancy: key }) = event
        else {
            return None;
        };
        let vacancy = *self.numbers.get(key)?;
        match event {
            Fact::Published { .. } => {
                let slots = self.evidence.vacancies[vacancy.index()].slots.len();
                let row = Row {
                    slots: vec![None; slots],
                    round: 1,
                    is_cancelled: false,
                    is_expired: false,
                };
                self.rows.insert(vacancy, row);
                self.outline.rounds.insert(vacancy, 1);
            }
            Fact::Awarded { slot, badge, .. } => {
                self.award(sequence, vacancy, *slot, badge, findings);
            }
            Fact::Vacated {
                slot, badge, round, ..
            } => {
                let row = self.rows.get_mut(&vacancy)?;
                *row.slots.get_mut(usize::from(*slot))? = None;
                row.round = *round;
                self.outline.rounds.insert(vacancy, *round);
                self.end(vacancy, badge);
            }
            Fact::Cancelled { .. } => {
                let row = self.rows.get_mut(&vacancy)?;
                row.is_cancelled = true;
                let holders: Vec<String> = row.slots.iter_mut().filter_map(Option::take).collect();
                self.outline.cancelled.insert(vacancy);
                for badge in holders {
                    self.end(vacancy, &badge);
                }
            }
            Fact::Expired { .. } => self.rows.get_mut(&vacancy)?.is_expired = true,
            Fact::TierOpened { .. } | Fact::Declined { .. } => return None,
            Fact::OfferedLater { .. } | Fact::Confirmed | Fact::Refused | Fact::Other => {
                return None;
            }
        }
        Some(vacancy)
    }

    fn award(
        &mut self,
        sequence: u64,
        vacancy: VacancyNo,
        slot: u16,
        badge: &str,
        findings: &mut Findings,
    ) {
        let evidence = self.evidence;
        let key = evidence.key(vacancy);
        let seat = self
            .rows
            .get_mut(&vacancy)
            .and_then(|row| row.slots.get_mut(usize::from(slot)));
        let before = seat.map(|seat| seat.replace(badge.to_owned()));
        if let None | Some(Some(_)) = &before {
            findings.add(BreachKind::DoubledSlot, || {
                format!(
                    "record {sequence} gives slot {slot} of {key} to {badge}, but {}.",
                    match before.flatten() {
                        Some(holder) => format!("{holder} holds it"),
                        None => "there is no such slot".to_owned(),
                    }
                )
            });
        }
        let held = self.held.entry(badge.to_owned()).or_default();
        let facts = &evidence.vacancies[vacancy.index()];
        let mut held_now = held.iter();
        let clash = held_now
            .find(|(other, _)| evidence.vacancies[other.index()].overlaps(facts))
            .map(|(other, (_, since))| (evidence.key(*other), *since));
        if let Some((other, since)) = clash {
            findings.add(BreachKind::OverlappingOfficer, || {
                format!(
                    "record {sequence} gives {key} to {badge}, who holds {other} since record \
                     {since}; the work overlaps in time."
                )
            });
        }
        held.insert(vacancy, (slot, sequence));
        let ever = self.outline.held.entry(badge.to_owned()).or_default();
        ever.insert(vacancy);
        if let Some(row) = self.rows.get(&vacancy)
            && row.slots.iter().all(Option::is_some)
        {
            self.outline.closed_rounds.insert(vacancy, row.round);
        }
    }

    fn end(&mut self, vacancy: VacancyNo, badge: &str) {
        if let Some(held) = self.held.get_mut(badge) {
            held.remove(&vacancy);
        }
        let ended = self.outline.ended.entry(badge.to_owned()).or_default();
        ended.insert(vacancy);
    }

    fn judge_sync(&self, sync: &Sync, findings: &mut Findings) {
        findings.counts.syncs += 1;
        let evidence = self.evidence;
        let badge = &evidence.officers[sync.officer].badge;
        let nothing = BTreeMap::new();
        let held = self.held.get(badge).unwrap_or(&nothing);
        if *held != sync.held {
            findings.add(BreachKind::WrongSync, || {
                format!(
                    "{badge} was told at {} that at sequence {} they hold {}, but by the log \
                     they hold {}.",
                    at(sync.heard_us),
                    sync.sequence,
                    tell_held(evidence, &sync.held),
                    tell_held(evidence, held),
                )
            });
        }
        for (vacancy, round) in &sync.offered {
            let row = self.rows.get(vacancy);
            let stands = row.is_some_and(|row| {
                let is_open = row.slots.iter().any(Option::is_none);
                is_open && !row.is_cancelled && !row.is_expired && row.round == *round
            });
            if !stands {
                findings.add(BreachKind::WrongSync, || {
                    format!(
                        "{badge} was told at {} that at sequence {} round {round} of {} is \
                         open, but by the log it is {row:?}.",
                        at(sync.heard_us),
                        sync.sequence,
                        evidence.key(*vacancy),
                    )
                });
            }
        }
    }
}

fn tell_held(evidence: &Evidence<'_>, held: &BTreeMap<VacancyNo, (u16, u64)>) -> String {
    let told: Vec<String> = held
        .iter()
        .map(|(vacancy, (slot, since))| {
            format!("slot {slot} of {} since {since}", evidence.key(*vacancy))
        })
        .collect();
    match told.is_empty() {
        true => "nothing".to_owned(),
        false => told.join(", "),
    }
}

/// Every whole state that an officer was told completely.
fn syncs(evidence: &Evidence<'_>, findings: &mut Findings) -> Vec<Sync> {
    let mut syncs = Vec::new();
    for (officer, book) in evidence.officers.iter().enumerate() {
        let mut stated: Option<Sync> = None;
        for heard in &book.heard {
            match heard.what {
                HeardWhat::Up { resumed } => {
                    stated = (!resumed).then(|| Sync {
                        officer,
                        sequence: 0,
                        heard_us: heard.at_us,
                        held: BTreeMap::new(),
                        offered: Vec::new(),
                    });
                }
                HeardWhat::Assigned { slot, awarded } => {
                    if let Some(sync) = &mut stated {
                        sync.held.insert(heard.vacancy, (slot, awarded));
                    }
                }
                HeardWhat::Offered { round, .. } => {
                    if let Some(sync) = &mut stated {
                        sync.offered.push((heard.vacancy, round));
                    }
                }
                HeardWhat::Synced => {
                    older_than_its_start(evidence, book, heard.at_us, heard.sequence, findings);
                    if let Some(mut sync) = stated.take() {
                        sync.sequence = heard.sequence;
                        sync.heard_us = heard.at_us;
                        syncs.push(sync);
                    }
                }
                HeardWhat::Down | HeardWhat::Dropped => stated = None,
                HeardWhat::Gone
                | HeardWhat::Withdrawn(_)
                | HeardWhat::Overlapped
                | HeardWhat::Unassigned(_)
                | HeardWhat::StoppedReading
                | HeardWhat::Busy => {}
            }
        }
    }
    syncs
}

/// A server may not show less than the log that it was started on.
fn older_than_its_start(
    evidence: &Evidence<'_>,
    book: &crate::ledger::OfficerBook,
    heard_us: u64,
    sequence: u64,
    findings: &mut Findings,
) {
    let mut started = evidence.restarts.iter().rev();
    let Some(restart) = started.find(|restart| restart.at_us <= heard_us) else {
        return;
    };
    if sequence < restart.last {
        findings.add(BreachKind::WrongSync, || {
            format!(
                "{} was told the state at sequence {sequence} at {}, but the server was started \
                 on a log of {} records at {}.",
                book.badge,
                at(heard_us),
                restart.last,
                at(restart.at_us)
            )
        });
    }
}

impl<'a> Pending<'a> {
    fn new(seen: &'a BoardSeen) -> Pending<'a> {
        Pending {
            seen,
            rows: seen.rows.iter().map(|row| (row.vacancy, row)).collect(),
            differs: None,
            is_matched: false,
        }
    }

    /// Looks whether the board is the state after this record.
    fn pass(
        &mut self,
        sequence: u64,
        rows: &BTreeMap<VacancyNo, Row>,
        touched: &BTreeSet<VacancyNo>,
        evidence: &Evidence<'_>,
    ) {
        if self.is_matched || sequence < self.seen.from {
            return;
        }
        let differs = |vacancy: &VacancyNo| {
            let row = rows.get(vacancy);
            let shown = self.rows.get(&evidence.key(*vacancy)).copied();
            !row.zip(shown).is_some_and(|(row, shown)| row.is(shown))
        };
        match &mut self.differs {
            None => self.differs = Some(rows.keys().copied().filter(differs).collect()),
            Some(known) => {
                for vacancy in touched {
                    match differs(vacancy) {
                        true => known.insert(*vacancy),
                        false => known.remove(vacancy),
                    };
                }
            }
        }
        let is_alike = self.differs.as_ref().is_some_and(BTreeSet::is_empty);
        self.is_matched = is_alike && rows.len() == self.rows.len();
    }

    fn tell(&self, evidence: &Evidence<'_>) -> String {
        const SHOWN_MAX: usize = 5;
        let differs = self.differs.iter().flatten().take(SHOWN_MAX);
        let differs: Vec<String> = differs
            .map(|vacancy| {
                let key = evidence.key(*vacancy);
                match self.rows.get(&key) {
                    Some(row) => format!("{key} ({:?}, {:?})", row.standing, holders(row)),
                    None => format!("{key} (not shown)"),
                }
            })
            .collect();
        format!(
            "a board of {} vacancies, asked of a server that was started on {} records, is the \
             state at no place from there to the end of the log ({} records); at the end it \
             differs in {}.",
            self.rows.len(),
            self.seen.from,
            evidence.history.last(),
            match differs.is_empty() {
                true => "the number of vacancies".to_owned(),
                false => differs.join(", "),
            }
        )
    }
}

impl Row {
    /// Whether the board shows exactly this.
    fn is(&self, shown: &BoardRow) -> bool {
        let is_full = self.slots.iter().all(Option::is_some);
        let standing = match (self.is_cancelled, self.is_expired, is_full) {
            (true, _, _) => Standing::Cancelled,
            (_, true, _) => Standing::Expired,
            (_, _, true) => Standing::Filled,
            (_, _, false) => Standing::Open,
        };
        standing == shown.standing
            && self.round == shown.round
            && self.slots.iter().map(Option::as_deref).eq(holders(shown))
    }
}

fn holders(row: &BoardRow) -> Vec<Option<&str>> {
    row.slots
        .iter()
        .map(|slot| slot.holder.as_deref())
        .collect()
}
