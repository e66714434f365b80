//! Amendments: another time or place, other slots, other post orders.
//!
//! What an offer says is its round: when that changes, a new round begins and everybody who is
//! eligible is asked. Nobody is moved without having said yes: holders keep their slots under
//! reservation until they accept the new round, and lose them when their time is up.

use super::posting::{check_post_orders, check_segments, check_slots, resolve_segments};
use super::{answer, grants, jobs, known, not_over, offer_again, staffing, standby};
use crate::core::command::Amend;
use crate::core::event::{Amendment, Event, Lapse, Relocation, WaitEnd};
use crate::core::refusal::{Invalid, Refusal};
use crate::core::state::{Receipt, State};
use crate::limits::{CONFIRM_WITHIN_MS_MAX, CONFIRM_WITHIN_MS_MIN};
use crate::model::{
    Awarding, OfficerId, OfficerSet, Rank, Segment, Standing, Timestamp, Vacancy, VacancyId,
};
use crate::rules::{Candidate, Clause, eligibility};

/// Changes what is published of a vacancy that has not started.
pub(super) fn amend(state: &State, asked: &Amend, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    check(asked)?;
    let id = asked.vacancy;
    let row = known(state, id)?;
    let segments = match &asked.segments {
        Some(segments) => Some(resolve_segments(state.roster(), segments, at)?),
        None => None,
    };
    not_over(row, at)?;
    let segments = segments.filter(|to| !same_work(to, &row.posting.segments));
    let slots = asked.slots.as_ref().filter(|to| **to != row.posting.slots);
    if let Some(slots) = slots {
        spare_the_held(row, slots)?;
    }
    let orders = asked.post_orders.as_deref();
    let orders = orders.filter(|to| **to != *row.posting.post_orders);
    if segments.is_none() && slots.is_none() && orders.is_none() {
        return Err(Refusal::Unchanged);
    }

    let mut next = row.clone();
    if let Some(slots) = slots {
        next.refit(slots);
    }
    let moved = segments.map(|segments| {
        next.posting.segments = segments;
        relocate(state, (id, &next), asked.confirm_within_ms, at)
    });
    if let Some(moved) = &moved {
        next.unseat(&moved.lost);
    }
    if slots.is_some() {
        staffing::check(state.roster(), &next.posting)?;
    }
    if slots.is_some() || moved.is_some() {
        jobs::bear(state, &next, Some(row))?;
    }
    grants::check(state, &next, Some((id, row)), &mut grants::Pending::new())?;
    let mut amendment = Amendment {
        vacancy: id,
        moved,
        slots: slots.cloned(),
        post_orders: orders.map(Into::into),
        round: row.round,
        recipients: OfficerSet::new(),
        withdrawn: OfficerSet::new(),
        closes_at: None,
    };
    let is_offer = amendment.moved.is_some() || amendment.slots.is_some();
    let (is_moved, is_filled) = (amendment.moved.is_some(), next.slots_open() == 0);
    let end = |awarding: &mut Awarding| awarding.amend(is_moved, is_filled);
    if let Some(awarding) = next.awarding.as_mut().filter(|_| is_offer) {
        end(awarding);
    }
    let opened = ask_anew(state, (row, &next), &mut amendment, at);
    let mut events = vec![Event::Amended(Box::new(amendment))];
    if is_offer {
        events.extend(standby::ended((id, row), WaitEnd::Amended, end));
    }
    events.extend(opened);
    Ok(events)
}

/// A holder says yes to another time or place, or hears that the answer is to an earlier one.
pub(super) fn confirm(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (officer, receipt): (OfficerId, Receipt),
    round: u32,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    not_over(row, at)?;
    if round < row.moved_round() {
        return Err(Refusal::Amended);
    }
    if round > row.round {
        return Err(Refusal::NotOffered);
    }
    can_come(state, (id, row), officer, at).map_err(|clause| Refusal::NotEligible { clause })?;
    let receipt = Box::new(receipt);
    let mut events = vec![Event::Reconfirmed { officer, receipt }];
    let exceeded = state.exceeded((id, row), officer, at);
    events.extend(answer::flags((id, officer), exceeded));
    Ok(events)
}

