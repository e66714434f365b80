//! An invented world of any size, from a seed.
//!
//! Most officers are qualified; some are not, each for one reason, so that a server that offers
//! work to the wrong people is seen. Every name carries the seed and the size, so worlds of
//! different shape can stand side by side on one server, and the same world is the same world
//! tomorrow: nothing in it depends on the date.

use protocol::{
    Availability, Class, Dated, DatedWindows, Position, Rank, RosterChange, SiteKind, WeeklyWindow,
};

use crate::seed::{SplitMix64, derive};

/// An invented world and what a plan needs to use it.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// What is sent to the server, and what the ledger's world is built from.
    pub changes: Vec<RosterChange>,
    /// Codes of the agencies, the largest first.
    pub agencies: Vec<String>,
    /// Code of the programme that all work belongs to.
    pub programme: String,
    /// Code of the certification that wears out first: the one to revoke.
    pub certification: String,
    /// Every site.
    pub sites: Vec<SyntheticSite>,
    /// Every officer, those who are not qualified included.
    pub officers: Vec<SyntheticOfficer>,
}

/// An invented site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticSite {
    /// Its code.
    pub code: String,
    /// Place of the responsible agency in [`Synthetic::agencies`].
    pub lead: usize,
}

/// An invented officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticOfficer {
    /// The badge code.
    pub badge: String,
    /// Place of the home agency in [`Synthetic::agencies`].
    pub agency: usize,
}

/// Agencies of an invented world; the sizes fall as 1, 1/2, 1/3, …
pub const AGENCIES: usize = 15;
/// Sites of each invented agency.
pub const SITES_PER_AGENCY: usize = 8;

/// Builds the world of this seed and number of officers.
pub fn synthetic(seed: u64, officers: usize) -> Synthetic {
    let mut builder = Builder {
        tag: format!("s{seed}n{officers}"),
        dice: SplitMix64::new(derive(seed, "synthetic world")),
        world: Synthetic {
            changes: Vec::with_capacity(officers + 512),
            agencies: Vec::new(),
            programme: String::new(),
            certification: String::new(),
            sites: Vec::new(),
            officers: Vec::with_capacity(officers),
        },
    };
    builder.programme();
    builder.agencies_and_pacts();
    builder.sites();
    builder.officers(officers);
    builder.world
}

/// Agencies without an agreement of their own: their officers work under the lead's.
const UNCONTRACTED: [usize; 2] = [6, 11];
/// The agency on the Navajo Nation, which keeps daylight saving time.
const DENVER_AGENCY: usize = 9;
/// The first instant of 2020 and of 2021, microseconds since the epoch.
const NEW_YEAR_2020_US: i64 = 1_577_836_800_000_000;
const NEW_YEAR_2021_US: i64 = 1_609_459_200_000_000;

struct Builder {
    tag: String,
    dice: SplitMix64,
    world: Synthetic,
}

impl Builder {
    fn programme(&mut self) {
        let code = |name: &str| format!("{}-{name}", self.tag);
        let (post, sso) = (code("azpost"), code("ade-sso"));
        let named = |code: &String, name: &str| RosterChange::Certification {
            code: code.clone(),
            name: format!("{name} (invented world)"),
        };
        self.world.programme = code("sso");
        self.world.changes.extend([
            named(&post, "Peace officer certification"),
            named(&sso, "School safety curriculum"),
            RosterChange::Programme {
                code: code("sso"),
                name: "School safety (invented world)".to_owned(),
                certifications: vec![post, sso.clone()],
                classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
                approval: true,
            },
        ]);
        self.world.certification = sso;
    }

    /// Each agency is backed up by the next one in tier 1 and the two after in tier 2: directed,
    /// so nobody backs up both ways, and not passed on.
    fn agencies_and_pacts(&mut self) {
        for place in 0..AGENCIES {
            let code = format!("{}-a{place:02}", self.tag);
            let contracted = !UNCONTRACTED.contains(&place);
            self.world.changes.push(RosterChange::Agency {
                code: code.clone(),
                name: format!("Invented agency {place:02}"),
                agreement: contracted.then(|| format!("{code}-msa")),
            });
            self.world.agencies.push(code);
        }
        // An agency without an agreement has nothing to lead with: it only backs others up.
        for lead in leads() {
            for (step, tier) in [(1, 1), (2, 2), (3, 2)] {
                let backup = (lead + step) % AGENCIES;
                let of_lead = || format!("{}-msa", self.world.agencies[lead]);
                let change = RosterChange::Pact {
                    lead: self.world.agencies[lead].clone(),
                    backup: self.world.agencies[backup].clone(),
                    tier,
                    from_us: (step == 2).then_some(NEW_YEAR_2020_US),
                    until_us: None,
                    cover: (backup == UNCONTRACTED[0]).then(of_lead),
                };
                self.world.changes.push(change);
            }
        }
    }

