//! What is told of publishing.

use std::fmt;

use serde::Serialize;

/// A district's grant was put in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands::log) struct GrantMade {
    pub(in crate::commands::log) district: String,
    pub(in crate::commands::log) programme: String,
    pub(in crate::commands::log) first: String,
    pub(in crate::commands::log) last: String,
    pub(in crate::commands::log) budget_min: u64,
}

impl fmt::Display for GrantMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GrantMade {
            district,
            programme,
            first,
            last,
            budget_min,
        } = self;
        write!(
            f,
            "grant-made for {programme} in {district}: {budget_min} minutes from {first} to {last}"
        )
    }
}
