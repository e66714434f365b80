//! How many officers each clause leaves, one after the other (rule 6).

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::Index;
use crate::model::{AgencyId, Calendar, OfficerId, OfficerSet, Table};
use crate::rules::{Candidate, Clause, Ground, eligibility};

impl Index {
    /// How many officers of `agencies` there are, and how many of them are left after each clause,
    /// in the order in which clauses are judged. Whoever is not counted any more at a clause is
    /// somebody whom [`eligibility::check`] refuses by that clause or an earlier one.
    ///
    /// Sets narrow first; what they cannot know, such as when something ends, is examined officer
    /// by officer on those who are left. What home agencies add comes last, without figures, and only
    /// where it excludes somebody: each officer counts for the first of it that does not hold.
    pub fn funnel(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> (u64, Vec<(Clause, u64)>) {
        let OfficerSet(mut left) = self.sets.of_agencies(agencies);
        let officers = left.len();
        let candidate = |id: u32| {
            let id = OfficerId(id);
            let officer = ground.roster.officers.find(id)?;
            let calendar = calendars.find(id);
            Some(Candidate {
                id,
                officer,
                calendar,
            })
        };
        let steps = eligibility::clauses(ground).map(|clause| {
            self.sets.narrow(&mut left, ground, clause);
            let holds = left.iter().filter(|id| {
                candidate(*id).is_some_and(|who| eligibility::holds(ground, clause, who))
            });
            left = RoaringBitmap::from_sorted_iter(holds).unwrap_or_default();
            (clause, left.len())
        });
        let mut steps: Vec<(Clause, u64)> = steps.collect();
        if ground.roster.provisions.bind_nobody() {
            return (officers, steps);
        }
        let mut excluded: BTreeMap<Clause, u64> = BTreeMap::new();
        for who in left.iter().filter_map(candidate) {
            if let Err(clause) = eligibility::check(ground, who) {
                *excluded.entry(clause.without_figures()).or_default() += 1;
            }
        }
        let mut rest = left.len();
        steps.extend(excluded.into_iter().map(|(clause, count)| {
            rest -= count;
            (clause, rest)
        }));
        (officers, steps)
    }
}
