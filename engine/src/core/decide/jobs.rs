//! Jobs: asked for, permitted, verified, approved, withdrawn; and what may be published under them
//! (rules 14, 15 and 17).

use super::not_over;
use crate::core::command::Actor;
use crate::core::event::Event;
use crate::core::jobs::{JobAct, JobSay, NewBrief};
use crate::core::refusal::{Invalid, JobRefusal, Kind, Refusal};
use crate::core::state::State;
use crate::limits::{
    JOB_ATTRIBUTES_MAX, JOBS_MAX, NAME_LEN_MAX, NOTE_LEN_MAX, REASON_LEN_MAX, SLOTS_MAX,
};
use crate::model::{
    Approval, Brief, Code, Job, JobEffect, JobRule, JobRules, JobSaid, JobStep, Objection, Permit,
    Posting, Required, Side, Term, Timestamp, Vacancy, Verification,
};
use crate::rules::Clause;
use crate::rules::job::{self, Verdict};

/// What is said about a job becomes events, or a refusal.
pub(super) fn decide(
    state: &State,
    asked: &JobAct,
    by: Actor,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let code = parse_code(&asked.job)?;
    let step = |said| {
        let job = code.clone();
        Event::Job(Box::new(JobStep { job, said }))
    };
    let said = match &asked.say {
        JobSay::Ask(new) => ask(state, &code, new, at)?,
        JobSay::Permit {
            version,
            attribute,
            by,
            reason,
        } => {
            let of = of_version(state, &asked.job, *version)?;
            permit(state, of, attribute, (by, reason), at)?
        }
        JobSay::Verify { version, by: who } => {
            let of = of_version(state, &asked.job, *version)?;
            let side = match by {
                Actor::Operator => Side::Operator,
                _ => Side::Department,
            };
            verify(of, side, who, at)?
        }
        JobSay::Approve {
            version,
            by,
            reason,
        } => {
            let of = of_version(state, &asked.job, *version)?;
            approve(state, of, (by, reason), at)?
        }
        JobSay::Withdraw { by, reason } => {
            let said = withdraw(known(state, &asked.job)?, (by, reason))?;
            let flags = flags(state, &asked.job, at);
            return Ok([step(said)].into_iter().chain(flags).collect());
        }
    };
    Ok(vec![step(said)])
}

/// Whether `by` may say it: a coordinator of the lead agency. Whoever runs the installation writes
/// down what is asked for and verifies, and approves nothing.
pub(super) fn may(state: &State, asked: &JobAct, by: Actor) -> bool {
    let agency = match by {
        Actor::Coordinator(agency) => agency,
        Actor::Operator => return matches!(asked.say, JobSay::Ask(_) | JobSay::Verify { .. }),
        Actor::Officer(_) | Actor::Clock => return false,
    };
    let stands = state.job(&asked.job).map(|row| row.brief.lead);
    let named = match &asked.say {
        JobSay::Ask(new) => state.roster().agency(&new.lead),
        _ => Some(agency),
    };
    named == Some(agency) && stands.is_none_or(|lead| lead == agency)
}

/// Stamps on `row` which version of its job stands.
pub(super) fn stamp(state: &State, row: &mut Vacancy) -> Result<(), Refusal> {
    let Some((named, asked)) = row.terms.job() else {
        return Ok(());
    };
    let (code, job) = known(state, named)?;
    let (job, version) = (code.clone(), job.version);
    if asked != 0 && asked != version {
        return Err(refused(JobRefusal::OtherVersion { job, version }));
    }
    let job = job.as_str().into();
    row.terms.put(Term::Job { job, version });
    Ok(())
}

/// Refuses to publish `row` without a job where one is required, or under one that does not bear
/// it.
pub(super) fn check(state: &State, row: &Vacancy) -> Result<(), Refusal> {
    let rules = state.roster().provisions.job_rules.get(&row.posting.lead);
    let Some((named, _)) = row.terms.job() else {
        return match rules.is_some_and(|rules| requires(rules, &row.posting)) {
            true => Err(refused(JobRefusal::Required)),
            false => Ok(()),
        };
    };
    let (code, job) = known(state, named)?;
    let (lead, programme) = (job.brief.lead, job.brief.programme);
    if (lead, programme) != (row.posting.lead, row.posting.programme) {
        let job = code.clone();
        return Err(refused(JobRefusal::OtherWork { job }));
    }
    let unverified = match rules.is_some_and(|rules| rules.verified) {
        true => job::unverified(job),
        false => Vec::new(),
    };
    if !unverified.is_empty() {
        return Err(refused(JobRefusal::NotVerified {
            job: code.clone(),
            department: unverified.contains(&Side::Department),
            operator: unverified.contains(&Side::Operator),
        }));
    }
    check_approved((code, job))?;
    bear(state, row, None)
}

