//! Who has a slot kept for them by a standby list: derived from the vacancies.

use std::collections::{BTreeMap, BTreeSet};

use super::state::Durable;
use crate::model::{OfficerId, Vacancy, VacancyId};

/// Officers for whom slots are kept, in both directions.
#[derive(Debug, Clone, Default)]
pub(super) struct Keeping {
    of_vacancy: BTreeMap<VacancyId, Vec<OfficerId>>,
    of_officer: BTreeSet<(OfficerId, VacancyId)>,
}

impl Keeping {
    /// What the vacancies of `durable` keep.
    pub(super) fn build(durable: &Durable) -> Keeping {
        let mut keeping = Keeping::default();
        for (id, row) in durable.vacancies.iter() {
            keeping.note(id, row);
        }
        keeping
    }

    /// Whether nothing is kept for anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.of_vacancy.is_empty()
    }

    /// Notes what `row` keeps now.
    pub(super) fn note(&mut self, id: VacancyId, row: &Vacancy) {
        for officer in self.of_vacancy.remove(&id).unwrap_or_default() {
            self.of_officer.remove(&(officer, id));
        }
        let kept = row.awarding.iter().flat_map(|awarding| &awarding.kept);
        let officers: Vec<OfficerId> = kept.map(|kept| kept.officer).collect();
        if !officers.is_empty() {
            self.of_officer
                .extend(officers.iter().map(|officer| (*officer, id)));
            self.of_vacancy.insert(id, officers);
        }
    }

    /// The vacancies that keep a slot for `officer`.
    pub(super) fn of(&self, officer: OfficerId) -> impl Iterator<Item = VacancyId> + '_ {
        let all = (officer, VacancyId(0))..=(officer, VacancyId(u32::MAX));
        self.of_officer.range(all).map(|(_, id)| *id)
    }
}
