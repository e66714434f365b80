//! The slow twin of the index: examine everybody.

use crate::model::{AgencyId, Calendar, OfficerId, OfficerSet, Table};
use crate::rules::{Candidate, Ground, eligibility};

/// Everybody of `agencies` who may take the work on `ground`.
pub fn eligible(
    ground: Ground<'_>,
    calendars: &Table<OfficerId, Calendar>,
    agencies: &[AgencyId],
) -> OfficerSet {
    let everybody = ground.roster.officers.iter();
    everybody
        .filter(|(_, officer)| agencies.contains(&officer.home))
        .filter(|&(id, officer)| {
            let calendar = calendars.find(id);
            eligibility::check(
                ground,
                Candidate {
                    id,
                    officer,
                    calendar,
                },
            )
            .is_ok()
        })
        .map(|(id, _)| id)
        .collect()
}
