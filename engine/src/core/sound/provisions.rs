//! What agencies, customers and officers provide names what exists and stays in its bounds.

use super::{Unsound, hold};
use crate::core::state::{Deadline, Durable};
use crate::limits::{LIFTS_MAX, LIMITS_MAX, PERIOD_DAYS_MAX, QUIET_WINDOWS_MAX};
use crate::model::{AgencyId, Limit, Measure, OfficerId, Period, Preferences, Quiet};

const WEEK_DAYS: u8 = 7;
const DAY_MINUTES: u16 = 1_440;

pub(super) fn check(durable: &Durable) -> Result<(), Unsound> {
    let roster = &durable.roster;
    let provided = &roster.provisions;
    let is_agency = |id: &AgencyId| roster.agencies.find(*id).is_some();
    let is_officer = |id: &OfficerId| roster.officers.find(*id).is_some();
    let limits = provided.limits.iter().all(|(agency, limits)| {
        is_agency(agency) && limits.len() <= LIMITS_MAX && limits.iter().all(is_counted)
    });
    hold(limits, "the limits of an agency")?;
    let lifts = provided.lifts.iter();
    let mut lifts = lifts.map(|(officer, lifts)| is_officer(officer) && lifts.len() <= LIFTS_MAX);
    hold(lifts.all(|sound| sound), "the lifts of an officer")?;
    let mut preferences = provided.preferences.iter();
    let preferences =
        preferences.all(|(officer, preferences)| is_officer(officer) && is_quiet(preferences));
    hold(preferences, "the preferences of an officer")?;
    let binding = provided.binding.iter().all(is_agency);
    hold(binding, "an agency whose preferences bind")?;
    let mut unwanted = provided.unwanted.iter();
    let unwanted = unwanted.all(|(lead, _, officer)| is_agency(lead) && is_officer(officer));
    hold(unwanted, "an officer that a district does not want")?;
    let mut last_tiers = provided.last_tiers.keys();
    let last_tiers = last_tiers.all(|programme| roster.programmes.find(*programme).is_some());
    hold(last_tiers, "the last tier of a programme")?;
    let mut deferred = durable.deferred.keys();
    let deferred = deferred.all(|(vacancy, until)| {
        let due = (*until, Deadline::Push(*vacancy));
        durable.vacancies.find(*vacancy).is_some() && durable.deadlines.contains(&due)
    });
    hold(deferred, "a push that would wait for ever")
}

/// Whether the hours of a limit can be counted.
fn is_counted(limit: &Limit) -> bool {
    match limit.measure {
        Measure::Hours { period, .. } => match period {
            Period::Day => true,
            Period::Week { starts_on } => starts_on < WEEK_DAYS,
            Period::Days(days) => (1..=PERIOD_DAYS_MAX).contains(&days),
        },
        Measure::Rest { .. } => true,
    }
}

/// Whether the end of a quiet can be found.
fn is_quiet(preferences: &Preferences) -> bool {
    let is_window = |Quiet { windows, .. }: &Quiet| {
        windows.len() <= QUIET_WINDOWS_MAX
            && windows.iter().all(|window| {
                window.from_minute < window.until_minute && window.until_minute <= DAY_MINUTES
            })
    };
    preferences.quiet.as_ref().is_none_or(is_window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Beyond, Interval, LastTier, Lift, OfficerSet, ProgrammeId, Timestamp, VacancyId, Window,
    };

    /// What is done to a state, and the word by which its refusal is known.
    type Plant = (fn(&mut Durable), &'static str);

    #[test]
    fn what_names_nothing_or_cannot_be_counted_is_refused() {
        let plants: [Plant; 6] = [
            (
                |durable| {
                    let limit = Limit {
                        measure: Measure::Hours {
                            period: Period::Days(0),
                            most_minutes: 1,
                        },
                        beyond: Beyond::Warn,
                        valid: Interval::ALWAYS,
                    };
                    assert!(!is_counted(&limit));
                    let limits = &mut durable.roster.provisions.limits;
                    limits.insert(AgencyId(0), vec![limit]);
                },
                "limits",
            ),
            (
                |durable| {
                    let lifts = &mut durable.roster.provisions.lifts;
                    lifts.insert(OfficerId(0), vec![Lift::Dated(Interval::ALWAYS)]);
                },
                "lifts",
            ),
            (
                |durable| {
                    let preferences = &mut durable.roster.provisions.preferences;
                    preferences.insert(OfficerId(0), Preferences::default());
                },
                "preferences",
            ),
            (
                |durable| durable.roster.provisions.binding.extend([AgencyId(0)]),
                "bind",
            ),
            (
                |durable| {
                    let last = LastTier {
                        classes: Vec::new(),
                        waived: Vec::new(),
                    };
                    let all = &mut durable.roster.provisions.last_tiers;
                    all.insert(ProgrammeId(0), last);
                },
                "last tier",
            ),
            (
                |durable| {
                    let nobody = OfficerSet::new();
                    durable
                        .deferred
                        .insert((VacancyId(0), Timestamp(0)), nobody);
                },
                "wait",
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

    #[test]
    fn quiet_that_has_no_end_is_refused() {
        let quiet = |from_minute, until_minute| Preferences {
            quiet: Some(Quiet {
                zone: "America/Phoenix".into(),
                windows: vec![Window {
                    from_minute,
                    until_minute,
                }],
            }),
            ..Preferences::default()
        };
        assert!(is_quiet(&quiet(0, 360)));
        assert!(!is_quiet(&quiet(360, 360)));
        assert!(!is_quiet(&quiet(0, DAY_MINUTES + 1)));
    }
}
