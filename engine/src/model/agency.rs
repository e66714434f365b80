//! Agencies and the agreements that cover their officers.

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, AgreementId, Code};

/// A law-enforcement employer.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Agency {
    /// Short code.
    pub code: Code,
    /// Full name.
    pub name: Box<str>,
    /// Its own Master Service Agreement, if it is contracted.
    pub agreement: Option<AgreementId>,
}

/// A Master Service Agreement: what protects an officer on an assignment.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Agreement {
    /// Short code.
    pub code: Code,
    /// The agency that signed it.
    pub holder: AgencyId,
}
