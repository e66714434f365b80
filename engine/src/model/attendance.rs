//! Who came, and when: punches, what was corrected about them, who did not come, and who has read
//! the post orders.

use std::collections::BTreeMap;

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, OfficerId, Position, Timestamp};

/// One punch; corrections are new punches, never edits.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Punch {
    /// Who.
    pub officer: OfficerId,
    /// In or out.
    pub direction: Direction,
    /// When, as the log has it.
    pub at: Timestamp,
    /// Where the officer said to be; captured at the punch, never tracked.
    pub position: Option<Position>,
    /// Whether that is inside the geofence. A punch outside is recorded and never blocked.
    pub on_site: Option<bool>,
}

/// In or out.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Direction {
    /// Clock-in.
    In,
    /// Clock-out.
    Out,
}

/// What is known of the attendance at a vacancy beside its punches.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Attendance {
    /// What was corrected, in order. Punches themselves are never edited.
    pub corrections: Vec<Correction>,
    /// Who did not come, as far as nobody took it back.
    pub no_shows: BTreeMap<OfficerId, NoShow>,
    /// How often the post orders were amended: their version is one more.
    pub orders_amended: u32,
    /// The last version of the post orders that each officer has acknowledged.
    pub acknowledged: BTreeMap<OfficerId, Acknowledged>,
}

impl Attendance {
    /// The version of the post orders, from 1.
    pub fn orders_version(&self) -> u32 {
        self.orders_amended + 1
    }
}

/// Who wrote something down: what is known of them is what their token said.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Author {
    /// An officer.
    Officer(OfficerId),
    /// A coordinator of this agency.
    Coordinator(AgencyId),
    /// Whoever runs the installation.
    Operator,
}

/// A correction of somebody's attendance: a record of its own, which edits nothing.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Correction {
    /// Whose attendance.
    pub officer: OfficerId,
    /// What holds instead.
    pub mended: Mended,
    /// Why.
    pub reason: Box<str>,
    /// Who says so.
    pub by: Author,
    /// When, as the log has it.
    pub at: Timestamp,
}

/// What a correction puts right. Punches and corrections of a vacancy are each counted from 0, in
/// the order of the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mended {
    /// A punch was made at another time.
    Moved {
        /// The punch.
        punch: u32,
        /// When it was made.
        to: Timestamp,
    },
    /// A punch does not count.
    Struck {
        /// The punch.
        punch: u32,
    },
    /// A punch is missing.
    Missed {
        /// In or out.
        direction: Direction,
        /// When it should have been made.
        to: Timestamp,
    },
    /// An earlier correction does not count.
    Withdrawn {
        /// The correction.
        correction: u32,
    },
    /// Who was recorded as a no-show came after all.
    Came,
}

/// A holder who did not come.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoShow {
    /// Who says so.
    pub by: Author,
    /// When, as the log has it.
    pub at: Timestamp,
}

/// A version of the post orders that somebody has read.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Acknowledged {
    /// Which, from 1.
    pub version: u32,
    /// When, as the log has it.
    pub at: Timestamp,
}
