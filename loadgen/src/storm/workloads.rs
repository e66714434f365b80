//! The workloads that are a storm with another plan.

use std::time::Duration;

use protocol::Rank;

use super::plan::{Incident, Plan, PlannedIncident, StormOptions};
use crate::behaviour::{Mix, Temper};
use crate::pacer::{Extent, Pacer, Rate, schedule};
use crate::report::Span;
use crate::seed::SplitMix64;
use crate::world::level_field;

/// How long publications go on before every connection is cut, and after the last officer should
/// be back.
const BEFORE_THE_CUT: Duration = Duration::from_secs(2);

const HOUR_US: i64 = 3_600_000_000;

impl Plan {
    /// Races: each vacancy has one slot and is offered to everybody at once, and everybody takes
    /// it in the moment of hearing. Work of different vacancies never overlaps, so that winners
    /// race on.
    pub fn races(options: &StormOptions) -> Plan {
        let mut plan = Plan::on_a_level_field(options, Temper::Racer);
        for officer in &mut plan.officers {
            officer.behaviour.accept_permille = 1_000;
            officer.behaviour.outstanding_max = u8::MAX;
        }
        plan.workload = told("race", options);
        plan
    }

    /// Broadcasts: each vacancy is offered to everybody at once, and nobody answers.
    pub fn broadcasts(options: &StormOptions) -> Plan {
        let mut plan = Plan::on_a_level_field(options, Temper::Silent);
        plan.workload = told("broadcast", options);
        plan
    }

    /// Vacancies with one slot that everybody is eligible for, at hours of their own.
    fn on_a_level_field(options: &StormOptions, temper: Temper) -> Plan {
        let alike = StormOptions {
            mix: Mix::all(temper),
            ..options.clone()
        };
        let mut plan = Plan::in_world(&alike, level_field(options.seed, options.officers));
        plan.incidents.clear();
        for (planned, place) in plan.publications.iter_mut().zip(0i64..) {
            let start_us = options.monday_us + place * HOUR_US;
            planned.appeal_permille = 1_000;
            planned.vacancy.slots = vec![Rank::Officer];
            planned.vacancy.segments.truncate(1);
            for segment in &mut planned.vacancy.segments {
                (segment.start_us, segment.end_us) = (start_us, start_us + HOUR_US);
            }
        }
        plan
    }

    /// Every connection is cut at once in the middle of a storm; the storm goes on for this long
    /// afterwards.
    pub fn reconnection(options: &StormOptions, afterwards: Duration) -> Plan {
        let mut plan = Plan::storm(options);
        plan.incidents.push(PlannedIncident {
            at: BEFORE_THE_CUT,
            incident: Incident::CutEverybody,
        });
        let cut_us = BEFORE_THE_CUT.as_micros() as u64;
        let over_us = cut_us + afterwards.as_micros() as u64;
        plan.spans = vec![
            span("before", 0, cut_us),
            span("after the cut", cut_us, over_us),
        ];
        plan.lasting = BEFORE_THE_CUT + afterwards;
        plan.workload = told("reconnect", options);
        plan
    }

    /// How long a reconnection publishes.
    pub fn reconnection_lasts(afterwards: Duration) -> Duration {
        BEFORE_THE_CUT + afterwards
    }

    /// Nothing is published: sessions stand for this long and are left alone.
    pub fn idle(options: &StormOptions, lasting: Duration) -> Plan {
        let mut plan = Plan::storm(&StormOptions {
            vacancies: 0,
            ..options.clone()
        });
        plan.lasting = lasting;
        plan.settle = Duration::ZERO;
        plan.workload = format!(
            "idle --officers {} --for {}s --seed {}",
            options.officers,
            lasting.as_secs(),
            options.seed
        );
        plan
    }

    /// A storm whose publications come from a recording: its instants, divided by `speed`, and the
    /// shape of its vacancies. Who leads and where is invented.
    pub fn replay(options: &StormOptions, recorded: &[Recorded], speed: f64) -> Plan {
        let instants: Vec<Duration> = recorded
            .iter()
            .map(|one| one.at.div_f64(speed.max(f64::MIN_POSITIVE)))
            .collect();
        let mut plan = Plan::storm(&StormOptions {
            vacancies: recorded.len(),
            pacer: Pacer::Replay(instants),
            ..options.clone()
        });
        for (planned, recorded) in plan.publications.iter_mut().zip(recorded) {
            let vacancy = &mut planned.vacancy;
            vacancy.slots.clone_from(&recorded.slots);
            let Some(first) = vacancy.segments.first_mut() else {
                continue;
            };
            first.end_us = first.start_us + recorded.lasting_us;
            vacancy.segments.truncate(1);
        }
        plan.workload = format!(
            "replay --officers {} --speed {speed} --seed {} --behaviour {}, {} publications",
            options.officers,
            options.seed,
            options.mix,
            recorded.len()
        );
        plan
    }

    /// Stretches of publications, one after the other, each at its own rate.
    ///
    /// # Panics
    /// If a rate is so high that its stretch has more publications than any plan.
    pub fn stretches(options: &StormOptions, stretches: &[Stretch]) -> Plan {
        let (mut instants, mut spans, mut begin) = (Vec::new(), Vec::new(), Duration::ZERO);
        for stretch in stretches {
            let pacer = Pacer::Constant(stretch.rate);
            let within = schedule(&pacer, Extent::Lasting(stretch.lasting));
            instants.extend(within.into_iter().map(|at| begin + at));
            let end = begin + stretch.lasting;
            spans.push(Span {
                name: stretch.name.clone(),
                from_us: begin.as_micros() as u64,
                until_us: end.as_micros() as u64,
            });
            begin = end;
        }
        let mut plan = Plan::storm(&StormOptions {
            vacancies: instants.len(),
            pacer: Pacer::Replay(instants),
            ..options.clone()
        });
        plan.spans = spans;
        plan
    }

    /// Lets a share of the officers leave everything unread, out of 1,000.
    pub fn deafen(&mut self, permille: u16) {
        let mut dice = SplitMix64::new(crate::seed::derive(self.seed, "deaf"));
        // Whoever is meant to act on an incident must hear of it.
        let needed: Vec<String> = self
            .incidents
            .iter()
            .filter_map(|planned| match &planned.incident {
                Incident::Lapse { badge, .. } => Some(badge.clone()),
                _ => None,
            })
            .collect();
        for officer in &mut self.officers {
            if dice.chance(permille) && !needed.contains(&officer.badge) {
                officer.behaviour.temper = Temper::Deaf;
            }
        }
    }
}

/// A publication as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When, counted from the first one.
    pub at: Duration,
    /// The required rank of each slot.
    pub slots: Vec<Rank>,
    /// From the start of the work to its end, in microseconds.
    pub lasting_us: i64,
}

/// Some time at one rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// What it is called.
    pub name: String,
    /// Publications per second.
    pub rate: Rate,
    /// How long it lasts.
    pub lasting: Duration,
}

fn span(name: &str, from_us: u64, until_us: u64) -> Span {
    Span {
        name: name.to_owned(),
        from_us,
        until_us,
    }
}

fn told(name: &str, options: &StormOptions) -> String {
    format!(
        "{name} --officers {} --vacancies {} --schedule {} --seed {}",
        options.officers, options.vacancies, options.pacer, options.seed
    )
}
