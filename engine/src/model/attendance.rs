//! Clock-in and clock-out.

use rkyv::{Archive, Deserialize, Serialize};

use super::{OfficerId, Position, Timestamp};

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
