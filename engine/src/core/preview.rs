//! What publishing would do, before it is done: who could come, tier by tier, and what excludes
//! the rest (rule 6).

use super::command::Publication;
use super::decide;
use super::refusal::Refusal;
use super::state::State;
use crate::model::{AgencyId, Rank, Timestamp};
use crate::rules::{Clause, tier};

/// What publishing a vacancy would find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Every tier that has an agency, from tier 0.
    pub tiers: Vec<Funnel>,
    /// What each slot would ask for.
    pub slots: Vec<Rank>,
    /// Whether a higher rank would fill a lower slot.
    pub higher_fills: bool,
}

/// The officers of one tier, and what is left of them clause by clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnel {
    /// The tier.
    pub tier: u8,
    /// The agencies asked in it, in order of their numbers.
    pub agencies: Vec<AgencyId>,
    /// How many officers they have.
    pub officers: u64,
    /// Each clause, in the order in which it is judged, with how many officers are left after it.
    pub left: Vec<(Clause, u64)>,
}

impl Funnel {
    /// How many officers could come.
    pub fn eligible(&self) -> u64 {
        self.left.last().map_or(self.officers, |(_, left)| *left)
    }
}

impl State {
    /// What publishing `publication` at `at` would find. Nothing is published.
    ///
    /// # Errors
    /// The refusal that publishing would hear.
    pub fn preview(&self, publication: &Publication, at: Timestamp) -> Result<Preview, Refusal> {
        let Publication { vacancy, terms } = publication;
        let row = decide::draft(self, (vacancy, terms), at, &mut Default::default())?;
        let posting = &row.posting;
        let ground = self
            .ground(&row, at)
            .expect("the programme was found when the vacancy was drafted");
        let mut tiers = Vec::new();
        let mut next = Some(0);
        while let Some(number) = next {
            let (roster, span) = (self.roster(), ground.span);
            let agencies = tier::agencies_of_tier(roster, posting.lead, number, at, span);
            let (officers, left) = self.index.funnel(ground, self.calendars(), &agencies);
            tiers.push(Funnel {
                tier: number,
                agencies,
                officers,
                left,
            });
            next = tier::next_tier(roster, posting.lead, number, at, span);
        }
        Ok(Preview {
            tiers,
            higher_fills: row.terms.higher_ranks() == Some(true),
            slots: row.posting.slots,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_after_every_clause_is_eligible() {
        let funnel = |left: &[u64]| Funnel {
            tier: 0,
            agencies: Vec::new(),
            officers: 9,
            left: left.iter().map(|left| (Clause::Rank, *left)).collect(),
        };
        assert_eq!(funnel(&[]).eligible(), 9);
        assert_eq!(funnel(&[7, 3]).eligible(), 3);
        assert_eq!(funnel(&[7, 0]).eligible(), 0);
    }
}
