//! Who must be told of a record. Called by followers, on a state that the record was applied to,
//! so nothing can be told before it is durable.

use std::collections::BTreeSet;

use super::effect::{Effect, Unassigned, Waited};
use super::event::{Amendment, Event, Record, Reduction};
use super::overlap::overlapping;
use super::state::State;
use crate::model::{AgencyId, OfficerId, OfficerSet, Standing, Vacancy, VacancyId};
use crate::rules::preference;

/// Everybody who must be told of `record`, in the order in which they are told.
pub fn react(state: &State, record: &Record) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (place, event) in record.events.iter().enumerate() {
        if let Some(vacancy) = event.vacancy() {
            effects.push(Effect::Happened {
                vacancy,
                event: place,
            });
        }
        let is_repeated = is_awarded_again(event, &record.events[place + 1..]);
        tell(state, place, event, is_repeated, &mut effects);
    }
    if !state.roster().provisions.preferences.is_empty() {
        effects.retain_mut(|effect| is_pushed(state, record, effect));
    }
    effects
}

/// Takes out of an offer whoever prefers other work, and whoever is not to be disturbed now: the
/// vacancy was offered to them, but they are not pushed. Says whether anybody is left.
fn is_pushed(state: &State, record: &Record, effect: &mut Effect) -> bool {
    let Effect::Offer { vacancy, to, .. } = effect else {
        return true;
    };
    let row = state.vacancy(*vacancy);
    // Whoever waits on the standby list asked to be told, whatever they would rather do.
    let kept = row
        .and_then(|row| row.awarding.as_deref())
        .map(|one| &one.kept);
    let asked: Vec<OfficerId> = kept
        .into_iter()
        .flatten()
        .map(|kept| kept.officer)
        .filter(|officer| to.contains(*officer))
        .collect();
    if let Some(ground) = row.and_then(|row| state.ground(row, record.at)) {
        *to = preference::pushed(ground, to);
    }
    for event in &record.events {
        if let Event::PushDeferred(deferred) = event
            && deferred.vacancy == *vacancy
        {
            to.0 -= &deferred.officers.0;
        }
    }
    to.0.extend(asked.into_iter().map(|officer| officer.0));
    !to.is_empty()
}

/// Whether `event` gives a slot of a vacancy of which `later` ones give more. What follows from its
/// being filled is told once.
fn is_awarded_again(event: &Event, later: &[Event]) -> bool {
    let Event::Awarded { vacancy, .. } = event else {
        return false;
    };
    let again =
        |event: &Event| matches!(event, Event::Awarded { vacancy: other, .. } if other == vacancy);
    later.iter().any(again)
}

