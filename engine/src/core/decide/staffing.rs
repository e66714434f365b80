//! Which ranks the slots of a vacancy ask for, and who fills them (rule 10).

use std::borrow::Cow;

use super::known;
use super::posting::check_slots;
use crate::core::command::{Amend, NewVacancy};
use crate::core::refusal::{BelowLadder, Refusal};
use crate::core::state::State;
use crate::limits::CONFIRM_WITHIN_MS_MIN;
use crate::model::{AgencyId, Ladder, Posting, Rank, Roster, Term, Timestamp, Vacancy, VacancyId};
use crate::rules::staffing;

/// `new` with a rank for each slot: where only their number is said, those of the ladder that is
/// in force at the lead agency when the work starts.
pub(super) fn ranked<'a>(
    roster: &Roster,
    new: &'a NewVacancy,
    terms: &[Term],
) -> Result<Cow<'a, NewVacancy>, Refusal> {
    let by_ladder = terms.iter().find_map(|term| match term {
        Term::ByLadder { slots } => Some(*slots),
        _ => None,
    });
    let Some(slots) = by_ladder else {
        return Ok(Cow::Borrowed(new));
    };
    let start = new.segments.first().map(|segment| segment.start);
    // What is not known or not there is refused when the vacancy is resolved.
    let lead = roster.agency(&new.lead).zip(start);
    let slots = ranks(lead.and_then(|(lead, at)| ladder(roster, lead, at)), slots)?;
    let named = Cow::Owned(NewVacancy {
        slots,
        ..new.clone()
    });
    Ok(named)
}

/// Stamps on `row` that a higher rank fills its lower slots, if its lead agency says so and whoever
/// publishes it says nothing: what the agency says later changes no vacancy.
pub(super) fn stamp(roster: &Roster, row: &mut Vacancy) {
    let (lead, start) = (row.posting.lead, row.posting.span().start);
    if ladder(roster, lead, start).is_some_and(|ladder| ladder.higher_fills)
        && row.terms.higher_ranks().is_none()
    {
        row.terms.put(Term::HigherRanks { fill: true });
    }
}

/// Refuses fewer supervisors than the ladder of the lead agency asks for.
pub(super) fn check(roster: &Roster, posting: &Posting) -> Result<(), Refusal> {
    let ladder = ladder(roster, posting.lead, posting.span().start);
    let short = ladder.and_then(|ladder| staffing::shortfall(&ladder.steps, &posting.slots));
    let Some((rank, asked, named)) = short else {
        return Ok(());
    };
    let count = |count| u16::try_from(count).unwrap_or(u16::MAX);
    Err(Refusal::BelowLadder(Box::new(BelowLadder {
        rank,
        slots: count(posting.slots.len()),
        asked: count(asked),
        named: count(named),
    })))
}

/// The amendment by which vacancy `id` has `slots` slots of the ladder's ranks.
pub(super) fn restaff(state: &State, (id, slots): (VacancyId, u16)) -> Result<Amend, Refusal> {
    let posting = &known(state, id)?.posting;
    let ladder = ladder(state.roster(), posting.lead, posting.span().start);
    Ok(Amend {
        vacancy: id,
        segments: None,
        slots: Some(ranks(ladder, slots)?),
        post_orders: None,
        // Nobody has to confirm anything: time and place stay as they are.
        confirm_within_ms: CONFIRM_WITHIN_MS_MIN,
    })
}

fn ranks(ladder: Option<&Ladder>, slots: u16) -> Result<Vec<Rank>, Refusal> {
    let ranks = staffing::ranks(ladder.map_or(&[][..], |row| &row.steps), slots);
    check_slots(&ranks)?;
    Ok(ranks)
}

fn ladder(roster: &Roster, lead: AgencyId, start: Timestamp) -> Option<&Ladder> {
    let ladders = roster.provisions.ladders.get(&lead)?;
    staffing::in_force(ladders, start)
}
