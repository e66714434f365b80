//! Publishing many vacancies, on terms.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{AwardRule, NewVacancy};

/// A vacancy with what it asks beyond time, place and rank.
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
pub struct Publication {
    /// The vacancy.
    pub vacancy: NewVacancy,
    /// Its terms, each kind at most once.
    pub terms: Vec<Term>,
}

/// One term of a vacancy.
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
#[serde(tag = "term", rename_all = "kebab-case")]
pub enum Term {
    /// Time that belongs to the work though nobody is paid for it.
    Buffer {
        /// Before the first start, in milliseconds.
        before_ms: u64,
        /// After the last end, in milliseconds.
        after_ms: u64,
    },
    /// Who is given a slot; without it, whoever accepts first.
    Award(Box<AwardRule>),
    /// An accept can be taken back as an accident, without being a release.
    Undo {
        /// How long after the award, in milliseconds: up to a day.
        within_ms: u64,
    },
    /// Who found it filled may wait, and is asked first when a slot is given back.
    Standby {
        /// How long whoever is asked has to accept before the next is, in milliseconds: a second
        /// or more.
        confirm_within_ms: u64,
    },
}

/// A calendar date.
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
    PartialOrd,
    Ord,
    Hash,
)]
pub struct Day {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}
