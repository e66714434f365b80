//! What agencies, customers and officers provide becomes state, and so does what follows from it.

use super::vacancy_mut;
use crate::core::event::{Event, LastTierApproved, LimitsLifted, PushDeferred, Record};
use crate::core::state::{Deadline, State};
use crate::model::{JobRules, LastTier, Preferences, Timestamp, VacancyId};

pub(super) fn provide(state: &mut State, event: &Event) {
    let provisions = &mut state.durable.roster.provisions;
    match event {
        Event::LimitsSet { agency, limits } if limits.is_empty() => {
            provisions.limits.remove(agency);
        }
        Event::LimitsSet { agency, limits } => {
            provisions.limits.insert(*agency, limits.clone());
        }
        Event::PreferencesDeclared {
            officer,
            preferences,
        } => match **preferences == Preferences::default() {
            true => drop(provisions.preferences.remove(officer)),
            false => {
                let declared = Preferences::clone(preferences);
                provisions.preferences.insert(*officer, declared);
            }
        },
        Event::PreferencesBound { agency, bind } => {
            match bind {
                true => provisions.binding.insert(*agency),
                false => provisions.binding.remove(agency),
            };
        }
        Event::District {
            lead,
            district,
            officer,
            wants,
        } => {
            let key = (*lead, district.clone(), *officer);
            match wants {
                true => provisions.unwanted.remove(&key),
                false => provisions.unwanted.insert(key),
            };
        }
        Event::LastTierSet {
            programme,
            last_tier,
        } => {
            match last_tier {
                Some(last) => {
                    let last = LastTier::clone(last);
                    provisions.last_tiers.insert(*programme, last)
                }
                None => provisions.last_tiers.remove(programme),
            };
        }
        Event::JobRulesSet { agency, rules } if **rules == JobRules::default() => {
            provisions.job_rules.remove(agency);
        }
        Event::JobRulesSet { agency, rules } => {
            let rules = JobRules::clone(rules);
            provisions.job_rules.insert(*agency, rules);
        }
        Event::LaddersSet { agency, ladders } if ladders.is_empty() => {
            provisions.ladders.remove(agency);
        }
        Event::LaddersSet { agency, ladders } => {
            provisions.ladders.insert(*agency, ladders.clone());
        }
        other => unreachable!("every other event was applied before: {other:?}"),
    }
    state.index.widen();
}

/// Adds a lift, and forgets those that are of no use any more.
pub(super) fn lift(state: &mut State, lifted: &LimitsLifted, at: Timestamp) {
    let lifts = &state.durable.roster.provisions.lifts;
    let kept = lifts.get(&lifted.officer).into_iter().flatten().copied();
    let mut kept: Vec<_> = kept
        .filter(|lift| *lift != lifted.lift && state.is_of_use(*lift, at))
        .collect();
    kept.push(lifted.lift);
    let lifts = &mut state.durable.roster.provisions.lifts;
    lifts.insert(lifted.officer, kept);
    state.index.widen();
}

pub(super) fn approve_last_tier(state: &mut State, record: &Record, approved: &LastTierApproved) {
    let row = vacancy_mut(state, approved.vacancy);
    row.last_tier = true;
    row.offered.0 |= &approved.recipients.0;
    row.offered_at = record.at;
}

pub(super) fn defer(state: &mut State, deferred: &PushDeferred) {
    let (vacancy, until) = (deferred.vacancy, deferred.until);
    let waiting = state.durable.deferred.entry((vacancy, until)).or_default();
    waiting.0 |= &deferred.officers.0;
    let due = (until, Deadline::Push(vacancy));
    state.durable.deadlines.insert(due);
}

/// Nobody's quiet that was over by `at` keeps a push of `vacancy` waiting.
pub(super) fn pushed(state: &mut State, vacancy: VacancyId, at: Timestamp) {
    let over = (vacancy, Timestamp::MIN)..=(vacancy, at);
    let over = state.durable.deferred.extract_if(over, |_, _| true);
    for ((_, until), _) in over {
        let due = (until, Deadline::Push(vacancy));
        state.durable.deadlines.remove(&due);
    }
}
