//! A level field: everybody may take everything, so that nothing but the race decides.

use protocol::{Availability, Class, Dated, Position, Rank, RosterChange, SiteKind};

use super::{Synthetic, SyntheticOfficer, SyntheticSite};

/// The first instant of 2020, microseconds since the epoch.
const NEW_YEAR_2020_US: i64 = 1_577_836_800_000_000;
/// Schools: shared work needs a second one.
const SITES: usize = 2;

/// One agency, two schools, and officers who are all eligible at any time.
pub fn level_field(seed: u64, officers: usize) -> Synthetic {
    let tag = format!("level-s{seed}n{officers}");
    let code = |name: &str| format!("{tag}-{name}");
    let (agency, programme, certification) = (code("agency"), code("work"), code("certificate"));
    let mut changes = vec![
        RosterChange::Certification {
            code: certification.clone(),
            name: "Certificate (invented world)".to_owned(),
        },
        RosterChange::Programme {
            code: programme.clone(),
            name: "Work (invented world)".to_owned(),
            certifications: vec![certification.clone()],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
        RosterChange::Agency {
            code: agency.clone(),
            name: "Invented agency of the level field".to_owned(),
            agreement: Some(code("msa")),
        },
    ];
    let sites = (0..SITES).map(|number| SyntheticSite {
        code: code(&format!("site-{number}")),
        lead: 0,
    });
    let sites: Vec<SyntheticSite> = sites.collect();
    changes.extend(sites.iter().map(|site| RosterChange::Site {
        code: site.code.clone(),
        name: "Invented school of the level field".to_owned(),
        lead: agency.clone(),
        zone: "America/Phoenix".to_owned(),
        position: Position {
            latitude_udeg: 33_000_000,
            longitude_udeg: -112_000_000,
        },
        geofence_m: 150,
        district: "Invented district".to_owned(),
        kind: SiteKind::Public,
        ade_funded: true,
    }));
    let held = |code: &String| {
        vec![Dated {
            code: code.clone(),
            from_us: Some(NEW_YEAR_2020_US),
            until_us: None,
        }]
    };
    let people = (0..officers).map(|number| SyntheticOfficer {
        badge: format!("{}-{number:05}", tag.to_uppercase()),
        agency: 0,
    });
    let people: Vec<SyntheticOfficer> = people.collect();
    changes.extend(people.iter().map(|officer| RosterChange::Officer {
        badge: officer.badge.clone(),
        agency: agency.clone(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: held(&certification),
        approvals: held(&programme),
        availability: Availability::Always,
    }));
    Synthetic {
        changes,
        agencies: vec![agency],
        programme,
        certification,
        sites,
        officers: people,
    }
}
