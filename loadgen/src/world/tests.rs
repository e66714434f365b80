use protocol::{Availability, Dated, NewSegment, VacancyKey, WeeklyWindow};

use super::*;

/// 2026-11-23T07:00 in Phoenix, a Monday.
const SEVEN_US: i64 = 1_795_442_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const NOW_US: i64 = SEVEN_US - 24 * HOUR_US;

fn dated(code: &str, from_us: Option<i64>, until_us: Option<i64>) -> Dated {
    Dated {
        code: code.to_owned(),
        from_us,
        until_us,
    }
}

fn agency(code: &str, agreement: Option<&str>) -> RosterChange {
    RosterChange::Agency {
        code: code.to_owned(),
        name: code.to_owned(),
        agreement: agreement.map(str::to_owned),
    }
}

fn pact(lead: &str, backup: &str, tier: u8, cover: Option<&str>) -> RosterChange {
    RosterChange::Pact {
        lead: lead.to_owned(),
        backup: backup.to_owned(),
        tier,
        from_us: None,
        until_us: None,
        cover: cover.map(str::to_owned),
    }
}

fn site(code: &str, zone: &str) -> RosterChange {
    RosterChange::Site {
        code: code.to_owned(),
        name: code.to_owned(),
        lead: "tucson".to_owned(),
        zone: zone.to_owned(),
        position: protocol::Position {
            latitude_udeg: 0,
            longitude_udeg: 0,
        },
        geofence_m: 100,
        district: "d".to_owned(),
        kind: protocol::SiteKind::Public,
        ade_funded: false,
    }
}