fn tell(state: &State, place: usize, event: &Event, is_repeated: bool, effects: &mut Vec<Effect>) {
    match event {
        Event::TierOpened {
            vacancy,
            recipients,
            ..
        } if !recipients.is_empty() => {
            let round = state.vacancy(*vacancy).map_or(1, |row| row.round);
            effects.push(Effect::Offer {
                vacancy: *vacancy,
                round,
                to: recipients.clone(),
            });
        }
        Event::Awarded {
            vacancy, officer, ..
        } => {
            effects.push(Effect::Assign {
                vacancy: *vacancy,
                officer: *officer,
            });
            if let Some(row) = state.vacancy(*vacancy)
                && row.standing == Standing::Filled
                && !is_repeated
            {
                let holders: Vec<_> = row.holders().map(|holder| holder.officer).collect();
                withdraw(*vacancy, row, &holders, effects);
            }
            overlaps(state, *vacancy, *officer, effects);
        }
        Event::Vacated {
            vacancy,
            officer,
            because,
            round,
            recipients,
            ..
        } => {
            let because = Unassigned::from(*because);
            effects.push(Effect::Unassign {
                vacancy: *vacancy,
                officer: *officer,
                because,
            });
            if !recipients.is_empty() {
                let (round, to) = (*round, recipients.clone());
                effects.push(Effect::Offer {
                    vacancy: *vacancy,
                    round,
                    to,
                });
            }
        }
        Event::Cancelled {
            vacancy, holders, ..
        } => {
            for &officer in holders {
                let because = Unassigned::Cancelled;
                effects.push(Effect::Unassign {
                    vacancy: *vacancy,
                    officer,
                    because,
                });
            }
            // Whoever was told that it is filled, or that it has started, has nothing left to lose.
            if let Some(row) = state.vacancy(*vacancy)
                && row.closed_round < row.round
                && state.at() < row.posting.span().start
            {
                withdraw(*vacancy, row, holders, effects);
            }
        }
        Event::Expired { vacancy } => {
            if let Some(row) = state.vacancy(*vacancy) {
                let holders: Vec<_> = row.holders().map(|holder| holder.officer).collect();
                withdraw(*vacancy, row, &holders, effects);
            }
        }
        Event::Amended(amendment) => amended(state, amendment, effects),
        Event::Reconfirmed { officer, receipt } => {
            let (vacancy, officer) = (receipt.vacancy, *officer);
            effects.push(Effect::Assign { vacancy, officer });
        }
        Event::Lapsed(lapse) => {
            let why = Unassigned::Unconfirmed;
            unassign(lapse.vacancy, &lapse.officers, why, effects);
            offer(lapse.vacancy, lapse.round, &lapse.recipients, effects);
        }
        Event::Reduced(reduction) => reduced(state, reduction, effects),
        Event::NoShow {
            vacancy, officer, ..
        } => effects.push(Effect::Attendance {
            vacancy: *vacancy,
            officer: *officer,
        }),
        Event::Corrected {
            vacancy,
            correction,
        } => effects.push(Effect::Attendance {
            vacancy: *vacancy,
            officer: correction.officer,
        }),
        Event::Reminded {
            vacancy,
            version,
            officers,
        } => effects.push(Effect::ReadOrders {
            vacancy: *vacancy,
            version: *version,
            to: officers.clone(),
        }),
        Event::Noted { vacancy, note } => written(state, (*vacancy, place), note.officer, effects),
        Event::Said { vacancy, message } => {
            written(state, (*vacancy, place), message.officer, effects);
        }
        Event::LastTierApproved(approved) => {
            let round = state.vacancy(approved.vacancy).map_or(1, |row| row.round);
            offer(approved.vacancy, round, &approved.recipients, effects);
        }
        Event::Offered {
            vacancy,
            recipients,
            ..
        } => {
            let round = state.vacancy(*vacancy).map_or(1, |row| row.round);
            offer(*vacancy, round, recipients, effects);
        }
        Event::Pushed { vacancy, officers } => {
            let round = state.vacancy(*vacancy).map_or(1, |row| row.round);
            offer(*vacancy, round, officers, effects);
        }
        Event::Flagged {
            vacancy,
            officer,
            clause,
        } => {
            let (vacancy, officer, clause) = (*vacancy, *officer, *clause);
            effects.push(Effect::Flag {
                vacancy,
                officer,
                clause,
            });
        }
        Event::Ranked(ranking) => {
            let bids = u32::try_from(ranking.order.len()).unwrap_or(u32::MAX);
            effects.extend(ranking.missed.iter().map(|missed| Effect::Lose {
                vacancy: ranking.vacancy,
                missed: missed.clone(),
                bids,
            }));
        }
        Event::SlotKept {
            vacancy,
            officer,
            until,
            ..
        } => {
            let (vacancy, officer, until) = (*vacancy, *officer, *until);
            let round = state.vacancy(vacancy).map_or(1, |row| row.round);
            offer(vacancy, round, &[officer].into_iter().collect(), effects);
            effects.push(Effect::Keep {
                vacancy,
                officer,
                until,
            });
        }
        Event::WaitEnded(ended) => {
            let told = [
                (Waited::Kept, &ended.kept),
                (Waited::Bid, &ended.bids),
                (Waited::Standby, &ended.standby),
            ];
            let told = told.into_iter().filter(|(_, to)| !to.is_empty());
            effects.extend(told.map(|(waited, to)| Effect::EndWait {
                vacancy: ended.vacancy,
                waited,
                because: ended.because,
                to: to.clone(),
            }));
        }
        Event::StandbyPassed { vacancy, officer } => effects.push(Effect::Pass {
            vacancy: *vacancy,
            officer: *officer,
        }),
        Event::Reoffered {
            vacancy,
            recipients,
            ..
        } => {
            let round = state.vacancy(*vacancy).map_or(1, |row| row.round);
            offer(*vacancy, round, recipients, effects);
        }
        _ => {}
    }
}

/// Tells who lost a slot, for whom the offer no longer stands, and who holds a slot of another
/// number now.
fn reduced(state: &State, reduction: &Reduction, effects: &mut Vec<Effect>) {
    let vacancy = reduction.vacancy;
    let removed = &reduction.removed;
    let lost = removed.iter().filter_map(|slot| slot.holder).collect();
    unassign(vacancy, &lost, Unassigned::Reduced, effects);
    let Some(row) = state.vacancy(vacancy) else {
        return;
    };
    // Those up to the first that went have the number they had.
    let kept = removed.first().map_or(0, |slot| usize::from(slot.slot));
    let moved_up = row.slots.iter().skip(kept);
    effects.extend(moved_up.filter_map(|slot| {
        let officer = slot.holder.as_ref()?.officer;
        Some(Effect::Assign { vacancy, officer })
    }));
    match row.standing {
        // It was open, and the last open slots went; otherwise it was filled before.
        Standing::Filled if removed.iter().any(|slot| slot.holder.is_none()) => {
            let holders: Vec<_> = row.holders().map(|holder| holder.officer).collect();
            withdraw(vacancy, row, &holders, effects);
        }
        because if !reduction.withdrawn.is_empty() => effects.push(Effect::Withdraw {
            vacancy,
            because,
            from: reduction.withdrawn.clone(),
        }),
        _ => {}
    }
}

