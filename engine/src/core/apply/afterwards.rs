//! What follows an award becomes state.

use super::{amend, award, clear_deadlines, free, vacancy_mut};
use crate::core::event::{Event, Record, Reduction};
use crate::core::state::{Deadline, State};
use crate::model::{
    Acknowledged, Attendance, Author, Correction, Journal, Mended, NoShow, OfficerSet, Standing,
    VacancyId,
};

/// Writes `event`, which is about what follows an award.
pub(super) fn apply(state: &mut State, record: &Record, event: &Event) {
    match event {
        Event::Reduced(reduction) => reduce(state, record, reduction),
        Event::NoShow {
            vacancy, officer, ..
        } => {
            let no_show = NoShow {
                by: Author::from(record.by),
                at: record.at,
            };
            let attendance = attendance_mut(state, *vacancy);
            attendance.no_shows.insert(*officer, no_show);
        }
        Event::Corrected {
            vacancy,
            correction,
        } => correct(attendance_mut(state, *vacancy), correction),
        Event::Acknowledged {
            vacancy,
            officer,
            version,
        } => {
            let (version, at) = (*version, record.at);
            let attendance = attendance_mut(state, *vacancy);
            attendance
                .acknowledged
                .insert(*officer, Acknowledged { version, at });
        }
        Event::Noted { vacancy, note } => {
            journal_mut(state, *vacancy)
                .notes
                .push(note.as_ref().clone());
        }
        Event::Said { vacancy, message } => {
            let messages = &mut journal_mut(state, *vacancy).messages;
            messages.push(message.as_ref().clone());
        }
        Event::Shelved { vacancy } => shelve(state, *vacancy),
        // Who was reminded is known from the log; who has to read is known from who has not.
        Event::Reminded { .. } => {}
        other => unreachable!("every other event is applied elsewhere: {other:?}"),
    }
}

/// The post orders were amended: whoever has read them has to read them again.
pub(super) fn amend_orders(state: &mut State, id: VacancyId) {
    attendance_mut(state, id).orders_amended += 1;
}

/// The work was moved, and with it the time for which what was written about it is kept.
pub(super) fn move_shelf(state: &mut State, id: VacancyId) {
    let at = Journal::kept_until(vacancy_mut(state, id));
    let durable = &mut state.durable;
    if let Some(journal) = durable.journals.get_mut(&id) {
        let before = std::mem::replace(&mut journal.shelved_at, at);
        durable.deadlines.remove(&(before, Deadline::Shelve(id)));
        durable.deadlines.insert((at, Deadline::Shelve(id)));
    }
}

fn reduce(state: &mut State, record: &Record, reduction: &Reduction) {
    let id = reduction.vacancy;
    let holders = reduction.removed.iter().filter_map(|slot| slot.holder);
    let holders: OfficerSet = holders.collect();
    let row = vacancy_mut(state, id);
    let lost = row.unseat(&holders);
    if !lost.is_empty() {
        row.moved.get_or_insert_default().lost.extend(lost);
    }
    let gone: Vec<u16> = reduction.removed.iter().map(|slot| slot.slot).collect();
    row.remove_slots(&gone);
    row.offered.0 -= &(&reduction.withdrawn.0 | &holders.0);
    let is_filled = row.standing == Standing::Open && row.slots_open() == 0;
    if is_filled {
        row.standing = Standing::Filled;
        row.closed_round = row.round;
        row.filled_at = Some(record.at);
    }
    for officer in holders.iter() {
        free(state, id, officer);
        amend::settle(state, id, officer);
    }
    if is_filled {
        clear_deadlines(state, id);
    }
    award::reduced(state, id, &gone);
}

fn correct(attendance: &mut Attendance, correction: &Correction) {
    if correction.mended == Mended::Came {
        attendance.no_shows.remove(&correction.officer);
    }
    attendance.corrections.push(correction.clone());
}

fn attendance_mut(state: &mut State, id: VacancyId) -> &mut Attendance {
    state.durable.attendance.entry(id).or_default()
}

fn journal_mut(state: &mut State, id: VacancyId) -> &mut Journal {
    let at = Journal::kept_until(vacancy_mut(state, id));
    let durable = &mut state.durable;
    durable.journals.entry(id).or_insert_with(|| {
        durable.deadlines.insert((at, Deadline::Shelve(id)));
        Journal {
            notes: Vec::new(),
            messages: Vec::new(),
            shelved_at: at,
        }
    })
}

fn shelve(state: &mut State, id: VacancyId) {
    if let Some(journal) = state.durable.journals.remove(&id) {
        let due = (journal.shelved_at, Deadline::Shelve(id));
        state.durable.deadlines.remove(&due);
    }
}
