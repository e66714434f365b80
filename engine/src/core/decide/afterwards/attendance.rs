//! Who came, who did not, what is corrected about it, and who has read the post orders.

use super::super::{grants, known, posting};
use super::check_text;
use crate::core::afterwards::Again;
use crate::core::event::Event;
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::core::state::State;
use crate::limits::{CORRECTION_MARGIN_MS, CORRECTIONS_MAX, REASON_LEN_MAX};
use crate::model::{
    Acknowledged, Attendance, Author, Correction, Mended, NoShow, OfficerId, OfficerSet, Timestamp,
    Vacancy, VacancyId,
};
use crate::rules::attendance;

/// Records that a holder has not come to work that has started, and publishes the rest of it as a
/// vacancy of its own if that is asked: one slot of the same rank, for whoever is eligible then.
/// The holder keeps the slot, and is not asked for the rest of the same work.
pub(super) fn no_show(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    again: Option<Again>,
    (by, at): (Author, Timestamp),
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    let (slot, _) = row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    if at < row.posting.span().start {
        return Err(Refusal::NotStarted);
    }
    let known = state.attendance(id);
    if known.is_some_and(|known| known.no_shows.contains_key(&officer)) {
        return Err(Refusal::Unchanged);
    }
    if attendance::is_clocked_in(state.punches(id), corrections(known), officer) {
        return Err(Refusal::ClockedIn);
    }
    let rest = match again {
        Some(again) => {
            // Who did not come is not paid, and the rest may take that.
            let back = grants::given_back(state, (id, row), officer, NoShow { by, at });
            posting::publish_rest(state, (row, slot), again, at, &mut { back })?
        }
        None => Vec::new(),
    };
    let mut events = vec![Event::NoShow {
        vacancy: id,
        slot,
        officer,
        again: again.map(|_| state.vacancies().end()),
    }];
    events.extend(rest);
    Ok(events)
}

/// Corrects what is recorded of a holder's attendance, by a record beside it.
pub(super) fn correct(
    state: &State,
    (id, officer): (VacancyId, OfficerId),
    (mended, reason): (Mended, &str),
    by: Author,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_text(reason, REASON_LEN_MAX)?;
    let row = known(state, id)?;
    row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    let known = state.attendance(id);
    let corrections = corrections(known);
    let whose_punch = |number: u32| {
        let punch = state.punches(id).get(number as usize);
        punch.map(|punch| punch.officer)
    };
    let whose_correction = |number: u32| {
        let correction = corrections.get(number as usize);
        correction.map(|correction| correction.officer)
    };
    let must_be = |whose: Option<OfficerId>, kind: Kind, number: u32| {
        let code = number.to_string().into();
        let is_theirs = whose == Some(officer);
        is_theirs
            .then_some(())
            .ok_or(Refusal::Unknown { kind, code })
    };
    match mended {
        Mended::Moved { punch, to } => {
            must_be(whose_punch(punch), Kind::Punch, punch)?;
            check_moment(row, to, at)?;
        }
        Mended::Struck { punch } => must_be(whose_punch(punch), Kind::Punch, punch)?,
        Mended::Missed { to, .. } => check_moment(row, to, at)?,
        Mended::Withdrawn { correction } => {
            must_be(whose_correction(correction), Kind::Correction, correction)?;
        }
        Mended::Came => {
            if !known.is_some_and(|known| known.no_shows.contains_key(&officer)) {
                return Err(Refusal::Unchanged);
            }
        }
    }
    if corrections.len() >= CORRECTIONS_MAX {
        let limit = CORRECTIONS_MAX as u32;
        return Err(Refusal::Full { limit });
    }
    let correction = Box::new(Correction {
        officer,
        mended,
        reason: reason.into(),
        by,
        at,
    });
    Ok(vec![Event::Corrected {
        vacancy: id,
        correction,
    }])
}

/// A holder has read the post orders as they are.
pub(super) fn acknowledge(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    version: u32,
) -> Result<Vec<Event>, Refusal> {
    known(state, id)?
        .slot_of(officer)
        .ok_or(Refusal::NotHolder)?;
    let current = state.orders_version(id);
    if version != current {
        return Err(Refusal::OtherOrders { version: current });
    }
    if has_acknowledged(state, id, officer) {
        return Err(Refusal::Unchanged);
    }
    Ok(vec![Event::Acknowledged {
        vacancy: id,
        officer,
        version,
    }])
}

/// Asks the holders who have not acknowledged the post orders as they are to do so.
pub(super) fn remind(state: &State, id: VacancyId) -> Result<Vec<Event>, Refusal> {
    let holders = known(state, id)?.holders().map(|holder| holder.officer);
    let officers: OfficerSet = holders
        .filter(|officer| !has_acknowledged(state, id, *officer))
        .collect();
    if officers.is_empty() {
        return Err(Refusal::Unchanged);
    }
    Ok(vec![Event::Reminded {
        vacancy: id,
        version: state.orders_version(id),
        officers,
    }])
}

fn has_acknowledged(state: &State, id: VacancyId, officer: OfficerId) -> bool {
    let last = state
        .attendance(id)
        .and_then(|known| known.acknowledged.get(&officer));
    let current = state.orders_version(id);
    last.is_some_and(|Acknowledged { version, .. }| *version == current)
}

fn corrections(known: Option<&Attendance>) -> &[Correction] {
    known.map_or(&[], |known| &known.corrections)
}

/// Refuses a punch in the future, or farther from the work than anybody is early or late.
fn check_moment(row: &Vacancy, to: Timestamp, at: Timestamp) -> Result<(), Refusal> {
    let span = row.posting.span();
    let from_start = to.plus_ms(CORRECTION_MARGIN_MS) >= span.start;
    let from_end = to <= span.end.plus_ms(CORRECTION_MARGIN_MS);
    if from_start && from_end && to <= at {
        return Ok(());
    }
    Err(Refusal::Invalid(Invalid::Correction))
}
