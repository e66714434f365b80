//! The last tier: who may come when nobody else is available, once somebody approved it (rule 12).

use super::{known, not_over};
use crate::core::event::{Event, LastTierApproved};
use crate::core::refusal::{Invalid, Refusal};
use crate::core::state::State;
use crate::limits::NAME_LEN_MAX;
use crate::model::{Standing, Timestamp, VacancyId};
use crate::rules::tier;

/// Asks the last tier of the vacancy's programme, after all others. Whether nobody of those is
/// available is what whoever approves it says: an officer who was asked may be silent for ever.
pub(super) fn approve(
    state: &State,
    id: VacancyId,
    approved_by: &str,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !(1..=NAME_LEN_MAX).contains(&approved_by.len()) {
        return Err(Refusal::Invalid(Invalid::ApprovedBy));
    }
    let row = known(state, id)?;
    not_over(row, at)?;
    if row.standing == Standing::Filled {
        return Err(Refusal::Filled);
    }
    let (posting, roster) = (&row.posting, state.roster());
    let has_one = roster
        .provisions
        .last_tiers
        .contains_key(&posting.programme);
    if !has_one || row.last_tier {
        return Err(Refusal::NoLastTier);
    }
    if tier::next_tier(roster, posting.lead, row.tier, at, posting.span()).is_some() {
        return Err(Refusal::TiersLeft);
    }
    let mut next = row.clone();
    next.last_tier = true;
    let mut recipients = state.eligible(&next, 0, at);
    recipients.0 -= &row.offered.0;
    Ok(vec![Event::LastTierApproved(Box::new(LastTierApproved {
        vacancy: id,
        approved_by: approved_by.into(),
        recipients,
    }))])
}
