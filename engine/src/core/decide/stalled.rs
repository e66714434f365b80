//! Vacancies that nobody who was asked can answer any more: the last of them took other work at the
//! same time, or another slot of the same vacancy. Their next tier opens at once, in the record
//! that leaves nobody, and nothing has to be looked for later. In the same way a slot that is kept for
//! somebody who took other work goes to the next on the standby list.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{open_tiers, push, standby};
use crate::core::event::{Event, TierCause};
use crate::core::overlap::{overlapping_of, share_an_instant};
use crate::core::state::State;
use crate::model::{OfficerId, OfficerSet, Standing, Timestamp, Vacancy, VacancyId};
use crate::rules::tier;

/// The tiers that open because `officer` is given `slot` of the vacancy.
pub(super) fn by_award(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (officer, slot): (OfficerId, u16),
    at: Timestamp,
) -> Vec<Event> {
    let is_gone = |one| one == officer;
    let mut events = open(state, (id, row), (is_gone, &[slot]), at);
    for other in left_by(state, (id, row), officer) {
        events.extend(open(state, other, (is_gone, &[]), at));
    }
    let held = Cow::Borrowed(row);
    let vacancy = id;
    let booked = Booked {
        officer,
        vacancy,
        held,
    };
    events.extend(pass_over(state, &[booked], at));
    events
}

/// Adds to `events` the tiers that open because of the work that they give or move.
pub(super) fn note(state: &State, events: &mut Vec<Event>, at: Timestamp) {
    let mut gone: BTreeMap<VacancyId, Gone> = BTreeMap::new();
    let mut booked: Vec<Booked<'_>> = Vec::new();
    for event in events.iter() {
        match event {
            Event::Awarded {
                vacancy,
                slot,
                officer,
                ..
            } => {
                let row = state.vacancy(*vacancy);
                let row = row.expect("a vacancy is published before it is awarded");
                let own = gone.entry(*vacancy).or_default();
                own.officers.insert(*officer);
                own.slots.push(*slot);
                leave(state, (*vacancy, row), *officer, &mut gone);
                booked.push(Booked {
                    officer: *officer,
                    vacancy: *vacancy,
                    held: Cow::Borrowed(row),
                });
            }
            Event::Amended(amendment) => {
                let row = state.vacancy(amendment.vacancy);
                let Some((row, moved)) = row.zip(amendment.moved.as_ref()) else {
                    continue;
                };
                let mut row = row.clone();
                row.posting.segments.clone_from(&moved.segments);
                for officer in moved.unconfirmed.iter() {
                    leave(state, (amendment.vacancy, &row), officer, &mut gone);
                    booked.push(Booked {
                        officer,
                        vacancy: amendment.vacancy,
                        held: Cow::Owned(row.clone()),
                    });
                }
            }
            _ => {}
        }
    }
    // What asks others in this record anyway does so on its own grounds.
    for event in events.iter() {
        if !matches!(
            event,
            Event::Awarded { .. } | Event::Flagged { .. } | Event::Ranked(_)
        ) && let Some(vacancy) = event.vacancy()
        {
            gone.remove(&vacancy);
        }
    }
    for (id, gone) in gone {
        let row = state.vacancy(id).expect("what is left was published");
        let is_booked = |officer| {
            let mut booked = booked.iter().filter(|one| one.officer == officer);
            booked.any(|one| one.is_away_from(row))
        };
        let is_gone = |officer| gone.officers.contains(officer) || is_booked(officer);
        events.extend(open(state, (id, row), (is_gone, &gone.slots), at));
    }
    events.extend(pass_over(state, &booked, at));
}

/// Somebody who is given work, or whose work is moved, in a record.
struct Booked<'a> {
    officer: OfficerId,
    vacancy: VacancyId,
    held: Cow<'a, Vacancy>,
}

impl Booked<'_> {
    /// Whether the officer cannot come to `row` any more.
    fn is_away_from(&self, row: &Vacancy) -> bool {
        share_an_instant(&self.held, row)
    }
}

/// Goes on to the next on the standby list where slots are kept for those who are `booked` now and
/// cannot come.
fn pass_over(state: &State, booked: &[Booked<'_>], at: Timestamp) -> Vec<Event> {
    let mut kept: BTreeMap<VacancyId, Vec<OfficerId>> = BTreeMap::new();
    for one in booked {
        let others = state.keeping.of(one.officer);
        for other in others.filter(|other| *other != one.vacancy) {
            let row = state.vacancy(other);
            if row.is_some_and(|row| one.is_away_from(row)) {
                kept.entry(other).or_default().push(one.officer);
            }
        }
    }
    let passed = kept.into_iter().flat_map(|(id, officers)| {
        let row = state.vacancy(id).expect("what keeps a slot was published");
        let away = booked.iter().filter(|one| one.is_away_from(row));
        let away = away.map(|one| one.officer).collect();
        standby::pass_without(state, (id, row), (&officers, away), at)
    });
    passed.collect()
}

/// Who is no longer there to answer a vacancy, and which of its slots are no longer open.
#[derive(Default)]
struct Gone {
    officers: OfficerSet,
    slots: Vec<u16>,
}

/// Notes that `officer`, who is booked for `held`, will answer nothing that overlaps with it.
fn leave(
    state: &State,
    held: (VacancyId, &Vacancy),
    officer: OfficerId,
    gone: &mut BTreeMap<VacancyId, Gone>,
) {
    for (other, _) in left_by(state, held, officer) {
        gone.entry(other).or_default().officers.insert(officer);
    }
}

/// What `officer`, who is booked for `held`, was asked for and will not answer now. Agencies that
/// nobody backs up have no further tier to open, so nothing of theirs has to be looked through.
fn left_by<'a>(
    state: &'a State,
    held: (VacancyId, &'a Vacancy),
    officer: OfficerId,
) -> impl Iterator<Item = (VacancyId, &'a Vacancy)> {
    let is_backed_up = |lead| state.roster().pacts_of(lead).next().is_some();
    overlapping_of(state, held, officer, is_backed_up)
}

/// Opens the next tier of `row`, if there is one and nobody who was asked is left to answer.
fn open(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (is_gone, taken): (impl Fn(OfficerId) -> bool + Copy, &[u16]),
    at: Timestamp,
) -> Vec<Event> {
    let posting = &row.posting;
    let is_free = |(number, _)| !taken.contains(&number);
    let next = tier::next_tier(state.roster(), posting.lead, row.tier, at, posting.span());
    let Some(next) = next.filter(|_| row.standing == Standing::Open) else {
        return Vec::new();
    };
    // What is kept for the standby list is offered to everybody when nobody is left on it.
    if !row.free_slots().any(is_free) || push::is_anybody_left(state, row, (is_gone, taken), at) {
        return Vec::new();
    }
    let may_come = |officer: &OfficerId| {
        !is_gone(*officer)
            && !row.declined.contains(*officer)
            && state.is_free_for_rank(row, *officer, taken)
    };
    let eligible = |tier| {
        state
            .eligible(row, tier, at)
            .iter()
            .filter(may_come)
            .collect()
    };
    let first = (next, TierCause::AllDeclined);
    open_tiers(state, (id, row), first, at, false, eligible)
}
