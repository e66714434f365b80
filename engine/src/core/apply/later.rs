//! Who hears of work later becomes state.

use super::{set_tier_deadline, vacancy_mut};
use crate::core::event::{Considered, Record, Widened};
use crate::core::state::{Deadline, State};
use crate::model::{Offering, OfficerSet, Timestamp, VacancyId, Widening};

/// Somebody may come to more from some moment on.
pub(super) fn widen(state: &mut State, widened: &Widened) {
    let Widened { from, who } = widened;
    let durable = &mut state.durable;
    durable.widened.entry(*from).or_default().merge(who);
    durable.deadlines.insert((*from, Deadline::Widened));
}

/// A vacancy is offered to more officers than before.
pub(super) fn offer(
    state: &mut State,
    id: VacancyId,
    (recipients, closes_at): (&OfficerSet, Option<Timestamp>),
) {
    let row = vacancy_mut(state, id);
    row.offered.0 |= &recipients.0;
    set_tier_deadline(state, id, closes_at);
}

/// Some of the vacancies ahead, or the last of them, were considered.
pub(super) fn considered(state: &mut State, record: &Record, considered: &Considered) {
    let durable = &mut state.durable;
    let who = match durable.offering.take() {
        Some(Offering { who, since, .. }) => {
            durable.deadlines.remove(&(since, Deadline::Offering));
            who
        }
        None => {
            let due = durable.widened.extract_if(..=considered.until, |_, _| true);
            let mut who = Widening::default();
            for (from, widening) in due {
                durable.deadlines.remove(&(from, Deadline::Widened));
                who.merge(&widening);
            }
            who
        }
    };
    if let Some(after) = considered.after {
        let since = record.at;
        durable.deadlines.insert((since, Deadline::Offering));
        durable.offering = Some(Offering { who, after, since });
    }
}
