//! Roster changes about limits, preferences, districts and last tiers.

use protocol::*;

use super::{NINE_US, badge, vacancy};

pub(super) fn all() -> Vec<(&'static str, RosterChange)> {
    let mut all = limits();
    all.extend(others());
    all
}

fn limits() -> Vec<(&'static str, RosterChange)> {
    let limit = |measure, blocks| Limit {
        measure,
        blocks,
        from_us: None,
        until_us: None,
    };
    let most_minutes = 2_400;
    let week = Measure::Week {
        starts_on: 1,
        most_minutes,
    };
    let days = Measure::Days {
        days: 14,
        most_minutes,
    };
    let rest = Limit {
        from_us: Some(NINE_US),
        until_us: Some(NINE_US + 1),
        ..limit(Measure::Rest { least_minutes: 480 }, false)
    };
    let lifted = |lift| RosterChange::LimitsLifted {
        badge: badge(),
        lift,
        reason: "A funeral detail.".to_owned(),
    };
    let dated = Lift::Dated {
        from_us: NINE_US,
        until_us: NINE_US + 86_400_000_000,
    };
    vec![
        (
            "limits-set",
            RosterChange::LimitsSet {
                agency: "saguaro".to_owned(),
                limits: vec![
                    limit(Measure::Day { most_minutes: 720 }, true),
                    limit(week, true),
                    limit(days, false),
                    rest,
                ],
            },
        ),
        (
            "limits-lifted",
            lifted(Lift::Vacancy { vacancy: vacancy() }),
        ),
        ("limits-lifted-for-dates", lifted(dated)),
    ]
}

fn others() -> Vec<(&'static str, RosterChange)> {
    let preferences = Preferences {
        districts: vec!["Desert Unified".to_owned()],
        near: Some(Near {
            position: Position {
                latitude_udeg: 32_221_743,
                longitude_udeg: -110_926_479,
            },
            metres: 25_000,
        }),
        notice_ms: 86_400_000,
        quiet: Some(Quiet {
            zone: "America/Phoenix".to_owned(),
            windows: vec![(1_320, 1_440), (0, 360)],
        }),
    };
    let (lead, district) = ("saguaro".to_owned(), "Desert Unified".to_owned());
    vec![
        (
            "preferences-declared",
            RosterChange::PreferencesDeclared {
                badge: badge(),
                preferences,
            },
        ),
        (
            "preferences-bind",
            RosterChange::PreferencesBind {
                agency: "saguaro".to_owned(),
                bind: true,
            },
        ),
        (
            "district-excluded",
            RosterChange::DistrictExcluded {
                lead: lead.clone(),
                district: district.clone(),
                badge: badge(),
            },
        ),
        (
            "district-readmitted",
            RosterChange::DistrictReadmitted {
                lead,
                district,
                badge: badge(),
            },
        ),
        (
            "last-tier-set",
            RosterChange::LastTierSet {
                programme: "traffic-control".to_owned(),
                classes: vec![Class::CommunityServiceOfficer],
                waived: vec!["azpost".to_owned()],
            },
        ),
    ]
}
