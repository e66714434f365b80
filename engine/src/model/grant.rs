//! What pays for school safety work: a district's grant (rule 19).

use rkyv::{Archive, Deserialize, Serialize};

use super::{Date, ProgrammeId};

/// What a district's grant pays for: work of one programme at its sites that the state funds.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The programme.
    pub programme: ProgrammeId,
    /// The first day of the window, in the sites' local time.
    pub first: Date,
    /// The last day of the window.
    pub last: Date,
    /// Paid time of all officers together, in minutes.
    pub budget_min: u64,
}
