//! Why an officer may or may not take a vacancy, and who may ask.

use protocol::Outcome;

use super::Hub;
use crate::ask::Caller;
use crate::members::Who;
use crate::speak;

impl Hub {
    /// Explains an officer's standing to whoever is concerned: the operator, the coordinator of
    /// the home agency, the lead's coordinator where the officer's agency is asked at all, and
    /// the officer where the home agency is. Everybody else learns nothing, not even whether the
    /// names exist.
    pub(super) fn why(&self, who: Who, caller: Caller, badge: &str, key: protocol::VacancyKey) {
        let state = &self.follower.state;
        let vacancy = state.vacancy_id(engine::model::VacancyKey(key.0));
        let row = vacancy.and_then(|id| state.vacancy(id));
        let officer = state.roster().officer(badge);
        let home = officer
            .and_then(|id| state.roster().officers.find(id))
            .map(|row| row.home);
        let at = self.now();
        let lead = row.map(|row| row.posting.lead);
        let is_asked = || {
            let (row, officer) = row.zip(officer)?;
            state.tier_of(row, officer, at)
        };
        let may_ask = match who {
            Who::Operator => true,
            Who::Officer(own) => officer == Some(own) && is_asked().is_some(),
            Who::Coordinator(own) if home == Some(own) => true,
            Who::Coordinator(own) => lead == Some(own) && is_asked().is_some(),
            Who::ReadOnly(_) => false,
        };
        if !may_ask {
            return self.desk.answer(caller, speak::not_allowed());
        }
        let Some(row) = row else {
            return self
                .desk
                .unknown(caller, "vacancy", &key.to_string(), false);
        };
        match officer.and_then(|officer| state.why(row, officer, at)) {
            Some(clauses) => {
                let say = |(clause, holds)| speak::clause(state, clause, holds);
                let clauses: Vec<_> = clauses.into_iter().map(say).collect();
                let eligible = clauses.iter().all(|clause| clause.holds);
                self.desk
                    .answer(caller, Outcome::Explained { eligible, clauses });
            }
            None => self.desk.unknown(caller, "officer", badge, false),
        }
    }
}
