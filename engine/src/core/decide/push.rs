//! Who of those offered a vacancy is pushed, when, and waited for (rule 4).
//!
//! Preferences narrow the push and nothing else: whoever prefers other work is offered the vacancy,
//! sees it and may accept it. They said no beforehand, so no tier waits for them. Whoever is not to
//! be disturbed is pushed when their quiet is over, and is waited for: they have said nothing yet.

use std::collections::BTreeMap;

use crate::core::event::{Event, PushDeferred};
use crate::core::state::State;
use crate::model::{OfficerId, OfficerSet, Timestamp, Vacancy, VacancyId};
use crate::rules::preference;

/// Whether anybody of `offered` is pushed and has not taken on other work since, and so may answer.
pub(super) fn is_anybody_asked(
    state: &State,
    row: &Vacancy,
    offered: &OfficerSet,
    at: Timestamp,
) -> bool {
    may_any_answer(state, row, offered.iter(), at)
}

/// Whether anybody who was asked may still answer and take an open slot of `row`, now that those for
/// whom `is_gone` is true will not, and that the slots of `taken` are no longer open. Nobody waits
/// for those whose rank has all its officers.
pub(super) fn is_anybody_left(
    state: &State,
    row: &Vacancy,
    (is_gone, taken): (impl Fn(OfficerId) -> bool, &[u16]),
    at: Timestamp,
) -> bool {
    let asked = row.offered.iter();
    let is_undecided = |officer: &OfficerId| {
        !row.declined.contains(*officer) && !is_gone(*officer) && row.slot_of(*officer).is_none()
    };
    let undecided = asked.filter(is_undecided);
    let left = undecided.filter(|officer| state.is_free_for_rank(row, *officer, taken));
    may_any_answer(state, row, left, at)
}

fn may_any_answer(
    state: &State,
    row: &Vacancy,
    officers: impl Iterator<Item = OfficerId>,
    at: Timestamp,
) -> bool {
    let mut free = officers.filter(|officer| is_free_for(state, row, *officer));
    if state.roster().provisions.preferences.is_empty() {
        return free.next().is_some();
    }
    match state.ground(row, at) {
        Some(ground) => free.any(|officer| !preference::is_narrowed(ground, officer)),
        None => free.next().is_some(),
    }
}

/// Whether `officer` holds nothing else at the time of `row`: the offer of it was withdrawn from
/// whoever does.
fn is_free_for(state: &State, row: &Vacancy, officer: OfficerId) -> bool {
    let Some(calendar) = state.calendars().find(officer) else {
        return true;
    };
    let mut booked = row.busy().flat_map(|span| calendar.within(span));
    let is_own = |vacancy| state.vacancy_id(row.posting.key) == Some(vacancy);
    booked.all(|booking| is_own(booking.vacancy))
}

/// Notes behind `events` who of those they offer a vacancy to is not to be disturbed at `at`.
pub(super) fn defer(state: &State, events: &mut Vec<Event>, at: Timestamp) {
    let preferences = &state.roster().provisions.preferences;
    if preferences.is_empty() {
        return;
    }
    let mut deferred: BTreeMap<(VacancyId, Timestamp), OfficerSet> = BTreeMap::new();
    for (vacancy, officers) in events.iter().filter_map(Event::offered) {
        for officer in officers.iter() {
            let quiet = preferences.get(&officer).and_then(|p| p.quiet.as_ref());
            if let Some(until) = quiet.and_then(|quiet| preference::quiet_until(quiet, at)) {
                let waiting = deferred.entry((vacancy, until)).or_default();
                waiting.insert(officer);
            }
        }
    }
    let deferred = deferred.into_iter();
    events.extend(deferred.map(|((vacancy, until), officers)| {
        Event::PushDeferred(Box::new(PushDeferred {
            vacancy,
            until,
            officers,
        }))
    }));
}

/// Those whose quiet is over, and for whom the vacancy still stands: perhaps nobody.
pub(super) fn deferred(state: &State, vacancy: VacancyId, at: Timestamp) -> Event {
    let row = state
        .vacancy(vacancy)
        .filter(|row| at < row.posting.span().start);
    let ground = row.and_then(|row| state.ground(row, at));
    let due = state
        .durable
        .deferred
        .range((vacancy, Timestamp::MIN)..=(vacancy, at));
    let officers = row.zip(ground).map(|(row, ground)| {
        due.flat_map(|(_, officers)| officers.iter())
            .filter(|officer| !preference::is_narrowed(ground, *officer))
            .filter(|officer| state.stands_for(row, *officer, at))
            .filter(|officer| state.is_free_for_rank(row, *officer, &[]))
            .collect()
    });
    Event::Pushed {
        vacancy,
        officers: officers.unwrap_or_default(),
    }
}
