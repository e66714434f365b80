//! Lines about jobs, what agencies say about them, and staffing ladders; and what is heard of them.

use engine::core::{Actor, Body, Event, JobAct, JobSay, NewBrief, NewJobRule, NewProvision};
use engine::model::{
    Against, Approval, Code, Interval, Job, JobEffect, JobSaid, Ladder, Objection, Rank, Side,
    Step, Term,
};
use engine::rules::job;

use super::super::words::{Words, rank, validity};
use super::Stage;
use super::say::line;

/// `count=5`, `higher=yes`, `job=J-1`.
pub(super) fn terms(words: &Words<'_>) -> Vec<Term> {
    let count = words.named("count").map(|count| Term::ByLadder {
        slots: count.parse().expect("a number"),
    });
    let higher = words.named("higher").map(|fill| Term::HigherRanks {
        fill: fill == "yes",
    });
    let job = words.named("job").map(|job| Term::Job {
        job: job.into(),
        version: words
            .named("job-version")
            .map_or(0, |version| version.parse().expect("a number")),
    });
    count.into_iter().chain(higher).chain(job).collect()
}

/// `job-rules A RULE… [required=all|P,…] [verified=yes]`, `ladder A STEP… [higher=yes]`.
pub(super) fn provision(words: &Words<'_>) -> Option<NewProvision> {
    let agency = words.word(1).to_owned();
    match words.word(0) {
        "job-rules" => Some(NewProvision::JobRules {
            agency,
            required: words.named("required") == Some("all"),
            programmes: match words.named("required") {
                Some("all") | None => Vec::new(),
                Some(list) => list.split(',').map(str::to_owned).collect(),
            },
            verified: words.named("verified") == Some("yes"),
            rules: words.words_from(2).iter().map(|word| rule(word)).collect(),
        }),
        "ladder" => Some(NewProvision::Ladders {
            agency,
            ladders: ladders(words),
        }),
        _ => None,
    }
}

/// `alcohol-served:officers:2@2027-01-01..`.
fn rule(text: &str) -> NewJobRule {
    let (text, valid) = dated(text);
    let (attribute, effect) = text.split_once(':').expect("`attribute:effect`");
    NewJobRule {
        attribute: attribute.to_owned(),
        effect: match effect {
            "allow" => JobEffect::Allow,
            "deny" => JobEffect::Deny,
            "deny-unless-permitted" => JobEffect::DenyUnlessPermitted,
            "review" => JobEffect::Review,
            officers => {
                let least = officers.strip_prefix("officers:").expect("an effect");
                JobEffect::Officers {
                    least: least.parse().expect("a number"),
                }
            }
        },
        valid,
    }
}

/// Steps such as `5:sergeant`, `5:sergeant:every-5@2027-01-01..`: those of the same dates are one
/// ladder, and none with `higher=yes` is one without steps.
fn ladders(words: &Words<'_>) -> Vec<Ladder> {
    let higher_fills = words.named("higher") == Some("yes");
    let mut ladders: Vec<Ladder> = Vec::new();
    for text in words.words_from(2) {
        let (text, valid) = dated(text);
        let mut parts = text.split(':');
        let mut next = || parts.next().expect("`slot:rank`");
        let nth = next().parse().expect("a number");
        let rank = rank(next());
        let every = parts.next().map(|every| {
            let every = every.strip_prefix("every-").expect("`every-N`");
            every.parse().expect("a number")
        });
        let step = Step { nth, rank, every };
        match ladders.iter_mut().find(|ladder| ladder.valid == valid) {
            Some(ladder) => ladder.steps.push(step),
            None => ladders.push(Ladder {
                steps: vec![step],
                higher_fills,
                valid,
            }),
        }
    }
    if ladders.is_empty() && higher_fills {
        ladders.push(Ladder {
            steps: Vec::new(),
            higher_fills,
            valid: Interval::ALWAYS,
        });
    }
    ladders
}

/// A word, and the dates that may stand behind it.
fn dated(text: &str) -> (&str, Interval) {
    match text.split_once('@') {
        Some((text, valid)) => (text, validity(Some(valid))),
        None => (text, Interval::ALWAYS),
    }
}

