//! Officers: what they are, hold and are willing to do.

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, CertificationId, Code, Exceptions, Held, ProgrammeId, Weekly};

/// An officer, known by badge.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Officer {
    /// Badge code, such as `TUC-0412`.
    pub badge: Code,
    /// The employer.
    pub home: AgencyId,
    /// What the officer is sworn as.
    pub class: Class,
    /// Rank.
    pub rank: Rank,
    /// Certifications with their validity.
    pub certifications: Held<CertificationId>,
    /// Approvals by the home agency with their validity.
    pub approvals: Held<ProgrammeId>,
    /// Whether the officer may not work until reinstated.
    pub suspended: bool,
    /// When the officer is willing to work.
    pub availability: Availability,
}

/// What an officer is sworn as.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Class {
    /// A certified peace officer.
    PeaceOfficer,
    /// A reserve with full peace-officer authority.
    FullAuthorityReserve,
    /// A community service officer: never for school safety work (rule 12).
    CommunityServiceOfficer,
}

/// Rank, lowest first.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Rank {
    /// Officer.
    Officer,
    /// Sergeant.
    Sergeant,
    /// Commander.
    Commander,
}

impl Rank {
    /// Every rank, lowest first.
    pub const ALL: [Rank; 3] = [Rank::Officer, Rank::Sergeant, Rank::Commander];
}

/// When an officer is willing to work, in the local time of the site.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum Availability {
    /// At any time.
    Always,
    /// Inside declared windows only.
    Declared {
        /// Windows of an ordinary week: Monday first, each day sorted and disjoint.
        weekly: Weekly,
        /// Dates on which these windows hold instead.
        exceptions: Exceptions,
    },
}

/// Minutes of a local day, half-open: `[from, until)`, up to 1,440.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Window {
    /// First minute inside.
    pub from_minute: u16,
    /// First minute after.
    pub until_minute: u16,
}

/// A calendar date.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The part of a segment that falls on one local day.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct LocalSpan {
    /// The day.
    pub date: Date,
    /// Its day of the week, Monday = 0.
    pub weekday: u8,
    /// The minutes that are worked.
    pub window: Window,
}

/// A kind of certification.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Certification {
    /// Short code, such as `azpost`.
    pub code: Code,
    /// Full name.
    pub name: Box<str>,
}

/// A programme of work: what it asks of an officer, as data.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Programme {
    /// Short code, such as `sso`.
    pub code: Code,
    /// Full name.
    pub name: Box<str>,
    /// Certifications required, all of them.
    pub certifications: Vec<CertificationId>,
    /// Classes admitted.
    pub classes: Vec<Class>,
    /// Whether the home agency must have approved the officer for it.
    pub approval: bool,
}
