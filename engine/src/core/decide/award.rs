//! Bids and fairness windows: accepts are collected, and ranked when their time is up.
//!
//! Both are one mechanism. An accept that comes while accepts are collected is a bid; when the time
//! is up every bidder is examined anew, and slots are given down the ranking. What comes later races
//! for what is left. So does everything after the last slot was given, because a collection begins
//! with its first bid and ends with its ranking.

use std::collections::BTreeSet;

use super::answer::{flags, judge};
use super::{known, not_over};
use crate::core::event::{Event, Missed, Ranking};
use crate::core::refusal::{Kind, Refusal};
use crate::core::state::State;
use crate::limits::BIDS_MAX;
use crate::model::{
    Awarding, Calendar, Code, Criterion, Interval, OfficerId, Rank, Seed, Timestamp, Vacancy,
    VacancyId,
};
use crate::rules::Stand;
use crate::rules::award::{Merit, lot, promise, rank, worked_us};

/// An accept of a vacancy on terms, by an officer who may take it: a slot, or a bid for one.
pub(super) fn accept(
    (id, row): (VacancyId, &Vacancy),
    (officer, rank): (OfficerId, Rank),
    (stand, place): (Stand, u32),
    at: Timestamp,
) -> Result<Event, Refusal> {
    let awarding = row.awarding.as_deref();
    let awarded = |slot| Event::Awarded {
        vacancy: id,
        slot,
        officer,
        cover: stand.cover,
        place,
    };
    if let Some(kept) = awarding.and_then(|awarding| awarding.kept_for(officer)) {
        return Ok(awarded(kept.slot));
    }
    let free = row.free_slot(rank);
    let slot = free.ok_or(match row.open_slot(rank) {
        Some(_) => Refusal::KeptForStandby,
        None => Refusal::RankFilled,
    })?;
    match collects_until(row, at)? {
        Some(closes_at) => bid((id, awarding), officer, closes_at),
        None => Ok(awarded(slot)),
    }
}

/// When the bids of `row` are due: ranks them, or closes them and waits for the seed of a lottery.
pub(super) fn due(state: &State, (id, row): (VacancyId, &Vacancy), at: Timestamp) -> Vec<Event> {
    let is_closed = row.awarding.as_ref().is_some_and(|one| one.is_closed);
    let lottery = row.terms.award().and_then(|rule| rule.lottery());
    if let Some((_, reveal_within_ms)) = lottery.filter(|_| !is_closed) {
        let start = row.posting.span().start;
        let reveal_by = at.plus_ms(reveal_within_ms).min(start);
        return vec![Event::BidsClosed {
            vacancy: id,
            reveal_by,
        }];
    }
    rank_bids(state, (id, row), None, at)
}

/// Ranks the bids by lots from the seed that was promised.
pub(super) fn reveal(
    state: &State,
    id: VacancyId,
    seed: Seed,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    not_over(row, at)?;
    let promised = row.promised().ok_or(Refusal::Seed)?;
    if promise(seed) != promised {
        return Err(Refusal::Seed);
    }
    Ok(rank_bids(state, (id, row), Some(seed), at))
}

/// Whose bids for `row` are in, the first of the ranking first; lots are drawn from `seed`.
pub fn ranked(state: &State, row: &Vacancy, seed: Option<Seed>) -> Vec<OfficerId> {
    let bids = row.awarding.as_ref().map_or(&[][..], |one| &one.bids);
    let criteria = row.terms.award().map_or(&[][..], |rule| &rule.ranked_by);
    let merits = bids.iter().map(|bid| merit(state, row, bid.officer, seed));
    let places = rank(criteria, &merits.collect::<Vec<_>>());
    places.into_iter().map(|bid| bids[bid].officer).collect()
}

/// Until when accepts of `row` are collected; none if they race.
fn collects_until(row: &Vacancy, at: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let Some(rule) = row.terms.award() else {
        return Ok(None);
    };
    let begun = row.awarding.as_deref().and_then(|awarding| {
        let closes_at = awarding.closes_at?;
        Some((closes_at, awarding.is_closed))
    });
    match begun {
        Some((closes_at, false)) if at < closes_at => Ok(Some(closes_at)),
        // Nobody takes a slot past those who bid for it and were not ranked yet.
        Some(_) => Err(Refusal::BidsClosed),
        None => {
            let until = rule.collects_until(row.offered_at);
            // At the start the offer ends, and whoever bid until then would have bid for nothing.
            let is_ranked = until < row.posting.span().start;
            Ok((at < until && is_ranked).then_some(until))
        }
    }
}

