//! What agencies, customers and officers provide, and what follows from it, with names for numbers.

use std::fmt;

use engine::core::{Event, State};
use engine::model::{Beyond, Lift, Limit, Measure, Preferences};
use serde::Serialize;

use super::jobs::{self, Said};
use super::names::{Names, badges, class, denial_reason, hours, time, validity};

const MINUTE_MS: u64 = 60_000;

/// One such event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Provided {
    LimitsSet {
        agency: String,
        limits: Vec<String>,
    },
    LimitsLifted {
        badge: String,
        /// The vacancy, if it is for one.
        vacancy: Option<String>,
        from: Option<String>,
        until: Option<String>,
        reason: String,
        /// The limits that the vacancy exceeds, with what is held and would be.
        exceeded: Vec<String>,
    },
    PreferencesDeclared {
        badge: String,
        districts: Vec<String>,
        /// How far away; the log knows from where, and nobody else needs to.
        metres: Option<u32>,
        notice_ms: u64,
        quiet: Option<String>,
    },
    PreferencesBound {
        agency: String,
        bind: bool,
    },
    District {
        lead: String,
        district: String,
        badge: String,
        wants: bool,
    },
    LastTierSet {
        programme: String,
        classes: Vec<&'static str>,
        waived: Vec<String>,
    },
    LastTierApproved {
        vacancy: String,
        approved_by: String,
        to: Vec<String>,
    },
    PushDeferred {
        vacancy: String,
        until: Option<String>,
        to: Vec<String>,
    },
    Pushed {
        vacancy: String,
        to: Vec<String>,
    },
    Widened {
        from: Option<String>,
        badges: Vec<String>,
        /// Agencies all of whose officers are meant.
        agencies: Vec<String>,
    },
    OfferedLater {
        vacancy: String,
        to: Vec<String>,
        closes_at: Option<String>,
    },
    Considered {
        /// The last vacancy that was considered, if there are more.
        after: Option<String>,
    },
    JobRulesSet {
        agency: String,
        rules: Vec<String>,
    },
    Job(Said),
    LaddersSet {
        agency: String,
        ladders: Vec<String>,
    },
    Denied {
        who: String,
        reason: &'static str,
        until: Option<String>,
    },
    Admitted {
        who: String,
    },
}

