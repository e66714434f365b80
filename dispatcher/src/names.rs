//! Names in requests, and what is said to a name that nobody has.
//!
//! Whether a badge or a vacancy exists is told to operators, and to coordinators about the vacancies
//! that their agency leads. To everybody else a name that is not known is answered, word for word,
//! like one that is not theirs to use, so that asking finds out nothing.

use engine::core::State;
use engine::model::{OfficerId, VacancyId, VacancyKey};
use protocol::{Outcome, RefusalCode, Refused};

use crate::members::Who;
use crate::speak;

/// The vacancy of this key.
///
/// # Errors
/// The answer that says that there is none, or that this may not be asked.
pub(crate) fn vacancy(
    state: &State,
    who: Who,
    key: protocol::VacancyKey,
) -> Result<VacancyId, Outcome> {
    let id = state.vacancy_id(VacancyKey(key.0));
    id.ok_or_else(|| match who {
        Who::Operator => Outcome::Refused(unknown("vacancy", &key.to_string())),
        Who::Coordinator(_) | Who::ReadOnly(_) | Who::Officer(_) => speak::not_allowed(),
    })
}

/// The officer of this badge, named about a vacancy.
///
/// # Errors
/// The answer that says that there is none, or that this may not be asked.
pub(crate) fn officer(
    state: &State,
    who: Who,
    badge: &str,
    about: VacancyId,
) -> Result<OfficerId, Outcome> {
    let leads = |own| {
        let row = state.vacancy(about);
        row.is_some_and(|row| row.posting.lead == own)
    };
    let officer = state.roster().officer(badge);
    officer.ok_or_else(|| match who {
        Who::Operator => Outcome::Refused(unknown("officer", badge)),
        Who::Coordinator(own) if leads(own) => Outcome::Refused(unknown("officer", badge)),
        Who::Coordinator(_) | Who::ReadOnly(_) | Who::Officer(_) => speak::not_allowed(),
    })
}

/// Says that there is nothing of this name.
pub(crate) fn unknown(what: &str, name: &str) -> Refused {
    Refused {
        code: RefusalCode::Unknown,
        sentence: format!("there is no {what} `{name}`"),
        place: None,
        behind_us: None,
        clauses: Vec::new(),
    }
}
