//! Who held which slot, from which record of the log to which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Audit, BreachKind, at, key};
use crate::ledger::{Answer, DeskAskWhat, HeardWhat, Ledger, OfficerAskWhat, VacancyNo};

/// A slot in an officer's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// The officer's place in the ledger.
    pub(super) officer: usize,
    pub(super) vacancy: VacancyNo,
    pub(super) slot: u16,
    /// The record that gave it.
    pub(super) from: u64,
    /// The record that ended it; the largest number if nothing did.
    pub(super) until: u64,
    /// When the officer first heard of it, and how.
    pub(super) heard_us: u64,
    pub(super) heard_as: &'static str,
}

impl Hold {
    /// Whether both were held at once, as the log has it.
    fn meets(&self, other: &Hold) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// Whether it was held just before the record of this sequence.
    pub(super) fn stands_at(&self, sequence: u64) -> bool {
        self.from < sequence && sequence < self.until
    }

    /// Whether it was never given back.
    pub(super) fn stands_at_the_end(&self) -> bool {
        self.until == u64::MAX
    }

    fn tell(&self, ledger: &Ledger) -> String {
        let end = match self.until {
            u64::MAX => "never given back".to_owned(),
            until => format!("until sequence {until}"),
        };
        format!(
            "{} held slot {} of {} from sequence {} ({} at {}), {end}",
            ledger.officers[self.officer].badge,
            self.slot,
            key(ledger, self.vacancy),
            self.from,
            self.heard_as,
            at(self.heard_us),
        )
    }
}

/// Every hold of a run, in the order of officers.
#[derive(Debug)]
pub(super) struct Holds {
    all: Vec<Hold>,
    /// Where each officer's holds begin; one more entry than officers.
    starts: Vec<usize>,
}

impl Holds {
    pub(super) fn of(ledger: &Ledger) -> Holds {
        let ends = Ends::of(ledger);
        let mut all = Vec::new();
        let mut starts = Vec::with_capacity(ledger.officers.len() + 1);
        for officer in 0..ledger.officers.len() {
            starts.push(all.len());
            all.extend(of_officer(ledger, officer, &ends));
        }
        starts.push(all.len());
        Holds { all, starts }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.all.iter()
    }

    pub(super) fn of_officer(&self, officer: usize) -> &[Hold] {
        &self.all[self.starts[officer]..self.starts[officer + 1]]
    }
}

/// Two officers held one slot over overlapping spans of the log.
pub(super) fn double_fills(ledger: &Ledger, holds: &Holds, audit: &mut Audit) {
    let mut of_slot: BTreeMap<(VacancyNo, u16), Vec<&Hold>> = BTreeMap::new();
    for hold in holds.iter() {
        let slot = (hold.vacancy, hold.slot);
        of_slot.entry(slot).or_default().push(hold);
    }
    for mut holds in of_slot.into_values() {
        holds.sort_by_key(|hold| (hold.from, hold.officer));
        for (place, second) in holds.iter().enumerate() {
            let earlier = holds[..place].iter();
            let mut others = earlier.filter(|first| first.officer != second.officer);
            if let Some(first) = others.find(|first| first.meets(second)) {
                audit.add(BreachKind::DoubleFill, || {
                    format!("{}; yet {}.", first.tell(ledger), second.tell(ledger))
                });
            }
        }
    }
}

/// One officer held two assignments that share an instant of work, or two slots of one vacancy.
pub(super) fn overlapping_assignments(ledger: &Ledger, holds: &Holds, audit: &mut Audit) {
    for officer in 0..ledger.officers.len() {
        let held = holds.of_officer(officer);
        for (place, second) in held.iter().enumerate() {
            for first in held[..place].iter().filter(|first| first.meets(second)) {
                let [one, other] =
                    [first, second].map(|hold| &ledger.vacancies[hold.vacancy.index()]);
                if one.overlaps(other) {
                    audit.add(BreachKind::OverlappingAssignment, || {
                        format!(
                            "{}; and {}; the work overlaps in time.",
                            first.tell(ledger),
                            second.tell(ledger)
                        )
                    });
                }
            }
        }
    }
}

/// The records that ended holds, by whom they concern.
struct Ends {
    /// Cancellations, by vacancy.
    cancelled: BTreeMap<VacancyNo, BTreeSet<u64>>,
    /// Recalls, by vacancy and badge.
    recalled: BTreeMap<(VacancyNo, String), BTreeSet<u64>>,
}

impl Ends {
    fn of(ledger: &Ledger) -> Ends {
        let mut ends = Ends {
            cancelled: BTreeMap::new(),
            recalled: BTreeMap::new(),
        };
        for ask in ledger.desks.iter().flat_map(|desk| &desk.asks) {
            let Some(Answer::Done { sequence }) = ask.answer else {
                continue;
            };
            match &ask.what {
                DeskAskWhat::Cancel(vacancy) => {
                    ends.cancelled.entry(*vacancy).or_default().insert(sequence);
                }
                DeskAskWhat::Recall { vacancy, badge } => {
                    let whom = (*vacancy, badge.clone());
                    ends.recalled.entry(whom).or_default().insert(sequence);
                }
                DeskAskWhat::Publish(_) | DeskAskWhat::OpenNextTier(_) | DeskAskWhat::Roster(_) => {
                }
            }
        }
        ends
    }
}

fn of_officer(ledger: &Ledger, officer: usize, ends: &Ends) -> Vec<Hold> {
    let book = &ledger.officers[officer];
    let mut holds: BTreeMap<(VacancyNo, u64, u16), Hold> = BTreeMap::new();
    let mut begin = |vacancy, from, slot, heard_us, heard_as| {
        let hold = holds.entry((vacancy, from, slot)).or_insert(Hold {
            officer,
            vacancy,
            slot,
            from,
            until: u64::MAX,
            heard_us,
            heard_as,
        });
        if heard_us < hold.heard_us {
            (hold.heard_us, hold.heard_as) = (heard_us, heard_as);
        }
    };
    let mut ended: BTreeMap<VacancyNo, BTreeSet<u64>> = BTreeMap::new();
    for ask in &book.asks {
        match (ask.what, ask.answer) {
            (_, Some(Answer::Won { slot, sequence, .. })) => {
                begin(ask.vacancy, sequence, slot, ask.answered_us, "answered Won");
            }
            (OfficerAskWhat::Release, Some(Answer::Done { sequence })) => {
                ended.entry(ask.vacancy).or_default().insert(sequence);
            }
            _ => {}
        }
    }
    for heard in book
        .heard
        .iter()
        .filter(|heard| heard.vacancy != VacancyNo::NONE)
    {
        match heard.what {
            HeardWhat::Assigned { slot, awarded } => {
                begin(heard.vacancy, awarded, slot, heard.at_us, "told Assigned");
            }
            HeardWhat::Unassigned(_) => {
                ended
                    .entry(heard.vacancy)
                    .or_default()
                    .insert(heard.sequence);
            }
            _ => {}
        }
    }
    let mut holds: Vec<Hold> = holds.into_values().collect();
    for hold in &mut holds {
        let after = hold.from + 1;
        let recalled = ends.recalled.get(&(hold.vacancy, book.badge.clone()));
        let own = ended.get(&hold.vacancy);
        let cancelled = ends.cancelled.get(&hold.vacancy);
        let first = [own, cancelled, recalled].into_iter().flatten();
        let first = first.filter_map(|ends| ends.range(after..).next()).min();
        hold.until = first.copied().unwrap_or(u64::MAX);
    }
    holds
}
