//! Who lives in the simulated town, and what is planned for one run: everything from the seed.
//! Agencies, sites and officers are invented.

use std::collections::BTreeMap;
use std::time::Duration;

use loadgen::ledger::VacancyNo;
use loadgen::seed::{SplitMix64, derive};
use loadgen::world::{Facts, World};
use protocol::{
    Amend, Availability, AwardRule, Class, Clothing, Collect, Criterion, Dated, NewSegment,
    NewVacancy, Position, Publication, Rank, RosterChange, SiteKind, Term, VacancyKey,
};

use super::Fault;
use super::network::Weather;
use super::server::NOON_US;

/// The two agencies; each backs up the other.
pub(crate) const AGENCIES: [&str; 2] = ["north", "south"];
/// Officers of each agency.
pub(crate) const OFFICERS_EACH: usize = 7;
/// Vacancies of a run.
const VACANCIES: usize = 14;
/// How long holders of an amended vacancy have to say yes: the least there is, so that who says
/// nothing loses the slot before everybody is at rest.
const CONFIRM_WITHIN_MS: u64 = 60_000;
/// Officers of both.
const OFFICERS: u64 = (AGENCIES.len() * OFFICERS_EACH) as u64;
/// Of so many officers, one carries a second device.
const SECOND_DEVICE_EVERY: usize = 3;

/// How long things go wrong.
pub(crate) const TROUBLE: Duration = Duration::from_secs(30);

const PROGRAMME: &str = "school-safety";
const CERTIFICATE: &str = "curriculum";
const HOUR_US: i64 = 3_600_000_000;

/// An officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resident {
    pub(crate) badge: String,
    pub(crate) agency: &'static str,
    pub(crate) devices: u8,
}

/// Something a desk does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand {
    Publish(VacancyNo),
    Cancel(VacancyNo),
    Amend(VacancyNo),
    /// The operator denies this officer, and lets them in again.
    Deny(usize),
    Admit(usize),
}

/// An officer whom the operator denies for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) officer: usize,
    pub(crate) after: Duration,
    pub(crate) lasts: Duration,
}

/// A run as it is planned.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) roster: Vec<RosterChange>,
    pub(crate) world: World,
    pub(crate) officers: Vec<Resident>,
    pub(crate) vacancies: Vec<Publication>,
    pub(crate) facts: Vec<Facts>,
    /// What becomes of those that are amended.
    pub(crate) amendments: BTreeMap<VacancyNo, Amend>,
    pub(crate) denied: Denied,
    /// What the desk of each agency does, and when.
    pub(crate) errands: Vec<(Duration, usize, Errand)>,
    pub(crate) weather: Weather,
    /// What is wrong with the disk, and the operation during which its power goes.
    pub(crate) fault: Fault,
    pub(crate) power_gone_at: u64,
}

impl Town {
    pub(crate) fn planned(seed: u64) -> Town {
        let officers = residents();
        let roster = roster(&officers);
        let world = World::from_changes(&roster).expect("the roster fits together");
        let mut dice = SplitMix64::new(derive(seed, "town"));
        let mut errands = Vec::new();
        let mut vacancies = Vec::new();
        let mut amendments = BTreeMap::new();
        for number in 0..VACANCIES {
            let lead = usize::try_from(dice.below(2)).expect("one of two");
            let no = VacancyNo(u32::try_from(number).expect("a handful"));
            let at = millis(&mut dice, 500, 22_000);
            let one = vacancy(number, lead, &mut dice);
            if dice.chance(250) {
                let later = at + millis(&mut dice, 2_000, 8_000);
                errands.push((later, lead, Errand::Amend(no)));
                amendments.insert(no, amendment(&one, &mut dice));
            }
            vacancies.push(Publication {
                vacancy: one,
                terms: terms(at, &mut dice),
            });
            errands.push((at, lead, Errand::Publish(no)));
            if dice.chance(180) {
                let later = at + millis(&mut dice, 1_000, 8_000);
                errands.push((later, lead, Errand::Cancel(no)));
            }
        }
        errands.sort_by_key(|(at, _, _)| *at);
        let facts = vacancies.iter().map(|one| world.facts(&one.vacancy));
        let facts = facts
            .collect::<Result<_, _>>()
            .expect("the vacancies fit the world");
        Town {
            roster,
            world,
            officers,
            vacancies,
            facts,
            amendments,
            denied: Denied {
                officer: usize::try_from(dice.below(OFFICERS)).expect("one of a few"),
                after: millis(&mut dice, 2_000, 15_000),
                lasts: millis(&mut dice, 7_000, 10_000),
            },
            errands,
            weather: weather(&mut dice),
            fault: fault(&mut dice),
            // A run takes some two hundred operations; where it takes fewer, it never comes.
            power_gone_at: dice.between(30, 250),
        }
    }

