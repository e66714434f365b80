//! Offers that overlap with work that an officer holds: they do not stand while it is held.
//!
//! The calendar says so, and nothing is written down about it: the officer stays among those who were
//! asked, is told by whoever follows the log, and is asked again when the time is free again.

use super::state::State;
use crate::model::{AgencyId, Interval, OfficerId, Standing, Vacancy, VacancyId};

/// What is open, was offered to `officer`, was not declined, and shares an instant with `held`, which
/// the officer holds: buffers counted on either side.
pub(super) fn overlapping<'a>(
    state: &'a State,
    (held_id, held): (VacancyId, &'a Vacancy),
    officer: OfficerId,
) -> impl Iterator<Item = (VacancyId, &'a Vacancy)> {
    overlapping_of(state, (held_id, held), officer, |_| true)
}

/// The same of those agencies alone for which `counts`.
pub(super) fn overlapping_of<'a>(
    state: &'a State,
    (held_id, held): (VacancyId, &'a Vacancy),
    officer: OfficerId,
    counts: impl Fn(AgencyId) -> bool + Copy + 'a,
) -> impl Iterator<Item = (VacancyId, &'a Vacancy)> {
    let home = state.roster().officers.find(officer).map(|row| row.home);
    let first = held.busy().next().map(|span| span.start);
    let last = held.busy().last().map(|span| span.end);
    let around = first.zip(last).map(|(start, end)| Interval { start, end });
    let places = home.zip(around).into_iter();
    let places = places.flat_map(move |(home, span)| state.ahead().around(home, span, counts));
    places.filter_map(move |place| {
        let row = state.vacancy(place.vacancy)?;
        let stands = place.vacancy != held_id
            && row.standing == Standing::Open
            && row.offered.contains(officer)
            && !row.declined.contains(officer);
        (stands && share_an_instant(held, row)).then_some((place.vacancy, row))
    })
}

/// Whether nobody can do both: buffers are counted on either side.
pub(super) fn share_an_instant(one: &Vacancy, other: &Vacancy) -> bool {
    let overlaps = |span: Interval| one.busy().any(|busy| busy.overlaps(span));
    other.busy().any(overlaps)
}
