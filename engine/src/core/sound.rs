//! Whether a state that was read back holds together.
//!
//! The checksum of a snapshot says that its bytes are those that were saved, not that they make
//! sense. `decide`, `apply` and the index assert what every log guarantees, and walk the days of
//! every booking; what is asserted or walked there is examined here first, so that a snapshot put
//! together by hand, or by a faulty program, is refused and not worked on.

mod denials;
mod jobs;
mod later;
mod provisions;

use super::state::{Deadline, Durable};
use crate::limits::{
    BUFFER_MS_MAX, GRANT_BUDGET_MIN_MAX, GRANTS_MAX, SEGMENTS_MAX, SLOTS_MAX, VACANCY_SPAN_US_MAX,
};
use crate::model::{
    Awarding, Booking, Interval, Moved, OfficerId, Segment, Standing, Timestamp, Vacancy,
    VacancyId, Window,
};

/// The farthest from 1970 that anything is decided or worked, in microseconds: some 36,000 years.
/// Sums of two such instants and a retention do not overflow.
const INSTANT_US_MAX: u64 = 1 << 60;
/// The largest sequence, round or place that can still be counted on from.
const SEQUENCE_MAX: u64 = u64::MAX / 2;
const ROUND_MAX: u32 = u32::MAX / 2;
const WEEKDAYS: u8 = 7;
const DAY_MINUTES: u16 = 1_440;

/// A state that no log leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state does not hold together: {what}")]
pub(super) struct Unsound {
    what: &'static str,
}

/// Examines all of `durable` once, in time proportional to its size.
pub(super) fn check(durable: &Durable) -> Result<(), Unsound> {
    let counts = durable.sequence.0 <= SEQUENCE_MAX && is_expressible(durable.at);
    hold(counts, "its sequence or time cannot be counted on from")?;
    let counted = durable.vacancies.is_counted() && durable.calendars.is_counted();
    hold(counted && durable.roster.is_sound(), "its tables and codes")?;
    for (id, row) in durable.vacancies.iter() {
        check_vacancy(durable, id, row)?;
    }
    let named = |id: &VacancyId| durable.vacancies.find(*id).is_some();
    hold(durable.keys.values().all(named), "a key names no vacancy")?;
    for (_, calendar) in durable.calendars.iter() {
        check_calendar(durable, calendar.bookings())?;
    }
    provisions::check(durable)?;
    jobs::check(durable)?;
    denials::check(durable)?;
    check_afterwards(durable)?;
    later::check(durable)?;
    for (at, deadline) in &durable.deadlines {
        hold(
            is_due(durable, *at, *deadline),
            "a deadline nobody waits for",
        )?;
    }
    let grants = &durable.grants;
    let bounded = grants
        .iter()
        .all(|(_, fund)| fund.grant.budget_min <= GRANT_BUDGET_MIN_MAX);
    hold(
        grants.len() <= GRANTS_MAX && bounded,
        "the grants of districts",
    )
}

fn check_vacancy(durable: &Durable, id: VacancyId, row: &Vacancy) -> Result<(), Unsound> {
    let posting = &row.posting;
    check_segments(&posting.segments)?;
    let (before_ms, after_ms) = row.terms.buffer_ms();
    hold(
        before_ms.max(after_ms) <= BUFFER_MS_MAX,
        "the terms of a vacancy",
    )?;
    let slots = (1..=SLOTS_MAX).contains(&row.slots.len());
    hold(
        slots && row.slots.len() == posting.slots.len(),
        "the slots of a vacancy",
    )?;
    let counts = (1..=ROUND_MAX).contains(&row.round) && row.closed_round <= row.round;
    hold(counts, "the rounds of a vacancy")?;
    for holder in row.holders() {
        let known = durable.roster.officers.find(holder.officer).is_some()
            && durable.calendars.find(holder.officer).is_some();
        let counts = holder.place <= ROUND_MAX && holder.closed_before <= row.closed_round;
        hold(known && counts, "the holder of a slot")?;
    }
    if let Some(moved) = &row.moved {
        hold(is_held(durable, id, row, moved), "a reservation")?;
    }
    if let Some(awarding) = &row.awarding {
        hold(
            is_awardable(durable, id, row, awarding),
            "bids or a standby list",
        )?;
    }
    if let Some(at) = row.tier_closes_at {
        let waited_for = durable.deadlines.contains(&(at, Deadline::Tier(id)));
        hold(waited_for, "a tier that would never close")?;
    }
    Ok(())
}

