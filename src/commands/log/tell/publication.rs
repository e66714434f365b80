//! Telling of terms and of what pays for the work.

use engine::model::{Clothing, Grant, Term};

use crate::commands::log::award;
use crate::commands::log::names::Names;
use crate::commands::log::told::{GrantMade, Told};

/// A term as a coordinator would say it.
pub(super) fn term(term: &Term) -> String {
    match term {
        Term::Buffer {
            before_ms,
            after_ms,
        } => format!("busy {before_ms} ms before and {after_ms} ms after"),
        Term::OpensBefore { before_ms } => {
            let distances: Vec<String> = before_ms.iter().map(|ms| format!("{ms} ms")).collect();
            format!("next tier {} before the start", distances.join(", then "))
        }
        Term::BeyondGrant { reason } => format!("beyond the grant: {reason:?}"),
        Term::Clothing(Clothing::Uniform) => "in uniform".to_owned(),
        Term::Clothing(Clothing::Civilian) => "in civilian clothes".to_owned(),
        Term::MarkedCar => "with a marked patrol car".to_owned(),
        Term::Award(rule) => award::rule(rule),
        Term::Undo { within_ms } => format!("undo within {within_ms} ms"),
        Term::Standby { confirm_within_ms } => {
            format!("standby list, to confirm within {confirm_within_ms} ms")
        }
        Term::Job { job, version } => format!("job {job} version {version}"),
        Term::HigherRanks { fill: true } => "a higher rank fills a lower slot".to_owned(),
        Term::HigherRanks { fill: false } => "only the rank of a slot fills it".to_owned(),
        Term::ByLadder { slots } => format!("{slots} slots of the ladder's ranks"),
    }
}

pub(super) fn grant_made(names: Names<'_>, district: &str, grant: &Grant) -> Told {
    Told::GrantMade(GrantMade {
        district: district.to_owned(),
        programme: names.programme(grant.programme),
        first: grant.first.to_string(),
        last: grant.last.to_string(),
        budget_min: grant.budget_min,
    })
}
