//! Bids, undone accepts and the standby list become state.

use super::{set_tier_deadline, vacancy_mut};
use crate::core::event::{Event, Ranking, Record};
use crate::core::state::{Deadline, State};
use crate::model::{Awarding, Bid, Kept, OfficerId, OfficerSet, Standing, Timestamp, VacancyId};

pub(super) fn apply(state: &mut State, record: &Record, event: &Event) {
    match event {
        Event::Bid {
            vacancy,
            officer,
            place,
            closes_at,
        } => {
            let bid = Bid {
                officer: *officer,
                place: *place,
            };
            put_bid(state, *vacancy, bid, *closes_at);
        }
        Event::BidsClosed { vacancy, reveal_by } => change(state, *vacancy, |awarding| {
            awarding.is_closed = true;
            awarding.closes_at = Some(*reveal_by);
        }),
        Event::Ranked(ranking) => rank(state, ranking),
        Event::StandbyJoined {
            vacancy,
            officer,
            place,
        } => change(state, *vacancy, |awarding| {
            if !awarding.standby.contains(officer) {
                awarding.standby.insert(*place as usize - 1, *officer);
            }
        }),
        Event::StandbyLeft { vacancy, officer } => change(state, *vacancy, |awarding| {
            awarding.leave(*officer);
        }),
        Event::SlotKept {
            vacancy,
            slot,
            officer,
            until,
        } => {
            let (slot, officer, until) = (*slot, *officer, *until);
            let kept = Kept {
                slot,
                officer,
                until,
            };
            change(state, *vacancy, |awarding| awarding.kept.push(kept));
            vacancy_mut(state, *vacancy).offered.insert(officer);
        }
        Event::StandbyPassed { vacancy, officer } => {
            change(state, *vacancy, |awarding| awarding.pass(*officer));
            vacancy_mut(state, *vacancy).offered.remove(*officer);
        }
        Event::Reoffered {
            vacancy,
            recipients,
            closes_at,
        } => {
            let row = vacancy_mut(state, *vacancy);
            row.offered.0 |= &recipients.0;
            row.declined = OfficerSet::new();
            row.offered_at = record.at;
            set_tier_deadline(state, *vacancy, *closes_at);
        }
        other => unreachable!("every other event is applied elsewhere: {other:?}"),
    }
}

/// `officer` has `slot`: it is kept for nobody, and the officer waits for none.
pub(super) fn awarded(state: &mut State, id: VacancyId, slot: u16, officer: OfficerId) {
    change(state, id, |awarding| {
        awarding.kept.retain(|kept| kept.slot != slot);
        awarding.leave(officer);
    });
    settle_waits(state, id);
}

/// Sees to it that those who wait for a slot of a vacancy whose slots are all held hear of its
/// start. While one is open, the start ends everything.
pub(super) fn settle_waits(state: &mut State, id: VacancyId) {
    let row = state.vacancy(id);
    let Some((row, awarding)) = row.and_then(|row| Some((row, row.awarding.as_ref()?))) else {
        return;
    };
    let due = (row.posting.span().start, Deadline::Waits(id));
    if row.standing == Standing::Filled && !awarding.standby.is_empty() {
        state.durable.deadlines.insert(due);
    } else {
        state.durable.deadlines.remove(&due);
    }
}

/// `officer` turned the offer down: a bid of theirs is out.
pub(super) fn withdraw(state: &mut State, id: VacancyId, officer: OfficerId) {
    let awarding = vacancy_mut(state, id).awarding.as_deref();
    if awarding.is_some_and(|awarding| awarding.bid_of(officer).is_some()) {
        change(state, id, |awarding| {
            awarding.bids.retain(|bid| bid.officer != officer);
            if awarding.bids.is_empty() {
                awarding.end_bids();
            }
        });
    }
}

/// `officer` took the accept back.
pub(super) fn undo(state: &mut State, id: VacancyId, officer: OfficerId) {
    change(state, id, |awarding| {
        awarding.undone.insert(officer);
    });
}

/// The offer says something else, perhaps another time or place.
pub(super) fn amended(state: &mut State, id: VacancyId, is_moved: bool) {
    let row = vacancy_mut(state, id);
    let is_filled = row.standing == Standing::Filled;
    if row.awarding.is_some() {
        change(state, id, |awarding| awarding.amend(is_moved, is_filled));
    }
}

/// The slots `gone`, in order, are no more.
pub(super) fn reduced(state: &mut State, id: VacancyId, gone: &[u16]) {
    let row = vacancy_mut(state, id);
    let is_filled = row.standing == Standing::Filled;
    if row.awarding.is_some() {
        change(state, id, |awarding| awarding.reduce(gone, is_filled));
    }
}

/// The vacancy is over.
pub(super) fn end(state: &mut State, id: VacancyId) {
    if vacancy_mut(state, id).awarding.is_some() {
        change(state, id, Awarding::end);
        settle_waits(state, id);
    }
}

fn put_bid(state: &mut State, id: VacancyId, bid: Bid, closes_at: Timestamp) {
    change(state, id, |awarding| {
        if awarding.bid_of(bid.officer).is_none() {
            awarding.bids.push(bid);
            awarding.counted = bid.place;
            awarding.closes_at = Some(closes_at);
        }
    });
    vacancy_mut(state, id).declined.remove(bid.officer);
}

fn rank(state: &mut State, ranking: &Ranking) {
    change(state, ranking.vacancy, |awarding| {
        awarding.end_bids();
        let missed = ranking.missed.iter();
        awarding.ranked = missed.map(|missed| missed.officer).collect();
        awarding.revealed = ranking.seed.or(awarding.revealed);
    });
}

/// Changes what has come of the vacancy's terms, and its deadlines with it.
fn change(state: &mut State, id: VacancyId, change: impl FnOnce(&mut Awarding)) {
    let awarding = vacancy_mut(state, id).awarding.get_or_insert_default();
    let before = due(id, awarding);
    change(awarding);
    let after = due(id, awarding);
    for deadline in before.into_iter().flatten() {
        state.durable.deadlines.remove(&deadline);
    }
    state.durable.deadlines.extend(after.into_iter().flatten());
}

/// The deadlines of a vacancy's bids and of its standby list.
fn due(id: VacancyId, awarding: &Awarding) -> [Option<(Timestamp, Deadline)>; 2] {
    let bids = awarding.closes_at.map(|at| (at, Deadline::Rank(id)));
    let standby = awarding.confirm_by().map(|at| (at, Deadline::Standby(id)));
    [bids, standby]
}
