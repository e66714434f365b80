//! The standby list: who found a vacancy filled may wait, and is asked first when a slot is given
//! back. Nobody is drafted from it: whoever is asked says yes by accepting, or the next is asked.

use super::answer::{examine, vacate};
use super::{known, not_over, offer_again};
use crate::core::event::{Event, Vacated, WaitEnd, WaitEnded};
use crate::core::refusal::{Kind, Refusal};
use crate::core::state::State;
use crate::limits::STANDBY_MAX;
use crate::model::{Awarding, Kept, OfficerId, OfficerSet, Timestamp, Vacancy, VacancyId};

/// An officer takes back an accept that was an accident.
pub(super) fn undo(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    let (_, holder) = row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    let until = holder.awarded_at.plus_ms(row.terms.undo_within_ms());
    if until <= at {
        return Err(Refusal::NotUndoable);
    }
    vacate(state, id, officer, Vacated::Undone, at)
}

/// An officer waits for a slot. Who was ranked for the last award stands in that order, before
/// everybody else, who stand in the order in which they came.
pub(super) fn join(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    // Terms stay as they are, so a retry hears this again although it is not on record.
    row.terms.confirm_within_ms().ok_or(Refusal::NoStandby)?;
    not_over(row, at)?;
    let awarding = row.awarding.as_deref().cloned().unwrap_or_default();
    let joined = |place: usize| {
        let place = u32::try_from(place + 1).expect("a standby list is short");
        vec![Event::StandbyJoined {
            vacancy: id,
            officer,
            place,
        }]
    };
    if let Some(place) = awarding.standby.iter().position(|one| *one == officer) {
        return Ok(joined(place));
    }
    if awarding.standby.len() >= STANDBY_MAX {
        let (kind, limit) = (Kind::Standby, STANDBY_MAX as u64);
        return Err(Refusal::LimitReached { kind, limit });
    }
    let rank = state.roster().officers.find(officer).map(|row| row.rank);
    let free = rank.and_then(|rank| row.free_slot(rank));
    if free.is_some() || row.slot_of(officer).is_some() {
        return Err(Refusal::StillOpen);
    }
    examine(state, row, officer, at)?;
    let ranked = |one: OfficerId| awarding.ranked.iter().position(|ranked| *ranked == one);
    let is_behind = |other: &OfficerId| match (ranked(officer), ranked(*other)) {
        (Some(own), Some(other)) => own < other,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let place = awarding.standby.iter().position(is_behind);
    Ok(joined(place.unwrap_or(awarding.standby.len())))
}

/// An officer no longer waits; if a slot is kept for them, the next is asked.
pub(super) fn leave(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    not_over(row, at)?;
    let awarding = row.awarding.as_ref();
    let awarding = awarding.filter(|awarding| awarding.standby.contains(&officer));
    let awarding = awarding.ok_or(Refusal::NotWaiting)?;
    Ok(match awarding.kept_for(officer) {
        Some(_) => decline(state, (id, row), officer, at),
        None => vec![Event::StandbyLeft {
            vacancy: id,
            officer,
        }],
    })
}

/// Passes over somebody who does not want the slot that is kept for them: they are not asked for it
/// again, even if nobody else is left.
pub(super) fn decline(
    state: &State,
    vacancy: (VacancyId, &Vacancy),
    officer: OfficerId,
    at: Timestamp,
) -> Vec<Event> {
    let without = [officer].into_iter().collect();
    pass_without(state, vacancy, (&[officer], without), at)
}

/// Passes over `officers`, and asks nobody of `without` instead of them.
pub(super) fn pass_without(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (officers, without): (&[OfficerId], OfficerSet),
    at: Timestamp,
) -> Vec<Event> {
    let mut next = row.clone();
    next.returned.0 |= without.0;
    pass(state, (id, &next), officers, at)
}

/// Passes over those who have had their time to say yes.
pub(super) fn due(state: &State, (id, row): (VacancyId, &Vacancy), at: Timestamp) -> Vec<Event> {
    let kept = row.awarding.iter().flat_map(|awarding| &awarding.kept);
    let silent = kept.filter(|kept| kept.until <= at);
    let silent: Vec<OfficerId> = silent.map(|kept| kept.officer).collect();
    pass(state, (id, row), &silent, at)
}

/// Asks the next on the list instead of each of `officers`; if nobody is left who can come, open
/// slots are offered to everybody.
fn pass(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    officers: &[OfficerId],
    at: Timestamp,
) -> Vec<Event> {
    let mut next = row.clone();
    let mut events = Vec::new();
    let mut slots = Vec::new();
    for &officer in officers {
        let awarding = next.awarding.get_or_insert_default();
        slots.extend(awarding.kept_for(officer).map(|kept| kept.slot));
        awarding.pass(officer);
        events.push(Event::StandbyPassed {
            vacancy: id,
            officer,
        });
    }
    let mut is_exhausted = false;
    for slot in slots {
        match keep(state, &next, slot, at) {
            Some(kept) => {
                next.awarding.get_or_insert_default().kept.push(kept);
                events.push(Event::kept(id, kept));
            }
            None => is_exhausted = true,
        }
    }
    if is_exhausted {
        let offer = offer_again(state, (id, &next), OfficerSet::new(), at);
        events.push(Event::Reoffered {
            vacancy: id,
            recipients: offer.recipients,
            closes_at: offer.closes_at,
        });
        events.extend(offer.opened);
    }
    events
}

/// Says who waits for `row` no longer, because of what `end` does to those who wait.
pub(super) fn ended(
    (id, row): (VacancyId, &Vacancy),
    because: WaitEnd,
    end: impl FnOnce(&mut Awarding),
) -> Option<Event> {
    let before = row.awarding.as_deref()?;
    let mut after = before.clone();
    end(&mut after);
    let mut told = OfficerSet::new();
    let mut once = |officers: Vec<OfficerId>| -> OfficerSet {
        let officers: OfficerSet = officers.into_iter().collect();
        let officers = OfficerSet(&officers.0 - &told.0);
        told.0 |= &officers.0;
        officers
    };
    let kept = before.kept.iter().map(|kept| kept.officer);
    let kept = kept.filter(|officer| after.kept_for(*officer).is_none());
    let bids = before.bids.iter().map(|bid| bid.officer);
    let bids = bids.filter(|officer| after.bid_of(*officer).is_none());
    let standby = before.standby.iter().copied();
    let standby = standby.filter(|officer| !after.standby.contains(officer));
    let ended = WaitEnded {
        vacancy: id,
        because,
        kept: once(kept.collect()),
        bids: once(bids.collect()),
        standby: once(standby.collect()),
    };
    (!told.is_empty()).then(|| Event::WaitEnded(Box::new(ended)))
}

/// Keeps `slot` of `row`, which is open, for the first on the standby list who can come.
pub(super) fn keep(state: &State, row: &Vacancy, slot: u16, at: Timestamp) -> Option<Kept> {
    let within_ms = row.terms.confirm_within_ms()?;
    let awarding = row.awarding.as_deref()?;
    let rank = row.slots.get(usize::from(slot))?.rank;
    let can_come = |officer: &OfficerId| {
        let found = state.roster().officers.find(*officer);
        found.is_some_and(|found| row.terms.fits(rank, found.rank))
            && awarding.kept_for(*officer).is_none()
            && examine(state, row, *officer, at).is_ok()
    };
    let officer = awarding.standby.iter().copied().find(can_come)?;
    let start = row.posting.span().start;
    Some(Kept {
        slot,
        officer,
        until: at.plus_ms(within_ms).min(start),
    })
}
