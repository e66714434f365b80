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
    let is_nobody_choosy = state.roster().provisions.preferences.is_empty();
    let mut free = offered
        .iter()
        .filter(|officer| is_free_for(state, row, *officer));
    match state.ground(row, at) {
        Some(ground) if !is_nobody_choosy => {
            free.any(|officer| !preference::is_narrowed(ground, officer))
        }
        _ => free.next().is_some(),
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
            .collect()
    });
    Event::Pushed {
        vacancy,
        officers: officers.unwrap_or_default(),
    }
}