/// Tells an event that `tell` sends here.
pub(super) fn tell(state: &State, event: &Event) -> Provided {
    let names = Names(state);
    match event {
        Event::LimitsSet { agency, limits } => Provided::LimitsSet {
            agency: names.agency(*agency),
            limits: limits.iter().map(limit).collect(),
        },
        Event::LimitsLifted(lifted) => {
            let (vacancy, dates) = match lifted.lift {
                Lift::Vacancy(key) => (Some(protocol::VacancyKey(key.0).to_string()), None),
                Lift::Dated(dates) => (None, Some(validity(dates))),
            };
            let (from, until) = dates.unwrap_or_default();
            let exceeded = lifted.exceeded.iter();
            Provided::LimitsLifted {
                badge: names.officer(lifted.officer),
                vacancy,
                from,
                until,
                reason: lifted.reason.to_string(),
                exceeded: exceeded
                    .map(|clause| dispatcher::flagged_clause(state, *clause))
                    .collect(),
            }
        }
        Event::PreferencesDeclared {
            officer,
            preferences,
        } => declared(names.officer(*officer), preferences),
        Event::PreferencesBound { agency, bind } => Provided::PreferencesBound {
            agency: names.agency(*agency),
            bind: *bind,
        },
        Event::District {
            lead,
            district,
            officer,
            wants,
        } => Provided::District {
            lead: names.agency(*lead),
            district: district.to_string(),
            badge: names.officer(*officer),
            wants: *wants,
        },
        Event::LastTierSet {
            programme,
            last_tier,
        } => {
            let classes = last_tier.iter().flat_map(|last| &last.classes);
            let waived = last_tier.iter().flat_map(|last| &last.waived);
            Provided::LastTierSet {
                programme: names.programme(*programme),
                classes: classes.copied().map(class).collect(),
                waived: waived.map(|kind| names.certification(*kind)).collect(),
            }
        }
        Event::LastTierApproved(approved) => Provided::LastTierApproved {
            vacancy: names.vacancy(approved.vacancy),
            approved_by: approved.approved_by.to_string(),
            to: names.officers(&approved.recipients),
        },
        Event::PushDeferred(deferred) => Provided::PushDeferred {
            vacancy: names.vacancy(deferred.vacancy),
            until: time(deferred.until),
            to: names.officers(&deferred.officers),
        },
        Event::Pushed { vacancy, officers } => Provided::Pushed {
            vacancy: names.vacancy(*vacancy),
            to: names.officers(officers),
        },
        Event::Widened(widened) => Provided::Widened {
            from: time(widened.from),
            badges: names.officers(&widened.who.named()),
            agencies: {
                let agencies = widened.who.agencies.iter();
                agencies.map(|agency| names.agency(*agency)).collect()
            },
        },
        Event::Offered {
            vacancy,
            recipients,
            closes_at,
        } => Provided::OfferedLater {
            vacancy: names.vacancy(*vacancy),
            to: names.officers(recipients),
            closes_at: closes_at.and_then(time),
        },
        Event::Considered(considered) => Provided::Considered {
            after: considered.after.map(|place| names.vacancy(place.vacancy)),
        },
        Event::JobRulesSet { agency, rules } => Provided::JobRulesSet {
            agency: names.agency(*agency),
            rules: jobs::rules(state, rules),
        },
        Event::Job(step) => Provided::Job(jobs::said(names, step)),
        Event::LaddersSet { agency, ladders } => Provided::LaddersSet {
            agency: names.agency(*agency),
            ladders: ladders.iter().map(jobs::ladder).collect(),
        },
        Event::Denied(denied) => Provided::Denied {
            who: names.bearer(&denied.bearer),
            reason: denial_reason(denied.denial.reason),
            until: denied.denial.until.and_then(time),
        },
        Event::Admitted(bearer) => Provided::Admitted {
            who: names.bearer(bearer),
        },
        other => unreachable!("`tell` sends only provisions here: {other:?}"),
    }
}

fn declared(badge: String, preferences: &Preferences) -> Provided {
    let quiet = preferences.quiet.as_ref();
    Provided::PreferencesDeclared {
        badge,
        districts: preferences
            .districts
            .iter()
            .map(|d| d.to_string())
            .collect(),
        metres: preferences.reach.map(|reach| reach.metres),
        notice_ms: preferences.notice_ms,
        quiet: quiet.map(|quiet| format!("{} {}", hours(&quiet.windows), quiet.zone)),
    }
}

/// A limit as it can be said again on the command line: `week-from-mon:2400m:block`.
fn limit(limit: &Limit) -> String {
    let beyond = match limit.beyond {
        Beyond::Warn => "warn",
        Beyond::Block => "block",
    };
    let (what, minutes) = match limit.measure {
        Measure::Hours {
            period,
            most_minutes,
        } => (dispatcher::period(period), most_minutes),
        Measure::Rest { least_minutes } => ("rest".to_owned(), least_minutes),
    };
    let dates = match validity(limit.valid) {
        (None, None) => String::new(),
        (from, until) => {
            let (from, until) = (from.unwrap_or_default(), until.unwrap_or_default());
            format!(" from {from} until {until}")
        }
    };
    format!("{what}:{minutes}m:{beyond}{dates}")
}

fn or_nobody(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.is_empty() {
        true => "nobody".to_owned(),
        false => words.join(", "),
    }
}

