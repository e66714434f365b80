//! How bids were ranked.

use rkyv::{Archive, Deserialize, Serialize};

use crate::core::refusal::Refusal;
use crate::model::{OfficerId, Seed, VacancyId};

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
