use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::export;
use super::places::distance2_m2;
use super::*;

const MONDAY: Date = date(2026, 11, 23);

fn sample() -> SampleState {
    SampleState::new(7, MONDAY)
}

#[test]
fn has_the_counts_it_is_announced_with() {
    let sample = sample();
    assert_eq!(sample.places(), 285);
    assert_eq!(sample.agencies().len(), 15);
    assert_eq!(sample.officers().len(), 714);
    let zones = |zone: &str| {
        places::all()
            .iter()
            .filter(|place| place.zone == zone)
            .count()
    };
    assert_eq!(
        (zones("America/Phoenix"), zones("America/Denver")),
        (256, 29)
    );
}

#[test]
fn codes_and_badges_are_unique() {
    let sample = sample();
    let codes: BTreeSet<_> = sample.sites().iter().map(|site| &site.code).collect();
    let badges: BTreeSet<_> = sample
        .officers()
        .iter()
        .map(|officer| &officer.badge)
        .collect();
    assert_eq!(codes.len(), sample.sites().len());
    assert_eq!(badges.len(), 714);
    assert!(badges.iter().all(|badge| badge.len() == "TUC-0412".len()));
}

#[test]
fn every_site_lies_within_three_kilometres_of_its_place() {
    let places = places::all();
    let centre = |name: &str, position| {
        let same_name = places
            .iter()
            .filter(|place| name.ends_with(&format!("({})", place.name)));
        same_name
            .map(|place| distance2_m2(place.position, position))
            .min()
            .unwrap()
    };
    let mut sites = 0;
    for change in sample().changes {
        let RosterChange::Site { name, position, .. } = change else {
            continue;
        };
        sites += 1;
        assert!(centre(&name, position) < 3_000 * 3_000, "{name}");
    }
    assert_eq!(sites, sample().sites().len());
    assert!(sites > places.len());
}

#[test]
fn every_zone_is_known() {
    for site in sample().sites() {
        assert!(TimeZone::get(&site.zone).is_ok(), "{}", site.zone);
    }
}

#[test]
fn everything_is_known_before_it_is_named() {
    let mut agreements = BTreeMap::new();
    let mut codes = BTreeSet::new();
    let mut pacts = 0;
    for change in sample().changes {
        match change {
            RosterChange::Agency {
                code, agreement, ..
            } => {
                agreements.insert(code, agreement);
            }
            RosterChange::Certification { code, .. } | RosterChange::Programme { code, .. } => {
                codes.insert(code);
            }
            RosterChange::Site { lead, .. } => {
                assert!(
                    agreements[&lead].is_some(),
                    "{lead} leads without an agreement"
                );
            }
            RosterChange::Pact {
                lead,
                backup,
                tier,
                cover,
                ..
            } => {
                pacts += 1;
                assert!((1..=2).contains(&tier));
                assert!(
                    agreements[&lead].is_some(),
                    "{backup} could not be covered by {lead}"
                );
                assert!(agreements.contains_key(&backup), "{backup}");
                assert!(cover.is_none() || cover == agreements[&lead]);
            }
            RosterChange::Officer {
                agency,
                certifications,
                approvals,
                ..
            } => {
                assert!(agreements.contains_key(&agency));
                assert!(
                    certifications
                        .iter()
                        .chain(&approvals)
                        .all(|d| codes.contains(&d.code))
                );
            }
            RosterChange::LastTierSet {
                programme, waived, ..
            } => {
                assert!(codes.contains(&programme));
                assert!(waived.iter().all(|code| codes.contains(code)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(
        agreements.values().any(Option::is_none),
        "no uncontracted back-up"
    );
    assert!(pacts > 20);
}

#[test]
fn every_contracted_agency_leads_sites_and_has_officers() {
    let sample = sample();
    for change in &sample.changes {
        let RosterChange::Agency {
            code, agreement, ..
        } = change
        else {
            continue;
        };
        assert_eq!(
            sample.sites_of(code).next().is_some(),
            agreement.is_some(),
            "{code}"
        );
        assert!(
            sample
                .officers()
                .iter()
                .any(|officer| &officer.agency == code),
            "{code}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_state_and_another_another() {
    assert_eq!(sample(), sample());
    assert_ne!(sample(), SampleState::new(8, MONDAY));
    assert_eq!(sample().sites(), SampleState::new(8, MONDAY).sites());
}

#[test]
fn every_importer_accepts_its_own_export() {
    let changes = sample().changes;
    for table in [Table::Agencies, Table::Officers, Table::Sites, Table::Pacts] {
        let text = export::csv(table, &changes);
        let read = import::read(table, table.word(), text.as_bytes()).unwrap();
        let matching: Vec<_> = changes
            .iter()
            .filter(|change| read.contains(change))
            .collect();
        assert_eq!(matching.len(), read.len(), "{table:?}");
        assert_eq!(read.len() + 1, text.lines().count(), "{table:?}");
    }
}

#[test]
fn most_officers_can_work_on_a_school_day_and_some_cannot() {
    let both = |change: &RosterChange| match change {
        RosterChange::Officer {
            certifications,
            approvals,
            ..
        } => {
            certifications.len() == 2
                && certifications.iter().all(|dated| dated.until_us.is_none())
                && approvals.iter().any(|dated| dated.code == programmes::SSO)
        }
        _ => false,
    };
    let able = sample()
        .changes
        .iter()
        .filter(|change| both(change))
        .count();
    assert!((500..650).contains(&able), "{able}");
}
