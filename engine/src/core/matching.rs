//! Matching ahead of deciding: the costly part of a publication, done for a whole batch at once.
//!
//! A match is computed on the state as it stood when the batch was drained, on all cores. It is
//! a hint: when it is used, everybody in it who was booked since is taken out, and if anybody
//! may have become eligible since, it is thrown away and the index is asked anew.

use super::command::{Body, Command};
use super::decide::{resolve, staffing};
use super::state::State;
use crate::model::{OfficerId, OfficerSet, Timestamp, Vacancy};
use crate::rules::conflict;

/// Who may come, computed before the command's turn.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// Generation of the index, and who may come in tier 0.
    first: Option<(u64, OfficerSet)>,
}

impl Matches {
    /// Nothing computed ahead.
    pub fn none() -> Matches {
        Matches::default()
    }

    /// Computes ahead what deciding `command` at `at` will ask the index for.
    ///
    /// Later tiers are left to the decision: most vacancies never open them at once.
    pub fn prepare(state: &State, command: &Command, at: Timestamp) -> Matches {
        let Body::Publish(new) = &command.body else {
            return Matches::none();
        };
        let Ok(posting) = resolve(state.roster(), new, at) else {
            return Matches::none();
        };
        let mut row = Vacancy::new(posting);
        staffing::stamp(state.roster(), &mut row);
        let recipients = state.eligible(&row, 0, at);
        Matches {
            first: Some((state.index().generation(), recipients)),
        }
    }

    /// Who may come in `tier`, as the state stands now.
    pub(super) fn recipients(
        &self,
        state: &State,
        row: &Vacancy,
        tier: u8,
        at: Timestamp,
    ) -> OfficerSet {
        match &self.first {
            // Work booked since may leave no hours for this one, wherever it lies.
            Some((generation, recipients))
                if tier == 0
                    && *generation == state.index().generation()
                    && state.roster().provisions.limits.is_empty() =>
            {
                still_free(state, row, recipients)
            }
            _ => state.eligible(row, tier, at),
        }
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
