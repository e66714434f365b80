//! Jobs: what a customer asks for, and what vacancies are published under (rules 14, 15 and 17).

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, Code, Interval, ProgrammeId, Timestamp};

/// A job and how it stands.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Job {
    /// What is asked for.
    pub brief: Brief,
    /// Counts what was asked for, from 1: whatever is said about a job is said about one version.
    pub version: u32,
    /// What the chief or the designee permits of this version.
    pub permits: Vec<Permit>,
    /// Who verified this version: the department, the operator, or both.
    pub verifications: Vec<Verification>,
    /// Who approved this version, if it is approved.
    pub approval: Option<Approval>,
}

impl Job {
    /// A job of which nothing was said yet.
    pub fn new(brief: Brief, version: u32) -> Job {
        Job {
            brief,
            version,
            permits: Vec::new(),
            verifications: Vec::new(),
            approval: None,
        }
    }

    /// Who verified this version for `side`.
    pub fn verified_by(&self, side: Side) -> Option<&Verification> {
        self.verifications.iter().find(|one| one.side == side)
    }
}

/// What a customer asks for.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Brief {
    /// The agency that judges and approves it.
    pub lead: AgencyId,
    /// What kind of work it is.
    pub programme: ProgrammeId,
    /// Who asks: a customer, a district, a site.
    pub customer: Box<str>,
    /// What is to be done, in the customer's words.
    pub what: Box<str>,
    /// What it is, in the words of the rules; sorted, each once.
    pub attributes: Vec<Code>,
    /// How many officers are to work at a time.
    pub officers: u16,
}

/// What the chief or the designee permits.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Permit {
    /// Which attribute of the job.
    pub attribute: Code,
    /// Who permits it.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// When, as the log has it.
    pub at: Timestamp,
}

/// Somebody has verified what a job asks for (rule 17).
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verification {
    /// For whom.
    pub side: Side,
    /// Who.
    pub by: Box<str>,
    /// When, as the log has it.
    pub at: Timestamp,
}

/// Whose verification it is.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Side {
    /// A coordinator of the lead agency.
    Department,
    /// Whoever runs the installation.
    Operator,
}

/// A coordinator of the lead agency approved a job.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Approval {
    /// Who.
    pub by: Box<str>,
    /// Why, where it needed a review; empty otherwise.
    pub reason: Box<str>,
    /// When, as the log has it.
    pub at: Timestamp,
    /// What was reviewed: vacancies that meet another objection are not published under it.
    pub reviewed: Vec<Objection>,
}

/// What the rules of an agency have against a job.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Objection {
    /// The attribute that a rule is about.
    pub attribute: Code,
    /// What stands against it.
    pub against: Against,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.attribute)?;
        match self.against {
            Against::Prohibited => f.write_str("is prohibited and cannot be permitted"),
            Against::NotPermitted => {
                f.write_str("is prohibited unless the chief or the designee permits it")
            }
            Against::Review => f.write_str("has to be looked at"),
            Against::Unlisted => f.write_str("is on no list of the lead agency"),
            Against::TooFew { least, asked } => {
                write!(f, "takes {least} officers and has {asked}")
            }
        }
    }
}

/// What stands against an attribute of a job.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Against {
    /// It is prohibited, and nobody can permit it.
    Prohibited,
    /// It is prohibited unless the chief or the designee permits it, and neither has.
    NotPermitted,
    /// Somebody has to look at it.
    Review,
    /// No rule is about it: the lists are not all-inclusive (rule 14).
    Unlisted,
    /// It takes more officers than are asked for.
    TooFew {
        /// The least.
        least: u16,
        /// How many are asked for.
        asked: u16,
    },
}

/// What an agency says about jobs: all of it at once, in place of what it said before.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct JobRules {
    /// What is published under an approved job only.
    pub required: Required,
    /// Whether department and operator both verify a job before anything is published under it.
    pub verified: bool,
    /// What it says about attributes.
    pub rules: Vec<JobRule>,
}

/// What is published under an approved job only.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Required {
    /// Nothing: a vacancy may name a job.
    #[default]
    Nothing,
    /// Work of these programmes.
    Programmes(Vec<ProgrammeId>),
    /// Everything.
    Everything,
}

/// What an agency says about jobs of one attribute.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobRule {
    /// The attribute.
    pub attribute: Code,
    /// What it says.
    pub effect: JobEffect,
    /// The rule holds for work that starts in here, and for what is judged in here.
    pub valid: Interval,
}

/// What a rule does to a job.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum JobEffect {
    /// Nothing: the attribute is known and harmless.
    Allow,
    /// It is denied, and nobody can permit it.
    Deny,
    /// It is denied unless the chief or the designee expressly permits it.
    DenyUnlessPermitted,
    /// Somebody has to review it.
    Review,
    /// It is reviewed if fewer officers are asked for.
    Officers {
        /// The least.
        least: u16,
    },
}

/// Something that was said about a job.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobStep {
    /// The job.
    pub job: Code,
    /// What was said.
    pub said: JobSaid,
}

/// What was said about a job. Variants are only ever added at the end: they are in the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum JobSaid {
    /// It was asked for, or something else is: whatever was said about it before is void.
    Asked {
        /// From now on its version.
        version: u32,
        /// What is asked for.
        brief: Box<Brief>,
        /// What the rules had against it at that moment.
        objections: Vec<Objection>,
    },
    /// The chief or the designee permits something.
    Permitted(Permit),
    /// It was verified.
    Verified(Verification),
    /// It was approved.
    Approved(Approval),
    /// It is no longer approved.
    Withdrawn {
        /// Who says so.
        by: Box<str>,
        /// Why.
        reason: Box<str>,
    },
}
