//! What may be read about a vacancy afterwards, and by whom.

use super::command::Actor;
use super::state::State;
use crate::model::{AgencyId, Message, Note, OfficerId, Timestamp, Vacancy, VacancyId};
use crate::rules::attendance::{self, Status};

/// What somebody may read of what was written about a vacancy, each with its number from 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readable<'a> {
    /// Field notes.
    pub notes: Vec<(u32, &'a Note)>,
    /// Messages.
    pub messages: Vec<(u32, &'a Message)>,
}

impl State {
    /// Whether `agency` employs `officer`.
    pub fn is_home(&self, officer: OfficerId, agency: AgencyId) -> bool {
        let row = self.roster().officers.find(officer);
        row.is_some_and(|row| row.home == agency)
    }

    /// Whether `by` may read what concerns `officer` and a vacancy: the officer while they hold it
    /// or were offered it, the coordinators of the lead and of the home agency, and the operator.
    pub fn may_read(&self, by: Actor, row: &Vacancy, officer: OfficerId) -> bool {
        match by {
            Actor::Officer(own) => own == officer && row.concerns(own),
            Actor::Coordinator(agency) => {
                row.posting.lead == agency || self.is_home(officer, agency)
            }
            Actor::Operator => true,
            Actor::Clock => false,
        }
    }

    /// What `by` may read of what was written about a vacancy; nothing at all if the vacancy is
    /// not known or none of it could concern them.
    pub fn read(&self, by: Actor, id: VacancyId) -> Option<Readable<'_>> {
        let row = self.vacancy(id)?;
        let journal = self.journal(id);
        let notes = (0..).zip(journal.into_iter().flat_map(|journal| &journal.notes));
        let messages = (0..).zip(journal.into_iter().flat_map(|journal| &journal.messages));
        let readable = Readable {
            notes: notes
                .filter(|(_, note)| self.may_read(by, row, note.officer))
                .collect(),
            messages: messages
                .filter(|(_, message)| self.may_read(by, row, message.officer))
                .collect(),
        };
        let is_concerned = match by {
            Actor::Officer(own) => row.concerns(own),
            Actor::Coordinator(agency) => row.posting.lead == agency || self.sends(row, agency),
            Actor::Operator => true,
            Actor::Clock => false,
        };
        let is_there = !readable.notes.is_empty() || !readable.messages.is_empty();
        (is_concerned || is_there).then_some(readable)
    }

    /// The vacancies that `officer` holds or held, as far as the state has them, in the order of
    /// publication, and how the officer stands to each at `at`.
    pub fn shifts(&self, officer: OfficerId, at: Timestamp) -> Vec<(VacancyId, Status)> {
        let status = |(id, row): (VacancyId, &Vacancy)| {
            let known = (self.punches(id), self.attendance(id));
            Some((id, attendance::status(row, known, officer, at)?))
        };
        self.vacancies().iter().filter_map(status).collect()
    }

    /// Whether an officer of `agency` holds a slot of `row` or was offered one.
    fn sends(&self, row: &Vacancy, agency: AgencyId) -> bool {
        let holders = row.holders().map(|holder| holder.officer);
        let mut concerned = holders.chain(row.offered.iter());
        concerned.any(|officer| self.is_home(officer, agency))
    }
}
