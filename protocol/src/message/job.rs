//! Jobs, what agencies say about them, and staffing ladders.

use rkyv::{Archive, Deserialize, Serialize};

use crate::Rank;

/// What is said about a job.
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
#[serde(tag = "job", rename_all = "kebab-case")]
pub enum JobSay {
    /// A customer asks for it, or for something else than before: then it has a new version, and
    /// what was said about the one before is void.
    Ask(Brief),
    /// The chief or the designee permits what is denied otherwise.
    Permit {
        /// The version that is meant, from 1.
        version: u32,
        /// The attribute that is permitted.
        attribute: String,
        /// Who permits it; 1 to 200 bytes.
        by: String,
        /// Why; 1 to 200 bytes.
        reason: String,
    },
    /// The department or the operator, as the role of whoever asks is, has verified it.
    Verify {
        /// The version that was verified, from 1.
        version: u32,
        /// Who verified it; 1 to 200 bytes. One person does not verify for both.
        by: String,
    },
    /// A coordinator of the lead agency approves it.
    Approve {
        /// The version that is approved, from 1.
        version: u32,
        /// Who approves it; 1 to 200 bytes.
        by: String,
        /// Why, if it needs a review; may be empty otherwise.
        reason: String,
    },
    /// It is no longer approved: nothing further is published under it, and holders are flagged.
    Withdraw {
        /// Who says so; 1 to 200 bytes.
        by: String,
        /// Why; 1 to 200 bytes.
        reason: String,
    },
}

/// What a customer asks for.
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
pub struct Brief {
    /// Code of the agency that judges it.
    pub lead: String,
    /// Code of the programme.
    pub programme: String,
    /// Who asks; 1 to 200 bytes.
    pub customer: String,
    /// What is to be done; 1 to 2,000 bytes.
    pub what: String,
    /// What it is, in the words of the agency's rules; at most 32 codes.
    pub attributes: Vec<String>,
    /// How many officers are to work at a time, from 1.
    pub officers: u16,
}

/// Which jobs are asked for.
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
#[serde(tag = "jobs", rename_all = "kebab-case")]
pub enum JobsAsked {
    /// One, by its code.
    One {
        /// The job.
        job: String,
    },
    /// Those of an agency, in the order of their codes, at most 256 at a time.
    OfAgency {
        /// Code of the lead agency.
        lead: String,
        /// The code after which they begin; none begins with the first.
        after: Option<String>,
    },
}

/// A job and how it stands.
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
pub struct JobStanding {
    /// The job.
    pub job: String,
    /// Its version, from 1.
    pub version: u32,
    /// What is asked for.
    pub brief: Brief,
    /// What becomes of it as the rules are now.
    pub verdict: Verdict,
    /// What stands against it now, each as a sentence.
    pub objections: Vec<String>,
    /// What the chief or the designee permits.
    pub permits: Vec<JobNote>,
    /// Who verified it for the department.
    pub department: Option<JobNote>,
    /// Who verified it for the operator.
    pub operator: Option<JobNote>,
    /// Who approved it, if it is approved.
    pub approval: Option<JobNote>,
}

/// Who said something about a job.
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
pub struct JobNote {
    /// What it is about, where it is about an attribute; empty otherwise.
    pub of: String,
    /// Who.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
    /// When, in microseconds.
    pub at_us: i64,
}

/// What becomes of a job.
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
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands against it.
    Allow,
    /// It may be approved by whoever says why.
    NeedsReview,
    /// It cannot be approved.
    Deny,
}

/// What an agency says about jobs of one attribute.
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
pub struct JobRule {
    /// The attribute.
    pub attribute: String,
    /// What it says.
    pub effect: JobEffect,
    /// The first instant of it; none means always was.
    pub from_us: Option<i64>,
    /// The first instant after it; none means no end.
    pub until_us: Option<i64>,
}

/// What a rule does to a job.
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
#[serde(rename_all = "kebab-case")]
pub enum JobEffect {
    /// Nothing: the attribute is known and harmless.
    Allow,
    /// It is denied, and nobody can permit it.
    Deny,
    /// It is denied unless the chief or the designee expressly permits it.
    DenyUnlessPermitted,
    /// Somebody has to review it.
    Review,
    /// It is reviewed if fewer officers are asked for than so many.
    Officers(u16),
}

/// Which slots of a vacancy ask for more than an officer, and who may take which.
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
pub struct Ladder {
    /// Its steps. Where two meet at one slot, the higher rank is asked for.
    pub steps: Vec<LadderStep>,
    /// Whether a higher rank fills a lower slot, where the vacancy does not say otherwise.
    pub higher_fills: bool,
    /// It holds for work that starts from here on; none means always did.
    pub from_us: Option<i64>,
    /// It holds for work that starts before; none means no end.
    pub until_us: Option<i64>,
}

/// One step of a ladder.
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
pub struct LadderStep {
    /// The slot, counted from 1.
    pub nth: u16,
    /// What it asks for, in place of an officer.
    pub rank: Rank,
    /// Every so many slots after that the same again; none means once.
    pub every: Option<u16>,
}
