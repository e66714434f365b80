//! The customer needs fewer slots (rule 13).

use std::collections::BTreeSet;

use super::super::{jobs, known, not_over, open_next, push, standby};
use super::check_text;
use crate::core::afterwards::Reduce;
use crate::core::event::{Event, Reduction, Removed, TierCause, WaitEnd};
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::core::state::State;
use crate::limits::REASON_LEN_MAX;
use crate::model::{Awarding, OfficerId, OfficerSet, Standing, Timestamp, Vacancy};
use crate::rules::reduction;

/// Takes slots away from a vacancy that has not started. What is left of an offer stands: nobody
/// is asked again.
pub(super) fn reduce(state: &State, asked: &Reduce, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    check_text(&asked.reason, REASON_LEN_MAX)?;
    let named: BTreeSet<u16> = asked.slots.iter().copied().collect();
    if (asked.fewer == 0 && named.is_empty()) || named.len() != asked.slots.len() {
        return Err(Refusal::Invalid(Invalid::Reduction));
    }
    let id = asked.vacancy;
    let row = known(state, id)?;
    not_over(row, at)?;
    if let Some(slot) = named
        .iter()
        .find(|slot| usize::from(**slot) >= row.slots.len())
    {
        let (kind, code) = (Kind::Slot, slot.to_string().into());
        return Err(Refusal::Unknown { kind, code });
    }
    let gone = reduction::slots_to_go(&row.slots, asked.fewer.into(), &asked.slots);
    let too_few = |ordinary: usize| {
        let ordinary = u16::try_from(ordinary).unwrap_or(u16::MAX);
        Refusal::TooFewSlots { ordinary }
    };
    let gone = gone.map_err(too_few)?;
    if gone.len() == row.slots.len() {
        return Err(too_few(gone.len() - named.len()));
    }

    let removed = gone.iter().map(|&slot| {
        let seat = &row.slots[usize::from(slot)];
        let holder = seat.holder.as_ref().map(|holder| holder.officer);
        let rank = seat.rank;
        Removed { slot, rank, holder }
    });
    let removed: Vec<Removed> = removed.collect();
    let mut next = row.clone();
    let holders = holders_of(&removed);
    next.unseat(&holders);
    next.remove_slots(&gone);
    let is_filled = next.slots_open() == 0;
    let end = |awarding: &mut Awarding| awarding.reduce(&gone, is_filled);
    if let Some(awarding) = &mut next.awarding {
        end(awarding);
    }
    jobs::bear(state, &next, Some(row))?;
    // Who held a slot that went hears of that, and not of the offer as well.
    next.offered.0 -= &holders.0;
    let withdrawn = no_longer_asked(state, &next);
    next.offered.0 -= &withdrawn.0;
    let mut events = vec![Event::Reduced(Box::new(Reduction {
        vacancy: id,
        removed,
        scheduled: row
            .posting
            .segments
            .iter()
            .map(|segment| segment.span)
            .collect(),
        reason: asked.reason.as_str().into(),
        withdrawn,
    }))];
    events.extend(standby::ended((id, row), WaitEnd::Reduced, end));
    // Without anybody left to answer, nothing else would ask the next agencies.
    let nobody = (|_| false, &[][..]);
    if next.standing == Standing::Open
        && next.free_slots().next().is_some()
        && !push::is_anybody_left(state, &next, nobody, at)
    {
        let because = TierCause::NoEligibleOfficer;
        let opened = open_next(state, (id, &next), because, at, false);
        events.extend(opened.into_iter().flatten());
    }
    Ok(events)
}

/// Those for whom the offer stands and whose rank no slot asks for any more, if it is still open.
fn no_longer_asked(state: &State, next: &Vacancy) -> OfficerSet {
    if next.standing != Standing::Open || next.slots_open() == 0 {
        return OfficerSet::new();
    }
    let (terms, slots) = (&next.terms, &next.posting.slots);
    let officers = &state.roster().officers;
    let is_asked = |officer: &OfficerId| {
        let row = officers.find(*officer);
        row.is_some_and(|row| terms.fits_any(slots, row.rank))
    };
    let asked = next.undecided();
    asked.iter().filter(|officer| !is_asked(officer)).collect()
}

fn holders_of(removed: &[Removed]) -> OfficerSet {
    removed.iter().filter_map(|slot| slot.holder).collect()
}