impl Stage {
    /// `job J ask|permit|verify|approve|withdraw …`; without `version=` the one that stands.
    pub(super) fn job(&self, words: &Words<'_>, by: Actor) -> (Actor, Body) {
        let code = words.word(1);
        let stands = self.state().job(code).map_or(0, |row| row.version);
        let version = words
            .named("version")
            .map_or(stands, |version| version.parse().expect("a number"));
        let text = |name| words.named(name).unwrap_or_default().to_owned();
        let say = match words.word(2) {
            "ask" => JobSay::Ask(NewBrief {
                lead: text("lead"),
                programme: words.named("programme").unwrap_or("security").to_owned(),
                customer: words.named("customer").unwrap_or("hall").to_owned(),
                what: words.named("what").unwrap_or("doors").to_owned(),
                attributes: words
                    .list("attributes")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                officers: words
                    .named("officers")
                    .map_or(1, |officers| officers.parse().expect("a number")),
            }),
            "permit" => JobSay::Permit {
                version,
                attribute: words.word(3).to_owned(),
                by: text("who"),
                reason: text("reason"),
            },
            "verify" => JobSay::Verify {
                version,
                by: text("who"),
            },
            "approve" => JobSay::Approve {
                version,
                by: text("who"),
                reason: text("reason"),
            },
            "withdraw" => JobSay::Withdraw {
                by: text("who"),
                reason: text("reason"),
            },
            other => panic!("`{other}` is nothing that is said about a job"),
        };
        let job = code.to_owned();
        (by, Body::Job(Box::new(JobAct { job, say })))
    }

    /// Says how a job stands.
    pub(super) fn job_of(&self, words: &Words<'_>, output: &mut String) {
        let code = words.word(1);
        let Some(row) = self.state().job(code) else {
            return line(output, format_args!("no job {code}"));
        };
        let side = |side| row.verified_by(side).map_or("nobody", |one| &one.by);
        let (department, operator) = (side(Side::Department), side(Side::Operator));
        let approved = row.approval.as_ref().map_or("nobody", |one| &one.by);
        let verdict = self.verdict(row);
        line(
            output,
            format_args!(
                "{code} version={} verdict={verdict} department={department} operator={operator} \
                 approved={approved}",
                row.version
            ),
        );
    }

    fn verdict(&self, row: &Job) -> String {
        let rules = &self.state().roster().provisions.job_rules;
        let rules = rules.get(&row.brief.lead);
        let rules = rules.map_or(&[][..], |rules| &rules.rules);
        let of = (&row.brief.attributes[..], row.brief.officers);
        let at = self.state().at();
        let found = job::objections(rules, of, &row.permits, at);
        let verdict = match job::verdict(&found) {
            job::Verdict::Allow => "allow",
            job::Verdict::NeedsReview => "needs-review",
            job::Verdict::Deny => "deny",
        };
        format!("{verdict}{}", against(&found))
    }

    /// Says which rank each slot of a vacancy asks for, and who holds it.
    pub(super) fn slots_of(&self, words: &Words<'_>, output: &mut String) {
        let row = self.state().vacancy(self.vacancy(words.word(1)));
        let row = row.expect("the vacancy was published");
        for (number, slot) in row.slots.iter().enumerate() {
            let holder = slot.holder.as_ref();
            let holder = holder.map_or("open".to_owned(), |one| self.badge(one.officer));
            let rank = rank_name(slot.rank);
            line(output, format_args!("slot {number} {rank} {holder}"));
        }
    }
}

/// What is heard of jobs by whoever reads the log.
pub(super) fn said_of_jobs(event: &Event) -> Option<String> {
    let Event::Job(step) = event else {
        return None;
    };
    let job = &step.job;
    Some(match &step.said {
        JobSaid::Asked {
            version,
            objections,
            ..
        } => format!("job {job} asked version={version}{}", against(objections)),
        JobSaid::Permitted(one) => format!("job {job} permitted {} who={}", one.attribute, one.by),
        JobSaid::Verified(one) => {
            let side = match one.side {
                Side::Department => "department",
                Side::Operator => "operator",
            };
            format!("job {job} verified for={side} who={}", one.by)
        }
        JobSaid::Approved(Approval { by, reviewed, .. }) => {
            format!("job {job} approved who={by}{}", against(reviewed))
        }
        JobSaid::Withdrawn { by, reason } => format!("job {job} withdrawn who={by} \"{reason}\""),
    })
}

fn against(objections: &[Objection]) -> String {
    let one = |Objection { attribute, against }: &Objection| {
        let why = match against {
            Against::Prohibited => "prohibited".to_owned(),
            Against::NotPermitted => "not-permitted".to_owned(),
            Against::Review => "review".to_owned(),
            Against::Unlisted => "unlisted".to_owned(),
            Against::TooFew { least, asked } => format!("{asked}<{least}"),
        };
        format!("{}:{why}", Code::as_str(attribute))
    };
    match objections.is_empty() {
        true => String::new(),
        false => {
            let all: Vec<String> = objections.iter().map(one).collect();
            format!(" against={}", all.join(","))
        }
    }
}

/// `officer,officer,sergeant`.
pub(super) fn ranks(ranks: &[Rank]) -> String {
    let names: Vec<&str> = ranks.iter().map(|rank| rank_name(*rank)).collect();
    names.join(",")
}

fn rank_name(rank: Rank) -> &'static str {
    match rank {
        Rank::Officer => "officer",
        Rank::Sergeant => "sergeant",
        Rank::Commander => "commander",
    }
}
