//! Slots that were taken away.

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::{Interval, OfficerId, OfficerSet, Rank, VacancyId};

/// Slots that were taken away because the customer needs fewer.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// What was taken away, in order of the numbers that the slots had. Slots behind them move up.
    pub removed: Vec<Removed>,
    /// When the work was to be done, as it stood: a fee counts these hours, whatever is amended
    /// later (rule 13).
    pub scheduled: Vec<Interval>,
    /// Why.
    pub reason: Box<str>,
    /// For whom the offer no longer stands, although it is open.
    pub withdrawn: OfficerSet,
}

/// A slot that was taken away.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Removed {
    /// Its number until then.
    pub slot: u16,
    /// The rank it asked for.
    pub rank: Rank,
    /// Who held it.
    pub holder: Option<OfficerId>,
}