    /// The same town, in which nothing goes wrong.
    pub(crate) fn calm(self) -> Town {
        Town {
            weather: Weather::CALM,
            fault: Fault::Nothing,
            power_gone_at: 0,
            ..self
        }
    }

    /// Whether a vacancy is published, raced for and cancelled, and nothing else: the load
    /// generator's audit knows no other.
    pub(crate) fn is_plain(&self, number: VacancyNo) -> bool {
        let terms = &self.vacancies[number.index()].terms;
        let is_plain = |term: &Term| matches!(term, Term::Clothing { .. });
        terms.iter().all(is_plain) && !self.amendments.contains_key(&number)
    }

    /// Whether who finds it filled may wait for it.
    pub(crate) fn has_standby(&self, number: VacancyNo) -> bool {
        let terms = &self.vacancies[number.index()].terms;
        terms
            .iter()
            .any(|term| matches!(term, Term::Standby { .. }))
    }

    /// The place of a vacancy in the plan.
    pub(crate) fn number(&self, key: VacancyKey) -> Option<VacancyNo> {
        let at = self.facts.iter().position(|facts| facts.key == key)?;
        u32::try_from(at).ok().map(VacancyNo)
    }
}

fn residents() -> Vec<Resident> {
    let of_agency = |agency: &'static str| {
        (0..OFFICERS_EACH).map(move |number| Resident {
            badge: format!("{}-{number:02}", agency.to_uppercase()),
            agency,
            devices: if number % SECOND_DEVICE_EVERY == 0 {
                2
            } else {
                1
            },
        })
    };
    AGENCIES.into_iter().flat_map(of_agency).collect()
}

fn site_of(agency: &str, number: u64) -> String {
    format!("{agency}-school-{number}")
}

