//! The model's limits, preferences and lists of districts: counted by looking at every assignment.

use engine::core::NewProvision;
use engine::model::{Beyond, Interval, Lift, Limit, Measure, Period, Preferences};
use engine::rules::Clause;

use super::cast::{DAY, FIRST_WEEKDAY, HalfHour, Notice, OFFICERS, SITES, Span};
use super::flat::{Flat, Flaw};
use super::staffing::Rungs;
use super::words::{HALF_HOUR_MS, agency, badge, district, instant};

/// Minutes of a half hour.
const MINUTES: HalfHour = 30;
/// Farther apart than any two assignments, in half hours.
const FAR: HalfHour = HalfHour::MAX;

/// What is provided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provide {
    Limits {
        home: usize,
        limits: Vec<Cap>,
    },
    /// For work that starts in these dates.
    Lift {
        officer: usize,
        dates: Span,
    },
    /// The district of one site, if any, and a notice.
    Prefer {
        officer: usize,
        district: Option<usize>,
        notice: HalfHour,
    },
    Bind {
        home: usize,
        bind: bool,
    },
    /// The district of a site.
    Unwanted {
        site: usize,
        officer: usize,
        wants: bool,
    },
    Ladder {
        home: usize,
        rungs: Rungs,
    },
}

/// A limit of so many half hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cap {
    /// None means rest between assignments.
    pub(crate) period: Option<Period>,
    pub(crate) bound: HalfHour,
    pub(crate) blocks: bool,
    pub(crate) valid: Span,
}

/// Everything that was provided, in the order in which it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provided {
    limits: Vec<(usize, Vec<Cap>)>,
    lifts: Vec<(usize, Span)>,
    prefer: Vec<(usize, Option<usize>, HalfHour)>,
    bound: Vec<usize>,
    unwanted: Vec<(usize, usize)>,
    pub(super) ladders: Vec<(usize, Rungs)>,
}

impl Flat {
    pub(super) fn provide(&mut self, provide: Provide) {
        let provided = &mut self.provided;
        match provide {
            Provide::Limits { home, limits } => {
                provided.limits.retain(|(of, _)| *of != home);
                provided.limits.push((home, limits));
            }
            Provide::Lift { officer, dates } => provided.lifts.push((officer, dates)),
            Provide::Prefer {
                officer,
                district,
                notice,
            } => {
                provided.prefer.retain(|(of, ..)| *of != officer);
                provided.prefer.push((officer, district, notice));
            }
            Provide::Bind { home, bind } => {
                provided.bound.retain(|of| *of != home);
                provided.bound.extend(bind.then_some(home));
            }
            Provide::Ladder { home, rungs } => {
                provided.ladders.retain(|(of, _)| *of != home);
                provided.ladders.push((home, rungs));
            }
            Provide::Unwanted {
                site,
                officer,
                wants,
            } => {
                provided.unwanted.retain(|row| *row != (site, officer));
                provided
                    .unwanted
                    .extend((!wants).then_some((site, officer)));
            }
        }
    }

    /// Whether the district of any site of the work does not want the officer.
    pub(super) fn is_unwanted(&self, number: usize, officer: usize) -> bool {
        let mut segments = self.vacancies[number].notice.segments.iter();
        segments.any(|(site, _)| self.provided.unwanted.contains(&(*site, officer)))
    }

    /// Whether the officer prefers other work: said no beforehand, and is not waited for.
    pub(super) fn is_narrowed(&self, number: usize, officer: usize, at: HalfHour) -> bool {
        let mut prefer = self.provided.prefer.iter();
        let Some((_, district, notice)) = prefer.find(|(of, ..)| *of == officer) else {
            return false;
        };
        let wanted = &self.vacancies[number].notice;
        let elsewhere = |(site, _): &(usize, Span)| district.is_some_and(|there| there != *site);
        wanted.segments.iter().any(elsewhere) || at + notice > wanted.start()
    }

