//! What must hold between two batches, and of two answers to one request.

use std::collections::{BTreeMap, BTreeSet};

use engine::core::{Actor, Body, Command, Matches, Refusal, Refused, Reply, Stamp, State, decide};
use engine::model::{Booking, OfficerId, RequestId, Standing, Vacancy, VacancyId};

/// The rounds of a vacancy as they were: the current one and the last closed one.
pub(super) type Rounds = BTreeMap<VacancyId, (u32, u32)>;

/// Everything that must hold between two batches; the error says what does not.
pub(super) fn examine(state: &State, rounds: &mut Rounds) -> Result<(), String> {
    let must = |holds: bool, what: &str, id: &dyn std::fmt::Debug| match holds {
        true => Ok(()),
        false => Err(format!("{id:?}: {what}")),
    };
    let mut booked: BTreeMap<OfficerId, Vec<Booking>> = BTreeMap::new();
    let mut deadlines = Vec::new();
    for (id, row) in state.vacancies().iter() {
        let holders: Vec<OfficerId> = row.holders().map(|holder| holder.officer).collect();
        let unique: BTreeSet<OfficerId> = holders.iter().copied().collect();
        must(
            unique.len() == holders.len(),
            "an officer has two slots",
            &id,
        )?;
        let is_over = matches!(row.standing, Standing::Cancelled | Standing::Expired);
        let is_filled = row.standing == Standing::Filled;
        must(
            is_over || is_filled == (row.slots_open() == 0),
            "filled and open are mixed up",
            &id,
        )?;
        must(
            !is_filled || row.closed_round == row.round,
            "it is filled in another round",
            &id,
        )?;
        let before = rounds.insert(id, (row.round, row.closed_round));
        let (round, closed) = before.unwrap_or_default();
        must(
            round <= row.round && closed <= row.closed_round,
            "rounds went back",
            &id,
        )?;
        must(
            row.closed_round <= row.round,
            "a round closed before it began",
            &id,
        )?;

        let moved = row.moved.as_deref().cloned().unwrap_or_default();
        let unconfirmed: BTreeSet<OfficerId> = moved.unconfirmed.iter().collect();
        must(
            unconfirmed.is_subset(&unique),
            "a reservation without a slot",
            &id,
        )?;
        must(
            unconfirmed.is_empty() || !is_over,
            "what is over has a reservation",
            &id,
        )?;
        must(
            moved.confirm_by.is_some() != unconfirmed.is_empty(),
            "a reservation without an end, or an end without one",
            &id,
        )?;
        deadlines.extend(moved.confirm_by);
        if row.standing == Standing::Open {
            deadlines.push(row.posting.span().start);
            deadlines.extend(row.tier_closes_at);
        }
        if row.standing == Standing::Open {
            offers_are_promises(state, (id, row))?;
        }
        for officer in holders {
            let spans = row.posting.segments.iter().map(|segment| Booking {
                span: segment.span,
                vacancy: id,
            });
            booked.entry(officer).or_default().extend(spans);
        }
    }
    for (officer, calendar) in state.calendars().iter() {
        let mut held = booked.remove(&officer).unwrap_or_default();
        held.sort();
        must(
            held == calendar.bookings(),
            "the calendar is not what is held",
            &officer,
        )?;
        let disjoint = held
            .windows(2)
            .all(|two| two[0].span.end <= two[1].span.start);
        must(disjoint, "in two places at a time", &officer)?;
    }
    must(booked.is_empty(), "a slot is in no calendar", &booked)?;
    let next = deadlines.into_iter().min();
    must(
        next == state.next_deadline(),
        "deadlines are missing or left over",
        &next,
    )?;
    must(
        next.is_none_or(|due| due > state.at()),
        "something due was not handled",
        &next,
    )
}

/// Whoever an open vacancy is offered to may take it, and whoever may take it was asked.
fn offers_are_promises(state: &State, (id, row): (VacancyId, &Vacancy)) -> Result<(), String> {
    let officers = state.roster().officers.iter().map(|(officer, _)| officer);
    for officer in officers.filter(|officer| row.slot_of(*officer).is_none()) {
        let stands = state.stands_for(row, officer, state.at());
        match answer_now(state, (id, row), officer) {
            Err(refused) if stands => {
                return Err(format!(
                    "{id:?}: {officer:?} is asked, and told {refused:?}"
                ));
            }
            Ok(()) if !row.offered.contains(officer) => {
                return Err(format!("{id:?}: {officer:?} could come and was not asked"));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// What an accept of the round that stands would hear.
fn answer_now(
    state: &State,
    (vacancy, row): (VacancyId, &Vacancy),
    officer: OfficerId,
) -> Result<(), Refused> {
    let round = row.round;
    let accept = Command {
        request: RequestId(u128::MAX),
        by: Actor::Officer(officer),
        body: Body::Accept { vacancy, round },
    };
    let (at, place) = (state.at(), 1);
    decide(state, &accept, Stamp { at, place }, &Matches::none()).map(|_| ())
}

/// A request hears what it heard. The place in line of what is not on record is counted anew.
pub(super) fn same_answer(command: &Command, before: &Reply, now: &Reply) {
    match (refusal(before), refusal(now)) {
        (Some(first), Some(second)) => assert_eq!(first, second, "{command:?}"),
        _ => assert_eq!(before, now, "{command:?}"),
    }
}

pub(super) fn refusal(reply: &Reply) -> Option<&Refusal> {
    reply.as_ref().err().map(|refused| &refused.refusal)
}
