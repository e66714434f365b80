//! Reading ahead: brings what a batch of answers will need into the processor's cache.
//!
//! An accept reads a dozen places that nobody has read for a while: the vacancy, its slots and
//! segments, the officer, the calendar, the table of answers. Each is a wait for memory, and the
//! decision needs them one after the other. Asked for many accepts at a time, with nothing that
//! depends on the answers, the waits overlap: first all rows, then all that the rows point to.

use super::command::{Actor, Body, Command};
use super::state::State;
use crate::model::{OfficerId, VacancyId};

/// Commands that are read ahead at a time: what they touch fits into a first-level cache.
pub(crate) const TOUCHED_AT_A_TIME: usize = 16;

impl State {
    /// Reads the rows that deciding `command` begins with. The number means nothing; it is there so
    /// that the reading is not optimised away.
    pub(crate) fn touch_rows(&self, command: &Command) -> usize {
        let Some((vacancy, officer)) = accepted(command) else {
            return 0;
        };
        let answers = self.durable.answers.touch(command.by, command.request);
        let vacancy = self.vacancy(vacancy).map_or(0, |row| {
            let ends = row.posting.segments.len() + row.slots.len();
            ends.wrapping_add(row.round as usize + row.closed_round as usize)
        });
        let calendar = self.calendars().find(officer);
        let calendar = calendar.map_or(0, |calendar| calendar.bookings().len());
        let officer = self
            .roster()
            .officers
            .find(officer)
            .map_or(0, |row| row.home.index() + usize::from(row.suspended));
        answers.wrapping_add(vacancy + calendar + officer)
    }

    /// Reads what those rows point to. The number means nothing here either.
    pub(crate) fn touch_beyond(&self, command: &Command) -> usize {
        let Some((vacancy, officer)) = accepted(command) else {
            return 0;
        };
        let answered = usize::from(self.answer(command.by, command.request).is_some());
        let vacancy = self.vacancy(vacancy).map_or(0, |row| {
            let start = row.posting.span().start.as_micros() as usize;
            let held = row.slots.first().is_some_and(|slot| slot.holder.is_some());
            start.wrapping_add(usize::from(held) + row.returned.len() as usize)
        });
        let last = self.calendars().find(officer);
        let last = last.and_then(|calendar| calendar.bookings().last());
        let last = last.map_or(0, |booking| booking.vacancy.index());
        let officer = self.roster().officers.find(officer).map_or(0, |row| {
            let certified = row.certifications.keys().next();
            let approved = row.approvals.keys().next();
            certified.map_or(0, |kind| kind.index()) ^ approved.map_or(0, |kind| kind.index())
        });
        vacancy.wrapping_add(answered + last).wrapping_add(officer)
    }
}

fn accepted(command: &Command) -> Option<(VacancyId, OfficerId)> {
    match (&command.body, command.by) {
        (Body::Accept { vacancy, .. }, Actor::Officer(officer)) => Some((*vacancy, officer)),
        _ => None,
    }
}
