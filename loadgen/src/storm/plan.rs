//! What a run is going to do, as a value: everything in it is decided before anything happens.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use protocol::{NewSegment, NewVacancy, Rank, RosterChange, VacancyKey};

use crate::behaviour::{Behaviour, Mix};
use crate::ledger::VacancyNo;
use crate::limits::{SETTLE_DEADLINE, SETTLE_MARGIN};
use crate::pacer::{Extent, Pacer, schedule};
use crate::report::Span;
use crate::seed::{SplitMix64, derive, derive_nth};
use crate::shard::Shard;
use crate::usage::Subject;
use crate::world::{Synthetic, World, synthetic};

/// A run, decided in advance.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The root seed.
    pub seed: u64,
    /// Names the run's requests: no two runs against one server may share it within a day.
    pub run: u64,
    /// The commit that is measured, for the report.
    pub commit: String,
    /// The workload and its parameters, for the report.
    pub workload: String,
    /// The world; sent to the server if [`super::Target::import_roster`] says so, and the base
    /// of the ledger's own judgement in any case.
    pub changes: Vec<RosterChange>,
    /// The officers who connect.
    pub officers: Vec<PlannedOfficer>,
    /// What is published when; [`VacancyNo`] counts places in this list.
    pub publications: Vec<Planned>,
    /// What else happens.
    pub incidents: Vec<PlannedIncident>,
    /// How long nothing may be heard before the run counts as quiet. Longer than the longest
    /// tier window, or escalations are cut off.
    pub settle: Duration,
    /// How long after the last planned instant the run ends even if it is not quiet.
    pub deadline: Duration,
    /// How long the run lasts at least, counted as publications are.
    pub lasting: Duration,
    /// Parts of the run that its report tells apart, counted as publications are.
    pub spans: Vec<Span>,
    /// How sessions spread their reconnections.
    pub backoff: Backoff,
    /// The process whose usage is sampled, if one is.
    pub subject: Option<Subject>,
    /// Which part of the whole this is, if it is one.
    pub part: Option<Part>,
}

/// A part of a plan, to be played while other processes play the others: the officers are its own,
/// and the publications those of the whole, most of which others make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub shard: Shard,
    /// Names the whole plan.
    pub schedule: String,
    /// The instant from which all parts count, microseconds since the epoch.
    pub begins_at_us: i64,
}

/// How sessions that were cut off spread their reconnections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backoff {
    /// Every session waits by dice of its own.
    #[default]
    Spread,
    /// All sessions roll the same dice, so that all come back in the same instants: what the
    /// spreading is worth.
    Together,
}

/// An officer who connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOfficer {
    /// The place in the whole plan, which throws the officer's dice.
    pub number: u32,
    /// The badge code, one of the world's.
    pub badge: String,
    /// Code of the home agency.
    pub agency: String,
    /// How the officer behaves.
    pub behaviour: Behaviour,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The intended instant, counted from the first of the schedule.
    pub at: Duration,
    /// What is published.
    pub vacancy: NewVacancy,
    /// How many of 1,000 interested officers of the lead agency would really take it.
    pub appeal_permille: u16,
}

/// Something that happens besides publications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedIncident {
    /// The intended instant, counted as that of publications.
    pub at: Duration,
    /// What happens.
    pub incident: Incident,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// The customer cancels a vacancy.
    Cancel {
        /// Which.
        vacancy: VacancyNo,
        /// What is said; at most 200 bytes.
        reason: String,
    },
    /// The coordinator opens the next tier by hand.
    OpenNextTier {
        /// Of which vacancy.
        vacancy: VacancyNo,
    },
    /// The agency takes an officer back.
    Recall {
        /// From which vacancy.
        vacancy: VacancyNo,
        /// Whom; nothing means the last officer seen to be awarded a slot of it, waiting a few
        /// seconds if nobody was yet.
        badge: Option<String>,
    },
    /// The operator changes the roster, such as to revoke a certification.
    Roster {
        /// All of them, or none.
        changes: Vec<RosterChange>,
    },
    /// Every officer's connection is cut in the same instant.
    CutEverybody,
    /// A certificate lapses between an offer and its answer: once this officer has been offered
    /// this vacancy, the operator revokes the certification, and only when that is durable does
    /// the officer accept. The instant of the incident does not matter.
    Lapse {
        /// Which vacancy.
        vacancy: VacancyNo,
        /// The officer, one of [`Plan::officers`].
        badge: String,
        /// Code of the certification.
        certification: String,
    },
}