fn officer(badge: &str, agency: &str) -> RosterChange {
    RosterChange::Officer {
        badge: badge.to_owned(),
        agency: agency.to_owned(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![dated("azpost", None, None)],
        approvals: vec![dated("sso", None, None)],
        availability: Availability::Always,
    }
}

/// An invented world: tucson leads; marana (contracted) and oro (not contracted) back it up;
/// benson backs marana up, which must not help tucson.
fn changes() -> Vec<RosterChange> {
    vec![
        RosterChange::Certification {
            code: "azpost".to_owned(),
            name: "azpost".to_owned(),
        },
        RosterChange::Programme {
            code: "sso".to_owned(),
            name: "sso".to_owned(),
            certifications: vec!["azpost".to_owned()],
            classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
            approval: true,
        },
        agency("tucson", Some("tucson-msa")),
        agency("marana", Some("marana-msa")),
        agency("oro", None),
        agency("benson", Some("benson-msa")),
        pact("tucson", "marana", 1, None),
        pact("tucson", "oro", 2, None),
        pact("marana", "benson", 1, None),
        site("school", "America/Phoenix"),
        site("chinle", "America/Denver"),
        officer("TUC-1", "tucson"),
        officer("MAR-1", "marana"),
        officer("ORO-1", "oro"),
        officer("BEN-1", "benson"),
    ]
}

fn world() -> World {
    World::from_changes(&changes()).unwrap()
}

fn vacancy_at(site: &str) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(1),
        lead: "tucson".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: site.to_owned(),
            start_us: SEVEN_US,
            end_us: SEVEN_US + 8 * HOUR_US,
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

fn vacancy() -> NewVacancy {
    vacancy_at("school")
}

fn after(change: &RosterChange, badge: &str) -> Result<u8, String> {
    let mut world = world();
    world.apply(change).unwrap();
    world.eligible(badge, &vacancy(), NOW_US)
}

#[track_caller]
fn assert_fails(said: Result<u8, String>, words: &str) {
    let reason = said.expect_err("the clause must fail");
    assert!(reason.contains(words), "said `{reason}`");
}

#[test]
fn tiers_follow_pacts_one_step_and_one_way() {
    let world = world();
    assert_eq!(world.eligible("TUC-1", &vacancy(), NOW_US), Ok(0));
    assert_eq!(world.eligible("MAR-1", &vacancy(), NOW_US), Ok(1));
    assert_eq!(world.eligible("ORO-1", &vacancy(), NOW_US), Ok(2));
    assert_fails(
        world.eligible("BEN-1", &vacancy(), NOW_US),
        "neither leads nor backs up",
    );
    let reversed = NewVacancy {
        lead: "marana".to_owned(),
        ..vacancy()
    };
    assert_fails(
        world.eligible("TUC-1", &reversed, NOW_US),
        "neither leads nor backs up",
    );
    assert_fails(world.eligible("NOBODY", &vacancy(), NOW_US), "NOBODY");
}

#[test]
fn pacts_are_dated_replaced_and_ended() {
    let dated_pact = |from_us, until_us| RosterChange::Pact {
        lead: "tucson".to_owned(),
        backup: "marana".to_owned(),
        tier: 3,
        from_us,
        until_us,
        cover: None,
    };
    let end_us = SEVEN_US + 8 * HOUR_US;
    assert_eq!(
        after(&dated_pact(Some(NOW_US), Some(end_us)), "MAR-1"),
        Ok(3)
    );
    assert_fails(after(&dated_pact(Some(NOW_US + 1), None), "MAR-1"), "backs");
    assert_fails(after(&dated_pact(None, Some(end_us - 1)), "MAR-1"), "backs");
    let ended = RosterChange::PactEnded {
        lead: "tucson".to_owned(),
        backup: "marana".to_owned(),
    };
    assert_fails(after(&ended, "MAR-1"), "backs");
}

#[test]
fn cover_comes_from_the_officers_side_the_pact_or_the_lead() {
    let uncovered = |cover: Option<&str>| {
        let mut changes = changes();
        changes[2] = agency("tucson", None);
        changes[7] = pact("tucson", "oro", 2, cover);
        World::from_changes(&changes).unwrap()
    };
    let none = uncovered(None);
    assert_fails(none.eligible("TUC-1", &vacancy(), NOW_US), "agreement");
    assert_fails(none.eligible("ORO-1", &vacancy(), NOW_US), "agreement");
    assert_eq!(none.eligible("MAR-1", &vacancy(), NOW_US), Ok(1));
    let given = uncovered(Some("marana-msa"));
    assert_eq!(given.eligible("ORO-1", &vacancy(), NOW_US), Ok(2));
}

#[test]
fn certifications_hold_from_the_moment_through_the_end() {
    let end_us = SEVEN_US + 8 * HOUR_US;
    let granted = |from_us, until_us| RosterChange::CertificationGranted {
        badge: "TUC-1".to_owned(),
        certification: dated("azpost", from_us, until_us),
    };
    assert_eq!(after(&granted(Some(NOW_US), Some(end_us)), "TUC-1"), Ok(0));
    assert_fails(after(&granted(Some(NOW_US + 1), None), "TUC-1"), "azpost");
    assert_fails(after(&granted(None, Some(end_us - 1)), "TUC-1"), "azpost");
    let revoked = RosterChange::CertificationRevoked {
        badge: "TUC-1".to_owned(),
        certification: "azpost".to_owned(),
    };
    assert_fails(after(&revoked, "TUC-1"), "azpost");
}

#[test]
fn approvals_hold_likewise_where_the_programme_asks_for_them() {
    let granted = |until_us| RosterChange::ApprovalGranted {
        badge: "TUC-1".to_owned(),
        programme: dated("sso", None, until_us),
    };
    assert_eq!(after(&granted(None), "TUC-1"), Ok(0));
    assert_fails(after(&granted(Some(SEVEN_US)), "TUC-1"), "approval");
    let withdrawn = RosterChange::ApprovalWithdrawn {
        badge: "TUC-1".to_owned(),
        programme: "sso".to_owned(),
    };
    assert_fails(after(&withdrawn, "TUC-1"), "approval");
}

#[test]
fn class_rank_suspension_and_exclusion_count() {
    let mut changes = changes();
    let mut cadet = officer("TUC-2", "tucson");
    let mut sergeant = officer("TUC-3", "tucson");
    if let RosterChange::Officer { class, .. } = &mut cadet {
        *class = Class::CommunityServiceOfficer;
    }
    if let RosterChange::Officer { rank, .. } = &mut sergeant {
        *rank = Rank::Sergeant;
    }
    changes.extend([cadet, sergeant]);
    let world = World::from_changes(&changes).unwrap();
    assert_fails(world.eligible("TUC-2", &vacancy(), NOW_US), "class");
    assert_fails(world.eligible("TUC-3", &vacancy(), NOW_US), "rank");
    let ranked = NewVacancy {
        slots: vec![Rank::Officer, Rank::Sergeant],
        ..vacancy()
    };
    assert_eq!(world.eligible("TUC-3", &ranked, NOW_US), Ok(0));

    let badge = "TUC-1".to_owned();
    assert_fails(after(&RosterChange::Suspended { badge }, "TUC-1"), "susp");
    let excluded = RosterChange::Excluded {
        site: "school".to_owned(),
        badge: "TUC-1".to_owned(),
    };
    assert_fails(after(&excluded, "TUC-1"), "does not want");
}

#[test]
fn what_was_taken_away_can_come_back() {
    let mut world = world();
    let badge = || "TUC-1".to_owned();
    let site = || "school".to_owned();
    for change in [
        RosterChange::Suspended { badge: badge() },
        RosterChange::Reinstated { badge: badge() },
        RosterChange::Excluded {
            site: site(),
            badge: badge(),
        },
        RosterChange::Readmitted {
            site: site(),
            badge: badge(),
        },
    ] {
        world.apply(&change).unwrap();
    }
    assert_eq!(world.eligible("TUC-1", &vacancy(), NOW_US), Ok(0));
}

#[test]
fn availability_is_local_to_the_site() {
    let declared = |from_minute, until_minute| RosterChange::AvailabilityDeclared {
        badge: "TUC-1".to_owned(),
        availability: Availability::Declared {
            weekly: vec![WeeklyWindow {
                weekday: 1,
                from_minute,
                until_minute,
            }],
            exceptions: Vec::new(),
        },
    };
    assert_eq!(after(&declared(7 * 60, 15 * 60), "TUC-1"), Ok(0));
    assert_fails(after(&declared(7 * 60 + 1, 15 * 60), "TUC-1"), "school");
    // In November, Denver and Phoenix read the same; in July, Denver reads an hour later.
    let july_us = SEVEN_US - 140 * 24 * HOUR_US;
    let summer = |site: &str| {
        let mut summer = vacancy_at(site);
        summer.segments[0].start_us = july_us;
        summer.segments[0].end_us = july_us + 8 * HOUR_US;
        summer
    };
    let mut world = world();
    world.apply(&declared(7 * 60, 15 * 60)).unwrap();
    let at_us = july_us - HOUR_US;
    assert_eq!(world.eligible("TUC-1", &summer("school"), at_us), Ok(0));
    assert_fails(world.eligible("TUC-1", &summer("chinle"), at_us), "chinle");
    world.apply(&declared(8 * 60, 16 * 60)).unwrap();
    assert_eq!(world.eligible("TUC-1", &summer("chinle"), at_us), Ok(0));
}

#[test]
fn every_segment_counts() {
    let mut shared = vacancy();
    shared.segments.push(NewSegment {
        site: "chinle".to_owned(),
        start_us: SEVEN_US + 9 * HOUR_US,
        end_us: SEVEN_US + 10 * HOUR_US,
    });
    let mut world = world();
    assert_eq!(world.eligible("TUC-1", &shared, NOW_US), Ok(0));
    let excluded = RosterChange::Excluded {
        site: "chinle".to_owned(),
        badge: "TUC-1".to_owned(),
    };
    world.apply(&excluded).unwrap();
    assert_fails(world.eligible("TUC-1", &shared, NOW_US), "chinle");
    assert_eq!(world.eligible("TUC-1", &vacancy(), NOW_US), Ok(0));
}

#[test]
fn facts_overlap_in_time_only_when_they_share_an_instant() {
    let world = world();
    let facts = |offset_us| {
        let mut moved = vacancy();
        moved.segments[0].start_us += offset_us;
        moved.segments[0].end_us += offset_us;
        world.facts(&moved).unwrap()
    };
    assert!(facts(0).overlaps(&facts(8 * HOUR_US - 1)));
    assert!(!facts(0).overlaps(&facts(8 * HOUR_US)));
    assert!(!facts(8 * HOUR_US).overlaps(&facts(0)));
}

#[test]
fn nonsense_is_refused_with_its_name() {
    let unknown = |kind, name: &str| {
        Err(WorldError::Unknown {
            kind,
            name: name.to_owned(),
        })
    };
    let mut world = world();
    assert_eq!(
        world.apply(&officer("X-1", "nowhere")),
        unknown("agency", "nowhere")
    );
    assert_eq!(
        world.apply(&officer("TUC-1", "tucson")),
        Err(WorldError::Taken {
            kind: "officer",
            name: "TUC-1".to_owned()
        })
    );
    assert_eq!(
        world.apply(&site("mars", "Mars/Olympus")),
        Err(WorldError::Zone {
            site: "mars".to_owned(),
            zone: "Mars/Olympus".to_owned()
        })
    );
    assert_eq!(
        world.facts(&vacancy_at("moon")).map(|_| ()),
        unknown("site", "moon")
    );
    let mut backwards = vacancy();
    backwards.segments[0].end_us = SEVEN_US;
    assert!(matches!(
        world.facts(&backwards),
        Err(WorldError::Unworkable { .. })
    ));
}
