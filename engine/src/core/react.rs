//! Who must be told of a record. Called by followers, on a state that the record was applied to,
//! so nothing can be told before it is durable.

use super::effect::Effect;
use super::event::{Event, Record};
use super::state::State;
use crate::model::{OfficerId, OfficerSet, Standing, Vacancy, VacancyId};

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
        tell(state, event, &mut effects);
    }
    effects
}

fn tell(state: &State, event: &Event, effects: &mut Vec<Effect>) {
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
            {
                let holders: Vec<_> = row.holders().map(|holder| holder.officer).collect();
                withdraw(*vacancy, row, &holders, effects);
            }
        }
        Event::Vacated {
            vacancy,
            officer,
            because,
            round,
            recipients,
            ..
        } => {
            let because = Some(*because);
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
                let because = None;
                effects.push(Effect::Unassign {
                    vacancy: *vacancy,
                    officer,
                    because,
                });
            }
            if let Some(row) = state.vacancy(*vacancy) {
                withdraw(*vacancy, row, holders, effects);
            }
        }
        Event::Expired { vacancy } => {
            if let Some(row) = state.vacancy(*vacancy) {
                let holders: Vec<_> = row.holders().map(|holder| holder.officer).collect();
                withdraw(*vacancy, row, &holders, effects);
            }
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
        _ => {}
    }
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
