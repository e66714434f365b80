//! Changes of the roster.

use protocol::*;

use super::{NINE_US, badge};

pub(super) fn places() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    vec![
        (
            "agency",
            RosterChange::Agency {
                code: text("saguaro"),
                name: text("Saguaro Police"),
                agreement: Some(text("saguaro-msa")),
            },
        ),
        (
            "certification",
            RosterChange::Certification {
                code: text("azpost"),
                name: text("Peace officer"),
            },
        ),
        (
            "programme",
            RosterChange::Programme {
                code: text("sso"),
                name: text("School safety"),
                certifications: vec![text("azpost"), text("ade-sso")],
                classes: vec![
                    Class::PeaceOfficer,
                    Class::FullAuthorityReserve,
                    Class::CommunityServiceOfficer,
                ],
                approval: true,
            },
        ),
        (
            "site",
            RosterChange::Site {
                code: text("saguaro-elementary"),
                name: text("Saguaro Elementary"),
                lead: text("saguaro"),
                zone: text("America/Phoenix"),
                position: Position {
                    latitude_udeg: 32_000_000,
                    longitude_udeg: -111_000_000,
                },
                geofence_m: 150,
                district: text("Saguaro Unified"),
                kind: SiteKind::Charter,
                ade_funded: true,
            },
        ),
    ]
}

pub(super) fn relations() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    let badge = badge();
    vec![
        (
            "pact",
            RosterChange::Pact {
                lead: text("saguaro"),
                backup: text("ocotillo"),
                tier: 1,
                from_us: Some(NINE_US),
                until_us: None,
                cover: Some(text("saguaro-msa")),
            },
        ),
        (
            "pact-ended",
            RosterChange::PactEnded {
                lead: text("saguaro"),
                backup: text("ocotillo"),
            },
        ),
        (
            "excluded",
            RosterChange::Excluded {
                site: text("saguaro-elementary"),
                badge: badge.clone(),
            },
        ),
        (
            "readmitted",
            RosterChange::Readmitted {
                site: text("saguaro-elementary"),
                badge: badge.clone(),
            },
        ),
        (
            "seniority-set",
            RosterChange::SenioritySet {
                badge,
                since: Day {
                    year: 2009,
                    month: 6,
                    day: 15,
                },
            },
        ),
    ]
}

pub(super) fn people() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    let badge = badge();
    let dated = |code: &str| Dated {
        code: text(code),
        from_us: None,
        until_us: Some(NINE_US),
    };
    vec![
        (
            "officer",
            RosterChange::Officer {
                badge: badge.clone(),
                agency: text("saguaro"),
                class: Class::PeaceOfficer,
                rank: Rank::Officer,
                certifications: vec![dated("azpost")],
                approvals: vec![dated("sso")],
                availability: Availability::Always,
            },
        ),
        (
            "certification-granted",
            RosterChange::CertificationGranted {
                badge: badge.clone(),
                certification: dated("ade-sso"),
            },
        ),
        (
            "certification-revoked",
            RosterChange::CertificationRevoked {
                badge: badge.clone(),
                certification: text("ade-sso"),
            },
        ),
        (
            "approval-granted",
            RosterChange::ApprovalGranted {
                badge: badge.clone(),
                programme: dated("sso"),
            },
        ),
        (
            "approval-withdrawn",
            RosterChange::ApprovalWithdrawn {
                badge: badge.clone(),
                programme: text("sso"),
            },
        ),
        (
            "suspended",
            RosterChange::Suspended {
                badge: badge.clone(),
            },
        ),
        (
            "reinstated",
            RosterChange::Reinstated {
                badge: badge.clone(),
            },
        ),
        (
            "availability-declared",
            RosterChange::AvailabilityDeclared {
                badge: badge.clone(),
                availability: declared(),
            },
        ),
    ]
}

fn declared() -> Availability {
    Availability::Declared {
        weekly: vec![WeeklyWindow {
            weekday: 1,
            from_minute: 420,
            until_minute: 900,
        }],
        exceptions: vec![DatedWindows {
            year: 2026,
            month: 12,
            day: 24,
            windows: vec![(480, 720)],
        }],
    }
}
