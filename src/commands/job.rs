//! `muster job`: what customers ask for, judged before anything is published under it.

use std::io::Write;

use protocol::{
    Ask, Brief, JobNote, JobSay, JobStanding, JobsAsked, Outcome, RosterChange, Verdict,
};
use serde::Serialize;

use super::print_json;
use crate::cli::{ChangeArgs, JobVersionArgs, JobWhat, ReachArgs};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What was said.
#[derive(Debug, Serialize)]
struct Said {
    said: &'static str,
    of: String,
    /// The log record that holds it.
    sequence: u64,
}

/// Says something about a job, or shows how it stands.
pub(super) fn run(what: &JobWhat, out: &mut dyn Write) -> Result<(), Stop> {
    let of_version = |of: &JobVersionArgs| (of.job.clone(), of.version, of.by.clone());
    let (word, job, say, args) = match what {
        JobWhat::Ask(args) => {
            let brief = Brief {
                lead: args.lead.clone(),
                programme: args.programme.clone(),
                customer: args.customer.clone(),
                what: args.what.clone(),
                attributes: args.attribute.clone(),
                officers: args.officers,
            };
            ("asked", args.job.clone(), JobSay::Ask(brief), &args.change)
        }
        JobWhat::Permit(args) => {
            let (job, version, by) = of_version(&args.of);
            let permit = JobSay::Permit {
                version,
                attribute: args.attribute.clone(),
                by,
                reason: args.reason.clone(),
            };
            ("permitted", job, permit, &args.change)
        }
        JobWhat::Verify(args) => {
            let (job, version, by) = of_version(&args.of);
            let verify = JobSay::Verify { version, by };
            ("verified", job, verify, &args.change)
        }
        JobWhat::Approve(args) => {
            let (job, version, by) = of_version(&args.of);
            let approve = JobSay::Approve {
                version,
                by,
                reason: args.reason.clone(),
            };
            ("approved", job, approve, &args.change)
        }
        JobWhat::Withdraw(args) => {
            let withdraw = JobSay::Withdraw {
                by: args.by.clone(),
                reason: args.reason.clone(),
            };
            ("withdrawn", args.job.clone(), withdraw, &args.change)
        }
        JobWhat::Rules(args) => {
            let change = RosterChange::JobRulesSet {
                agency: args.lead.clone(),
                required: args.required,
                programmes: args.required_for.clone(),
                verified: args.verified,
                rules: args.rules().map_err(Stop::usage)?,
            };
            let changes = vec![change];
            let (of, asked) = (args.lead.clone(), Ask::Roster { changes });
            return say_it(("job rules of", of, asked), &args.change, out);
        }
        JobWhat::Show(args) => {
            let job = args.job.clone();
            let one = JobsAsked::One { job };
            return show(&args.job, one, (&args.reach, args.json), out);
        }
        JobWhat::List(args) => {
            let (lead, after) = (args.lead.clone(), args.after.clone());
            let all = JobsAsked::OfAgency { lead, after };
            return list(all, (&args.reach, args.json), out);
        }
    };
    let (of, say) = (job.clone(), Box::new(say));
    say_it((word, of, Ask::Job { job, say }), args, out)
}

