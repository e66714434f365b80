//! What falls due: tier windows, starts of work, expiries of certifications.

use std::collections::BTreeSet;

use super::open_next;
use crate::core::event::{Event, TierCause};
use crate::core::state::{Deadline, State};
use crate::limits::TICK_DEADLINES_MAX;
use crate::model::{Standing, Timestamp, VacancyId};

/// Handles the deadlines up to `at`, the earliest first, at most
/// [`TICK_DEADLINES_MAX`] of them.
pub(super) fn tick(state: &State, at: Timestamp) -> Vec<Event> {
    let due = state
        .durable
        .deadlines
        .iter()
        .take_while(|(due, _)| *due <= at);
    let mut ended = BTreeSet::new();
    due.take(TICK_DEADLINES_MAX)
        .flat_map(|(_, deadline)| handle(state, *deadline, at, &mut ended))
        .collect()
}

/// What `deadline` brings about. Every answer removes the deadline, or ticks would never end.
fn handle(
    state: &State,
    deadline: Deadline,
    at: Timestamp,
    ended: &mut BTreeSet<VacancyId>,
) -> Vec<Event> {
    let vacancy = match deadline {
        Deadline::Tier(vacancy) | Deadline::Start(vacancy) => vacancy,
        Deadline::Certification(officer, certification) => {
            return vec![Event::CertificationExpired {
                officer,
                certification,
            }];
        }
    };
    let row = state
        .vacancy(vacancy)
        .expect("only vacancies have these deadlines");
    assert_eq!(
        row.standing,
        Standing::Open,
        "what is filled or over has no deadlines"
    );
    if row.posting.span().start <= at {
        // Both deadlines of a vacancy may be due in the same tick; it ends once.
        return ended
            .insert(vacancy)
            .then_some(Event::Expired { vacancy })
            .into_iter()
            .collect();
    }
    let waiting = !row.offered.is_empty();
    let opened = open_next(state, (vacancy, row), TierCause::WindowElapsed, at, waiting);
    opened.unwrap_or_else(|| vec![Event::WindowClosed { vacancy }])
}