/// Refuses what the job of `row` was not approved for: its work begins when other rules hold, or has
/// fewer officers than they ask for. What stood against `before` already, which `row` is an
/// amendment of, stands against that whatever becomes of `row`.
pub(super) fn bear(state: &State, row: &Vacancy, before: Option<&Vacancy>) -> Result<(), Refusal> {
    let Some((named, _)) = row.terms.job() else {
        return Ok(());
    };
    let (code, job) = known(state, named)?;
    let against = |row: &Vacancy| {
        let officers = u16::try_from(row.slots.len()).unwrap_or(u16::MAX);
        objections(state, job, officers, row.posting.span().start)
    };
    let before = before.map(against).unwrap_or_default();
    let mut open = job::unreviewed(job, against(row));
    open.retain(|objection| !before.contains(objection));
    match open.is_empty() {
        true => Ok(()),
        false => Err(objected(code, open)),
    }
}

/// Refuses what remains of work whose job is no longer approved.
pub(super) fn check_rest(state: &State, row: &Vacancy) -> Result<(), Refusal> {
    match row.terms.job() {
        Some((named, _)) => check_approved(known(state, named)?),
        None => Ok(()),
    }
}

fn check_approved((code, job): (&Code, &Job)) -> Result<(), Refusal> {
    let job_of = || JobRefusal::NotApproved { job: code.clone() };
    match job.approval {
        Some(_) => Ok(()),
        None => Err(refused(job_of())),
    }
}

fn requires(rules: &JobRules, posting: &Posting) -> bool {
    match &rules.required {
        Required::Nothing => false,
        Required::Programmes(programmes) => programmes.contains(&posting.programme),
        Required::Everything => true,
    }
}

fn ask(state: &State, code: &Code, new: &NewBrief, at: Timestamp) -> Result<JobSaid, Refusal> {
    let brief = parse_brief(state, new)?;
    let before = state.job(code.as_str());
    let version = match before {
        Some(row) if row.brief == brief => return Err(Refusal::Unchanged),
        Some(row) => row.version + 1,
        None if state.jobs().len() >= JOBS_MAX => {
            let (kind, limit) = (Kind::Job, JOBS_MAX as u64);
            return Err(Refusal::LimitReached { kind, limit });
        }
        None => 1,
    };
    let row = Job::new(brief.clone(), version);
    let objections = objections(state, &row, brief.officers, at);
    let brief = Box::new(brief);
    Ok(JobSaid::Asked {
        version,
        brief,
        objections,
    })
}

fn permit(
    state: &State,
    (code, row): (&Code, &Job),
    attribute: &str,
    (by, reason): (&str, &str),
    at: Timestamp,
) -> Result<JobSaid, Refusal> {
    let attribute = parse_code(attribute)?;
    let (by, reason) = (parse_who(by)?, parse_reason(reason)?);
    let rules = rules_of(state, row).iter();
    // A rule that comes into force later may be met beforehand.
    let mut of_it = rules.filter(|rule| rule.attribute == attribute && rule.valid.end > at);
    let is_any = of_it.any(|rule| rule.effect == JobEffect::DenyUnlessPermitted);
    if !is_any || !row.brief.attributes.contains(&attribute) {
        let job = code.clone();
        return Err(refused(JobRefusal::NoPermit { job, attribute }));
    }
    if row.permits.iter().any(|one| one.attribute == attribute) {
        return Err(Refusal::Unchanged);
    }
    Ok(JobSaid::Permitted(Permit {
        attribute,
        by,
        reason,
        at,
    }))
}

fn verify(
    (code, row): (&Code, &Job),
    side: Side,
    by: &str,
    at: Timestamp,
) -> Result<JobSaid, Refusal> {
    let by = parse_who(by)?;
    if row.verified_by(side).is_some() {
        return Err(Refusal::Unchanged);
    }
    let mut others = row.verifications.iter();
    if others.any(|other| job::is_same_person(&other.by, &by)) {
        let job = code.clone();
        return Err(refused(JobRefusal::SamePerson { job }));
    }
    Ok(JobSaid::Verified(Verification { side, by, at }))
}

fn approve(
    state: &State,
    (code, row): (&Code, &Job),
    (by, reason): (&str, &str),
    at: Timestamp,
) -> Result<JobSaid, Refusal> {
    let by = parse_who(by)?;
    let reviewed = objections(state, row, row.brief.officers, at);
    let reason: Box<str> = match (job::verdict(&reviewed), reason) {
        (Verdict::Allow, "") => "".into(),
        (Verdict::Deny, _) | (Verdict::NeedsReview, "") => return Err(objected(code, reviewed)),
        (Verdict::Allow | Verdict::NeedsReview, reason) => parse_reason(reason)?,
    };
    Ok(JobSaid::Approved(Approval {
        by,
        reason,
        at,
        reviewed,
    }))
}

