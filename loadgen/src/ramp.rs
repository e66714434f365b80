//! The search for the knee: the rate of publications at which they, or the accepts of what they
//! offer, are no longer answered in time, and what becomes of a server that is given more.

use std::time::Duration;

use crate::pacer::Rate;
use crate::report::{Knee, Percentiles, Period};
use crate::storm::{self, Outcome, Plan, StormError, StormOptions, Stretch, Target};
use crate::usage::Subject;
use crate::view::Progress;

/// What is looked for, and how.
#[derive(Debug, Clone)]
pub struct RampOptions {
    /// The storm that is tried at each rate; its pacer and number of vacancies do not matter.
    pub storm: StormOptions,
    /// What the 99.9th percentile of the response times of accepts, and of publications, must not
    /// exceed.
    pub bound: Duration,
    /// The first rate of publications.
    pub from: Rate,
    /// No higher rate is tried.
    pub to: Rate,
    /// How long each rate is tried.
    pub step: Duration,
    /// The commit that is measured.
    pub commit: String,
    /// The process whose usage is sampled during the last run, if one is.
    pub subject: Option<Subject>,
}

/// How often the gap between a rate that kept the bound and one that did not is halved.
const HALVINGS: usize = 2;
/// The rates after the search, as shares of the knee; the last one shows the recovery.
const PROFILE: [(&str, f64); 5] = [
    ("half the knee", 0.5),
    ("the knee", 1.0),
    ("twice the knee", 2.0),
    ("three times the knee", 3.0),
    ("half the knee again", 0.5),
];
/// Slots that an officer fills in one week, about: what keeps accepts coming at high rates.
const SLOTS_PER_OFFICER_AND_WEEK: usize = 2;
/// Weeks over which the work of one run is spread at most.
const WEEKS_MAX: u64 = 26;
const WEEK_US: i64 = 7 * 24 * 3_600_000_000;

/// Searches, then loads the server with the profile; the outcome is that of the profile, with the
/// search in its report. Where no rate kept the bound there is no knee to load it around, and a
/// breach ends the search: the last run is then the outcome.
///
/// # Errors
/// [`StormError`], where a run could not be carried through.
pub async fn run(
    options: &RampOptions,
    target: &Target,
    view: &dyn Progress,
    say: &mut dyn FnMut(&str),
) -> Result<Outcome, StormError> {
    let mut search = Search::new(options);
    let mut runs = Runs {
        options,
        target,
        view,
        begun: 0,
        week: 0,
    };
    while let Some(rate) = search.next() {
        let name = told(rate);
        let stretch = Stretch {
            name: name.clone(),
            rate,
            lasting: options.step,
        };
        let mut outcome = runs.run(&[stretch], None).await?;
        let probe = outcome.report.periods[0].clone();
        let p999 = crate::report::millis(probe.accept_to_answer.p999);
        let published = crate::report::millis(probe.publish_to_answer.p999);
        say(&format!(
            "{name}: accepts answered within {p999} ms, and publications within {published} ms, in \
             99.9 % of cases"
        ));
        search.learn(rate, probe);
        outcome.report.knee = search.knee();
        if !outcome.report.audit.is_clean() {
            return Ok(outcome);
        }
        if search.kept.is_none() {
            say("no rate kept the bound: begin with a lower one, or allow more");
            return Ok(outcome);
        }
    }
    let kept = search.kept.expect("a search that kept no rate has ended");
    let profile = PROFILE.into_iter().filter_map(|(name, share)| {
        Some(Stretch {
            name: name.to_owned(),
            rate: Rate::per_second(kept.as_per_second() * share)?,
            lasting: options.step,
        })
    });
    let profile: Vec<Stretch> = profile.collect();
    let mut outcome = runs.run(&profile, options.subject.clone()).await?;
    outcome.report.knee = search.knee();
    Ok(outcome)
}

/// The workload as a person would ask for it again.
pub fn workload(options: &RampOptions) -> String {
    format!(
        "ramp --officers {} --bound {}ms --from {}/s --to {}/s --step {}s --seed {} --behaviour {}",
        options.storm.officers,
        options.bound.as_millis(),
        options.from.as_per_second(),
        options.to.as_per_second(),
        options.step.as_secs_f64(),
        options.storm.seed,
        options.storm.mix
    )
}

fn told(rate: Rate) -> String {
    format!("{:.1} publications a second", rate.as_per_second())
}

/// Runs one after the other against one server.
struct Runs<'a> {
    options: &'a RampOptions,
    target: &'a Target,
    view: &'a dyn Progress,
    begun: i64,
    /// The first week whose calendar is still empty.
    week: i64,
}

impl Runs<'_> {
    async fn run(
        &mut self,
        stretches: &[Stretch],
        subject: Option<Subject>,
    ) -> Result<Outcome, StormError> {
        let rates = stretches.iter();
        let hits = rates.map(|one| one.rate.as_per_second() * one.lasting.as_secs_f64());
        let per_week = self.options.storm.officers * SLOTS_PER_OFFICER_AND_WEEK;
        let weeks = (hits.sum::<f64>() as u64).div_ceil(per_week as u64);
        let weeks = weeks.clamp(1, WEEKS_MAX);
        let storm = StormOptions {
            weeks,
            monday_us: self.options.storm.monday_us + self.week * WEEK_US,
            // It names the run: no two runs against one server may share their names.
            now_us: self.options.storm.now_us + self.begun,
            ..self.options.storm.clone()
        };
        self.begun += 1;
        self.week += i64::try_from(weeks).unwrap_or(0);
        let mut plan = Plan::stretches(&storm, stretches);
        plan.commit.clone_from(&self.options.commit);
        plan.workload = workload(self.options);
        plan.subject = subject;
        // The world is the same each time: whoever has it already says so.
        storm::run(plan, self.target.clone(), self.view).await
    }
}

