//! Matching ahead of deciding: the costly part of a publication, done for a whole batch at once.
//!
//! A match is computed on the state as it stood when the batch was drained, on all cores. It is
//! a hint: when it is used, everybody in it who was booked since is taken out, and if anybody
//! may have become eligible since, it is thrown away and the index is asked anew. Vacancies of one
//! command are decided on one state: publishing one of them makes nobody eligible for another.

use super::command::{Body, NewVacancy};
use super::decide;
use super::state::State;
use crate::model::{OfficerId, OfficerSet, Term, Timestamp, Vacancy};
use crate::rules::conflict;

/// Who may come to each vacancy that a command publishes, computed before the command's turn.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    first: Vec<Option<Match>>,
}

/// Who may come in tier 0 of one vacancy.
#[derive(Debug, Clone)]
pub struct Match {
    /// Generation of the index when this was so.
    generation: u64,
    recipients: OfficerSet,
}

/// A vacancy that a command publishes.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    vacancy: &'a NewVacancy,
    terms: &'a [Term],
}

impl Matches {
    /// Nothing computed ahead.
    pub fn none() -> Matches {
        Matches::default()
    }

    /// How many vacancies `body` publishes.
    pub fn count(body: &Body) -> usize {
        match body {
            Body::Publish(_) => 1,
            Body::PublishAll(all) => all.len(),
            _ => 0,
        }
    }

    /// The vacancies that `body` publishes, each of which can be matched by itself.
    pub fn wanted(body: &Body) -> Vec<Wanted<'_>> {
        match body {
            Body::Publish(vacancy) => vec![Wanted {
                vacancy,
                terms: &[],
            }],
            Body::PublishAll(all) => {
                let wanted = all.iter().map(|one| Wanted {
                    vacancy: &one.vacancy,
                    terms: &one.terms,
                });
                wanted.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Who may come to the vacancy of this number among those that the command publishes, as the
    /// state stands now.
    pub(super) fn recipients(
        &self,
        nth: usize,
        state: &State,
        (row, tier): (&Vacancy, u8),
        at: Timestamp,
    ) -> OfficerSet {
        match self.first.get(nth) {
            // Work booked since may leave no hours for this one, wherever it lies.
            Some(Some(found))
                if tier == 0
                    && found.generation == state.index().generation()
                    && state.roster().provisions.limits.is_empty() =>
            {
                still_free(state, row, &found.recipients)
            }
            _ => state.eligible(row, tier, at),
        }
    }
}

impl FromIterator<Option<Match>> for Matches {
    /// What was found for each of the vacancies that are wanted, in their order.
    fn from_iter<T: IntoIterator<Item = Option<Match>>>(found: T) -> Matches {
        Matches {
            first: found.into_iter().collect(),
        }
    }
}

impl Match {
    /// Computes ahead what deciding `wanted` at `at` will ask the index for; nothing if it will be
    /// refused.
    ///
    /// Later tiers are left to the decision: most vacancies never open them at once.
    pub fn find(state: &State, wanted: Wanted<'_>, at: Timestamp) -> Option<Match> {
        let row = decide::sketch(state, (wanted.vacancy, wanted.terms), at).ok()?;
        Some(Match {
            generation: state.index().generation(),
            recipients: state.eligible(&row, 0, at),
        })
    }
}

/// Those of `officers` who have not been booked in the way of `row`.
fn still_free(state: &State, row: &Vacancy, officers: &OfficerSet) -> OfficerSet {
    let free = |officer: &OfficerId| {
        let calendar = state.calendars().find(*officer);
        let conflict =
            |calendar| conflict::conflict(&row.posting.segments, &row.terms, calendar).is_some();
        !calendar.is_some_and(conflict)
    };
    officers.iter().filter(free).collect()
}
