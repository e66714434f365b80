//! Limits to an officer's work, and what officers would rather be asked for.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Position, VacancyKey};

/// A limit that a home agency sets to its officers' work.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
pub struct Limit {
    /// What is limited.
    pub measure: Measure,
    /// Whether work beyond it is refused; otherwise its award is flagged.
    pub blocks: bool,
    /// The limit holds for work that starts from here on; none means always did.
    pub from_us: Option<i64>,
    /// The first instant after; none means no end.
    pub until_us: Option<i64>,
}

/// What a limit counts.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Hours in every local day of the work's site.
    Day {
        /// The most, in minutes.
        most_minutes: u16,
    },
    /// Hours in every seven local days from a day of the week on.
    Week {
        /// Monday = 1 to Sunday = 7.
        starts_on: u8,
        /// The most, in minutes.
        most_minutes: u16,
    },
    /// Hours in any so many local days in a row, at most 31.
    Days {
        /// How many days.
        days: u8,
        /// The most, in minutes.
        most_minutes: u16,
    },
    /// Time without work before and after each assignment.
    Rest {
        /// The least, in minutes.
        least_minutes: u16,
    },
}

/// Work for which an officer's limits warn and do not block.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lift {
    /// One vacancy.
    Vacancy {
        /// Which.
        vacancy: VacancyKey,
    },
    /// All work that starts in some time.
    Dated {
        /// The first instant.
        from_us: i64,
        /// The first instant after.
        until_us: i64,
    },
}

/// What an officer would rather be asked for. Everything left out means that it does not matter.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    Default,
)]
pub struct Preferences {
    /// School districts.
    pub districts: Vec<String>,
    /// Where distance is measured from; kept by the server and shown to nobody.
    pub near: Option<Near>,
    /// How long before the start, in milliseconds.
    pub notice_ms: u64,
    /// When not to be disturbed.
    pub quiet: Option<Quiet>,
}

/// A circle around a position.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
pub struct Near {
    /// The middle.
    pub position: Position,
    /// The radius in metres.
    pub metres: u32,
}

/// Hours of every day in which an officer is not to be disturbed.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Quiet {
    /// IANA time zone of the officer.
    pub zone: String,
    /// Pairs of minutes after local midnight: from, until; past midnight is written as two.
    pub windows: Vec<(u16, u16)>,
}
