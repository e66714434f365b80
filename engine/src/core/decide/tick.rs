//! What falls due: tier windows, starts of work, expiries of certifications.

use std::collections::BTreeSet;

use super::{amend, award, later, open_next, push, standby};
use crate::core::event::{Event, TierCause, WaitEnd};
use crate::core::state::{Deadline, State};
use crate::model::{Awarding, Standing, Timestamp, Vacancy, VacancyId};

/// Handles the deadlines up to `at`, the earliest first, at most
/// [`TICK_DEADLINES_MAX`](crate::limits::TICK_DEADLINES_MAX) of them.
pub(super) fn tick(state: &State, at: Timestamp) -> Vec<Event> {
    let due = state.durable.due(at);
    let due = due.iter().copied();
    // Whoever may come to more is offered what is open once everything else has happened.
    let is_of_widened = |due| matches!(due, Deadline::Widened | Deadline::Offering);
    let is_anything_else = due.clone().any(|due| !is_of_widened(due));
    if !is_anything_else && due.clone().next().is_some() {
        return later::consider(state, at);
    }
    // What is decided here is decided on one state, so one deadline of a vacancy speaks for all
    // that are due: an end for everything, and reservations that lapse for a tier's window, which
    // begins anew with the offer.
    let mut spoken_for: BTreeSet<VacancyId> = due
        .clone()
        .filter_map(|deadline| match deadline {
            Deadline::Confirm(vacancy) => Some(vacancy),
            _ => None,
        })
        .collect();
    let lapses: Vec<VacancyId> = spoken_for.iter().copied().collect();
    let mut events: Vec<Event> = lapses
        .into_iter()
        .flat_map(|vacancy| lapse_or_end(state, vacancy, at))
        .collect();
    let quiet_is_over: BTreeSet<VacancyId> = due
        .clone()
        .filter_map(|deadline| match deadline {
            Deadline::Push(vacancy) => Some(vacancy),
            _ => None,
        })
        .collect();
    let mut has_ranked = false;
    for deadline in due {
        let handled = handle(state, deadline, at, &mut spoken_for, has_ranked);
        has_ranked |= matches!(handled.first(), Some(Event::Ranked(_)));
        events.extend(handled);
    }
    let pushed = quiet_is_over.into_iter();
    events.extend(pushed.map(|vacancy| push::deferred(state, vacancy, at)));
    events
}

/// What `deadline` brings about. Every answer removes the deadline, or ticks would never end.
fn handle(
    state: &State,
    deadline: Deadline,
    at: Timestamp,
    spoken_for: &mut BTreeSet<VacancyId>,
    has_ranked: bool,
) -> Vec<Event> {
    let vacancy = match deadline {
        Deadline::Tier(vacancy)
        | Deadline::Start(vacancy)
        | Deadline::Rank(vacancy)
        | Deadline::Standby(vacancy) => vacancy,
        // What lapses at its start ends for everybody.
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
        // These came before all others.
        Deadline::Confirm(_) => return Vec::new(),
        // And these come after: one event speaks for all that are due.
        Deadline::Push(_) => return Vec::new(),
        // They wait until nothing else is due.
        Deadline::Widened | Deadline::Offering => return Vec::new(),
    };
    let row = row_of(state, vacancy);
    assert_eq!(
        row.standing,
        Standing::Open,
        "what is filled or over opens no tier and does not expire"
    );
    if row.posting.span().start <= at {
        return match spoken_for.insert(vacancy) {
            true => lapse_or_end(state, vacancy, at),
            false => Vec::new(),
        };
    }
    // Whoever was given a slot in this record still looks free and without it. Other rankings and
    // the standby list therefore wait for the next record.
    let waits = has_ranked && matches!(deadline, Deadline::Rank(_) | Deadline::Standby(_));
    if waits || !spoken_for.insert(vacancy) {
        return Vec::new();
    }
    match deadline {
        Deadline::Rank(_) => return award::due(state, (vacancy, row), at),
        Deadline::Standby(_) => return standby::due(state, (vacancy, row), at),
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
