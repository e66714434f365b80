//! Who walks, and what there is to take.

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{NewSegment, NewVacancy, RosterChange};
use engine::model::{Class, Interval, Position, Rank, SiteKind, Timestamp, VacancyKey};

pub(super) const MINUTE_MS: u64 = 60_000;
pub(super) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(super) const OFFICERS: u32 = 9;
pub(super) const VACANCIES: u32 = 4;
/// Monday, 23 November 2026, 07:00 in Phoenix: when the earliest work starts.
pub(super) const SEVEN: Timestamp = Timestamp(1_795_442_400_000_000);

/// Two agencies, the second backing the first up; a site, a programme, officers.
pub(super) fn roster() -> Vec<RosterChange> {
    let agency = |code: &str| RosterChange::Agency {
        code: code.to_owned(),
        name: code.to_owned(),
        agreement: Some(format!("{code}-msa")),
    };
    let mut changes = vec![
        agency("lead"),
        agency("backup"),
        RosterChange::Pact {
            lead: "lead".to_owned(),
            backup: "backup".to_owned(),
            tier: 1,
            valid: Interval::ALWAYS,
            cover: None,
        },
        RosterChange::Programme {
            code: "sso".to_owned(),
            name: "sso".to_owned(),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Site(NewSite {
            code: "site".to_owned(),
            name: "site".to_owned(),
            lead: "lead".to_owned(),
            zone: "America/Phoenix".to_owned(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: "demo".to_owned(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    changes.extend((0..OFFICERS).map(|number| {
        RosterChange::Officer(NewOfficer {
            badge: badge(number),
            home: if number < 6 { "lead" } else { "backup" }.to_owned(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: Vec::new(),
            approvals: Vec::new(),
            availability: NewAvailability::Always,
        })
    }));
    changes
}

pub(super) fn badge(number: u32) -> String {
    format!("off-{number:02}")
}

pub(super) fn posted(number: u32) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(u128::from(number) + 1),
        lead: "lead".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![segment(2 * u64::from(number))],
        slots: vec![Rank::Officer; number as usize % 3 + 1],
        windows_ms: vec![40 * MINUTE_MS],
        post_orders: String::new(),
    }
}

/// Three hours of work, so many hours after seven.
pub(super) fn segment(hour: u64) -> NewSegment {
    let start = SEVEN.plus_ms(hour * HOUR_MS);
    NewSegment {
        site: "site".to_owned(),
        start,
        end: start.plus_ms(3 * HOUR_MS),
    }
}
