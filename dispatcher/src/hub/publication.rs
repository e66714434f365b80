//! What a coordinator asks before publishing: who could come, and what pays for it.

use engine::core::State;
use protocol::{Outcome, Publication};

use super::Hub;
use crate::ask::Caller;
use crate::members::Who;
use crate::{hear, jobs, speak};

impl Hub {
    /// Says what publishing `publication` would find, to whoever may publish it.
    pub(super) fn preview(&self, who: Who, caller: Caller, publication: Publication) {
        let state = &self.follower.state;
        let lead = state.roster().agency(&publication.vacancy.lead);
        let may_ask = match who {
            Who::Operator => true,
            Who::Coordinator(own) => lead == Some(own),
            Who::Officer(_) | Who::ReadOnly(_) => false,
        };
        let outcome = match may_ask {
            true => preview(state, &self.desk.lots, publication, self.now()),
            false => speak::not_allowed(),
        };
        self.desk.answer(caller, outcome);
    }

    /// Says how a district's grant stands, to the operator and to the coordinators of agencies
    /// that lead a site of the district.
    pub(super) fn grant(&self, who: Who, caller: Caller, district: &str) {
        let state = &self.follower.state;
        let leads_there = |own| {
            let mut sites = state.roster().sites.iter();
            sites.any(|(_, site)| site.lead == own && *site.district == *district)
        };
        let may_ask = match who {
            Who::Operator => true,
            Who::Coordinator(own) => leads_there(own),
            Who::Officer(_) | Who::ReadOnly(_) => false,
        };
        if !may_ask {
            return self.desk.answer(caller, speak::not_allowed());
        }
        match state.grants().find(district) {
            Some(fund) => {
                let outcome = speak::grant(state, district, fund);
                self.desk.answer(caller, outcome);
            }
            None => self
                .desk
                .unknown(caller, "grant of district", district, false),
        }
    }
}

fn preview(
    state: &State,
    lots: &crate::Lots,
    publication: Publication,
    at: engine::model::Timestamp,
) -> Outcome {
    let is_staffed = publication.terms.iter().any(jobs::is_of_staffing);
    match state.preview(&hear::publication(publication, lots), at) {
        Ok(found) if is_staffed => jobs::staffed(state, &found),
        Ok(found) => Outcome::Preview {
            tiers: speak::preview(state, &found),
        },
        Err(refusal) => Outcome::Refused(speak::refused(&refusal.into(), at.as_micros())),
    }
}
