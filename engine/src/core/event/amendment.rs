//! What is recorded of an amendment, and of what follows from it.

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::{OfficerSet, Rank, Segment, Timestamp, VacancyId};

/// What was changed about a vacancy, and what that means for whoever holds it or was asked.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amendment {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Another time or place, if it has one.
    pub moved: Option<Relocation>,
    /// Required rank of each slot, if that changed.
    pub slots: Option<Vec<Rank>>,
    /// Instructions, if they changed.
    pub post_orders: Option<Box<str>>,
    /// The round that begins; the one before where the offer says what it said.
    pub round: u32,
    /// Whom it is offered to in that round.
    pub recipients: OfficerSet,
    /// For whom the offer no longer stands.
    pub withdrawn: OfficerSet,
    /// When the next tier opens by time.
    pub closes_at: Option<Timestamp>,
}

/// Another time or place.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relocation {
    /// Where and when.
    pub segments: Vec<Segment>,
    /// Holders who keep their slots under reservation, and must say yes.
    pub unconfirmed: OfficerSet,
    /// When they have to have said it.
    pub confirm_by: Timestamp,
    /// Holders who can no longer come, and lose their slots at once.
    pub lost: OfficerSet,
}

/// Reservations that ended without a yes.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lapse {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Who held the slots.
    pub officers: OfficerSet,
    /// The round that begins.
    pub round: u32,
    /// Whom it is offered to in that round; nobody if it has started.
    pub recipients: OfficerSet,
    /// When the next tier opens by time.
    pub closes_at: Option<Timestamp>,
}