/// Parameters of the synthetic storm.
#[derive(Debug, Clone, PartialEq)]
pub struct StormOptions {
    /// The root seed.
    pub seed: u64,
    /// Officers.
    pub officers: usize,
    /// Vacancies.
    pub vacancies: usize,
    /// When they are published.
    pub pacer: Pacer,
    /// How officers behave.
    pub mix: Mix,
    /// How long each tier is offered, in milliseconds.
    pub window_ms: u64,
    /// Over how many weeks the work is spread, so that a long run does not book everybody out; at
    /// least 1.
    pub weeks: u64,
    /// Monday 07:00 local time: when the first work begins, microseconds since the epoch.
    pub monday_us: i64,
    /// The moment of the run, microseconds since the epoch; it names the run.
    pub now_us: i64,
}

/// In how many of 1,000 offers an officer of a roster of up to [`INTEREST_OFFICERS`] is
/// interested. Larger rosters are proportionally less eager, so that the number of accepts per
/// vacancy does not grow with the roster while the fan-out does.
const INTEREST_PERMILLE: u64 = 600;
const INTEREST_OFFICERS: u64 = 1_000;
/// Every so many vacancies, one that nobody of the lead agency wants.
const UNLOVED_EVERY: usize = 8;
/// Every so many vacancies, one that is cancelled.
const CANCELLED_EVERY: usize = 50;
/// How long after its publication a vacancy is cancelled, or somebody is recalled from it.
const INCIDENT_AFTER: Duration = Duration::from_millis(1_200);
/// Accepts and declines one officer has outstanding at most.
const OUTSTANDING_MAX: u8 = 4;
const HOUR_US: i64 = 3_600_000_000;
const WEEK_US: i64 = 7 * 24 * HOUR_US;

impl Plan {
    /// The storm: an invented world, a peak of Monday shifts, officers of every temper, and a
    /// few incidents. The same options give the same plan.
    pub fn storm(options: &StormOptions) -> Plan {
        Plan::in_world(options, synthetic(options.seed, options.officers))
    }

    /// The same storm in another world.
    pub fn in_world(options: &StormOptions, world: Synthetic) -> Plan {
        let instants = schedule(&options.pacer, Extent::Hits(options.vacancies as u64));
        let mut publications = publications(options, &world, &instants);
        let mut incidents = incidents(&publications);
        incidents.extend(lapse(options, &world, &mut publications));
        Plan {
            seed: options.seed,
            run: derive_nth(options.seed, options.now_us.unsigned_abs()),
            commit: "unknown".to_owned(),
            workload: workload(options),
            officers: officers(options, &world),
            changes: world.changes,
            publications,
            incidents,
            settle: Duration::from_millis(options.window_ms) + SETTLE_MARGIN,
            deadline: SETTLE_DEADLINE,
            lasting: Duration::ZERO,
            spans: Vec::new(),
            backoff: Backoff::Spread,
            subject: None,
            part: None,
        }
    }

    /// Leaves one part of the whole plan to be played: its officers, and its publications with
    /// what befalls them. All parts begin at this instant, in microseconds since the epoch.
    #[must_use]
    pub fn part(mut self, shard: Shard, begins_at_us: i64) -> Plan {
        let schedule = self.digest();
        // Requests of one run have names of their own, whichever part they are of.
        self.run = derive_nth(self.run, u64::from(shard.place()));
        self.officers.retain(|one| shard.has(one.number as usize));
        let badges: BTreeSet<&str> = self.officers.iter().map(|one| one.badge.as_str()).collect();
        self.incidents.retain(|planned| match &planned.incident {
            Incident::Cancel { vacancy, .. }
            | Incident::OpenNextTier { vacancy }
            | Incident::Recall { vacancy, .. } => shard.has(vacancy.index()),
            Incident::Lapse { badge, .. } => badges.contains(badge.as_str()),
            Incident::Roster { .. } => shard.is_first(),
            Incident::CutEverybody => true,
        });
        self.part = Some(Part {
            shard,
            schedule,
            begins_at_us,
        });
        self
    }