/// A bid, or the one that is in already.
fn bid(
    (id, awarding): (VacancyId, Option<&Awarding>),
    officer: OfficerId,
    closes_at: Timestamp,
) -> Result<Event, Refusal> {
    let before = awarding.and_then(|awarding| awarding.bid_of(officer));
    let counted = awarding.map_or(0, |awarding| awarding.counted);
    if before.is_none() && awarding.is_some_and(|awarding| awarding.bids.len() >= BIDS_MAX) {
        let (kind, limit) = (Kind::Bid, BIDS_MAX as u64);
        return Err(Refusal::LimitReached { kind, limit });
    }
    Ok(Event::Bid {
        vacancy: id,
        officer,
        place: before.map_or(counted + 1, |bid| bid.place),
        closes_at,
    })
}

/// Gives slots down the ranking, to everybody who may still take one.
fn rank_bids(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    seed: Option<Seed>,
    at: Timestamp,
) -> Vec<Event> {
    let order = ranked(state, row, seed);
    let mut free: Vec<(u16, Rank)> = row.free_slots().collect();
    let (mut missed, mut awards) = (Vec::new(), Vec::new());
    for (&officer, place) in order.iter().zip(1..) {
        let who = state.candidate(officer).expect("who bid is on the roster");
        let slot = row.terms.slot_for(free.iter().copied(), who.officer.rank);
        let fits = |may| match slot {
            Some(slot) => Ok((slot, may)),
            None if free.is_empty() => Err(Refusal::Filled),
            None => Err(Refusal::RankFilled),
        };
        match judge(state, row, who, at).and_then(fits) {
            Ok((slot, (Stand { cover, .. }, exceeded))) => {
                free.retain(|(number, _)| *number != slot);
                awards.push(Event::Awarded {
                    vacancy: id,
                    slot,
                    officer,
                    cover,
                    place,
                });
                awards.extend(flags((id, officer), exceeded));
            }
            Err(refusal) => missed.push(Missed {
                officer,
                place,
                refusal,
            }),
        }
    }
    let ranking = Ranking {
        vacancy: id,
        seed,
        order,
        missed,
    };
    let mut events = vec![Event::Ranked(Box::new(ranking))];
    events.append(&mut awards);
    events
}

/// What `officer` brings to the ranking of `row`.
fn merit(state: &State, row: &Vacancy, officer: OfficerId, seed: Option<Seed>) -> Merit {
    let criteria = row.terms.award().map_or(&[][..], |rule| &rule.ranked_by);
    let calendar = state.calendars().find(officer);
    let bookings = calendar.map_or(&[][..], Calendar::bookings);
    let held = |period: Option<Interval>| -> Vec<&Vacancy> {
        let counts = |span: Interval| period.is_none_or(|period| span.overlaps(period));
        let ids = bookings.iter().filter(|booking| counts(booking.span));
        let ids: BTreeSet<VacancyId> = ids.map(|booking| booking.vacancy).collect();
        ids.into_iter().filter_map(|id| state.vacancy(id)).collect()
    };
    let mut merit = Merit {
        since: state.seniority(officer),
        worked_us: 0,
        last_award: None,
        lot: None,
    };
    for criterion in criteria {
        match criterion {
            Criterion::Seniority => {}
            Criterion::FewestHours { period_ms } => {
                let period = row.posting.span().start.period_before(*period_ms);
                let segments = held(Some(period)).into_iter();
                let spans = segments.flat_map(|row| &row.posting.segments);
                merit.worked_us = worked_us(spans.map(|segment| segment.span), period);
            }
            Criterion::Rotation => {
                let lead = row.posting.lead;
                let awards = held(None)
                    .into_iter()
                    .filter(|row| row.posting.lead == lead);
                let awards = awards.filter_map(|row| row.slot_of(officer));
                merit.last_award = awards.map(|(_, holder)| holder.awarded_at).max();
            }
            Criterion::Lottery { .. } => {
                let badge = state.roster().officers.find(officer).map(|row| &row.badge);
                let drawn =
                    |(seed, badge): (Seed, &Code)| lot(seed, row.posting.key, badge.as_str());
                merit.lot = seed.zip(badge).map(drawn);
            }
        }
    }
    merit
}