/// Whether what an amendment left can be settled: whoever is to say yes holds a slot, and there is
/// an end to waiting for it.
fn is_held(durable: &Durable, id: VacancyId, row: &Vacancy, moved: &Moved) -> bool {
    let mut unconfirmed = moved.unconfirmed.iter();
    let held = unconfirmed.all(|officer| row.slot_of(officer).is_some());
    let ends = match moved.confirm_by {
        Some(at) => durable.deadlines.contains(&(at, Deadline::Confirm(id))),
        None => moved.unconfirmed.is_empty(),
    };
    held && ends && moved.round <= row.round
}

/// Whether bids and the standby list can be settled: they are by officers who are known, for slots
/// that are open, under terms that ask for them, and there is an end to waiting.
fn is_awardable(durable: &Durable, id: VacancyId, row: &Vacancy, awarding: &Awarding) -> bool {
    let is_due = |at: Option<Timestamp>, deadline| match at {
        Some(at) => durable.deadlines.contains(&(at, deadline)),
        None => true,
    };
    let bids = awarding.bids.iter();
    let mut officers = bids
        .map(|bid| bid.officer)
        .chain(awarding.standby.iter().copied())
        .chain(awarding.kept.iter().map(|kept| kept.officer));
    let known = officers.all(|officer| durable.roster.officers.find(officer).is_some());
    let counted = awarding
        .bids
        .iter()
        .all(|bid| bid.place <= awarding.counted);
    let ends = awarding.closes_at.is_none() == awarding.bids.is_empty();
    let ruled = awarding.bids.is_empty() || row.terms.award().is_some();
    let kept = awarding.kept.iter().all(|kept| {
        let slot = row.slots.get(usize::from(kept.slot));
        slot.is_some_and(|slot| slot.holder.is_none()) && row.terms.confirm_within_ms().is_some()
    });
    known
        && counted
        && awarding.counted <= ROUND_MAX
        && ends
        && ruled
        && kept
        && is_due(awarding.closes_at, Deadline::Rank(id))
        && is_due(awarding.confirm_by(), Deadline::Standby(id))
}

fn check_segments(segments: &[Segment]) -> Result<(), Unsound> {
    let number = (1..=SEGMENTS_MAX).contains(&segments.len());
    let spans = segments.iter().all(|segment| is_workable(segment.span));
    let mut pairs = segments.windows(2);
    let ordered = pairs.all(|pair| pair[0].span.end <= pair[1].span.start);
    let mut local = segments.iter().flat_map(|segment| &segment.local);
    let local = local.all(|span| {
        let Window {
            from_minute,
            until_minute,
        } = span.window;
        span.weekday < WEEKDAYS && from_minute < until_minute && until_minute <= DAY_MINUTES
    });
    hold(
        number && spans && ordered && local,
        "the segments of a vacancy",
    )
}

fn check_calendar(durable: &Durable, bookings: &[Booking]) -> Result<(), Unsound> {
    let published = |booking: &Booking| durable.vacancies.find(booking.vacancy).is_some();
    let spans = bookings
        .iter()
        .all(|booking| is_busy(booking.span) && published(booking));
    let mut pairs = bookings.windows(2);
    let ordered = pairs.all(|pair| pair[0].span.end <= pair[1].span.start);
    hold(spans && ordered, "the calendar of an officer")
}

