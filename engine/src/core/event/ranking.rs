//! How bids were ranked, and who waits no longer.

use rkyv::{Archive, Deserialize, Serialize};

use crate::core::refusal::Refusal;
use crate::model::{OfficerId, OfficerSet, Seed, VacancyId};

/// How bids were ranked.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranking {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// The seed from which lots were drawn; none if there was no lottery, or nobody revealed it.
    pub seed: Option<Seed>,
    /// Everybody whose bid was in, the first first. An award's place is the place here, from 1.
    pub order: Vec<OfficerId>,
    /// Those of them who were given no slot, in that order, and why.
    pub missed: Vec<Missed>,
}

/// A bid that was given no slot.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Missed {
    /// The officer.
    pub officer: OfficerId,
    /// Place in the ranking, from 1.
    pub place: u32,
    /// Why.
    pub refusal: Refusal,
}

/// Who bid or waited for a vacancy and does so no longer, though they did not say so. Each officer
/// is named once, for what came nearest to a slot.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct WaitEnded {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Why.
    pub because: WaitEnd,
    /// For whom a slot was kept.
    pub kept: OfficerSet,
    /// Whose bids were in.
    pub bids: OfficerSet,
    /// Who stood on the standby list.
    pub standby: OfficerSet,
}

/// Why officers wait for a vacancy no longer.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum WaitEnd {
    /// The customer no longer needs it.
    Cancelled,
    /// Its start passed.
    Expired,
    /// It has another time or place, or other slots.
    Amended,
    /// The customer needs fewer slots.
    Reduced,
}