/// Which rate to try next.
struct Search {
    bound_us: u64,
    to: Rate,
    next: Option<Rate>,
    /// The highest rate that kept the bound.
    kept: Option<Rate>,
    /// The lowest rate that did not.
    left: Option<Rate>,
    halvings: usize,
    probes: Vec<Period>,
}

impl Search {
    fn new(options: &RampOptions) -> Search {
        Search {
            bound_us: options.bound.as_micros() as u64,
            to: options.to,
            next: Some(options.from),
            kept: None,
            left: None,
            halvings: 0,
            probes: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<Rate> {
        self.next.take()
    }

    fn learn(&mut self, rate: Rate, probe: Period) {
        let (accepts, publications) = (probe.accept_to_answer, probe.publish_to_answer);
        // A rate at which nobody was answered keeps no bound; nor does one of which a part is
        // refused as busy, whatever pace it leaves to the rest.
        let slowest = accepts.p999.max(publications.p999);
        let is_kept = slowest <= self.bound_us && probe.busy == 0;
        if accepts != Percentiles::default() && is_kept {
            self.kept = Some(rate);
        } else {
            self.left = Some(rate);
        }
        self.probes.push(probe);
        let between = |low: f64, high: f64| Rate::per_second(low + (high - low) / 2.0);
        self.next = match (self.kept, self.left) {
            (Some(kept), None) if kept < self.to => {
                let doubled = Rate::per_second(kept.as_per_second() * 2.0);
                doubled.map(|rate| if rate > self.to { self.to } else { rate })
            }
            (Some(kept), Some(left)) if self.halvings < HALVINGS => {
                self.halvings += 1;
                between(kept.as_per_second(), left.as_per_second())
            }
            _ => None,
        };
    }

    fn knee(&self) -> Knee {
        let per_ks = |rate: Rate| (rate.as_per_second() * 1_000.0).round() as u64;
        Knee {
            bound_us: self.bound_us,
            publications_per_ks: self.kept.map_or(0, per_ks),
            is_a_lower_limit: u64::from(self.left.is_none()),
            probes: self.probes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(from: f64, to: f64) -> Search {
        let rate = |hits| Rate::per_second(hits).unwrap();
        Search {
            bound_us: 50_000,
            to: rate(to),
            next: Some(rate(from)),
            kept: None,
            left: None,
            halvings: 0,
            probes: Vec::new(),
        }
    }

    fn searched(from: f64, to: f64, capacity: f64) -> (Vec<f64>, Knee) {
        let mut search = search(from, to);
        let mut tried = Vec::new();
        while let Some(rate) = search.next() {
            tried.push(rate.as_per_second());
            let us = if rate.as_per_second() <= capacity {
                9_000
            } else {
                90_000
            };
            let accept_to_answer = Percentiles {
                p999: us,
                ..Percentiles::default()
            };
            search.learn(
                rate,
                Period {
                    accept_to_answer,
                    ..Period::default()
                },
            );
        }
        (tried, search.knee())
    }

    #[test]
    fn the_rate_doubles_until_the_bound_is_left_and_then_the_gap_is_halved() {
        let (tried, knee) = searched(20.0, 2_000.0, 130.0);
        assert_eq!(tried, [20.0, 40.0, 80.0, 160.0, 120.0, 140.0]);
        assert_eq!(
            (knee.publications_per_ks, knee.is_a_lower_limit),
            (120_000, 0)
        );
        assert_eq!(knee.probes.len(), 6);
    }

    #[test]
    fn a_rate_that_leaves_publications_behind_is_not_kept() {
        let slow = |us| Percentiles {
            p999: us,
            ..Percentiles::default()
        };
        let kept = |publish_us, busy| {
            let mut search = search(100.0, 100.0);
            let rate = search.next().unwrap();
            search.learn(
                rate,
                Period {
                    accept_to_answer: slow(9_000),
                    publish_to_answer: slow(publish_us),
                    busy,
                    ..Period::default()
                },
            );
            search.kept.is_some()
        };
        assert!(kept(9_000, 0));
        assert!(!kept(90_000, 0), "publications wait");
        assert!(!kept(9_000, 1), "one is refused");
    }

    #[test]
    fn a_search_that_never_leaves_the_bound_says_so() {
        let (tried, knee) = searched(300.0, 1_000.0, 9_999.0);
        assert_eq!(tried, [300.0, 600.0, 1_000.0]);
        assert_eq!(
            (knee.publications_per_ks, knee.is_a_lower_limit),
            (1_000_000, 1)
        );
        let (tried, knee) = searched(20.0, 1_000.0, 1.0);
        assert_eq!((tried.len(), knee.publications_per_ks), (1, 0));
    }
}
