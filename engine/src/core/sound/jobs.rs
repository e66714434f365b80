//! Jobs, what agencies say about them, and staffing ladders name what exists and stay in bounds.

use super::{ROUND_MAX, Unsound, hold};
use crate::core::state::Durable;
use crate::limits::{JOB_ATTRIBUTES_MAX, JOB_RULES_MAX, JOBS_MAX};
use crate::model::{Job, JobRules, Required};
use crate::rules::staffing;

pub(super) fn check(durable: &Durable) -> Result<(), Unsound> {
    let roster = &durable.roster;
    let provided = &roster.provisions;
    let is_agency = |id| roster.agencies.find(id).is_some();
    let is_programme = |id| roster.programmes.find(id).is_some();
    let is_rules = |rules: &JobRules| {
        let of = match &rules.required {
            Required::Programmes(of) => &of[..],
            Required::Nothing | Required::Everything => &[],
        };
        rules.rules.len() <= JOB_RULES_MAX && of.iter().all(|id| is_programme(*id))
    };
    let mut rules = provided.job_rules.iter();
    let rules = rules.all(|(agency, rules)| is_agency(*agency) && is_rules(rules));
    hold(rules, "what an agency says about jobs")?;
    let mut ladders = provided.ladders.iter();
    let ladders =
        ladders.all(|(agency, ladders)| is_agency(*agency) && staffing::are_sound(ladders));
    hold(ladders, "the staffing ladders of an agency")?;
    let is_job = |row: &Job| {
        let brief = &row.brief;
        let named = is_agency(brief.lead) && is_programme(brief.programme);
        let bounded = brief.attributes.len() <= JOB_ATTRIBUTES_MAX;
        named && bounded && (1..=ROUND_MAX).contains(&row.version)
    };
    let jobs = durable.jobs.len() <= JOBS_MAX && durable.jobs.values().all(is_job);
    hold(jobs, "a job")?;
    let is_known = |code| durable.jobs.contains_key(code);
    let mut rows = durable.vacancies.iter();
    let under = rows.all(|(_, row)| row.terms.job().is_none_or(|(code, _)| is_known(code)));
    hold(under, "a vacancy under a job that nobody asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, Brief, Code, ProgrammeId};

    /// What is done to a state, and the word by which its refusal is known.
    type Plant = (fn(&mut Durable), &'static str);

    #[test]
    fn what_names_nothing_is_refused() {
        let plants: [Plant; 3] = [
            (
                |durable| {
                    let all = &mut durable.roster.provisions.job_rules;
                    all.insert(AgencyId(0), JobRules::default());
                },
                "about jobs",
            ),
            (
                |durable| {
                    let all = &mut durable.roster.provisions.ladders;
                    all.insert(AgencyId(0), Vec::new());
                },
                "ladders",
            ),
            (
                |durable| {
                    let brief = Brief {
                        lead: AgencyId(0),
                        programme: ProgrammeId(0),
                        customer: "Invented".into(),
                        what: "Invented".into(),
                        attributes: Vec::new(),
                        officers: 1,
                    };
                    let code = Code::parse("J-1").expect("a code");
                    durable.jobs.insert(code, Job::new(brief, 1));
                },
                "a job",
            ),
        ];
        assert_eq!(check(&Durable::default()), Ok(()));
        for (plant, what) in plants {
            let mut durable = Durable::default();
            plant(&mut durable);
            let error = check(&durable).expect_err("it does not hold together");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
