//! The staffing ladder of an agency: which slots are supervisors' (rule 10).

use rkyv::{Archive, Deserialize, Serialize};

use super::{Interval, Rank};

/// Which slots of a vacancy ask for more than an officer, and who may take which.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ladder {
    /// Its steps. Where two meet at one slot, the higher rank is asked for.
    pub steps: Vec<Step>,
    /// Whether a higher rank fills a lower slot, where the vacancy does not say otherwise.
    pub higher_fills: bool,
    /// The ladder holds for work that starts in here.
    pub valid: Interval,
}

/// One step: a slot that asks for a rank, in place of an officer's.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    /// The slot, counted from 1.
    pub nth: u16,
    /// What it asks for.
    pub rank: Rank,
    /// Every so many slots after that the same again; none means once.
    pub every: Option<u16>,
}
