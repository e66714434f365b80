//! Publishing many vacancies, on terms, and looking at what it would do before it is done; grants
//! that pay for the work.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{AwardRule, Clothing, NewVacancy};

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
    /// The next tier opens so long before the first start at the latest, if a slot is open.
    OpensBefore {
        /// The distance at which the tier after tier k opens, in milliseconds, by k; each smaller
        /// than the one before.
        before_ms: Vec<u64>,
    },
    /// It is published though the grant of its district does not pay for it.
    BeyondGrant {
        /// Why; 1 to 200 bytes.
        reason: String,
    },
    /// What is worn.
    Clothing {
        /// Uniform or civilian clothes.
        clothing: Clothing,
    },
    /// The officer comes in a marked patrol car.
    MarkedCar,
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
    /// It is published under this job, as it stands.
    Job {
        /// The job.
        job: String,
    },
    /// Whether a higher rank fills a lower slot; the lead agency's ladder says so otherwise.
    HigherRanks {
        /// Whether it does.
        fill: bool,
    },
    /// So many slots, of the ranks that the ladder of the lead agency says; the vacancy itself
    /// names none.
    ByLadder {
        /// How many.
        slots: u16,
    },
}

/// The officers of one tier, and how many of them each clause leaves.
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
pub struct Funnel {
    /// The tier.
    pub tier: u8,
    /// Codes of the agencies asked in it.
    pub agencies: Vec<String>,
    /// How many officers they have.
    pub officers: u64,
    /// Each clause in the order in which it is judged, by its stable name such as
    /// `certified:ade-sso`, with how many officers are left after it.
    pub left: Vec<(String, u64)>,
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

/// What pays for the work at a district's sites that the state funds.
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
pub struct Grant {
    /// The school district, as sites name it.
    pub district: String,
    /// Code of the programme it pays for.
    pub programme: String,
    /// The first day of its window, in the sites' local time.
    pub first: Day,
    /// The last day.
    pub last: Day,
    /// Paid time of all officers together, in minutes.
    pub budget_min: u64,
}

/// A grant, and what is taken of it.
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
pub struct GrantStanding {
    /// The grant.
    pub grant: Grant,
    /// Scheduled and not worked yet, in minutes, rounded up.
    pub committed_min: u64,
    /// Worked, from punch to punch, in minutes, rounded up.
    pub drawn_min: u64,
}