fn roster(officers: &[Resident]) -> Vec<RosterChange> {
    let mut changes = vec![
        RosterChange::Certification {
            code: CERTIFICATE.to_owned(),
            name: "School safety curriculum (invented)".to_owned(),
        },
        RosterChange::Programme {
            code: PROGRAMME.to_owned(),
            name: "School safety (invented)".to_owned(),
            certifications: vec![CERTIFICATE.to_owned()],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
    ];
    changes.extend(AGENCIES.map(|agency| RosterChange::Agency {
        code: agency.to_owned(),
        name: format!("Invented agency {agency}"),
        agreement: Some(format!("{agency}-msa")),
    }));
    let [north, south] = AGENCIES;
    changes.extend(
        [(north, south), (south, north)].map(|(lead, backup)| RosterChange::Pact {
            lead: lead.to_owned(),
            backup: backup.to_owned(),
            tier: 1,
            from_us: None,
            until_us: None,
            cover: None,
        }),
    );
    for agency in AGENCIES {
        changes.extend((0..2).map(|number| RosterChange::Site {
            code: site_of(agency, number),
            name: format!("Invented school {number} of {agency}"),
            lead: agency.to_owned(),
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
    }
    let held = |code: &str| Dated {
        code: code.to_owned(),
        from_us: None,
        until_us: None,
    };
    changes.extend(officers.iter().map(|officer| RosterChange::Officer {
        badge: officer.badge.clone(),
        agency: officer.agency.to_owned(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![held(CERTIFICATE)],
        approvals: vec![held(PROGRAMME)],
        availability: Availability::Always,
    }));
    changes
}

/// Work on one of three mornings some days ahead, so that much of it overlaps.
fn vacancy(number: usize, lead: usize, dice: &mut SplitMix64) -> NewVacancy {
    let hours = |dice: &mut SplitMix64, low, high| {
        i64::try_from(dice.between(low, high)).expect("a few hours") * HOUR_US
    };
    let morning_us = NOON_US + hours(dice, 4, 6) * 24 - 5 * HOUR_US;
    let start_us = morning_us + hours(dice, 0, 4);
    let agency = AGENCIES[lead];
    NewVacancy {
        key: VacancyKey(0x7000 + number as u128),
        lead: agency.to_owned(),
        programme: PROGRAMME.to_owned(),
        segments: vec![NewSegment {
            site: site_of(agency, dice.below(2)),
            start_us,
            end_us: start_us + hours(dice, 2, 5),
        }],
        slots: vec![Rank::Officer; if dice.chance(300) { 2 } else { 1 }],
        windows_ms: vec![dice.between(800, 4_000)],
        post_orders: "Invented: report to the front office.".to_owned(),
    }
}

/// On what terms a vacancy is published so long after the beginning.
fn terms(at: Duration, dice: &mut SplitMix64) -> Vec<Term> {
    let mut terms = Vec::new();
    if dice.chance(300) {
        let clothing = Clothing::Uniform;
        terms.push(Term::Clothing { clothing });
    }
    let collect = match dice.below(6) {
        0 => {
            let until = at + millis(dice, 2_500, 6_000);
            let until_us = i64::try_from(until.as_micros()).expect("a run takes minutes");
            Some(Collect::Until {
                at_us: NOON_US + until_us,
            })
        }
        1 => Some(Collect::Fairness {
            window_ms: dice.between(500, 2_500),
        }),
        _ => None,
    };
    if let Some(collect) = collect {
        let reveal_within_ms = 20_000;
        let criterion = match dice.below(2) {
            0 => Criterion::Rotation,
            _ => Criterion::Lottery { reveal_within_ms },
        };
        terms.push(Term::Award(Box::new(AwardRule {
            collect,
            ranked_by: vec![criterion],
        })));
    }
    if dice.chance(250) {
        terms.push(Term::Standby {
            confirm_within_ms: dice.between(1_500, 5_000),
        });
    }
    terms
}

/// Mostly another time, and sometimes other orders.
fn amendment(vacancy: &NewVacancy, dice: &mut SplitMix64) -> Amend {
    let moved = |segment: &NewSegment| NewSegment {
        start_us: segment.start_us + HOUR_US,
        end_us: segment.end_us + HOUR_US,
        ..segment.clone()
    };
    let is_moved = dice.chance(750);
    Amend {
        vacancy: vacancy.key,
        segments: is_moved.then(|| vacancy.segments.iter().map(moved).collect()),
        slots: None,
        post_orders: (!is_moved).then(|| "Invented: report to the side door.".to_owned()),
        confirm_within_ms: CONFIRM_WITHIN_MS,
    }
}

/// Each run has its own mixture; some have next to nothing of one kind.
fn weather(dice: &mut SplitMix64) -> Weather {
    let mut up_to = |most: u64| u16::try_from(dice.between(0, most)).expect("a permille");
    Weather {
        loss_permille: up_to(120),
        double_permille: up_to(60),
        stall_permille: up_to(30),
        delay_ms: u64::from(up_to(60)) + 1,
        jitter_ms: u64::from(up_to(150)),
    }
}

fn fault(dice: &mut SplitMix64) -> Fault {
    // A run writes and syncs some fifty times.
    let at = dice.between(4, 30);
    match dice.below(5) {
        0 => Fault::FailWrite(at),
        1 => Fault::ShortWrite(at),
        2 => Fault::FailSync(at),
        _ => Fault::Nothing,
    }
}

pub(crate) fn millis(dice: &mut SplitMix64, low: u64, high: u64) -> Duration {
    Duration::from_millis(dice.between(low, high))
}
