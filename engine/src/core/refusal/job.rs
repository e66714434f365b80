//! Answers that say no about jobs (rules 14, 15 and 17).

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::{Code, Objection};

/// Why something about a job was refused. Variants are only ever added at the end.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
pub enum JobRefusal {
    /// Nothing of the kind is published without a job.
    #[error(
        "the lead agency publishes this only under an approved job: ask for one, have it approved, \
         and name it"
    )]
    Required,
    /// The job is not approved.
    #[error("job `{job}` is not approved: a coordinator of the lead agency approves it first")]
    NotApproved {
        /// The job.
        job: Code,
    },
    /// The job is another agency's, or of another programme.
    #[error("job `{job}` is of another lead agency or programme: name one that is of this")]
    OtherWork {
        /// The job.
        job: Code,
    },
    /// What was said is about another version of the job.
    #[error("job `{job}` has version {version}: read it again and say it of that")]
    OtherVersion {
        /// The job.
        job: Code,
        /// Its version.
        version: u32,
    },
    /// Somebody has not verified the job.
    #[error("job `{job}` has not been verified by {}: have it verified first",
        missing(*department, *operator))]
    NotVerified {
        /// The job.
        job: Code,
        /// Whether the department has not.
        department: bool,
        /// Whether the operator has not.
        operator: bool,
    },
    /// Whoever verifies has done so for the other side.
    #[error("one person does not verify for both sides: have somebody else verify job `{job}`")]
    SamePerson {
        /// The job.
        job: Code,
    },
    /// What is to be permitted is nothing that a permit is needed for, or suffices for.
    #[error(
        "no permit helps job `{job}` with `{attribute}`: only what is denied unless it is \
         permitted can be permitted"
    )]
    NoPermit {
        /// The job.
        job: Code,
        /// The attribute.
        attribute: Code,
    },
    /// The rules deny the job.
    #[error("job `{job}` is denied: {}", Said(objections))]
    Denied {
        /// The job.
        job: Code,
        /// What stands against it.
        objections: Vec<Objection>,
    },
    /// Something about the job was not reviewed.
    #[error(
        "job `{job}` needs a review: {}; have it approved with a reason",
        Said(objections)
    )]
    NeedsReview {
        /// The job.
        job: Code,
        /// What stands against it.
        objections: Vec<Objection>,
    },
}

fn missing(department: bool, operator: bool) -> &'static str {
    match (department, operator) {
        (true, true) => "the department and the operator",
        (true, false) => "the department",
        (false, _) => "the operator",
    }
}

/// Objections as people read them.
struct Said<'a>(&'a [Objection]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, objection) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{objection}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Against;

    #[test]
    fn a_refusal_names_what_stands_against_the_job_and_what_to_do() {
        let code = |text| Code::parse(text).expect("a code");
        let objections = vec![
            Objection {
                attribute: code("alcohol-served"),
                against: Against::TooFew { least: 2, asked: 1 },
            },
            Objection {
                attribute: code("raffle"),
                against: Against::Unlisted,
            },
        ];
        let job = code("J-1");
        let refused = JobRefusal::NeedsReview { job, objections };
        assert_eq!(
            refused.to_string(),
            "job `J-1` needs a review: `alcohol-served` takes 2 officers and has 1, `raffle` is on \
             no list of the lead agency; have it approved with a reason"
        );
        let missing = |department, operator| JobRefusal::NotVerified {
            job: code("J-1"),
            department,
            operator,
        };
        assert!(missing(true, false).to_string().contains("the department:"));
        assert!(missing(false, true).to_string().contains("the operator:"));
    }
}
