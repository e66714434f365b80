//! Grants: made, and asked whether they pay (rule 19).

use std::collections::BTreeMap;

use crate::core::command::NewGrant;
use crate::core::event::Event;
use crate::core::grants::charge;
use crate::core::refusal::{BeyondGrant, Invalid, Kind, OutsideGrant, Refusal};
use crate::core::state::State;
use crate::limits::{GRANT_BUDGET_MIN_MAX, GRANTS_MAX, NAME_LEN_MAX};
use crate::model::{Date, Grant, NoShow, OfficerId, Vacancy, VacancyId};
use crate::rules::funding;

const MINUTE_US: u128 = 60_000_000;

/// Puts a grant in force in place of the one that its district has.
pub(super) fn make(state: &State, new: &NewGrant) -> Result<Vec<Event>, Refusal> {
    let is_date = |date: Date| jiff::civil::Date::new(date.year, date.month as i8, date.day as i8);
    let dates = is_date(new.first).is_ok() && is_date(new.last).is_ok() && new.first <= new.last;
    let named = (1..=NAME_LEN_MAX).contains(&new.district.len());
    if !dates || !named || new.budget_min > GRANT_BUDGET_MIN_MAX {
        return Err(Refusal::Invalid(Invalid::Grant));
    }
    let unknown = || Refusal::Unknown {
        kind: Kind::Programme,
        code: new.programme.as_str().into(),
    };
    let programme = state.roster().programme(&new.programme);
    let programme = programme.ok_or_else(unknown)?;
    let grants = state.grants();
    if grants.find(&new.district).is_none() && grants.len() >= GRANTS_MAX {
        let (kind, limit) = (Kind::Grant, GRANTS_MAX as u64);
        return Err(Refusal::LimitReached { kind, limit });
    }
    let grant = Grant {
        programme,
        first: new.first,
        last: new.last,
        budget_min: new.budget_min,
    };
    Ok(vec![Event::GrantMade {
        district: new.district.as_str().into(),
        grant: Box::new(grant),
    }])
}

/// What the same command takes already, by district, in microseconds; below zero, what it gives back.
pub(in crate::core) type Pending<'a> = BTreeMap<&'a str, i128>;

/// What is given back when it is recorded that `officer`, who holds a slot of `row`, did not come.
pub(super) fn given_back<'a>(
    state: &'a State,
    (id, row): (VacancyId, &Vacancy),
    officer: OfficerId,
    no_show: NoShow,
) -> Pending<'a> {
    let (punches, attendance) = state.durable.presence(id);
    let mut attendance = attendance.cloned().unwrap_or_default();
    attendance.no_shows.insert(officer, no_show);
    let roster = state.roster();
    let paying = state.grants().paying(roster, &row.posting).into_iter();
    let back = paying.map(|(district, fund)| {
        let left = charge(roster, (district, fund), row, (punches, Some(&attendance)));
        let had_us = fund.charge_of(id).total_us() as i128;
        (district, left.total_us() as i128 - had_us)
    });
    back.collect()
}

/// Refuses what a grant does not pay for, unless the terms say that it is published nevertheless.
///
/// `before` is the vacancy as it stands, if `row` is an amendment of it: what it takes already is
/// not asked for again.
pub(super) fn check<'a>(
    state: &'a State,
    row: &Vacancy,
    before: Option<(VacancyId, &Vacancy)>,
    pending: &mut Pending<'a>,
) -> Result<(), Refusal> {
    let roster = state.roster();
    for (district, fund) in state.grants().paying(roster, &row.posting) {
        let known = before.map(|(id, _)| state.durable.presence(id));
        let known = known.unwrap_or_default();
        let asked_us = charge(roster, (district, fund), row, known).total_us();
        let had_us = before.map_or(0, |(id, _)| fund.charge_of(id).total_us());
        let more_us = asked_us.saturating_sub(had_us);
        let pending_us = pending.entry(district).or_default();
        let taken_us = fund.taken.total_us().saturating_add_signed(*pending_us);
        *pending_us += more_us as i128;
        if row.terms.beyond_grant().is_some() {
            continue;
        }
        let moved = before.is_none_or(|(_, old)| old.posting.segments != row.posting.segments);
        let claimed = funding::claimed(roster, (district, &fund.grant), &row.posting);
        if moved && !funding::is_within(&fund.grant, claimed) {
            return Err(Refusal::OutsideGrant(Box::new(OutsideGrant {
                district: district.into(),
                first: fund.grant.first,
                last: fund.grant.last,
            })));
        }
        let budget_us = u128::from(fund.grant.budget_min) * MINUTE_US;
        if more_us > 0 && taken_us + more_us > budget_us {
            return Err(Refusal::BeyondGrant(Box::new(BeyondGrant {
                district: district.into(),
                asked_min: minutes(more_us.div_ceil(MINUTE_US)),
                left_min: minutes(budget_us.saturating_sub(taken_us) / MINUTE_US),
                budget_min: fund.grant.budget_min,
            })));
        }
    }
    Ok(())
}

fn minutes(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
