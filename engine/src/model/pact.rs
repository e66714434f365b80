//! Pacts between agencies.

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, AgreementId, Interval};

/// A directed, dated, non-transitive edge from a lead agency to a back-up.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pact {
    /// The agency that is backed up.
    pub lead: AgencyId,
    /// The agency that backs it up.
    pub backup: AgencyId,
    /// When its officers are asked: tier 1 before tier 2. Never 0.
    pub tier: u8,
    /// When the pact holds.
    pub valid: Interval,
    /// The agreement that covers an uncontracted back-up, where it is not the lead's own.
    pub cover: Option<AgreementId>,
}