    fn sites(&mut self) {
        for lead in leads() {
            let zone = match lead {
                DENVER_AGENCY => "America/Denver",
                _ => "America/Phoenix",
            };
            for number in 0..SITES_PER_AGENCY {
                let agency = &self.world.agencies[lead];
                let code = format!("{agency}-{number:03}");
                let spread = |dice: &mut SplitMix64| {
                    i32::try_from(dice.below(500_000)).expect("below 500,000 fits 32 bits")
                };
                self.world.changes.push(RosterChange::Site {
                    code: code.clone(),
                    name: format!("Invented school {number:03} of agency {lead:02}"),
                    lead: agency.clone(),
                    zone: zone.to_owned(),
                    position: Position {
                        latitude_udeg: 33_000_000 + spread(&mut self.dice),
                        longitude_udeg: -112_000_000 + spread(&mut self.dice),
                    },
                    geofence_m: 150,
                    district: format!("Invented district {lead:02}"),
                    kind: SiteKind::Public,
                    ade_funded: true,
                });
                self.world.sites.push(SyntheticSite { code, lead });
            }
        }
    }

    fn officers(&mut self, officers: usize) {
        let mut afterwards = Vec::new();
        for number in 0..officers {
            let weights: Vec<u32> = (1..=AGENCIES).map(size_weight).collect();
            // Everybody in front gets one officer, so that no agency stands empty.
            let agency = match number < AGENCIES {
                true => number,
                false => self.dice.pick(&weights),
            };
            let badge = format!("{}-a{agency:02}-{number:05}", self.tag.to_uppercase());
            let flaw = self.dice.below(1_000);
            let officer = self.officer(&badge, agency, flaw);
            self.world.changes.push(officer);
            match flaw {
                SUSPENDED_FROM..=SUSPENDED_TO => {
                    afterwards.push(RosterChange::Suspended {
                        badge: badge.clone(),
                    });
                }
                EXCLUDED_FROM..=EXCLUDED_TO => {
                    let own = self.dice.below(self.world.sites.len() as u64);
                    let site = usize::try_from(own).expect("a place in a list fits usize");
                    afterwards.push(RosterChange::Excluded {
                        site: self.world.sites[site].code.clone(),
                        badge: badge.clone(),
                    });
                }
                _ => {}
            }
            self.world.officers.push(SyntheticOfficer { badge, agency });
        }
        self.world.changes.append(&mut afterwards);
    }

    fn officer(&mut self, badge: &str, agency: usize, flaw: u64) -> RosterChange {
        let service = flaw < 40;
        let held = |code: &str, until_us: Option<i64>| Dated {
            code: format!("{}-{code}", self.tag),
            from_us: Some(NEW_YEAR_2020_US),
            until_us,
        };
        let mut certifications = Vec::new();
        if !service {
            certifications.push(held("azpost", None));
        }
        match flaw {
            40..=69 => certifications.push(held("ade-sso", Some(NEW_YEAR_2021_US))),
            70..=109 => {}
            _ => certifications.push(held("ade-sso", None)),
        }
        let approvals = match flaw {
            110..=149 => Vec::new(),
            _ => vec![held("sso", None)],
        };
        RosterChange::Officer {
            badge: badge.to_owned(),
            agency: self.world.agencies[agency].clone(),
            class: match (service, self.dice.below(100)) {
                (true, _) => Class::CommunityServiceOfficer,
                (false, 0..8) => Class::FullAuthorityReserve,
                _ => Class::PeaceOfficer,
            },
            rank: match self.dice.below(100) {
                0..2 => Rank::Commander,
                2..12 => Rank::Sergeant,
                _ => Rank::Officer,
            },
            certifications,
            approvals,
            availability: self.availability(),
        }
    }

    fn availability(&mut self) -> Availability {
        let weekdays = |windows: &[(u16, u16)]| -> Vec<WeeklyWindow> {
            let day = |weekday| {
                windows
                    .iter()
                    .map(move |&(from_minute, until_minute)| WeeklyWindow {
                        weekday,
                        from_minute,
                        until_minute,
                    })
            };
            (1..=5).flat_map(day).collect()
        };
        let declared = |weekly| Availability::Declared {
            weekly,
            exceptions: Vec::new(),
        };
        match self.dice.below(100) {
            0..55 => Availability::Always,
            55..85 => declared(weekdays(&[(6 * 60, 19 * 60)])),
            // Two windows that touch at noon.
            85..90 => declared(weekdays(&[(6 * 60, 12 * 60), (12 * 60, 18 * 60)])),
            90..94 => declared(weekdays(&[(17 * 60, 24 * 60)])),
            94..97 => declared(Vec::new()),
            _ => Availability::Declared {
                weekly: weekdays(&[(6 * 60, 19 * 60)]),
                exceptions: vec![DatedWindows {
                    year: 2026,
                    month: 12,
                    day: 24,
                    windows: Vec::new(),
                }],
            },
        }
    }
}

