//! How many officers each clause leaves, one after the other (rule 6).

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
    /// by officer on those who are left.
    pub fn funnel(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> (u64, Vec<(Clause, u64)>) {
        let OfficerSet(mut left) = self.sets.of_agencies(agencies);
        let officers = left.len();
        let steps = eligibility::clauses(ground).map(|clause| {
            self.sets.narrow(&mut left, ground, clause);
            let holds = left.iter().filter(|id| {
                let id = OfficerId(*id);
                ground.roster.officers.find(id).is_some_and(|officer| {
                    let calendar = calendars.find(id);
                    let who = Candidate {
                        id,
                        officer,
                        calendar,
                    };
                    eligibility::holds(ground, clause, who)
                })
            });
            left = RoaringBitmap::from_sorted_iter(holds).unwrap_or_default();
            (clause, left.len())
        });
        let steps = steps.collect();
        (officers, steps)
    }
}
