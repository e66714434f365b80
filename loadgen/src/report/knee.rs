//! Where a server's capacity ends.

use serde::{Deserialize, Serialize};

use super::Period;

/// The rate of publications beyond which accepts are not answered in time, and how it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knee {
    /// What the 99.9th percentile of an accept's response time must not exceed, in microseconds.
    pub bound_us: u64,
    /// The highest rate tried that kept the bound, in publications per 1,000 seconds; zero if none
    /// did, or none was looked for.
    pub publications_per_ks: u64,
    /// Whether the search ended below the bound, because no higher rate is tried: 1 if so.
    pub is_a_lower_limit: u64,
    /// Every rate that was tried.
    pub probes: Vec<Period>,
}
