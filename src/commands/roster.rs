//! `muster roster`: one change to the roster at a time.

use std::io::Write;

use jiff::tz::TimeZone;
use miette::Diagnostic;
use protocol::{Ask, Dated, Lift, Outcome, Preferences, Quiet, RosterChange};
use serde::Serialize;

use super::print_json;
use crate::cli::{
    ChangeArgs, ExcludeArgs, HeldArgs, LiftArgs, LimitsArgs, Moment, PreferArgs, RecordWhat,
    RosterWhat,
};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What was changed.
#[derive(Debug, Serialize)]
struct Changed {
    what: &'static str,
    of: String,
    /// The log record that holds it.
    sequence: u64,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{said}")]
#[diagnostic(help("write times such as 2026-11-23T07:00, and a zone such as America/Phoenix"))]
struct BadTime {
    said: String,
}

/// Sends one change and says where it is on record.
pub(super) fn run(what: &RosterWhat, out: &mut dyn Write) -> Result<(), Stop> {
    let (word, of, ask_for, args) = said(what)?;
    let reach = Reach::find(&args.reach)?;
    let Outcome::Done { sequence } = ask(&reach, &ask_for)? else {
        return Err(SessionError::Unexpected.into());
    };
    let changed = Changed {
        what: word,
        of,
        sequence,
    };
    match args.json {
        true => print_json(out, &changed),
        false => Ok(writeln!(out, "{word} {} (record {sequence})", changed.of)?),
    }
}

/// The command in a word, what it is about, and what is asked.
fn said(what: &RosterWhat) -> Result<(&'static str, String, Ask, &ChangeArgs), Stop> {
    let one = |change| Ask::Roster {
        changes: vec![change],
    };
    Ok(match what {
        RosterWhat::Declare(args) => {
            let (badge, availability) = (args.badge.clone(), args.when.clone());
            let change = RosterChange::AvailabilityDeclared {
                badge,
                availability,
            };
            ("declared", args.badge.clone(), one(change), &args.change)
        }
        RosterWhat::Prefer(args) => {
            let change = preferred(args);
            ("prefers", args.badge.clone(), one(change), &args.change)
        }
        RosterWhat::Bind(args) => {
            let (agency, bind) = (args.home.clone(), !args.off);
            let change = RosterChange::PreferencesBind { agency, bind };
            let word = ["unbound", "bound"][usize::from(bind)];
            (word, args.home.clone(), one(change), &args.change)
        }
        RosterWhat::Limits(args) => {
            let change = limits(args)?;
            ("limited", args.home.clone(), one(change), &args.change)
        }
        RosterWhat::Lift(args) => {
            let change = lifted(args)?;
            ("lifted", args.badge.clone(), one(change), &args.change)
        }
        RosterWhat::Record(what) => {
            let (word, badge, change, args) = recorded(what)?;
            (word, badge.to_owned(), one(change), args)
        }
        RosterWhat::EndPact(args) => {
            let (lead, backup) = (args.lead.clone(), args.backup.clone());
            let of = format!("{lead} {backup}");
            let change = RosterChange::PactEnded { lead, backup };
            ("ended", of, one(change), &args.change)
        }
        RosterWhat::Exclude(args) => {
            let change = excluded(args, true);
            ("excluded", args.badge.clone(), one(change), &args.change)
        }
        RosterWhat::Readmit(args) => {
            let change = excluded(args, false);
            ("readmitted", args.badge.clone(), one(change), &args.change)
        }
        RosterWhat::LastTier(args) => {
            let change = RosterChange::LastTierSet {
                programme: args.programme.clone(),
                classes: args.class.clone(),
                waived: args.waive.clone(),
            };
            (
                "last-tier",
                args.programme.clone(),
                one(change),
                &args.change,
            )
        }
        RosterWhat::Ladder(args) => {
            let change = RosterChange::LaddersSet {
                agency: args.lead.clone(),
                ladders: args.ladders().map_err(Stop::usage)?,
            };
            ("ladder", args.lead.clone(), one(change), &args.change)
        }
        RosterWhat::ApproveLastTier(args) => {
            let (vacancy, approved_by) = (args.vacancy, args.by.clone());
            let approve = Ask::ApproveLastTier {
                vacancy,
                approved_by,
            };
            ("approved", vacancy.to_string(), approve, &args.change)
        }
    })
}

/// The change to an officer's record in a word, whose it is, and what it is.
fn recorded(what: &RecordWhat) -> Result<(&'static str, &str, RosterChange, &ChangeArgs), Stop> {
    Ok(match what {
        RecordWhat::Certify(args) => {
            let (badge, certification) = (args.badge.clone(), dated(args)?);
            let change = RosterChange::CertificationGranted {
                badge,
                certification,
            };
            ("certified", &args.badge, change, &args.change)
        }
        RecordWhat::Revoke(args) => {
            let (badge, certification) = (args.badge.clone(), args.code.clone());
            let change = RosterChange::CertificationRevoked {
                badge,
                certification,
            };
            ("revoked for", &args.badge, change, &args.change)
        }
        RecordWhat::Approve(args) => {
            let (badge, programme) = (args.badge.clone(), dated(args)?);
            let change = RosterChange::ApprovalGranted { badge, programme };
            ("approved", &args.badge, change, &args.change)
        }
        RecordWhat::WithdrawApproval(args) => {
            let (badge, programme) = (args.badge.clone(), args.code.clone());
            let change = RosterChange::ApprovalWithdrawn { badge, programme };
            ("withdrawn from", &args.badge, change, &args.change)
        }
        RecordWhat::Suspend(args) => {
            let badge = args.badge.clone();
            let change = RosterChange::Suspended { badge };
            ("suspended", &args.badge, change, &args.change)
        }
        RecordWhat::Reinstate(args) => {
            let badge = args.badge.clone();
            let change = RosterChange::Reinstated { badge };
            ("reinstated", &args.badge, change, &args.change)
        }
    })
}

fn dated(args: &HeldArgs) -> Result<Dated, Stop> {
    Ok(Dated {
        code: args.code.clone(),
        from_us: instant_us(args.from, &args.zone)?,
        until_us: instant_us(args.until, &args.zone)?,
    })
}

fn preferred(args: &PreferArgs) -> RosterChange {
    let windows = args.quiet.clone();
    let preferences = Preferences {
        districts: args.district.clone(),
        near: args.circle(),
        notice_ms: args.notice,
        quiet: (!windows.is_empty()).then(|| Quiet {
            zone: args.zone.clone(),
            // A night is two windows: before midnight and after it.
            windows: windows
                .into_iter()
                .flat_map(|(from, until)| match from < until {
                    true => vec![(from, until)],
                    false => vec![(from, DAY_MINUTES), (0, until)],
                })
                .filter(|(from, until)| from < until)
                .collect(),
        }),
    };
    RosterChange::PreferencesDeclared {
        badge: args.badge.clone(),
        preferences,
    }
}

const DAY_MINUTES: u16 = 24 * 60;

fn limits(args: &LimitsArgs) -> Result<RosterChange, Stop> {
    let from_us = instant_us(args.from, &args.zone)?;
    let until_us = instant_us(args.until, &args.zone)?;
    let mut limits = args.limits.clone();
    for limit in &mut limits {
        (limit.from_us, limit.until_us) = (from_us, until_us);
    }
    let agency = args.home.clone();
    Ok(RosterChange::LimitsSet { agency, limits })
}

fn lifted(args: &LiftArgs) -> Result<RosterChange, Stop> {
    let from_us = instant_us(args.from, &args.zone)?;
    let until_us = instant_us(args.until, &args.zone)?;
    let dates = from_us.zip(until_us);
    let dated = || dates.map(|(from_us, until_us)| Lift::Dated { from_us, until_us });
    let lift = args.vacancy.map(|vacancy| Lift::Vacancy { vacancy });
    let lift = lift.or_else(dated).ok_or_else(|| {
        Stop::failed(BadTime {
            said: "say for which vacancy, or from when until when".to_owned(),
        })
    })?;
    Ok(RosterChange::LimitsLifted {
        badge: args.badge.clone(),
        lift,
        reason: args.reason.clone(),
    })
}

/// The command line asks for one of site and district.
fn excluded(args: &ExcludeArgs, excluded: bool) -> RosterChange {
    let badge = args.badge.clone();
    match (&args.site, excluded) {
        (Some(site), true) => RosterChange::Excluded {
            site: site.clone(),
            badge,
        },
        (Some(site), false) => RosterChange::Readmitted {
            site: site.clone(),
            badge,
        },
        (None, excluded) => {
            let lead = args.lead.clone().unwrap_or_default();
            let district = args.district.clone().unwrap_or_default();
            match excluded {
                true => RosterChange::DistrictExcluded {
                    lead,
                    district,
                    badge,
                },
                false => RosterChange::DistrictReadmitted {
                    lead,
                    district,
                    badge,
                },
            }
        }
    }
}

fn instant_us(moment: Option<Moment>, zone: &str) -> Result<Option<i64>, Stop> {
    let Some(moment) = moment else {
        return Ok(None);
    };
    let bad = |said: String| Stop::failed(BadTime { said });
    let zone = TimeZone::get(zone).map_err(|error| bad(error.to_string()))?;
    let at = moment.resolve(&zone, None).map_err(bad)?;
    Ok(Some(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use protocol::{Availability, Measure};

    use super::*;
    use crate::cli::{Cli, Command};

    fn change(words: &[&str]) -> RosterChange {
        let words = ["muster", "roster"].iter().chain(words);
        let Command::Roster(command) = Cli::try_parse_from(words).unwrap().command else {
            panic!("it is about the roster")
        };
        let (_, _, asked, _) = said(&command.what).unwrap();
        let Ask::Roster { changes } = asked else {
            panic!("it changes the roster")
        };
        let [change] = <[RosterChange; 1]>::try_from(changes).unwrap();
        change
    }

    fn is_refused(words: &[&str]) -> bool {
        let words = ["muster", "roster"].iter().chain(words);
        Cli::try_parse_from(words).is_err()
    }

    #[test]
    fn limits_are_read_with_their_dates() {
        let words = [
            "limits",
            "tucson",
            "week-from-mon:40h:block",
            "14-days:80h:warn",
            "rest:8h:block",
            "--from",
            "2026-12-01T00:00",
        ];
        let RosterChange::LimitsSet { agency, limits } = change(&words) else {
            panic!("limits")
        };
        assert_eq!(agency, "tucson");
        let measures: Vec<_> = limits.iter().map(|limit| limit.measure).collect();
        let (week, days) = (
            Measure::Week {
                starts_on: 1,
                most_minutes: 2_400,
            },
            Measure::Days {
                days: 14,
                most_minutes: 4_800,
            },
        );
        assert_eq!(measures, [week, days, Measure::Rest { least_minutes: 480 }]);
        assert_eq!(
            limits.iter().map(|limit| limit.blocks).collect::<Vec<_>>(),
            [true, false, true]
        );
        assert_eq!(limits[0].from_us, Some(1_796_108_400_000_000));
        for bad in [
            "week-from-mon:40h",
            "year:40h:warn",
            "day:40:block",
            "day:4h:stop",
        ] {
            assert!(is_refused(&["limits", "tucson", bad]), "{bad}");
        }
    }

    #[test]
    fn a_night_of_quiet_is_two_windows() {
        let words = [
            "prefer",
            "TUC-0412",
            "--quiet",
            "22:00-06:00",
            "--notice",
            "24h",
        ];
        let RosterChange::PreferencesDeclared { preferences, .. } = change(&words) else {
            panic!("preferences")
        };
        let quiet = preferences.quiet.unwrap();
        assert_eq!(quiet.windows, [(1_320, 1_440), (0, 360)]);
        assert_eq!(preferences.notice_ms, 86_400_000);
        assert!(is_refused(&["prefer", "TUC-0412", "--near", "33.3,-111.8"]));
        let midnight = change(&["prefer", "TUC-0412", "--quiet", "22:00-00:00"]);
        let RosterChange::PreferencesDeclared { preferences, .. } = midnight else {
            panic!("preferences")
        };
        assert_eq!(preferences.quiet.unwrap().windows, [(1_320, 1_440)]);
    }

    #[test]
    fn an_officers_record_is_changed_one_line_at_a_time() {
        let until = ["--until", "2028-07-01T00:00", "--zone", "America/Denver"];
        let certify = ["certify", "TUC-0412", "azpost"];
        let RosterChange::CertificationGranted { certification, .. } =
            change(&[&certify[..], &until[..]].concat())
        else {
            panic!("a certification")
        };
        assert_eq!(certification.code, "azpost");
        assert_eq!(certification.from_us, None);
        assert_eq!(certification.until_us, Some(1_846_044_000_000_000));
        let badge = || "TUC-0412".to_owned();
        let certification = || "ade-sso".to_owned();
        let programme = || "sso".to_owned();
        let (from_us, until_us) = (None, None);
        let code = programme();
        for (words, wanted) in [
            (
                "revoke TUC-0412 ade-sso",
                RosterChange::CertificationRevoked {
                    badge: badge(),
                    certification: certification(),
                },
            ),
            (
                "approve TUC-0412 sso",
                RosterChange::ApprovalGranted {
                    badge: badge(),
                    programme: Dated {
                        code,
                        from_us,
                        until_us,
                    },
                },
            ),
            (
                "withdraw-approval TUC-0412 sso",
                RosterChange::ApprovalWithdrawn {
                    badge: badge(),
                    programme: programme(),
                },
            ),
            (
                "suspend TUC-0412",
                RosterChange::Suspended { badge: badge() },
            ),
            (
                "reinstate TUC-0412",
                RosterChange::Reinstated { badge: badge() },
            ),
            (
                "end-pact tucson pima-so",
                RosterChange::PactEnded {
                    lead: "tucson".into(),
                    backup: "pima-so".into(),
                },
            ),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(change(&words), wanted);
        }
    }

    #[test]
    fn an_officer_is_kept_from_a_site_or_a_district_of_a_lead() {
        let site = change(&["exclude", "TUC-0412", "--site", "tucson-001"]);
        assert!(matches!(site, RosterChange::Excluded { .. }));
        let words = [
            "readmit",
            "TUC-0412",
            "--district",
            "Desert",
            "--lead",
            "tucson",
        ];
        assert!(matches!(
            change(&words),
            RosterChange::DistrictReadmitted { .. }
        ));
        assert!(is_refused(&["exclude", "TUC-0412", "--district", "Desert"]));
        assert!(is_refused(&["exclude", "TUC-0412"]));
    }

    #[test]
    fn availability_is_said_as_in_a_roster_file() {
        let change = change(&["declare", "TUC-0412", "mon-fri 06:00-18:00;!2026-11-26"]);
        assert!(matches!(
            change,
            RosterChange::AvailabilityDeclared {
                availability: Availability::Declared { .. },
                ..
            }
        ));
        assert!(is_refused(&["declare", "TUC-0412", "now and then"]));
    }

    #[test]
    fn a_lift_needs_a_reason_and_says_for_what() {
        let words = [
            "lift",
            "TUC-0412",
            "--from",
            "2026-12-01T00:00",
            "--until",
            "2026-12-02T00:00",
            "--reason",
            "funeral",
        ];
        assert!(matches!(
            change(&words),
            RosterChange::LimitsLifted {
                lift: Lift::Dated { .. },
                ..
            }
        ));
        assert!(is_refused(&["lift", "TUC-0412", "--reason", "funeral"]));
        assert!(is_refused(&words[..6]));
    }
}
