//! Jobs and staffing ladders, heard and spoken.

use std::ops::Bound;

use engine::core::{JobAct, JobSay, NewBrief, NewJobRule, NewProvision, Preview, State};
use engine::model::{Code, Job, JobEffect, Ladder, Side, Step, Timestamp};
use engine::rules::job::{self, Verdict};
use protocol::{JobNote, JobStanding, JobsAsked, Outcome, RosterChange};

use crate::hear::{self, validity};
use crate::members::Who;
use crate::speak;

/// Jobs said at a time.
const JOBS_AT_A_TIME: usize = 256;

/// What is said about a job, in the engine's words.
pub(crate) fn act(job: String, say: protocol::JobSay) -> JobAct {
    use protocol::JobSay as Wire;
    let say = match say {
        Wire::Ask(brief) => JobSay::Ask(NewBrief {
            lead: brief.lead,
            programme: brief.programme,
            customer: brief.customer,
            what: brief.what,
            attributes: brief.attributes,
            officers: brief.officers,
        }),
        Wire::Permit {
            version,
            attribute,
            by,
            reason,
        } => JobSay::Permit {
            version,
            attribute,
            by,
            reason,
        },
        Wire::Verify { version, by } => JobSay::Verify { version, by },
        Wire::Approve {
            version,
            by,
            reason,
        } => JobSay::Approve {
            version,
            by,
            reason,
        },
        Wire::Withdraw { by, reason } => JobSay::Withdraw { by, reason },
    };
    JobAct { job, say }
}

/// What an agency says about jobs, or its ladders, in the engine's words; nothing if `change` is
/// something else.
pub(crate) fn provision(change: RosterChange) -> Option<NewProvision> {
    match change {
        RosterChange::JobRulesSet {
            agency,
            required,
            programmes,
            verified,
            rules,
        } => Some(NewProvision::JobRules {
            agency,
            required,
            programmes,
            verified,
            rules: rules.into_iter().map(rule).collect(),
        }),
        RosterChange::LaddersSet { agency, ladders } => Some(NewProvision::Ladders {
            agency,
            ladders: ladders.into_iter().map(ladder).collect(),
        }),
        _ => None,
    }
}

fn rule(rule: protocol::JobRule) -> NewJobRule {
    use protocol::JobEffect as Wire;
    NewJobRule {
        attribute: rule.attribute,
        effect: match rule.effect {
            Wire::Allow => JobEffect::Allow,
            Wire::Deny => JobEffect::Deny,
            Wire::DenyUnlessPermitted => JobEffect::DenyUnlessPermitted,
            Wire::Review => JobEffect::Review,
            Wire::Officers(least) => JobEffect::Officers { least },
        },
        valid: validity(rule.from_us, rule.until_us),
    }
}

fn ladder(ladder: protocol::Ladder) -> Ladder {
    let step = |step: protocol::LadderStep| Step {
        nth: step.nth,
        rank: hear::rank(step.rank),
        every: step.every,
    };
    Ladder {
        steps: ladder.steps.into_iter().map(step).collect(),
        higher_fills: ladder.higher_fills,
        valid: validity(ladder.from_us, ladder.until_us),
    }
}

/// What `who` may read of the jobs that are asked for, as of `at`: a coordinator those of their own
/// agency, the operator all.
pub(crate) fn read(state: &State, who: Who, asked: &JobsAsked, at: Timestamp) -> Outcome {
    let sees = |row: &Job| match who {
        Who::Operator => true,
        Who::Coordinator(own) => row.brief.lead == own,
        Who::Officer(_) | Who::ReadOnly(_) => false,
    };
    let all = state.jobs();
    let rows: Vec<(&Code, &Job)> = match asked {
        JobsAsked::One { job } => {
            let found = all.get_key_value(job.as_str());
            found.filter(|(_, row)| sees(row)).into_iter().collect()
        }
        JobsAsked::OfAgency { lead, after } => {
            let lead = state.roster().agency(lead);
            let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let rows = all.range::<str, _>((from, Bound::Unbounded));
            let of_it = rows.filter(|(_, row)| Some(row.brief.lead) == lead && sees(row));
            of_it.take(JOBS_AT_A_TIME).collect()
        }
    };
    let say = |(code, row): (&Code, &Job)| standing(state, (code, row), at);
    Outcome::Jobs {
        jobs: rows.into_iter().map(say).collect(),
    }
}

fn standing(state: &State, (code, row): (&Code, &Job), at: Timestamp) -> JobStanding {
    let brief = &row.brief;
    let rules = state.roster().provisions.job_rules.get(&brief.lead);
    let rules = rules.map_or(&[][..], |rules| &rules.rules);
    let objections = job::objections(rules, (&brief.attributes, brief.officers), &row.permits, at);
    let programme = state.roster().programmes.find(brief.programme);
    let verified = |side| {
        let one = row.verified_by(side)?;
        Some(note("", (&one.by, ""), one.at))
    };
    let permits = row.permits.iter();
    JobStanding {
        job: code.to_string(),
        version: row.version,
        brief: protocol::Brief {
            lead: speak::agency(state, brief.lead),
            programme: programme.map_or_else(String::new, |row| row.code.to_string()),
            customer: brief.customer.to_string(),
            what: brief.what.to_string(),
            attributes: brief.attributes.iter().map(Code::to_string).collect(),
            officers: brief.officers,
        },
        verdict: match job::verdict(&objections) {
            Verdict::Allow => protocol::Verdict::Allow,
            Verdict::NeedsReview => protocol::Verdict::NeedsReview,
            Verdict::Deny => protocol::Verdict::Deny,
        },
        objections: objections.iter().map(ToString::to_string).collect(),
        permits: permits
            .map(|one| note(one.attribute.as_str(), (&one.by, &one.reason), one.at))
            .collect(),
        department: verified(Side::Department),
        operator: verified(Side::Operator),
        approval: row
            .approval
            .as_ref()
            .map(|one| note("", (&one.by, &one.reason), one.at)),
    }
}

fn note(of: &str, (by, reason): (&str, &str), at: Timestamp) -> JobNote {
    JobNote {
        of: of.to_owned(),
        by: by.to_owned(),
        reason: reason.to_owned(),
        at_us: at.as_micros(),
    }
}

/// Says what publishing would find where whoever asks knows of jobs and ladders.
pub(crate) fn staffed(state: &State, preview: &Preview) -> Outcome {
    Outcome::Staffed {
        tiers: speak::preview(state, preview),
        slots: preview.slots.iter().copied().map(speak::rank).collect(),
        higher_fills: preview.higher_fills,
    }
}

/// Whether `term` is one that says so.
pub(crate) fn is_of_staffing(term: &protocol::Term) -> bool {
    matches!(
        term,
        protocol::Term::Job { .. }
            | protocol::Term::HigherRanks { .. }
            | protocol::Term::ByLadder { .. }
    )
}
