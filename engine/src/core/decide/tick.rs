//! What falls due: tier windows, starts of work, expiries of certifications.

use std::collections::BTreeSet;

use super::{amend, award, later, open_next, push, standby};
use crate::core::event::{Event, TierCause, WaitEnd};
use crate::core::state::{Deadline, State};
use crate::limits::RECORD_SETS_BYTES_MAX;
use crate::model::{Awarding, Standing, Timestamp, Vacancy, VacancyId};

/// Handles some of the deadlines up to `at`: as many as one state can decide, and as one record can
/// hold. What is left is due still, and the next tick handles it.
///
/// Reservations that lapse come first, since whoever loses one may be given or offered other work.
/// Everything else follows by time. A lapse, a ranking and a standby list are records of their own: to
/// whatever else is decided with them, whoever is given a slot still looks free, and whoever loses one
/// still busy. Who is no longer to be left in peace is pushed what is left to push, and at last
/// whoever may come to more is offered what is open.
pub(super) fn tick(state: &State, at: Timestamp) -> Vec<Event> {
    let due = state.durable.due(at);
    let lapsing = due.iter().find_map(|deadline| match deadline {
        Deadline::Confirm(vacancy) => Some(*vacancy),
        _ => None,
    });
    if let Some(vacancy) = lapsing {
        return lapse_or_end(state, vacancy, at);
    }
    let comes_last = |deadline: &Deadline| {
        matches!(
            deadline,
            Deadline::Push(_) | Deadline::Widened | Deadline::Offering
        )
    };
    let mut others = due
        .iter()
        .copied()
        .filter(|due| !comes_last(due))
        .peekable();
    if let Some(first) = others.next_if(is_alone) {
        return handle(state, first, at, &mut BTreeSet::new());
    }
    let mut spoken_for = BTreeSet::new();
    let together = others.take_while(|deadline| !is_alone(deadline));
    let handled = together.map(|deadline| handle(state, deadline, at, &mut spoken_for));
    let handled = as_many_as_fit(handled);
    if !handled.is_empty() {
        return handled;
    }
    // One event speaks for all the quiet of a vacancy's officers that is over.
    let quiet_is_over: BTreeSet<VacancyId> = due
        .iter()
        .filter_map(|deadline| match deadline {
            Deadline::Push(vacancy) => Some(*vacancy),
            _ => None,
        })
        .collect();
    let pushed = quiet_is_over.into_iter();
    let pushed = as_many_as_fit(pushed.map(|vacancy| vec![push::deferred(state, vacancy, at)]));
    match pushed.is_empty() && !due.is_empty() {
        true => later::consider(state, at),
        false => pushed,
    }
}

/// Whether `deadline` gives slots, so that nothing else is decided on the same state.
fn is_alone(deadline: &Deadline) -> bool {
    matches!(deadline, Deadline::Rank(_) | Deadline::Standby(_))
}

/// The first of `events` that a record has room for, one deadline's at least.
fn as_many_as_fit(events: impl Iterator<Item = Vec<Event>>) -> Vec<Event> {
    let mut bytes = 0;
    let mut fitting = Vec::new();
    for some in events {
        bytes += some.iter().map(Event::sets_bytes).sum::<usize>();
        fitting.extend(some);
        if bytes >= RECORD_SETS_BYTES_MAX {
            break;
        }
    }
    fitting
}

/// What `deadline` brings about. Every answer removes the deadline, or ticks would never end; one
/// deadline of a vacancy speaks for all of `spoken_for`, and an end for everything.
fn handle(
    state: &State,
    deadline: Deadline,
    at: Timestamp,
    spoken_for: &mut BTreeSet<VacancyId>,
) -> Vec<Event> {
    let vacancy = match deadline {
        Deadline::Tier(vacancy)
        | Deadline::Start(vacancy)
        | Deadline::Rank(vacancy)
        | Deadline::Standby(vacancy) => vacancy,
        // What ends at its start ends for everybody.
        Deadline::Waits(vacancy) if !spoken_for.insert(vacancy) => return Vec::new(),
        Deadline::Waits(vacancy) => {
            let row = row_of(state, vacancy);
            let ended = standby::ended((vacancy, row), WaitEnd::Expired, Awarding::end);
            return ended.into_iter().collect();
        }
        Deadline::Certification(officer, certification) => {
            return vec![Event::CertificationExpired {
                officer,
                certification,
            }];
        }
        Deadline::Shelve(vacancy) => return vec![Event::Shelved { vacancy }],
        // These come before all others, or after them.
        Deadline::Confirm(_) | Deadline::Push(_) | Deadline::Widened | Deadline::Offering => {
            return Vec::new();
        }
    };
    if !spoken_for.insert(vacancy) {
        return Vec::new();
    }
    let row = row_of(state, vacancy);
    assert_eq!(
        row.standing,
        Standing::Open,
        "what is filled or over opens no tier and does not expire"
    );
    if row.posting.span().start <= at {
        return lapse_or_end(state, vacancy, at);
    }
    match deadline {
        Deadline::Rank(_) => return award::due(state, (vacancy, row), at),
        Deadline::Standby(_) => return standby::due(state, (vacancy, row), at),
        // What is kept for the standby list is offered to everybody, for a window of its own, when
        // nobody is left on it.
        _ if row.free_slots().next().is_none() => return vec![Event::WindowClosed { vacancy }],
        _ => {}
    }
    let waiting = push::is_anybody_asked(state, row, &row.offered, at);
    let near_at = row.start_near_at(row.tier);
    let because = match near_at.zip(row.tier_closes_at) {
        Some((near_at, closes_at)) if near_at <= closes_at => TierCause::StartNear,
        _ => TierCause::WindowElapsed,
    };
    let opened = open_next(state, (vacancy, row), because, at, waiting);
    opened.unwrap_or_else(|| vec![Event::WindowClosed { vacancy }])
}

/// Takes the slots of those who have not said yes to an amendment; if the vacancy has started as
/// well, it ends.
fn lapse_or_end(state: &State, vacancy: VacancyId, at: Timestamp) -> Vec<Event> {
    let row = row_of(state, vacancy);
    let mut events = amend::lapse(state, (vacancy, row), at);
    if row.posting.span().start <= at {
        events.push(Event::Expired { vacancy });
        events.extend(standby::ended(
            (vacancy, row),
            WaitEnd::Expired,
            Awarding::end,
        ));
    }
    events
}

fn row_of(state: &State, vacancy: VacancyId) -> &Vacancy {
    let row = state.vacancy(vacancy);
    row.expect("only vacancies have these deadlines")
}
