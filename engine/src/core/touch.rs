//! Reading ahead: brings what a batch of answers will need into the processor's cache.
//!
//! An accept reads a dozen places that nobody has read for a while: the vacancy, its slots and
//! segments, the officer, the calendar, the table of answers. Each is a wait for memory, and the
//! decision needs them one after the other. Asked for many accepts at a time, with nothing that
//! depends on the answers, the waits overlap.

use super::command::{Actor, Body, Command};
use super::state::State;

/// Commands that are read ahead at a time: what they touch fits into a first-level cache.
pub(crate) const TOUCHED_AT_A_TIME: usize = 16;

impl State {
    /// Reads what deciding `command` will read. The number means nothing; it is there so that the
    /// reading is not optimised away.
    pub(crate) fn touch(&self, command: &Command) -> usize {
        let (Body::Accept { vacancy, .. }, Actor::Officer(officer)) = (&command.body, command.by)
        else {
            return 0;
        };
        let answered = usize::from(self.answer(command.by, command.request).is_some());
        let vacancy = self.vacancy(*vacancy).map_or(0, |row| {
            let span = row.posting.span().start.as_micros() as usize;
            let held = row.slots.first().is_some_and(|slot| slot.holder.is_some());
            span.wrapping_add(usize::from(held) + row.returned.len() as usize + row.round as usize)
        });
        let calendar = self.calendars().find(officer).map_or(0, |calendar| {
            let last = calendar.bookings().last();
            last.map_or(0, |booking| booking.vacancy.index())
        });
        let officer = self.roster().officers.find(officer).map_or(0, |row| {
            row.certifications.len() + row.approvals.len() + usize::from(row.suspended)
        });
        vacancy.wrapping_add(answered + calendar + officer)
    }
}