fn withdraw(of: (&Code, &Job), (by, reason): (&str, &str)) -> Result<JobSaid, Refusal> {
    let (by, reason) = (parse_who(by)?, parse_reason(reason)?);
    check_approved(of)?;
    Ok(JobSaid::Withdrawn { by, reason })
}

/// A flag for each holder of work under the job that has not started: nothing that is held changes,
/// and a coordinator decides.
fn flags<'a>(state: &'a State, job: &'a str, at: Timestamp) -> impl Iterator<Item = Event> + 'a {
    let is_under = move |row: &Vacancy| row.terms.job().is_some_and(|(named, _)| named == job);
    let rows = state.vacancies().iter();
    let under = rows.filter(move |(_, row)| is_under(row) && not_over(row, at).is_ok());
    under.flat_map(|(vacancy, row)| {
        row.holders().map(move |holder| Event::Flagged {
            vacancy,
            officer: holder.officer,
            clause: Clause::JobApproved,
        })
    })
}

/// What the rules of its lead agency have against `row` for `officers` officers, as of `at`.
fn objections(state: &State, row: &Job, officers: u16, at: Timestamp) -> Vec<Objection> {
    let of = (&row.brief.attributes[..], officers);
    job::objections(rules_of(state, row), of, &row.permits, at)
}

fn rules_of<'a>(state: &'a State, row: &Job) -> &'a [JobRule] {
    let rules = state.roster().provisions.job_rules.get(&row.brief.lead);
    rules.map_or(&[], |rules| &rules.rules)
}

fn known<'a>(state: &'a State, code: &str) -> Result<(&'a Code, &'a Job), Refusal> {
    let unknown = || Refusal::Unknown {
        kind: Kind::Job,
        code: code.into(),
    };
    state.jobs().get_key_value(code).ok_or_else(unknown)
}

/// The job, if `version` is the one that stands.
fn of_version<'a>(
    state: &'a State,
    code: &str,
    version: u32,
) -> Result<(&'a Code, &'a Job), Refusal> {
    let (code, row) = known(state, code)?;
    if row.version == version {
        return Ok((code, row));
    }
    let (job, version) = (code.clone(), row.version);
    Err(refused(JobRefusal::OtherVersion { job, version }))
}

fn parse_brief(state: &State, new: &NewBrief) -> Result<Brief, Refusal> {
    let roster = state.roster();
    let unknown = |kind, code: &str| Refusal::Unknown {
        kind,
        code: code.into(),
    };
    let lead = roster.agency(&new.lead);
    let lead = lead.ok_or_else(|| unknown(Kind::Agency, &new.lead))?;
    let programme = roster.programme(&new.programme);
    let programme = programme.ok_or_else(|| unknown(Kind::Programme, &new.programme))?;
    let attributes = new.attributes.iter().map(|text| parse_code(text));
    let mut attributes = attributes.collect::<Result<Vec<Code>, Refusal>>()?;
    attributes.sort();
    attributes.dedup();
    let named = is_text(&new.customer, NAME_LEN_MAX) && is_text(&new.what, NOTE_LEN_MAX);
    let counted = (1..=SLOTS_MAX).contains(&usize::from(new.officers));
    if !named || !counted || attributes.len() > JOB_ATTRIBUTES_MAX {
        return Err(Refusal::Invalid(Invalid::Job));
    }
    Ok(Brief {
        lead,
        programme,
        customer: new.customer.as_str().into(),
        what: new.what.as_str().into(),
        attributes,
        officers: new.officers,
    })
}

fn parse_code(text: &str) -> Result<Code, Refusal> {
    Code::parse(text).map_err(|_| Refusal::Invalid(Invalid::Code(text.into())))
}

fn parse_who(by: &str) -> Result<Box<str>, Refusal> {
    match is_text(by, NAME_LEN_MAX) {
        true => Ok(by.into()),
        false => Err(Refusal::Invalid(Invalid::JobBy)),
    }
}

fn parse_reason(reason: &str) -> Result<Box<str>, Refusal> {
    match is_text(reason, REASON_LEN_MAX) {
        true => Ok(reason.into()),
        false => Err(Refusal::Invalid(Invalid::JobBy)),
    }
}

fn is_text(text: &str, len_max: usize) -> bool {
    let is_said = !text.trim().is_empty() && text.len() <= len_max;
    is_said && !text.chars().any(char::is_control)
}

fn refused(refusal: JobRefusal) -> Refusal {
    Refusal::Job(Box::new(refusal))
}

fn objected(code: &Code, objections: Vec<Objection>) -> Refusal {
    let job = code.clone();
    refused(match job::verdict(&objections) {
        Verdict::Deny => JobRefusal::Denied { job, objections },
        Verdict::Allow | Verdict::NeedsReview => JobRefusal::NeedsReview { job, objections },
    })
}
