//! Officers who may have become eligible for work that was published before.

use std::collections::{BTreeMap, BTreeSet};

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, OfficerId, OfficerSet, Timestamp, Vacancy, VacancyId};

/// Who may be eligible for more than before, and is offered what is open to them.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Widening {
    /// Officers who may come to more than before.
    pub officers: OfficerSet,
    /// Officers who could come to nothing before, and since when they can: whatever was offered to
    /// everybody before that is new to them.
    pub reinstated: BTreeMap<OfficerId, Timestamp>,
    /// Agencies all of whose officers may come to more.
    pub agencies: BTreeSet<AgencyId>,
    /// Offers that had been withdrawn from officers because they held work at that time, and no
    /// longer do. Whoever is here with none may still come to something that they were never offered.
    pub freed: BTreeMap<OfficerId, Vec<Withdrawn>>,
}

/// An offer that was withdrawn from somebody.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Withdrawn {
    /// What was offered.
    pub vacancy: VacancyId,
    /// In which round.
    pub round: u32,
}

/// A vacancy among those whose work is ahead, which are looked at in this order.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Place {
    /// The agency responsible.
    pub lead: AgencyId,
    /// When the work starts.
    pub start: Timestamp,
    /// The vacancy.
    pub vacancy: VacancyId,
}

/// Officers who are being offered what is open to them, some vacancies at a time.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offering {
    /// The officers.
    pub who: Widening,
    /// The last vacancy that was looked at.
    pub after: Place,
    /// When it goes on: at once.
    pub since: Timestamp,
}

impl Place {
    /// The place of a vacancy.
    pub fn of(vacancy: VacancyId, row: &Vacancy) -> Place {
        Place {
            lead: row.posting.lead,
            start: row.posting.span().start,
            vacancy,
        }
    }
}

impl Widening {
    /// Adds those of `other`.
    pub fn merge(&mut self, other: &Widening) {
        self.officers.0 |= &other.officers.0;
        self.reinstated.extend(&other.reinstated);
        self.agencies.extend(&other.agencies);
        for (officer, withdrawn) in &other.freed {
            self.freed.entry(*officer).or_default().extend(withdrawn);
        }
    }

    /// Whether what a vacancy offered `officer` before stands anew: it was withdrawn because they held
    /// other work, or they could come to nothing at all since.
    pub fn renews(&self, (id, row): (VacancyId, &Vacancy), officer: OfficerId) -> bool {
        let reinstated = self.reinstated.get(&officer);
        reinstated.is_some_and(|since| row.offered_at < *since) || self.frees((id, row), officer)
    }

    /// Whether it was withdrawn from them because they held other work, in this round or in one that
    /// has ended since.
    pub fn frees(&self, (id, row): (VacancyId, &Vacancy), officer: OfficerId) -> bool {
        let is_it = |one: &Withdrawn| one.vacancy == id && one.round <= row.round;
        let freed = self.freed.get(&officer);
        freed.is_some_and(|withdrawn| withdrawn.iter().any(is_it))
    }

    /// Every officer who is named, which leaves out whoever is meant by an agency only.
    pub fn named(&self) -> OfficerSet {
        let mut named = self.officers.clone();
        let others = self.reinstated.keys().chain(self.freed.keys());
        named.0.extend(others.map(|officer| officer.0));
        named
    }
}
