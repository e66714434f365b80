//! What is provided for one officer or one vacancy.

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::{Lift, OfficerId, OfficerSet, Timestamp, VacancyId};
use crate::rules::Clause;

/// For some work, an officer's limits warn and do not block.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct LimitsLifted {
    /// The officer.
    pub officer: OfficerId,
    /// For what.
    pub lift: Lift,
    /// Why.
    pub reason: Box<str>,
    /// The limits that one vacancy exceeds, each with what the officer holds and would then hold.
    /// Empty for dates: there the award is flagged with its figures.
    pub exceeded: Vec<Clause>,
}

/// The approval of a last tier.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct LastTierApproved {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Who approved it.
    pub approved_by: Box<str>,
    /// Who is offered it because of that.
    pub recipients: OfficerSet,
}

/// A push that waits until some officers' quiet is over.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct PushDeferred {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// When the quiet is over.
    pub until: Timestamp,
    /// Whose.
    pub officers: OfficerSet,
}