    /// The publications of the part that is played, each with its number in the whole plan.
    pub fn own_publications(&self) -> impl Iterator<Item = (VacancyNo, &Planned)> {
        let numbered = self.publications.iter().zip(0u32..);
        let numbered = numbered.map(|(planned, number)| (VacancyNo(number), planned));
        let part = self.part.as_ref();
        numbered.filter(move |(number, _)| part.is_none_or(|part| part.shard.has(number.index())))
    }
}

/// The first Monday 07:00 in Phoenix that is at least a day after `now_us`; both in
/// microseconds since the epoch. Nothing if the zone or the calendar ends before it.
pub fn next_monday_us(now_us: i64) -> Option<i64> {
    let zone = TimeZone::get("America/Phoenix").ok()?;
    let tomorrow = Timestamp::from_microsecond(now_us)
        .ok()?
        .checked_add(24.hours())
        .ok()?;
    let tomorrow = tomorrow.to_zoned(zone.clone());
    let on_day = |date: jiff::civil::Date| {
        let seven = date.at(7, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(seven.timestamp())
    };
    let today = tomorrow.date();
    let first = match today.weekday() {
        Weekday::Monday => today,
        _ => today.nth_weekday(1, Weekday::Monday).ok()?,
    };
    let seven = on_day(first)?;
    let chosen = if seven < tomorrow.timestamp() {
        on_day(first.checked_add(7.days()).ok()?)?
    } else {
        seven
    };
    Some(chosen.as_microsecond())
}

fn workload(options: &StormOptions) -> String {
    format!(
        "storm --officers {} --vacancies {} --schedule {} --seed {} --behaviour {}",
        options.officers, options.vacancies, options.pacer, options.seed, options.mix
    )
}

fn officers(options: &StormOptions, world: &Synthetic) -> Vec<PlannedOfficer> {
    let people = derive(options.seed, "behaviour");
    let crowd = (options.officers as u64).max(INTEREST_OFFICERS);
    let interest = (INTEREST_PERMILLE * INTEREST_OFFICERS).div_ceil(crowd);
    let accept_permille = u16::try_from(interest).unwrap_or(1_000);
    let planned = world.officers.iter().zip(0u32..);
    planned
        .map(|(officer, number)| PlannedOfficer {
            number,
            badge: officer.badge.clone(),
            agency: world.agencies[officer.agency].clone(),
            behaviour: Behaviour {
                temper: options.mix.draw(derive_nth(people, u64::from(number))),
                accept_permille,
                outstanding_max: OUTSTANDING_MAX,
            },
        })
        .collect()
}

fn publications(options: &StormOptions, world: &Synthetic, instants: &[Duration]) -> Vec<Planned> {
    let mut dice = SplitMix64::new(derive(options.seed, "vacancies"));
    let mut keys = SplitMix64::new(derive_nth(
        derive(options.seed, "keys"),
        options.now_us.unsigned_abs(),
    ));
    let mut planned = Vec::with_capacity(instants.len());
    for (place, &at) in instants.iter().enumerate() {
        planned.push(Planned {
            at,
            vacancy: NewVacancy {
                key: key(options.now_us, place, keys.next_u64()),
                post_orders: "Invented: report to the front office.".to_owned(),
                windows_ms: vec![options.window_ms],
                ..work(week_us(options, place), world, &mut dice)
            },
            appeal_permille: if place % UNLOVED_EVERY == UNLOVED_EVERY - 1 {
                0
            } else {
                1_000
            },
        });
    }
    planned
}

/// The Monday of the week in which the work of this place lies.
fn week_us(options: &StormOptions, place: usize) -> i64 {
    let weeks = options.weeks.max(1);
    let share = place as u64 * weeks / (options.vacancies as u64).max(1);
    let week = i64::try_from(share.min(weeks - 1)).unwrap_or(i64::MAX / WEEK_US);
    options.monday_us + week * WEEK_US
}

/// A vacancy of the peak week: most on Monday morning, some shared between two schools.
fn work(monday_us: i64, world: &Synthetic, dice: &mut SplitMix64) -> NewVacancy {
    let site = &world.sites[below(dice, world.sites.len())];
    let day = [0, 0, 0, 0, 1, 2, 3, 4][below(dice, 8)];
    let start_us = monday_us + day * 24 * HOUR_US + between(dice, 0, 4) * HOUR_US / 2;
    let hours = between(dice, 3, 7);
    let mut segments = vec![NewSegment {
        site: site.code.clone(),
        start_us,
        end_us: start_us + hours * HOUR_US,
    }];
    if dice.chance(150) {
        let siblings = world.sites.iter().filter(|other| other.lead == site.lead);
        let siblings: Vec<_> = siblings.filter(|other| other.code != site.code).collect();
        let sibling = siblings[below(dice, siblings.len())];
        let second_us = start_us + hours * HOUR_US + HOUR_US / 2;
        segments.push(NewSegment {
            site: sibling.code.clone(),
            start_us: second_us,
            end_us: second_us + HOUR_US,
        });
    }
    let slots = match dice.below(100) {
        0..75 => vec![Rank::Officer],
        75..90 => vec![Rank::Officer; 2],
        90..97 => vec![Rank::Officer, Rank::Officer, Rank::Sergeant],
        _ => vec![Rank::Sergeant],
    };
    NewVacancy {
        key: VacancyKey(0),
        lead: world.agencies[site.lead].clone(),
        programme: world.programme.clone(),
        segments,
        slots,
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

fn incidents(publications: &[Planned]) -> Vec<PlannedIncident> {
    let planned = publications.iter().zip(0u32..);
    let mut incidents: Vec<PlannedIncident> = planned
        .filter(|(_, number)| *number as usize % CANCELLED_EVERY == CANCELLED_EVERY / 2)
        .map(|(planned, number)| PlannedIncident {
            at: planned.at + INCIDENT_AFTER,
            incident: Incident::Cancel {
                vacancy: VacancyNo(number),
                reason: "Invented: the school is closed.".to_owned(),
            },
        })
        .collect();
    // Somebody is recalled from a vacancy that officers want and nobody cancels.
    let wanted = |planned: &Planned| {
        planned.appeal_permille > 0 && planned.vacancy.slots[0] == Rank::Officer
    };
    let mut middle = publications.iter().zip(0u32..).skip(publications.len() / 3);
    let recalled = middle.find(|(planned, number)| {
        wanted(planned) && *number as usize % CANCELLED_EVERY != CANCELLED_EVERY / 2
    });
    if let Some((planned, number)) = recalled {
        incidents.push(PlannedIncident {
            at: planned.at + INCIDENT_AFTER,
            incident: Incident::Recall {
                vacancy: VacancyNo(number),
                badge: None,
            },
        });
    }
    incidents
}

/// Lets a certificate lapse under the first vacancy that the lead agency has an eligible officer
/// for; nobody else of the agency wants that one, so that the lapsed officer finds it open.
fn lapse(
    options: &StormOptions,
    made: &Synthetic,
    publications: &mut [Planned],
) -> Option<PlannedIncident> {
    /// The work comes so early in the run that the officer cannot be engaged elsewhere.
    const CANDIDATES: usize = 5;
    let world = World::from_changes(&made.changes).ok()?;
    let candidates = publications.iter_mut().zip(0u32..).take(CANDIDATES);
    for (planned, number) in candidates {
        let eligible =
            |badge: &str| world.eligible(badge, &planned.vacancy, options.now_us) == Ok(0);
        let Some(badge) = world.badges().find(|badge| eligible(badge)) else {
            continue;
        };
        planned.appeal_permille = 0;
        return Some(PlannedIncident {
            at: planned.at,
            incident: Incident::Lapse {
                vacancy: VacancyNo(number),
                badge: badge.to_owned(),
                certification: made.certification.clone(),
            },
        });
    }
    None
}

/// A UUID of version 7: milliseconds of the run, the place in the plan, and 62 random bits.
fn key(now_us: i64, place: usize, random: u64) -> VacancyKey {
    const TIME_MASK: u128 = (1 << 48) - 1;
    const PLACE_MASK: u128 = (1 << 12) - 1;
    let time_ms = u128::from(now_us.unsigned_abs() / 1_000) & TIME_MASK;
    let place = place as u128 & PLACE_MASK;
    let variant_and_random = 0b10 << 62 | u128::from(random >> 2);
    VacancyKey(time_ms << 80 | 0x7 << 76 | place << 64 | variant_and_random)
}

fn below(dice: &mut SplitMix64, len: usize) -> usize {
    usize::try_from(dice.below(len as u64)).expect("a place in a list fits usize")
}

fn between(dice: &mut SplitMix64, low: u64, high: u64) -> i64 {
    i64::try_from(dice.between(low, high)).expect("a handful fits any integer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::Temper;
    use crate::pacer::Rate;

    fn options() -> StormOptions {
        StormOptions {
            seed: 7,
            officers: 1_000,
            vacancies: 200,
            pacer: Pacer::Constant(Rate::per_second(40.0).unwrap()),
            mix: Mix::default(),
            window_ms: 2_000,
            weeks: 1,
            monday_us: 1_795_442_400_000_000,
            now_us: 1_795_000_000_000_000,
        }
    }

    #[test]
    fn one_seed_is_one_plan() {
        let (one, other) = (Plan::storm(&options()), Plan::storm(&options()));
        assert_eq!(one.publications, other.publications);
        assert_eq!(one.incidents, other.incidents);
        assert_eq!(one.officers, other.officers);
        assert_eq!(one.digest(), other.digest());
        let seeded = StormOptions {
            seed: 8,
            ..options()
        };
        assert_ne!(one.publications, Plan::storm(&seeded).publications);
        assert_ne!(one.digest(), Plan::storm(&seeded).digest());
    }

    #[test]
    fn a_second_run_offers_the_same_work_under_other_names() {
        let one = Plan::storm(&options());
        let later = Plan::storm(&StormOptions {
            now_us: options().now_us + 1_000_000,
            ..options()
        });
        assert_ne!(one.run, later.run);
        let keys = |plan: &Plan| -> BTreeSet<VacancyKey> {
            plan.publications
                .iter()
                .map(|one| one.vacancy.key)
                .collect()
        };
        assert!(keys(&one).is_disjoint(&keys(&later)));
        assert_eq!(keys(&one).len(), 200);
        assert_eq!(one.changes, later.changes);
        assert_eq!(one.digest(), later.digest());
        for (a, b) in one.publications.iter().zip(&later.publications) {
            assert_eq!((a.at, &a.vacancy.segments), (b.at, &b.vacancy.segments));
        }
    }

    #[test]
    fn every_vacancy_is_workable_and_follows_the_schedule() {
        let plan = Plan::storm(&options());
        let world = World::from_changes(&plan.changes).unwrap();
        assert_eq!(plan.publications.len(), 200);
        for (place, planned) in plan.publications.iter().enumerate() {
            world.facts(&planned.vacancy).unwrap();
            assert_eq!(planned.at.as_millis(), place as u128 * 25);
            assert_eq!(planned.vacancy.key.0 >> 76 & 0xf, 7, "not a version 7 UUID");
        }
        let shared = plan
            .publications
            .iter()
            .filter(|one| one.vacancy.segments.len() > 1);
        assert!((10..60).contains(&shared.count()));
    }

    #[test]
    fn incidents_of_every_kind_are_planned() {
        let plan = Plan::storm(&options());
        let of = |kind: fn(&Incident) -> bool| {
            plan.incidents
                .iter()
                .filter(|one| kind(&one.incident))
                .count()
        };
        assert_eq!(of(|one| matches!(one, Incident::Cancel { .. })), 4);
        assert_eq!(of(|one| matches!(one, Incident::Recall { .. })), 1);
        assert_eq!(of(|one| matches!(one, Incident::Lapse { .. })), 1);
        let tempers: BTreeSet<Temper> = plan
            .officers
            .iter()
            .map(|officer| officer.behaviour.temper)
            .collect();
        assert_eq!(tempers.len(), 6);
    }

    #[test]
    fn larger_rosters_are_less_eager() {
        let interest = |officers| {
            let plan = Plan::storm(&StormOptions {
                officers,
                ..options()
            });
            plan.officers[0].behaviour.accept_permille
        };
        assert_eq!(interest(100), 600);
        assert_eq!(interest(10_000), 60);
        assert!(interest(50_000) > 0);
    }

    #[test]
    fn the_next_monday_is_at_least_a_day_away() {
        const MONDAY_US: i64 = 1_795_442_400_000_000;
        const DAY_US: i64 = 24 * HOUR_US;
        for (now_us, expected_us) in [
            (MONDAY_US - 3 * DAY_US, MONDAY_US),
            (MONDAY_US - DAY_US, MONDAY_US),
            (MONDAY_US - DAY_US + 1, MONDAY_US + 7 * DAY_US),
            (MONDAY_US, MONDAY_US + 7 * DAY_US),
            (MONDAY_US + DAY_US, MONDAY_US + 7 * DAY_US),
        ] {
            assert_eq!(next_monday_us(now_us), Some(expected_us));
        }
        assert_eq!(next_monday_us(i64::MAX), None);
    }
}
