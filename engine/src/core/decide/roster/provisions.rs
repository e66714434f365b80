//! Limits, preferences, districts that do not want an officer, last tiers.

use std::collections::BTreeSet;

use super::windows::{DAY_MINUTES, is_sound, join};
use super::{Draft, parse_validity, unknown};
use crate::core::command::NewProvision;
use crate::core::event::{Event, LimitsLifted};
use crate::core::jobs::NewJobRule;
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::limits::{
    DISTRICTS_MAX, JOB_RULES_MAX, LIFTS_MAX, LIMITS_MAX, NAME_LEN_MAX, PERIOD_DAYS_MAX,
    QUIET_WINDOWS_MAX, REACH_METRES_MAX, REASON_LEN_MAX, WINDOW_MS_MAX,
};
use crate::model::{
    AgencyId, Class, Code, JobEffect, JobRule, JobRules, Ladder, LastTier, Lift, Limit, Measure,
    OfficerId, Period, Preferences, Quiet, Reach, Required,
};
use crate::rules::staffing;

const WEEK_DAYS: u8 = 7;

impl Draft<'_> {
    pub(super) fn provide(&mut self, provided: &NewProvision) -> Result<(), Refusal> {
        let event = match provided {
            NewProvision::Limits { agency, limits } => {
                let agency = self.agency_id(agency)?;
                check_limits(limits)?;
                let limits = limits.clone();
                Event::LimitsSet { agency, limits }
            }
            NewProvision::Lifted {
                badge,
                lift,
                reason,
            } => {
                let officer = self.officer_id(badge)?;
                let lifted = self.lifted(officer, *lift, reason)?;
                Event::LimitsLifted(Box::new(lifted))
            }
            NewProvision::Preferences { badge, preferences } => {
                let officer = self.officer_id(badge)?;
                let preferences = Box::new(parse_preferences(preferences)?);
                Event::PreferencesDeclared {
                    officer,
                    preferences,
                }
            }
            NewProvision::PreferencesBind { agency, bind } => {
                let (agency, bind) = (self.agency_id(agency)?, *bind);
                Event::PreferencesBound { agency, bind }
            }
            NewProvision::Unwanted {
                lead,
                district,
                badge,
            } => self.district((lead, district), badge, false)?,
            NewProvision::WantedAgain {
                lead,
                district,
                badge,
            } => self.district((lead, district), badge, true)?,
            NewProvision::LastTier {
                programme,
                classes,
                waived,
            } => self.last_tier(programme, classes, waived)?,
            NewProvision::JobRules {
                agency,
                required,
                programmes,
                verified,
                rules,
            } => {
                let agency = self.agency_id(agency)?;
                let programmes = programmes.iter().map(|code| self.programme_id(code));
                let programmes = programmes.collect::<Result<Vec<_>, _>>()?;
                let rules = parse_job_rules(rules)?;
                let required = match (*required, programmes.is_empty()) {
                    (true, _) => Required::Everything,
                    (false, true) => Required::Nothing,
                    (false, false) => Required::Programmes(programmes),
                };
                let rules = Box::new(JobRules {
                    required,
                    verified: *verified,
                    rules,
                });
                Event::JobRulesSet { agency, rules }
            }
            NewProvision::Ladders { agency, ladders } => {
                let agency = self.agency_id(agency)?;
                check_ladders(ladders)?;
                let ladders = ladders.clone();
                Event::LaddersSet { agency, ladders }
            }
        };
        self.events.push(event);
        Ok(())
    }

    fn lifted(
        &self,
        officer: OfficerId,
        lift: Lift,
        reason: &str,
    ) -> Result<LimitsLifted, Refusal> {
        if !(1..=REASON_LEN_MAX).contains(&reason.len()) {
            return Err(Refusal::Invalid(Invalid::Lift));
        }
        let lifts = self.state.roster().provisions.lifts.get(&officer);
        let recorded = lifts.into_iter().flatten();
        let recorded = recorded.filter(|lift| self.state.is_of_use(**lift, self.at));
        let added = self.events.iter().filter_map(|event| match event {
            Event::LimitsLifted(lifted) if lifted.officer == officer => Some(&lifted.lift),
            _ => None,
        });
        // One that is there already is replaced by itself.
        let mut others: BTreeSet<&Lift> = recorded.chain(added).collect();
        others.remove(&lift);
        super::bounded(Kind::Lift, others.len(), LIFTS_MAX)?;
        let exceeded = match lift {
            Lift::Vacancy(key) => {
                let named = || unknown(Kind::Vacancy, &format!("{:032x}", key.0));
                let id = self.state.vacancy_id(key).ok_or_else(named)?;
                let row = self.state.vacancy(id).ok_or_else(named)?;
                self.state.exceeded((id, row), officer, self.at)
            }
            Lift::Dated(dates) => {
                parse_validity(dates)?;
                Vec::new()
            }
        };
        Ok(LimitsLifted {
            officer,
            lift,
            reason: reason.into(),
            exceeded,
        })
    }

    /// A district is known by the sites that it has under a lead agency: a name that was mistyped
    /// would protect nobody.
    fn district(
        &self,
        (lead, district): (&str, &str),
        badge: &str,
        wants: bool,
    ) -> Result<Event, Refusal> {
        let (lead, officer) = (self.agency_id(lead)?, self.officer_id(badge)?);
        let is_of = |of: AgencyId, named: &str| of == lead && named == district;
        let mut recorded = self.state.roster().sites.iter();
        let mut added = self.events.iter();
        let is_known = recorded.any(|(_, site)| is_of(site.lead, &site.district))
            || added.any(|event| match event {
                Event::SiteAdded { site, .. } => is_of(site.lead, &site.district),
                _ => false,
            });
        if !is_known {
            return Err(unknown(Kind::District, district));
        }
        Ok(Event::District {
            lead,
            district: district.into(),
            officer,
            wants,
        })
    }

    fn last_tier(
        &self,
        programme: &str,
        classes: &[Class],
        waived: &[String],
    ) -> Result<Event, Refusal> {
        let programme = self.programme_id(programme)?;
        let waived = waived.iter().map(|kind| self.certification_id(kind));
        let waived = waived.collect::<Result<Vec<_>, _>>()?;
        let added = self.events.iter().find_map(|event| match event {
            Event::ProgrammeDefined { id, programme: row } if *id == programme => Some(&**row),
            _ => None,
        });
        let row = added.or_else(|| self.state.roster().programmes.find(programme));
        let asked = row.map_or(&[][..], |row| &row.certifications);
        if !waived.iter().all(|kind| asked.contains(kind)) {
            return Err(Refusal::Invalid(Invalid::LastTier));
        }
        let classes = classes.to_vec();
        let last_tier = (!classes.is_empty()).then(|| Box::new(LastTier { classes, waived }));
        Ok(Event::LastTierSet {
            programme,
            last_tier,
        })
    }
}