/// Examines what was written about vacancies and what is known of attendance.
fn check_afterwards(durable: &Durable) -> Result<(), Unsound> {
    let published = |id: &VacancyId| durable.vacancies.find(*id).is_some();
    let known = |officer: OfficerId| durable.roster.officers.find(officer).is_some();
    for (id, journal) in &durable.journals {
        let due = (journal.shelved_at, Deadline::Shelve(*id));
        hold(published(id), "what is written about no vacancy")?;
        hold(
            is_expressible(journal.shelved_at) && durable.deadlines.contains(&due),
            "what is written and would be kept for ever",
        )?;
        let notes = journal.notes.iter().map(|note| note.officer);
        let mut about = notes.chain(journal.messages.iter().map(|message| message.officer));
        hold(about.all(known), "what is written about nobody")?;
    }
    for (id, attendance) in &durable.attendance {
        let absent = attendance.no_shows.keys().copied();
        let corrected = attendance.corrections.iter().map(|one| one.officer);
        let acknowledged = attendance.acknowledged.keys().copied();
        let mut about = absent.chain(corrected).chain(acknowledged);
        let counts = attendance.orders_amended <= ROUND_MAX;
        hold(
            published(id) && about.all(known) && counts,
            "the attendance at a vacancy",
        )?;
    }
    Ok(())
}

/// Whether handling `deadline` removes it; ticks would never end otherwise.
fn is_due(durable: &Durable, at: Timestamp, deadline: Deadline) -> bool {
    let open = |id| {
        let row = durable.vacancies.find(id);
        row.filter(|row| row.standing == Standing::Open)
    };
    match deadline {
        Deadline::Tier(id) => open(id).is_some_and(|row| row.tier_closes_at == Some(at)),
        Deadline::Start(id) => open(id).is_some_and(|row| row.posting.span().start == at),
        Deadline::Rank(id) => {
            let awarding = open(id).and_then(|row| row.awarding.as_ref());
            awarding.is_some_and(|awarding| awarding.closes_at == Some(at))
        }
        Deadline::Standby(id) => {
            let awarding = open(id).and_then(|row| row.awarding.as_ref());
            awarding.is_some_and(|awarding| awarding.confirm_by() == Some(at))
        }
        Deadline::Waits(id) => {
            let row = durable.vacancies.find(id);
            let filled = row.filter(|row| row.standing == Standing::Filled);
            filled.is_some_and(|row| {
                let waiting = row
                    .awarding
                    .as_ref()
                    .is_some_and(|one| !one.standby.is_empty());
                waiting && row.posting.span().start == at
            })
        }
        Deadline::Confirm(id) => {
            let row = durable.vacancies.find(id);
            let goes_on =
                row.filter(|row| matches!(row.standing, Standing::Open | Standing::Filled));
            let moved = goes_on.and_then(|row| row.moved.as_ref());
            moved.is_some_and(|moved| moved.confirm_by == Some(at) && !moved.unconfirmed.is_empty())
        }
        Deadline::Shelve(id) => {
            let journal = durable.journals.get(&id);
            journal.is_some_and(|journal| journal.shelved_at == at)
        }
        Deadline::Push(id) => durable.deferred.contains_key(&(id, at)),
        Deadline::Widened => durable.widened.contains_key(&at),
        Deadline::Offering => {
            let offering = durable.offering.as_ref();
            offering.is_some_and(|offering| offering.since == at)
        }
        Deadline::Certification(officer, kind) => {
            let valid = |officer: OfficerId| {
                let row = durable.roster.officers.find(officer)?;
                row.certifications.get(&kind)
            };
            valid(officer).is_some_and(|valid| valid.end == at)
        }
    }
}

/// Whether a span is one of work with the time around it that belongs to it.
fn is_busy(span: Interval) -> bool {
    let around_us = 2 * BUFFER_MS_MAX as i64 * 1_000;
    is_at_most(span, VACANCY_SPAN_US_MAX + around_us)
}