fn say_it(
    (said, of, asked): (&'static str, String, Ask),
    args: &ChangeArgs,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let Outcome::Done { sequence } = ask(&reach, &asked)? else {
        return Err(SessionError::Unexpected.into());
    };
    match args.json {
        true => print_json(out, &Said { said, of, sequence }),
        false => Ok(writeln!(out, "{said} {of} (record {sequence})")?),
    }
}

fn read(asked: JobsAsked, args: &ReachArgs) -> Result<Vec<JobStanding>, Stop> {
    let reach = Reach::find(args)?;
    match ask(&reach, &Ask::Jobs(asked))? {
        Outcome::Jobs { jobs } => Ok(jobs),
        _ => Err(SessionError::Unexpected.into()),
    }
}

fn show(
    job: &str,
    asked: JobsAsked,
    (reach, json): (&ReachArgs, bool),
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let jobs = read(asked, reach)?;
    let Some(standing) = jobs.first() else {
        let lead = "`muster job list LEAD` lists those of an agency";
        return Err(Stop::usage(format!("there is no job `{job}`: {lead}")));
    };
    match json {
        true => print_json(out, standing),
        false => Ok(write!(out, "{}", sheet(standing))?),
    }
}

fn list(
    asked: JobsAsked,
    (reach, json): (&ReachArgs, bool),
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let jobs = read(asked, reach)?;
    if json {
        return print_json(out, &jobs);
    }
    for standing in &jobs {
        let approved = standing.approval.as_ref().map_or("open", |_| "approved");
        let verdict = verdict(standing.verdict);
        let (job, brief) = (&standing.job, &standing.brief);
        writeln!(
            out,
            "{job:<16} {approved:<9} {verdict:<13} {}",
            brief.customer
        )?;
    }
    Ok(())
}

/// How a job stands, a line for each thing that was said about it.
fn sheet(standing: &JobStanding) -> String {
    let JobStanding {
        job,
        version,
        brief,
        permits,
        department,
        operator,
        approval,
        ..
    } = standing;
    let mut lines = vec![
        format!(
            "{job} version {version} for {}: {}",
            brief.customer, brief.what
        ),
        format!(
            "  {} {} of {} at {}",
            brief.officers,
            if brief.officers == 1 {
                "officer"
            } else {
                "officers"
            },
            brief.programme,
            brief.lead
        ),
    ];
    if !brief.attributes.is_empty() {
        lines.push(format!("  {}", brief.attributes.join(", ")));
    }
    lines.push(format!("  verdict: {}", verdict(standing.verdict)));
    let objections = standing.objections.iter();
    lines.extend(objections.map(|objection| format!("    {objection}")));
    lines.extend(permits.iter().map(|one| said("permitted", one)));
    let none = |what| format!("  {what}: nobody yet");
    for (what, note) in [
        ("department", department),
        ("operator", operator),
        ("approved", approval),
    ] {
        let line = note.as_ref().map(|note| said(what, note));
        lines.push(line.unwrap_or_else(|| none(what)));
    }
    lines.join("\n") + "\n"
}

fn said(what: &str, note: &JobNote) -> String {
    let JobNote { of, by, reason, .. } = note;
    let of = match of.is_empty() {
        true => String::new(),
        false => format!(" {of}"),
    };
    let reason = match reason.is_empty() {
        true => String::new(),
        false => format!(": {reason}"),
    };
    format!("  {what}{of}: {by}{reason}")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::NeedsReview => "needs-review",
        Verdict::Deny => "deny",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_says_what_stands_against_a_job_and_who_said_what() {
        let note = |of: &str, by: &str, reason: &str| JobNote {
            of: of.to_owned(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            at_us: 0,
        };
        let standing = JobStanding {
            job: "J-1".to_owned(),
            version: 2,
            brief: Brief {
                lead: "tucson".to_owned(),
                programme: "security".to_owned(),
                customer: "Invented Hall".to_owned(),
                what: "a wedding".to_owned(),
                attributes: vec!["alcohol-served".to_owned()],
                officers: 1,
            },
            verdict: Verdict::NeedsReview,
            objections: vec!["`alcohol-served` takes 2 officers and has 1".to_owned()],
            permits: Vec::new(),
            department: Some(note("", "TUC-0001", "")),
            operator: None,
            approval: Some(note("", "chief", "small hall")),
        };
        assert_eq!(
            sheet(&standing),
            "J-1 version 2 for Invented Hall: a wedding\n  1 officer of security at tucson\n  \
             alcohol-served\n  verdict: needs-review\n    `alcohol-served` takes 2 officers and has \
             1\n  department: TUC-0001\n  operator: nobody yet\n  approved: chief: small hall\n"
        );
    }
}