/// Tells the officer and the coordinators whom something written concerns, the writer among them:
/// whoever writes from one session reads it in the others.
fn written(
    state: &State,
    (vacancy, event): (VacancyId, usize),
    officer: OfficerId,
    effects: &mut Vec<Effect>,
) {
    let lead = state.vacancy(vacancy).map(|row| row.posting.lead);
    let home = state.roster().officers.find(officer).map(|row| row.home);
    let agencies: BTreeSet<AgencyId> = lead.into_iter().chain(home).collect();
    effects.push(Effect::Written {
        vacancy,
        event,
        officer,
        agencies: agencies.into_iter().collect(),
    });
}

/// Tells everybody for whom the offer stood that it no longer does.
fn withdraw(vacancy: VacancyId, row: &Vacancy, holders: &[OfficerId], effects: &mut Vec<Effect>) {
    let mut from = OfficerSet(&row.offered.0 - &row.declined.0);
    for &holder in holders {
        from.remove(holder);
    }
    if !from.is_empty() {
        effects.push(Effect::Withdraw {
            vacancy,
            because: row.standing,
            from,
        });
    }
}

/// Tells `officer`, who is booked for work now, which offers no longer stand because of that: those
/// that overlap with nothing else that the officer holds, for of the others they heard before.
fn overlaps(state: &State, vacancy: VacancyId, officer: OfficerId, effects: &mut Vec<Effect>) {
    let Some(row) = state.vacancy(vacancy) else {
        return;
    };
    let calendar = state.calendars().find(officer);
    let is_news = |(_, other): &(VacancyId, &Vacancy)| {
        let booked = calendar.into_iter();
        let mut booked =
            booked.flat_map(|booked| other.busy().flat_map(|span| booked.within(span)));
        booked.all(|booking| booking.vacancy == vacancy)
    };
    let withdrawn = overlapping(state, (vacancy, row), officer).filter(is_news);
    let withdrawn: Vec<VacancyId> = withdrawn.map(|(id, _)| id).collect();
    if !withdrawn.is_empty() {
        effects.push(Effect::Overlap {
            officer,
            vacancy,
            withdrawn,
        });
    }
}

fn amended(state: &State, amendment: &Amendment, effects: &mut Vec<Effect>) {
    let (vacancy, round) = (amendment.vacancy, amendment.round);
    let mut read_again = |confirm_by, to: OfficerSet| {
        if !to.is_empty() {
            effects.push(Effect::Amend {
                vacancy,
                confirm_by,
                to,
            });
        }
    };
    match (&amendment.moved, &amendment.post_orders) {
        (Some(moved), _) => read_again(Some(moved.confirm_by), moved.unconfirmed.clone()),
        (None, Some(_)) => {
            if let Some(row) = state.vacancy(vacancy) {
                read_again(None, concerned(row, amendment));
            }
        }
        (None, None) => {}
    }
    if amendment.post_orders.is_some()
        && let Some(row) = state.vacancy(vacancy)
    {
        let holders: OfficerSet = row.holders().map(|holder| holder.officer).collect();
        if !holders.is_empty() {
            effects.push(Effect::ReadOrders {
                vacancy,
                version: state.orders_version(vacancy),
                to: holders,
            });
        }
    }
    if let Some(moved) = &amendment.moved {
        unassign(vacancy, &moved.lost, Unassigned::Amended, effects);
        for officer in moved.unconfirmed.iter() {
            overlaps(state, vacancy, officer, effects);
        }
    }
    if let Some(row) = state.vacancy(vacancy)
        && !amendment.withdrawn.is_empty()
    {
        effects.push(Effect::Withdraw {
            vacancy,
            because: row.standing,
            from: amendment.withdrawn.clone(),
        });
    }
    offer(vacancy, round, &amendment.recipients, effects);
}

/// Who must read the post orders again: the holders, and those who may take it and do not hear of
/// it anew anyway.
fn concerned(row: &Vacancy, amendment: &Amendment) -> OfficerSet {
    let mut concerned = OfficerSet::new();
    if row.standing == Standing::Open {
        concerned.0 = &(&row.offered.0 - &row.declined.0) - &amendment.recipients.0;
    }
    let holders = row.holders().map(|holder| holder.officer.0);
    concerned.0.extend(holders);
    concerned
}

fn unassign(vacancy: VacancyId, from: &OfficerSet, why: Unassigned, effects: &mut Vec<Effect>) {
    effects.extend(from.iter().map(|officer| Effect::Unassign {
        vacancy,
        officer,
        because: why,
    }));
}

fn offer(vacancy: VacancyId, round: u32, to: &OfficerSet, effects: &mut Vec<Effect>) {
    if !to.is_empty() {
        let to = to.clone();
        effects.push(Effect::Offer { vacancy, round, to });
    }
}
