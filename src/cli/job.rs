//! What can be said about jobs, and about staffing ladders.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::{JobEffect, JobRule, Ladder, LadderStep};

use super::words::rank;
use super::{ChangeArgs, ReachArgs, help};

/// `muster job`.
#[derive(Debug, Args)]
pub struct JobCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: JobWhat,
}

/// What to do about jobs.
#[derive(Debug, Subcommand)]
pub enum JobWhat {
    /// Write down what a customer asks for; said again, it is a new version
    #[command(after_help = help::JOB_ASK)]
    Ask(JobAskArgs),
    /// Record that the chief or the designee permits what is denied otherwise
    #[command(after_help = help::JOB_PERMIT)]
    Permit(JobPermitArgs),
    /// Verify a job: the department with --agency, the operator without
    #[command(after_help = help::JOB_VERIFY)]
    Verify(JobVerifyArgs),
    /// Approve a job, so that vacancies are published under it
    #[command(after_help = help::JOB_APPROVE)]
    Approve(JobApproveArgs),
    /// Withdraw the approval: nothing held changes, and its holders are flagged
    #[command(after_help = help::JOB_WITHDRAW)]
    Withdraw(JobWithdrawArgs),
    /// Show how a job stands
    #[command(after_help = help::JOB_SHOW)]
    Show(JobShowArgs),
    /// List the jobs of an agency
    #[command(after_help = help::JOB_LIST)]
    List(JobListArgs),
    /// Say what an agency permits, denies and reviews, and what needs a job
    #[command(after_help = help::JOB_RULES)]
    Rules(JobRulesArgs),
}