    /// Whether anybody of `officers` is waited for.
    pub(super) fn is_anybody_asked(&self, number: usize, officers: &[usize], at: HalfHour) -> bool {
        let waits = self.flaw == Flaw::PreferencesAreWaitedFor;
        let mut officers = officers.iter();
        officers.any(|officer| {
            let is_there = self.flaw == Flaw::OverlapsAreWaitedFor
                || !self.is_busy_elsewhere(number, *officer);
            is_there && (waits || !self.is_narrowed(number, *officer, at))
        })
    }

    /// Whether preferences narrow the right to accept at this agency.
    pub(super) fn binds(&self, home: usize) -> bool {
        self.provided.bound.contains(&home)
    }

    /// The first clause of the home agency that keeps the officer from the work.
    pub(super) fn home_breach(
        &self,
        number: usize,
        officer: usize,
        at: HalfHour,
    ) -> Option<Clause> {
        if self.binds(OFFICERS[officer].home) && self.is_narrowed(number, officer, at) {
            return Some(Clause::Preferred);
        }
        let lifted = self.is_lifted(number, officer);
        let exceeded = self.exceeded(number, officer).into_iter();
        let mut blocking = exceeded.filter(|(_, blocks)| *blocks && !lifted);
        blocking.next().map(|(clause, _)| clause)
    }

    fn is_lifted(&self, number: usize, officer: usize) -> bool {
        let start = self.vacancies[number].notice.start();
        let mut lifts = self.provided.lifts.iter();
        lifts.any(|(of, dates)| *of == officer && dates.0 <= start && start < dates.1)
    }

    /// The limits of the home agency that the work exceeds, and whether they block.
    pub(super) fn exceeded(&self, number: usize, officer: usize) -> Vec<(Clause, bool)> {
        let notice = &self.vacancies[number].notice;
        let home = OFFICERS[officer].home;
        let of_home = self.provided.limits.iter().filter(|(of, _)| *of == home);
        let caps = of_home.flat_map(|(_, limits)| limits);
        let in_force =
            caps.filter(|cap| cap.valid.0 <= notice.start() && notice.start() < cap.valid.1);
        let held = self.held_notices(officer);
        let mut exceeded = Vec::new();
        for cap in in_force {
            let bound = (cap.bound * MINUTES) as u16;
            let (clause, is_exceeded) = match cap.period {
                Some(period) => {
                    let (would_be, before) = self.fullest(notice, &held, period);
                    let hours = Clause::Hours {
                        period,
                        held_minutes: (before * MINUTES) as u16,
                        would_be_minutes: (would_be * MINUTES) as u16,
                        most_minutes: bound,
                    };
                    (hours, would_be > cap.bound)
                }
                None => {
                    let rest = least_rest(notice, &held);
                    let minutes = rest.saturating_mul(MINUTES);
                    let clause = Clause::Rest {
                        between_minutes: u16::try_from(minutes).unwrap_or(u16::MAX),
                        least_minutes: bound,
                    };
                    (clause, rest < cap.bound)
                }
            };
            if is_exceeded {
                exceeded.push((clause, cap.blocks));
            }
        }
        exceeded
    }

    fn held_notices(&self, officer: usize) -> Vec<&Notice> {
        (0..self.vacancies.len())
            .filter(|number| self.held(*number, officer).is_some())
            .map(|number| &self.vacancies[number].notice)
            .collect()
    }