fn check_limits(limits: &[Limit]) -> Result<(), Refusal> {
    let is_period = |limit: &Limit| match limit.measure {
        Measure::Hours { period, .. } => match period {
            Period::Day => true,
            Period::Week { starts_on } => starts_on < WEEK_DAYS,
            Period::Days(days) => (1..=PERIOD_DAYS_MAX).contains(&days),
        },
        Measure::Rest { .. } => true,
    };
    for limit in limits {
        parse_validity(limit.valid)?;
    }
    match limits.len() <= LIMITS_MAX && limits.iter().all(is_period) {
        true => Ok(()),
        false => Err(Refusal::Invalid(Invalid::Limits)),
    }
}

fn parse_job_rules(new: &[NewJobRule]) -> Result<Vec<JobRule>, Refusal> {
    let counts = |rule: &NewJobRule| rule.effect != JobEffect::Officers { least: 0 };
    if new.len() > JOB_RULES_MAX || !new.iter().all(counts) {
        return Err(Refusal::Invalid(Invalid::JobRules));
    }
    let rule = |new: &NewJobRule| {
        let attribute = Code::parse(&new.attribute);
        let invalid = |_| Refusal::Invalid(Invalid::Code(new.attribute.as_str().into()));
        Ok(JobRule {
            attribute: attribute.map_err(invalid)?,
            effect: new.effect,
            valid: parse_validity(new.valid)?,
        })
    };
    new.iter().map(rule).collect()
}

fn check_ladders(ladders: &[Ladder]) -> Result<(), Refusal> {
    for ladder in ladders {
        parse_validity(ladder.valid)?;
    }
    match staffing::are_sound(ladders) {
        true => Ok(()),
        false => Err(Refusal::Invalid(Invalid::Ladders)),
    }
}

/// The declaration, checked, with its windows of quiet sorted and joined.
fn parse_preferences(new: &Preferences) -> Result<Preferences, Refusal> {
    let named = |district: &str| (1..=NAME_LEN_MAX).contains(&district.len());
    let reaches =
        |reach: Reach| reach.from.is_on_the_map() && (1..=REACH_METRES_MAX).contains(&reach.metres);
    let ok = new.districts.len() <= DISTRICTS_MAX
        && new.districts.iter().all(|district| named(district))
        && new.reach.is_none_or(reaches)
        && new.notice_ms <= WINDOW_MS_MAX;
    let refusal = Refusal::Invalid(Invalid::Preferences);
    if !ok {
        return Err(refusal);
    }
    let mut preferences = new.clone();
    if let Some(Quiet { zone, windows }) = &mut preferences.quiet {
        let is_zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).is_ok();
        let count = (1..=QUIET_WINDOWS_MAX).contains(&windows.len());
        if !is_zone || !count || !windows.iter().all(is_sound) {
            return Err(refusal);
        }
        join(windows);
        let minutes = windows.iter().map(|w| w.until_minute - w.from_minute);
        // Who is never to be disturbed would never hear of anything.
        if minutes.sum::<u16>() == DAY_MINUTES {
            return Err(refusal);
        }
    }
    Ok(preferences)
}