/// `muster job ask`.
#[derive(Debug, Args)]
pub struct JobAskArgs {
    /// Code of the job
    #[arg(value_name = "JOB")]
    pub job: String,
    /// Code of the agency that judges it
    #[arg(long, value_name = "CODE")]
    pub lead: String,
    /// Code of the programme
    #[arg(long, value_name = "CODE", default_value = "sso")]
    pub programme: String,
    /// Who asks: a customer, a district, a site
    #[arg(long, value_name = "NAME")]
    pub customer: String,
    /// What is to be done
    #[arg(long, value_name = "TEXT")]
    pub what: String,
    /// What it is, in the words of the agency's rules; repeat for several
    #[arg(long, value_name = "CODE")]
    pub attribute: Vec<String>,
    /// How many officers are to work at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub officers: u16,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster job permit`.
#[derive(Debug, Args)]
#[command(
    override_usage = "muster job permit [OPTIONS] --version <N> --by <NAME> --attribute <CODE> … <JOB>"
)]
pub struct JobPermitArgs {
    /// Which version of which job.
    #[command(flatten)]
    pub of: JobVersionArgs,
    /// The attribute that is permitted
    #[arg(long, value_name = "CODE")]
    pub attribute: String,
    /// Why
    #[arg(long, value_name = "REASON")]
    pub reason: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Which version of which job, and who speaks of it.
#[derive(Debug, Args)]
pub struct JobVersionArgs {
    /// Code of the job
    #[arg(value_name = "JOB")]
    pub job: String,
    /// Its version, as `job show` prints it
    #[arg(long, value_name = "N")]
    pub version: u32,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// `muster job verify`.
#[derive(Debug, Args)]
pub struct JobVerifyArgs {
    /// Which version of which job.
    #[command(flatten)]
    pub of: JobVersionArgs,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster job approve`.
#[derive(Debug, Args)]
pub struct JobApproveArgs {
    /// Which version of which job.
    #[command(flatten)]
    pub of: JobVersionArgs,
    /// Why; said where a review is needed
    #[arg(long, value_name = "REASON", default_value = "")]
    pub reason: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster job withdraw`.
#[derive(Debug, Args)]
pub struct JobWithdrawArgs {
    /// Code of the job
    #[arg(value_name = "JOB")]
    pub job: String,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why
    #[arg(long, value_name = "REASON")]
    pub reason: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster job show`.
#[derive(Debug, Args)]
pub struct JobShowArgs {
    /// Code of the job
    #[arg(value_name = "JOB")]
    pub job: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster job list`.
#[derive(Debug, Args)]
pub struct JobListArgs {
    /// Code of the lead agency
    #[arg(value_name = "LEAD")]
    pub lead: String,
    /// Begin after this job
    #[arg(long, value_name = "JOB")]
    pub after: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster job rules`.
#[derive(Debug, Args)]
pub struct JobRulesArgs {
    /// Code of the lead agency
    #[arg(value_name = "LEAD")]
    pub lead: String,
    /// Rules in place of all it had, such as alcohol-served:officers:2
    #[arg(value_name = "RULE", value_parser = job_rule)]
    pub rules: Vec<Dated<JobRuleWord>>,
    /// Publish nothing without an approved job
    #[arg(long)]
    pub required: bool,
    /// Publish nothing of this programme without one; repeat for several
    #[arg(long, value_name = "CODE", conflicts_with = "required")]
    pub required_for: Vec<String>,
    /// Department and operator both verify a job first
    #[arg(long)]
    pub verified: bool,
    /// IANA zone of the dates of rules
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster ladder`.
#[derive(Debug, Args)]
pub struct LadderArgs {
    /// Code of the lead agency
    #[arg(value_name = "LEAD")]
    pub lead: String,
    /// Steps in place of all it had, such as 5:sergeant or 5:sergeant:every-5
    #[arg(value_name = "STEP", value_parser = step)]
    pub steps: Vec<Dated<LadderStep>>,
    /// A higher rank fills a lower slot
    #[arg(long)]
    pub higher_fills: bool,
    /// IANA zone of the dates of steps
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Something that holds from a day on, or until one; `WORD@2027-01-01..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// What holds.
    pub what: T,
    from: Option<Date>,
    until: Option<Date>,
}

/// An attribute and what a rule does about it.
type JobRuleWord = (String, JobEffect);

impl<T> Dated<T> {
    /// From when until when, in microseconds; days begin at midnight in `zone`.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    fn validity(&self, zone: &str) -> Result<(Option<i64>, Option<i64>), String> {
        let zone = TimeZone::get(zone)
            .map_err(|_| format!("--zone: `{zone}` is no IANA time zone such as UTC"))?;
        let at = |day: Option<Date>| {
            let midnight = day.map(|day| day.to_zoned(zone.clone()));
            let midnight = midnight.transpose().map_err(|why| why.to_string())?;
            Ok::<_, String>(midnight.map(|at| at.timestamp().as_microsecond()))
        };
        Ok((at(self.from)?, at(self.until)?))
    }
}

impl JobRulesArgs {
    /// The rules with their dates.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn rules(&self) -> Result<Vec<JobRule>, String> {
        let rule = |rule: &Dated<JobRuleWord>| {
            let (from_us, until_us) = rule.validity(&self.zone)?;
            let (attribute, effect) = rule.what.clone();
            Ok(JobRule {
                attribute,
                effect,
                from_us,
                until_us,
            })
        };
        self.rules.iter().map(rule).collect()
    }
}

impl LadderArgs {
    /// A ladder for each span of dates that is named, or one that always holds.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn ladders(&self) -> Result<Vec<Ladder>, String> {
        let mut ladders: Vec<Ladder> = Vec::new();
        for step in &self.steps {
            let (from_us, until_us) = step.validity(&self.zone)?;
            let dates = (from_us, until_us);
            match ladders
                .iter_mut()
                .find(|ladder| (ladder.from_us, ladder.until_us) == dates)
            {
                Some(ladder) => ladder.steps.push(step.what),
                None => ladders.push(Ladder {
                    steps: vec![step.what],
                    higher_fills: self.higher_fills,
                    from_us,
                    until_us,
                }),
            }
        }
        if ladders.is_empty() && self.higher_fills {
            ladders.push(Ladder {
                steps: Vec::new(),
                higher_fills: true,
                from_us: None,
                until_us: None,
            });
        }
        Ok(ladders)
    }
}

/// `undignified:review`, `alcohol-served:officers:2@2027-01-01..`.
fn job_rule(written: &str) -> Result<Dated<JobRuleWord>, String> {
    dated(written, |written| {
        let expected = || {
            "expected ATTRIBUTE:allow, :deny, :deny-unless-permitted, :review or :officers:N"
                .to_owned()
        };
        let (attribute, effect) = written.split_once(':').ok_or_else(expected)?;
        let effect = match effect.split_once(':') {
            None => match effect {
                "allow" => JobEffect::Allow,
                "deny" => JobEffect::Deny,
                "deny-unless-permitted" => JobEffect::DenyUnlessPermitted,
                "review" => JobEffect::Review,
                _ => return Err(expected()),
            },
            Some(("officers", least)) => {
                JobEffect::Officers(least.parse().map_err(|_| expected())?)
            }
            Some(_) => return Err(expected()),
        };
        Ok((attribute.to_owned(), effect))
    })
}

/// `5:sergeant`, `5:sergeant:every-5@..2027-01-01`.
fn step(written: &str) -> Result<Dated<LadderStep>, String> {
    dated(written, |written| {
        let expected =
            || "expected a slot and a rank such as 5:sergeant or 5:sergeant:every-5".to_owned();
        let mut words = written.split(':');
        let nth = words
            .next()
            .and_then(|nth| nth.parse().ok())
            .ok_or_else(expected)?;
        let rank = rank(words.next().ok_or_else(expected)?)?;
        let every = match words.next() {
            None => None,
            Some(every) => {
                let every = every.strip_prefix("every-").ok_or_else(expected)?;
                Some(every.parse().map_err(|_| expected())?)
            }
        };
        match words.next() {
            None => Ok(LadderStep { nth, rank, every }),
            Some(_) => Err(expected()),
        }
    })
}

fn dated<T>(written: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Dated<T>, String> {
    let expected = || "expected dates such as @2027-01-01.. or @..2027-01-01".to_owned();
    let (what, dates) = match written.split_once('@') {
        Some((what, dates)) => (what, dates.split_once("..").ok_or_else(expected)?),
        None => (written, ("", "")),
    };
    let day = |written: &str| match written {
        "" => Ok(None),
        written => written.parse().map(Some).map_err(|_| expected()),
    };
    Ok(Dated {
        what: parse(what)?,
        from: day(dates.0)?,
        until: day(dates.1)?,
    })
}

#[cfg(test)]
mod tests {
    use protocol::Rank;

    use super::*;

    fn ladder(steps: &[&str], higher_fills: bool) -> Result<Vec<Ladder>, String> {
        let steps: Result<Vec<_>, String> = steps.iter().map(|word| step(word)).collect();
        let args = LadderArgs {
            lead: "tucson".to_owned(),
            steps: steps?,
            higher_fills,
            zone: "UTC".to_owned(),
            change: ChangeArgs {
                json: false,
                reach: ReachArgs::default(),
            },
        };
        args.ladders()
    }

    #[test]
    fn steps_of_the_same_dates_are_one_ladder() {
        let sergeant = LadderStep {
            nth: 5,
            rank: Rank::Sergeant,
            every: None,
        };
        let always = ladder(&["5:sergeant", "16:commander"], true).unwrap();
        assert_eq!(always.len(), 1);
        assert_eq!((always[0].steps.len(), always[0].higher_fills), (2, true));
        assert_eq!(always[0].steps[0], sergeant);
        let words = ["5:sergeant@..2027-01-01", "4:sergeant:every-5@2027-01-01.."];
        let two = ladder(&words, false).unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(two[0].until_us, two[1].from_us);
        assert_eq!(two[1].from_us, Some(1_798_761_600_000_000));
        assert_eq!(two[1].steps[0].every, Some(5));
        assert_eq!(ladder(&[], false).unwrap(), [], "none ends them");
        assert_eq!(ladder(&[], true).unwrap().len(), 1);
        for bad in ["sergeant", "5:chief", "5:sergeant:5", "5:sergeant@2027"] {
            assert!(ladder(&[bad], false).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_names_an_attribute_and_what_it_does() {
        let rule = |written| job_rule(written).map(|rule| rule.what.1);
        assert_eq!(
            rule("alcohol-served:officers:2"),
            Ok(JobEffect::Officers(2))
        );
        let permit = Ok(JobEffect::DenyUnlessPermitted);
        assert_eq!(rule("alcohol:deny-unless-permitted@2027-01-01.."), permit);
        assert_eq!(rule("parade:allow"), Ok(JobEffect::Allow));
        for bad in ["parade", "parade:maybe", "alcohol:officers:many"] {
            assert!(job_rule(bad).is_err(), "{bad}");
        }
    }
}