    /// Half hours with the work and before it, in the fullest period of those in which any of the
    /// work lies: local days of any of its sites.
    fn fullest(&self, notice: &Notice, held: &[&Notice], period: Period) -> (HalfHour, HalfHour) {
        let mut fullest = (0, 0);
        for (site, _) in &notice.segments {
            let behind = match self.flaw {
                Flaw::HoursInUtc => 0,
                _ => SITES[*site].behind,
            };
            let day = |moment: HalfHour| (moment - behind).div_euclid(DAY);
            let (first, last) = (day(notice.start()), day(notice.end() - 1));
            for begins in first - 31..=last {
                let length = match period {
                    Period::Day => 1,
                    Period::Week { starts_on } => {
                        if (begins + FIRST_WEEKDAY).rem_euclid(7) != i64::from(starts_on) {
                            continue;
                        }
                        7
                    }
                    Period::Days(days) => i64::from(days),
                };
                let inside = |moment: &HalfHour| (begins..begins + length).contains(&day(*moment));
                let count = |notice: &Notice| {
                    let moments = notice.segments.iter().flat_map(|(_, span)| span.0..span.1);
                    moments.filter(inside).count() as HalfHour
                };
                let own = count(notice);
                let before: HalfHour = held.iter().map(|notice| count(notice)).sum();
                if own > 0 {
                    fullest = fullest.max((own + before, before));
                }
            }
        }
        fullest
    }
}

impl Notice {
    /// The segments, the first and the last as wide as the time around the work makes them.
    pub(super) fn busy(&self, flaw: Flaw) -> Vec<Span> {
        let mut spans: Vec<Span> = self.segments.iter().map(|(_, span)| *span).collect();
        let last = spans.len() - 1;
        if flaw != Flaw::BuffersIgnored {
            spans[0].0 -= self.around.0;
            spans[last].1 += self.around.1;
        }
        spans
    }
}

/// The least time between the work and any of `held`.
fn least_rest(notice: &Notice, held: &[&Notice]) -> HalfHour {
    let mut least = FAR;
    for work in notice.busy(Flaw::None) {
        for other in held.iter().flat_map(|notice| notice.busy(Flaw::None)) {
            if other.1 <= work.0 {
                least = least.min(work.0 - other.1);
            }
            if work.1 <= other.0 {
                least = least.min(other.0 - work.1);
            }
        }
    }
    least
}

/// What is provided as the engine takes it.
pub(super) fn provision(provide: &Provide) -> NewProvision {
    match provide {
        Provide::Limits { home, limits } => NewProvision::Limits {
            agency: agency(*home),
            limits: limits.iter().map(limit).collect(),
        },
        Provide::Lift { officer, dates } => NewProvision::Lifted {
            badge: badge(*officer),
            lift: Lift::Dated(interval(*dates)),
            reason: "because".into(),
        },
        Provide::Prefer {
            officer,
            district: only,
            notice,
        } => NewProvision::Preferences {
            badge: badge(*officer),
            preferences: Preferences {
                districts: only.iter().map(|site| district(*site).into()).collect(),
                notice_ms: notice.unsigned_abs() * HALF_HOUR_MS,
                ..Preferences::default()
            },
        },
        Provide::Ladder { home, rungs } => NewProvision::Ladders {
            agency: agency(*home),
            ladders: rungs.ladders(),
        },
        Provide::Bind { home, bind } => NewProvision::PreferencesBind {
            agency: agency(*home),
            bind: *bind,
        },
        Provide::Unwanted {
            site,
            officer,
            wants,
        } => {
            let (lead, badge) = (agency(SITES[*site].lead), badge(*officer));
            let district = district(*site);
            match wants {
                true => NewProvision::WantedAgain {
                    lead,
                    district,
                    badge,
                },
                false => NewProvision::Unwanted {
                    lead,
                    district,
                    badge,
                },
            }
        }
    }
}

fn limit(cap: &Cap) -> Limit {
    let minutes = (cap.bound * MINUTES) as u16;
    Limit {
        measure: match cap.period {
            Some(period) => Measure::Hours {
                period,
                most_minutes: minutes,
            },
            None => Measure::Rest {
                least_minutes: minutes,
            },
        },
        beyond: match cap.blocks {
            true => Beyond::Block,
            false => Beyond::Warn,
        },
        valid: interval(cap.valid),
    }
}

fn interval(span: Span) -> Interval {
    Interval {
        start: instant(span.0),
        end: instant(span.1),
    }
}