const SUSPENDED_FROM: u64 = 150;
const SUSPENDED_TO: u64 = 164;
const EXCLUDED_FROM: u64 = 165;
const EXCLUDED_TO: u64 = 204;

fn leads() -> impl Iterator<Item = usize> {
    (0..AGENCIES).filter(|place| !UNCONTRACTED.contains(place))
}

fn size_weight(place: usize) -> u32 {
    let place = u32::try_from(place).expect("there are a handful of agencies");
    10_000 / place
}

#[cfg(test)]
mod tests {
    use protocol::{NewSegment, NewVacancy, VacancyKey};

    use super::*;
    use crate::world::World;

    fn monday_vacancy(world: &Synthetic, lead: usize) -> NewVacancy {
        const SEVEN_US: i64 = 1_795_442_400_000_000;
        let site = world.sites.iter().find(|site| site.lead == lead).unwrap();
        NewVacancy {
            key: VacancyKey(1),
            lead: world.agencies[lead].clone(),
            programme: world.programme.clone(),
            segments: vec![NewSegment {
                site: site.code.clone(),
                start_us: SEVEN_US,
                end_us: SEVEN_US + 4 * 3_600_000_000,
            }],
            slots: vec![Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: String::new(),
        }
    }

    #[test]
    fn the_world_is_valid_and_repeats() {
        let one = synthetic(7, 1_000);
        assert_eq!(one.changes, synthetic(7, 1_000).changes);
        assert_ne!(one.changes, synthetic(8, 1_000).changes);
        assert_eq!(one.officers.len(), 1_000);
        let world = World::from_changes(&one.changes).unwrap();
        assert_eq!(world.badges().count(), 1_000);
    }

    #[test]
    fn sizes_are_skewed_and_nobody_stands_empty() {
        let world = synthetic(7, 1_000);
        let mut sizes = [0; AGENCIES];
        for officer in &world.officers {
            sizes[officer.agency] += 1;
        }
        assert!(sizes[0] > 5 * sizes[AGENCIES - 1], "{sizes:?}");
        assert!(sizes.iter().all(|&size| size > 0), "{sizes:?}");
    }

    #[test]
    fn most_are_qualified_and_every_reason_not_to_be_occurs() {
        let made = synthetic(7, 4_000);
        let world = World::from_changes(&made.changes).unwrap();
        let vacancy = monday_vacancy(&made, 0);
        let mut eligible = 0;
        let mut own = 0;
        let mut reasons = String::new();
        for officer in made.officers.iter().filter(|officer| officer.agency == 0) {
            own += 1;
            let at_us = vacancy.segments[0].start_us - 1;
            match world.eligible(&officer.badge, &vacancy, at_us) {
                Ok(tier) => {
                    assert_eq!(tier, 0);
                    eligible += 1;
                }
                Err(reason) => reasons.push_str(&reason),
            }
        }
        assert!(eligible * 2 > own, "{eligible} of {own}");
        for reason in [
            "class",
            "rank",
            "certification",
            "approval",
            "suspended",
            "does not want",
            "availability",
        ] {
            assert!(reasons.contains(reason), "nobody fails by {reason}");
        }
    }

    #[test]
    fn every_lead_has_back_ups_in_two_tiers() {
        let made = synthetic(3, 2_000);
        let world = World::from_changes(&made.changes).unwrap();
        for lead in leads() {
            let vacancy = monday_vacancy(&made, lead);
            let at_us = vacancy.segments[0].start_us - 1;
            let tiers: Vec<u8> = made
                .officers
                .iter()
                .filter_map(|officer| world.eligible(&officer.badge, &vacancy, at_us).ok())
                .collect();
            for tier in [0, 1, 2] {
                assert!(tiers.contains(&tier), "lead {lead} has no tier {tier}");
            }
        }
    }

    #[test]
    fn large_worlds_are_quick_to_make() {
        let world = synthetic(1, 50_000);
        assert_eq!(world.officers.len(), 50_000);
        assert!(
            world
                .officers
                .iter()
                .all(|officer| officer.badge.len() <= 64)
        );
    }
}
