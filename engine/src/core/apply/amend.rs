//! Amendments and what follows from them become state.

use super::{
    PUBLISHED_BEFORE, afterwards, award, clear_deadlines, free, look_ahead, set_tier_deadline,
    vacancy_mut,
};
use crate::core::event::{Amendment, Lapse, Record, Relocation};
use crate::core::state::{Deadline, State};
use crate::model::{OfficerId, OfficerSet, Standing, Timestamp, VacancyId};

pub(super) fn amend(state: &mut State, record: &Record, amendment: &Amendment) {
    let id = amendment.vacancy;
    if let Some(orders) = &amendment.post_orders {
        vacancy_mut(state, id).posting.post_orders = orders.clone();
        afterwards::amend_orders(state, id);
    }
    if amendment.moved.is_none() && amendment.slots.is_none() {
        return;
    }
    // The start may move, and a deadline is found by its time.
    clear_deadlines(state, id);
    if let Some(slots) = &amendment.slots {
        vacancy_mut(state, id).refit(slots);
    }
    if let Some(moved) = &amendment.moved {
        let row = state.durable.vacancies.find(id).expect(PUBLISHED_BEFORE);
        state.ahead.remove(id, row);
        relocate(state, id, amendment.round, moved);
        look_ahead(state, id, record.at);
    }
    let row = vacancy_mut(state, id);
    row.round = amendment.round;
    if row.slots_open() > 0 {
        row.standing = Standing::Open;
        row.offered = amendment.recipients.clone();
        row.declined = OfficerSet::new();
        row.offered_at = record.at;
        let start = row.posting.span().start;
        let deadlines = &mut state.durable.deadlines;
        deadlines.insert((start, Deadline::Start(id)));
        set_tier_deadline(state, id, amendment.closes_at);
    } else {
        if row.standing != Standing::Filled {
            row.filled_at = Some(record.at);
        }
        row.standing = Standing::Filled;
        row.closed_round = row.round;
    }
    award::amended(state, id, amendment.moved.is_some());
}

/// Moves the vacancy, and the bookings of those who keep it under reservation with it.
fn relocate(state: &mut State, id: VacancyId, round: u32, to: &Relocation) {
    end_reservations(state, id);
    for officer in to.lost.iter().chain(to.unconfirmed.iter()) {
        free(state, id, officer);
    }
    let row = vacancy_mut(state, id);
    let lost = row.unseat(&to.lost);
    row.posting.segments.clone_from(&to.segments);
    afterwards::move_shelf(state, id);
    let row = vacancy_mut(state, id);
    let moved = row.moved.get_or_insert_default();
    moved.round = round;
    moved.lost.extend(lost);
    moved.unconfirmed = to.unconfirmed.clone();
    if !to.unconfirmed.is_empty() {
        set_confirm_deadline(state, id, Some(to.confirm_by));
    }
    for officer in to.unconfirmed.iter() {
        book(state, id, officer);
    }
}

/// Books the vacancy's work for `officer`, who holds a slot of it.
fn book(state: &mut State, id: VacancyId, officer: OfficerId) {
    let spans: Vec<_> = vacancy_mut(state, id).busy().collect();
    let calendar = state.durable.calendars.find_mut(officer);
    let calendar = calendar.expect("who holds a slot has a calendar");
    for &span in &spans {
        assert!(
            calendar.overlapping(span).is_none(),
            "an officer is in one place at a time"
        );
        calendar.book(span, id);
    }
    let roster = &state.durable.roster;
    state
        .index
        .rebook(officer, roster, calendar, spans.into_iter());
}

pub(super) fn lapse(state: &mut State, record: &Record, lapse: &Lapse) {
    let id = lapse.vacancy;
    end_reservations(state, id);
    let row = vacancy_mut(state, id);
    let lost = row.unseat(&lapse.officers);
    row.moved.get_or_insert_default().lost.extend(lost);
    // A filled vacancy was withdrawn from everybody; an open one still stands.
    if row.standing == Standing::Filled {
        row.offered = OfficerSet::new();
    }
    row.standing = Standing::Open;
    row.round = lapse.round;
    row.offered.0 |= &lapse.recipients.0;
    row.offered_at = record.at;
    row.declined = OfficerSet::new();
    let start = row.posting.span().start;
    state.durable.deadlines.insert((start, Deadline::Start(id)));
    for officer in lapse.officers.iter() {
        free(state, id, officer);
    }
    set_tier_deadline(state, id, lapse.closes_at);
}

/// `officer` has no reservation any more: the slot is theirs, or is not.
pub(super) fn settle(state: &mut State, id: VacancyId, officer: OfficerId) {
    let Some(moved) = &mut vacancy_mut(state, id).moved else {
        return;
    };
    moved.unconfirmed.remove(officer);
    if moved.unconfirmed.is_empty() {
        set_confirm_deadline(state, id, None);
    }
}

/// Nobody has a reservation any more.
pub(super) fn end_reservations(state: &mut State, id: VacancyId) {
    if let Some(moved) = &mut vacancy_mut(state, id).moved {
        moved.unconfirmed = OfficerSet::new();
        set_confirm_deadline(state, id, None);
    }
}

fn set_confirm_deadline(state: &mut State, id: VacancyId, by: Option<Timestamp>) {
    let moved = &mut vacancy_mut(state, id).moved;
    let moved = moved.as_mut().expect("only what was moved is confirmed");
    let before = std::mem::replace(&mut moved.confirm_by, by);
    let deadlines = &mut state.durable.deadlines;
    if let Some(at) = before {
        deadlines.remove(&(at, Deadline::Confirm(id)));
    }
    if let Some(at) = by {
        deadlines.insert((at, Deadline::Confirm(id)));
    }
}