impl fmt::Display for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provided::LimitsSet { agency, limits } if limits.is_empty() => {
                write!(f, "limits of {agency}: none")
            }
            Provided::LimitsSet { agency, limits } => {
                write!(f, "limits of {agency}: {}", limits.join("; "))
            }
            Provided::LimitsLifted {
                badge,
                vacancy,
                from,
                until,
                reason,
                exceeded,
            } => {
                let ever = || "ever".to_owned();
                let (from, until) = (from.clone(), until.clone());
                let what = vacancy.clone().unwrap_or_else(|| {
                    let (from, until) = (from.unwrap_or_else(ever), until.unwrap_or_else(ever));
                    format!("work from {from} until {until}")
                });
                let exceeded = match exceeded.is_empty() {
                    true => String::new(),
                    false => format!("; exceeded: {}", exceeded.join("; ")),
                };
                write!(
                    f,
                    "limits of {badge} lifted for {what}: {reason:?}{exceeded}"
                )
            }
            Provided::PreferencesDeclared {
                badge,
                districts,
                metres,
                notice_ms,
                quiet,
            } => {
                let mut wanted = districts.clone();
                wanted.extend(metres.map(|metres| format!("within {metres} m")));
                if *notice_ms > 0 {
                    wanted.push(format!("{} min notice", notice_ms / MINUTE_MS));
                }
                wanted.extend(quiet.iter().map(|quiet| format!("quiet {quiet}")));
                let wanted = match wanted.is_empty() {
                    true => "anything".to_owned(),
                    false => wanted.join(", "),
                };
                write!(f, "{badge} prefers {wanted}")
            }
            Provided::PreferencesBound { agency, bind } => {
                let what = ["narrow the push only", "bind"][usize::from(*bind)];
                write!(f, "preferences at {agency} {what}")
            }
            Provided::District {
                lead,
                district,
                badge,
                wants,
            } => {
                let verb = ["excluded", "readmitted"][usize::from(*wants)];
                write!(f, "{verb} {badge} at {district:?} of {lead}")
            }
            Provided::LastTierSet {
                programme,
                classes,
                waived,
            } => {
                let (classes, waived) = (or_nobody(classes), waived.join(", "));
                let without = match waived.is_empty() {
                    true => String::new(),
                    false => format!(" without {waived}"),
                };
                write!(f, "last tier of {programme}: {classes}{without}")
            }
            Provided::LastTierApproved {
                vacancy,
                approved_by,
                to,
            } => {
                let to = badges(to);
                write!(f, "last-tier-approved {vacancy} by {approved_by:?} → {to}")
            }
            Provided::PushDeferred { vacancy, until, to } => {
                let (to, until) = (badges(to), until.as_deref().unwrap_or("never"));
                write!(f, "push-deferred {vacancy} until {until} → {to}")
            }
            Provided::Widened {
                from,
                badges: officers,
                agencies,
            } => {
                let mut who = agencies
                    .iter()
                    .map(|agency| format!("everybody of {agency}"))
                    .collect::<Vec<_>>();
                if !officers.is_empty() {
                    who.push(badges(officers));
                }
                let (who, from) = (who.join(", "), from.as_deref().unwrap_or("ever"));
                write!(f, "widened {who}: may come to more from {from}")
            }
            Provided::OfferedLater {
                vacancy,
                to,
                closes_at,
            } => {
                let to = badges(to);
                write!(f, "offered-later {vacancy} → {to}")?;
                match closes_at {
                    Some(at) => write!(f, ", next tier at {at}"),
                    None => Ok(()),
                }
            }
            Provided::Considered { after: None } => write!(f, "considered: every open vacancy"),
            Provided::Considered { after: Some(after) } => {
                write!(f, "considered: up to {after}, and goes on")
            }
            Provided::Pushed { vacancy, to } => write!(f, "pushed {vacancy} → {}", badges(to)),
            Provided::JobRulesSet { agency, rules } => {
                write!(f, "job rules of {agency}: {}", joined(rules))
            }
            Provided::Job(said) => said.fmt(f),
            Provided::Denied { who, reason, until } => {
                let until = until.as_ref().map(|until| format!(" until {until}"));
                write!(f, "denied {who}{}: {reason}", until.unwrap_or_default())
            }
            Provided::Admitted { who } => write!(f, "admitted {who}"),
            Provided::LaddersSet { agency, ladders } => {
                write!(f, "ladders of {agency}: {}", joined(ladders))
            }
        }
    }
}

fn joined(sentences: &[String]) -> String {
    match sentences.is_empty() {
        true => "none".to_owned(),
        false => sentences.join("; "),
    }
}
