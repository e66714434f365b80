//! Jobs, what agencies say about them, and staffing ladders, with names for numbers.

use std::fmt;

use engine::core::State;
use engine::model::{
    Brief, Code, JobEffect, JobRule, JobRules, JobSaid, JobStep, Ladder, Objection, Required, Side,
    Step,
};
use serde::Serialize;

use super::names::{Names, rank, validity};

/// Something that was said about a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Said {
    job: String,
    said: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What it is about: the brief, what stands against it, what is permitted or was reviewed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    about: Vec<String>,
}

pub(super) fn said(names: Names<'_>, step: &JobStep) -> Said {
    let of = |said, version, by: Option<&str>, reason: Option<&str>, about| Said {
        job: step.job.to_string(),
        said,
        version,
        by: by.map(str::to_owned),
        reason: reason.filter(|why| !why.is_empty()).map(str::to_owned),
        about,
    };
    match &step.said {
        JobSaid::Asked {
            version,
            brief,
            objections,
        } => {
            let about = [asked(names, brief)].into_iter().chain(listed(objections));
            of("asked", Some(*version), None, None, about.collect())
        }
        JobSaid::Permitted(one) => {
            let about = vec![one.attribute.to_string()];
            of("permitted", None, Some(&one.by), Some(&one.reason), about)
        }
        JobSaid::Verified(one) => {
            let side = match one.side {
                Side::Department => "for the department",
                Side::Operator => "for the operator",
            };
            let about = vec![side.to_owned()];
            of("verified", None, Some(&one.by), None, about)
        }
        JobSaid::Approved(one) => {
            let about = listed(&one.reviewed).collect();
            of("approved", None, Some(&one.by), Some(&one.reason), about)
        }
        JobSaid::Withdrawn { by, reason } => {
            of("withdrawn", None, Some(by), Some(reason), Vec::new())
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job-{} {}", self.said, self.job)?;
        if let Some(version) = self.version {
            write!(f, " version {version}")?;
        }
        if let Some(by) = &self.by {
            write!(f, " by {by:?}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason:?}")?;
        }
        match self.about.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", self.about.join("; ")),
        }
    }
}

fn asked(names: Names<'_>, brief: &Brief) -> String {
    let attributes: Vec<&str> = brief.attributes.iter().map(Code::as_str).collect();
    let attributes = match attributes.is_empty() {
        true => String::new(),
        false => format!(", {}", attributes.join(", ")),
    };
    format!(
        "{:?} for {:?} asks {} for {} officers of {}{attributes}",
        brief.what,
        brief.customer,
        names.agency(brief.lead),
        brief.officers,
        names.programme(brief.programme)
    )
}

fn listed(objections: &[Objection]) -> impl Iterator<Item = String> {
    objections.iter().map(ToString::to_string)
}

/// What an agency says about jobs, a sentence each.
pub(super) fn rules(state: &State, rules: &JobRules) -> Vec<String> {
    let names = Names(state);
    let required = match &rules.required {
        Required::Nothing => None,
        Required::Everything => Some("everything under an approved job".to_owned()),
        Required::Programmes(of) => {
            let of: Vec<String> = of.iter().map(|id| names.programme(*id)).collect();
            Some(format!("{} under an approved job", of.join(", ")))
        }
    };
    let verified = rules.verified.then(|| "verified by both".to_owned());
    let of_attributes = rules.rules.iter().map(rule);
    let first = required.into_iter().chain(verified);
    first.chain(of_attributes).collect()
}

fn rule(rule: &JobRule) -> String {
    let effect = match rule.effect {
        JobEffect::Allow => "allowed".to_owned(),
        JobEffect::Deny => "denied".to_owned(),
        JobEffect::DenyUnlessPermitted => "denied unless permitted".to_owned(),
        JobEffect::Review => "reviewed".to_owned(),
        JobEffect::Officers { least } => format!("reviewed below {least} officers"),
    };
    format!("{} {effect}{}", rule.attribute, dates(validity(rule.valid)))
}

/// A ladder in a sentence.
pub(super) fn ladder(ladder: &Ladder) -> String {
    let step = |step: &Step| {
        let every = step.every.map(|every| format!(", every {every}"));
        let (nth, rank) = (step.nth, rank(step.rank));
        format!("slot {nth} {rank}{}", every.unwrap_or_default())
    };
    let mut said: Vec<String> = ladder.steps.iter().map(step).collect();
    if ladder.higher_fills {
        said.push("a higher rank fills a lower slot".to_owned());
    }
    if said.is_empty() {
        said.push("officers only".to_owned());
    }
    format!("{}{}", said.join("; "), dates(validity(ladder.valid)))
}

fn dates((from, until): (Option<String>, Option<String>)) -> String {
    let from = from.map(|from| format!(" from {from}"));
    let until = until.map(|until| format!(" until {until}"));
    from.unwrap_or_default() + &until.unwrap_or_default()
}
