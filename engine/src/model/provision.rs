//! What agencies, customers and officers provide beyond the roster's first shape: limits on work,
//! preferences, districts that do not want an officer, and who may come last.

use std::collections::{BTreeMap, BTreeSet};

use rkyv::{Archive, Deserialize, Serialize};

use super::{
    AgencyId, CertificationId, Class, Interval, JobRules, Ladder, OfficerId, Position, ProgrammeId,
    Timestamp, VacancyKey, Window,
};

/// Everything provided. Each table is a section of its own in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Provisions {
    /// Limits that a home agency sets to its officers' work.
    pub limits: BTreeMap<AgencyId, Vec<Limit>>,
    /// Work for which an officer's limits do not stand in the way.
    pub lifts: BTreeMap<OfficerId, Vec<Lift>>,
    /// What officers would rather be asked for.
    pub preferences: BTreeMap<OfficerId, Preferences>,
    /// Home agencies at which preferences narrow the right to accept as well.
    pub binding: BTreeSet<AgencyId>,
    /// Officers that a district does not want at the sites of a lead agency.
    pub unwanted: BTreeSet<(AgencyId, Box<str>, OfficerId)>,
    /// Who may come to work of a programme when nobody else is available.
    pub last_tiers: BTreeMap<ProgrammeId, LastTier>,
    /// What lead agencies say about jobs.
    pub job_rules: BTreeMap<AgencyId, JobRules>,
    /// Staffing ladders of lead agencies.
    pub ladders: BTreeMap<AgencyId, Vec<Ladder>>,
}

/// A limit to an officer's work (rule 3).
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// What is limited.
    pub measure: Measure,
    /// What work beyond it means.
    pub beyond: Beyond,
    /// The limit holds for work that starts in here.
    pub valid: Interval,
}

/// What a limit counts.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Hours worked.
    Hours {
        /// In this period, in the local time of the site of the work.
        period: Period,
        /// The most, in minutes.
        most_minutes: u16,
    },
    /// Time without work before and after each assignment.
    Rest {
        /// The least, in minutes.
        least_minutes: u16,
    },
}

/// A period of local days.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Period {
    /// Every local day, from midnight to midnight.
    Day,
    /// Every seven local days from this day of the week on.
    Week {
        /// Monday = 0.
        starts_on: u8,
    },
    /// Any so many local days in a row.
    Days(u8),
}

/// What work beyond a limit means.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Beyond {
    /// The officer may take it, and the award is flagged.
    Warn,
    /// The officer is not eligible, unless a coordinator of the home agency lifts the limit.
    Block,
}

/// Work for which the limits of an officer's home agency warn and do not block.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Lift {
    /// One vacancy.
    Vacancy(VacancyKey),
    /// All work that starts in here.
    Dated(Interval),
}

/// What an officer would rather be asked for. It narrows who is pushed, not who may accept,
/// unless the home agency says so (rule 4).
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Preferences {
    /// Districts; none means any.
    pub districts: Vec<Box<str>>,
    /// How far away.
    pub reach: Option<Reach>,
    /// How long before the start, in milliseconds.
    pub notice_ms: u64,
    /// When not to be disturbed: a push waits until it is over.
    pub quiet: Option<Quiet>,
}

/// A circle around a position.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reach {
    /// The middle.
    pub from: Position,
    /// The radius in metres.
    pub metres: u32,
}

/// Hours of every day in which an officer is not to be disturbed.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quiet {
    /// IANA time zone of the officer, who need not live where the work is.
    pub zone: Box<str>,
    /// The hours, sorted and disjoint; never the whole day.
    pub windows: Vec<Window>,
}

/// Who may come to work of a programme when nobody else is available (rule 12): officers of the
/// lead agency, once a coordinator has recorded who approved it for that vacancy.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct LastTier {
    /// Classes admitted beside the programme's own.
    pub classes: Vec<Class>,
    /// Those of the programme's certifications that are not asked of them.
    pub waived: Vec<CertificationId>,
}

impl Provisions {
    /// Whether there are no limits and nobody's preferences bind: then nothing but the clauses
    /// about the roster decides who is eligible.
    pub fn bind_nobody(&self) -> bool {
        self.limits.is_empty() && self.binding.is_empty()
    }

    /// Whether the limits of `officer` are lifted for `vacancy`, whose work begins at `start`.
    pub fn is_lifted(&self, officer: OfficerId, vacancy: VacancyKey, start: Timestamp) -> bool {
        let mut lifts = self.lifts.get(&officer).into_iter().flatten();
        lifts.any(|lift| match lift {
            Lift::Vacancy(key) => *key == vacancy,
            Lift::Dated(dates) => dates.contains(start),
        })
    }
}
