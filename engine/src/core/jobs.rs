//! What may be asked about jobs, before anything is published under them.

use crate::model::{Interval, JobEffect};

/// Something said about a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobAct {
    /// Code of the job.
    pub job: String,
    /// What is said.
    pub say: JobSay,
}

/// What is said about a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JobSay {
    /// A customer asks for it, or for something else than before: then it has a new version.
    Ask(NewBrief),
    /// The chief or the designee permits what is denied otherwise.
    Permit {
        /// The version that is meant, from 1.
        version: u32,
        /// The attribute that is permitted.
        attribute: String,
        /// Who permits it.
        by: String,
        /// Why.
        reason: String,
    },
    /// The department or the operator, as whoever asks is one of them, has verified it.
    Verify {
        /// The version that was verified, from 1.
        version: u32,
        /// Who verified it.
        by: String,
    },
    /// A coordinator of the lead agency approves it.
    Approve {
        /// The version that is approved, from 1.
        version: u32,
        /// Who approves it.
        by: String,
        /// Why, if it needs a review; may be empty otherwise.
        reason: String,
    },
    /// It is no longer approved: nothing further is published under it.
    Withdraw {
        /// Who says so.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What a customer asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewBrief {
    /// Code of the agency that judges it.
    pub lead: String,
    /// Code of the programme.
    pub programme: String,
    /// Who asks.
    pub customer: String,
    /// What is to be done.
    pub what: String,
    /// What it is, in the words of the agency's rules.
    pub attributes: Vec<String>,
    /// How many officers are to work at a time.
    pub officers: u16,
}

/// What an agency says about jobs of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewJobRule {
    /// The attribute.
    pub attribute: String,
    /// What it says.
    pub effect: JobEffect,
    /// The rule holds for work that starts in here, and for what is judged in here.
    pub valid: Interval,
}
