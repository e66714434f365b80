//! How many officers each clause leaves, one after the other (rule 6).

use roaring::RoaringBitmap;

use super::{Index, keep, union};
use crate::model::{AgencyId, Calendar, OfficerId, Table};
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
        let of_agency = agencies.iter().filter_map(|agency| self.agency.get(agency));
        let mut left = of_agency.fold(RoaringBitmap::new(), |all, one| all | one);
        let officers = left.len();
        let steps = eligibility::clauses(ground).map(|clause| {
            self.narrow(&mut left, ground, clause);
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

    /// Takes those out of `left` of whom the sets alone know that `clause` does not hold.
    fn narrow(&self, left: &mut RoaringBitmap, ground: Ground<'_>, clause: Clause) {
        match clause {
            Clause::NotSuspended => *left &= &self.ready,
            Clause::Class => *left &= union(&self.class, &ground.programme.classes),
            Clause::Certified(kind) => keep(left, self.certification.get(&kind)),
            Clause::Approved if ground.programme.approval => {
                keep(left, self.approval.get(&ground.posting.programme));
            }
            Clause::Rank => *left &= union(&self.rank, &ground.posting.slots),
            // What is not known by sets is left to the examination.
            _ => {}
        }
    }
}