/// Whether a span is one of work: not empty, expressible, and no longer than a vacancy may be.
fn is_workable(span: Interval) -> bool {
    is_at_most(span, VACANCY_SPAN_US_MAX)
}

fn is_at_most(span: Interval, most_us: i64) -> bool {
    let length_us = span.end.as_micros().checked_sub(span.start.as_micros());
    let bounded = length_us.is_some_and(|us| (1..=most_us).contains(&us));
    bounded && is_expressible(span.start) && is_expressible(span.end)
}

fn is_expressible(at: Timestamp) -> bool {
    at.as_micros().unsigned_abs() <= INSTANT_US_MAX
}

fn hold(holds: bool, what: &'static str) -> Result<(), Unsound> {
    if holds { Ok(()) } else { Err(Unsound { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::state::State;
    use crate::model::Sequence;

    type Key = (crate::model::VacancyKey, VacancyId);
    type Due = (Timestamp, Deadline);
    /// What is done to a state, and the word by which its refusal is known.
    type Plant = (fn(&mut Durable, Key, Due), &'static str);

    #[test]
    fn a_state_that_no_log_leads_to_is_not_restored() {
        let restored = |plant: &dyn Fn(&mut Durable)| {
            let mut durable = Durable::default();
            plant(&mut durable);
            let bytes = crate::core::saved::save(&durable).expect("memory");
            State::restore(&bytes).map(|state| state.sequence())
        };
        assert_eq!(restored(&|_| {}).ok(), Some(Sequence::ZERO));
        let vacancy = VacancyId(0);
        let start = (Timestamp(0), Deadline::Start(vacancy));
        let key = crate::model::VacancyKey(1);
        let plants: [Plant; 8] = [
            (
                |durable, (_, vacancy), (at, _)| {
                    let shelve = (at, Deadline::Shelve(vacancy));
                    durable.deadlines.extend([shelve]);
                },
                "deadline",
            ),
            (
                |durable, (_, vacancy), (at, _)| {
                    let (notes, messages) = (Vec::new(), Vec::new());
                    let journal = crate::model::Journal {
                        notes,
                        messages,
                        shelved_at: at,
                    };
                    durable.journals.insert(vacancy, journal);
                },
                "written about no vacancy",
            ),
            (
                |durable, (_, vacancy), _| {
                    durable.attendance.entry(vacancy).or_default();
                },
                "attendance",
            ),
            (
                |durable, _, _| durable.sequence = Sequence(u64::MAX),
                "sequence",
            ),
            (|durable, _, _| durable.at = Timestamp::MIN, "time"),
            (|durable, key, _| durable.keys.extend([key]), "key"),
            (
                |durable, _, due| durable.deadlines.extend([due]),
                "deadline",
            ),
            (
                |durable, (_, vacancy), (at, _)| {
                    let confirm = (at, Deadline::Confirm(vacancy));
                    durable.deadlines.extend([confirm]);
                },
                "deadline",
            ),
        ];
        for (plant, what) in plants {
            let planted = restored(&|durable| plant(durable, (key, vacancy), start));
            let error = planted.expect_err("it does not hold together");
            assert!(error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn a_grant_of_more_time_than_can_be_counted_is_not_restored() {
        let day = crate::model::Date {
            year: 2026,
            month: 7,
            day: 1,
        };
        let checked = |budget_min| {
            let mut durable = Durable::default();
            let grant = crate::model::Grant {
                programme: crate::model::ProgrammeId(0),
                first: day,
                last: day,
                budget_min,
            };
            durable.grants.restore("saguaro".into(), grant);
            check(&durable)
        };
        assert_eq!(checked(GRANT_BUDGET_MIN_MAX), Ok(()));
        let error = checked(GRANT_BUDGET_MIN_MAX + 1).expect_err("it is too long");
        assert!(error.to_string().contains("grants"), "{error}");
    }
}