/// Takes the slots of those who have not said yes to another time or place, and offers them
/// again, to these officers as well: they were silent, which is not a no.
pub(super) fn lapse(state: &State, (id, row): (VacancyId, &Vacancy), at: Timestamp) -> Vec<Event> {
    let Some(moved) = row.moved.as_ref().filter(|m| !m.unconfirmed.is_empty()) else {
        return Vec::new();
    };
    let officers = moved.unconfirmed.clone();
    let mut next = row.clone();
    next.unseat(&officers);
    let lapsed = |recipients, closes_at| {
        Event::Lapsed(Box::new(Lapse {
            vacancy: id,
            officers: officers.clone(),
            round: row.round + 1,
            recipients,
            closes_at,
        }))
    };
    if row.posting.span().start <= at {
        return vec![lapsed(OfficerSet::new(), None)];
    }
    // Their calendars hold the reservation until this is applied, so the index finds them busy.
    let again = officers.iter().filter(|&officer| {
        let tier = state.tier_of(row, officer, at);
        tier.is_some_and(|tier| tier <= row.tier) && can_come(state, (id, row), officer, at).is_ok()
    });
    let offer = offer_again(state, (id, &next), again.collect(), at);
    let mut events = vec![lapsed(offer.recipients, offer.closes_at)];
    events.extend(offer.opened);
    events
}

/// Refuses what makes no sense, whatever the vacancy is.
fn check(asked: &Amend) -> Result<(), Refusal> {
    if let Some(segments) = &asked.segments {
        check_segments(segments)?;
    }
    if let Some(slots) = &asked.slots {
        check_slots(slots)?;
    }
    if let Some(orders) = &asked.post_orders {
        check_post_orders(orders)?;
    }
    let within = CONFIRM_WITHIN_MS_MIN..=CONFIRM_WITHIN_MS_MAX;
    match within.contains(&asked.confirm_within_ms) {
        true => Ok(()),
        false => Err(Refusal::Invalid(Invalid::ConfirmWithin)),
    }
}

/// Whether both are the same work. The local times of one may be stamped by other zone rules.
fn same_work(one: &[Segment], other: &[Segment]) -> bool {
    let work = |segment: &Segment| (segment.site, segment.span);
    one.iter().map(work).eq(other.iter().map(work))
}

/// Refuses to take away or change a slot that somebody holds.
fn spare_the_held(row: &Vacancy, slots: &[Rank]) -> Result<(), Refusal> {
    for (slot, number) in row.slots.iter().zip(0..) {
        if slot.holder.is_some() && slots.get(usize::from(number)) != Some(&slot.rank) {
            return Err(Refusal::SlotHeld { slot: number });
        }
    }
    Ok(())
}

/// Which holders of `next`, which has its new time and place, may keep their slots, and until
/// when they have to say that they will.
fn relocate(
    state: &State,
    (id, next): (VacancyId, &Vacancy),
    confirm_within_ms: u64,
    at: Timestamp,
) -> Relocation {
    let holders = next.holders().map(|holder| holder.officer);
    let (unconfirmed, lost): (Vec<_>, Vec<_>) =
        holders.partition(|officer| can_come(state, (id, next), *officer, at).is_ok());
    let start = next.posting.span().start;
    Relocation {
        segments: next.posting.segments.clone(),
        unconfirmed: unconfirmed.into_iter().collect(),
        confirm_by: at.plus_ms(confirm_within_ms).min(start),
        lost: lost.into_iter().collect(),
    }
}

/// Whether `officer`, who holds a slot of it, may work `row`; the first clause that does not hold.
pub(super) fn can_come(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    officer: OfficerId,
    at: Timestamp,
) -> Result<(), Clause> {
    let ground = state.ground(row, at);
    let (Some(ground), Some(who)) = (ground, state.candidate(officer)) else {
        return Err(Clause::LeadOrPact);
    };
    let calendar = Some(&state.calendar_beside(id, officer));
    eligibility::check(ground, Candidate { calendar, ..who }).map(|_| ())
}

/// Says in `amendment` who is asked, and who is no longer, where the offer says something new;
/// returns what follows from nobody being there to ask. `next` is `row` with everything amended.
fn ask_anew(
    state: &State,
    (row, next): (&Vacancy, &Vacancy),
    amendment: &mut Amendment,
    at: Timestamp,
) -> Vec<Event> {
    if amendment.moved.is_none() && amendment.slots.is_none() {
        // Post orders are no part of an offer.
        amendment.closes_at = row.tier_closes_at;
        return Vec::new();
    }
    let mut stood = OfficerSet::new();
    if row.standing == Standing::Open {
        stood = row.undecided();
    }
    let is_open = next.slots_open() > 0;
    if is_open || amendment.moved.is_some() {
        amendment.round += 1;
    }
    let mut opened = Vec::new();
    if is_open {
        let id = amendment.vacancy;
        let offer = offer_again(state, (id, next), OfficerSet::new(), at);
        amendment.recipients = offer.recipients;
        amendment.closes_at = offer.closes_at;
        opened = offer.opened;
    }
    amendment.withdrawn.0 = &stood.0 - &amendment.recipients.0;
    opened
}
