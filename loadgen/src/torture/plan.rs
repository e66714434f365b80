//! What is done to a server before each crash: a world, vacancies enough for some rounds, and
//! the dice for who gives back, takes back, cancels and asks again.

use std::time::Duration;

use protocol::{NewSegment, NewVacancy, Rank, VacancyKey};

use crate::behaviour::{Behaviour, Mix};
use crate::cast::{Act, DeskAct, Intent, OfficerAct};
use crate::ledger::{Actor, Answer, DeskAskWhat, DeskBook, OfficerBook, VacancyNo};
use crate::seed::{SplitMix64, derive, derive_nth};
use crate::storm::{Backoff, Plan, Planned, PlannedOfficer, Storm};
use crate::world::synthetic;

/// Crashes that one log lives through before a new one is begun.
pub(super) const ROUNDS_PER_LOG: usize = 25;

/// Vacancies published at most before each crash.
pub(super) const VACANCIES_PER_ROUND: usize = 90;

/// How far apart they are published.
pub(super) const PUBLISH_EVERY: Duration = Duration::from_millis(4);

/// The longest time under load before a crash, once something was answered.
pub(super) const LOAD_MAX: Duration = Duration::from_millis(350);

/// Slots given back, slots taken back by the agency, vacancies cancelled, and answered requests
/// repeated, at most, before each crash.
const RELEASES: usize = 10;
const RECALLS: usize = 2;
const CANCELS: usize = 3;
const REPEATS: usize = 14;

/// How long nothing may be heard before everything is taken to be answered.
const SETTLE: Duration = Duration::from_millis(300);
/// How long after the last crash everything may take to be answered.
const SETTLE_DEADLINE: Duration = Duration::from_secs(30);

const HOUR_US: i64 = 3_600_000_000;

/// The world and everything that may be published on one log. `monday_us` is a Monday at 07:00
/// local time, and `now_us` the moment of the run, both in microseconds since the epoch.
pub(super) fn plan(seed: u64, officers: usize, monday_us: i64, now_us: i64) -> Plan {
    let world = synthetic(seed, officers);
    let mut dice = SplitMix64::new(derive(seed, "torture vacancies"));
    let vacancies = ROUNDS_PER_LOG * VACANCIES_PER_ROUND;
    let publications = (0..vacancies).map(|place| {
        let site = &world.sites[below(&mut dice, world.sites.len())];
        let start_us = monday_us + start(place);
        let slots = match dice.below(4) {
            0 => vec![Rank::Officer; 2],
            _ => vec![Rank::Officer],
        };
        Planned {
            at: Duration::ZERO,
            appeal_permille: 1_000,
            vacancy: NewVacancy {
                key: VacancyKey(u128::from(dice.next_u64()) << 64 | u128::from(dice.next_u64())),
                lead: world.agencies[site.lead].clone(),
                programme: world.programme.clone(),
                segments: vec![NewSegment {
                    site: site.code.clone(),
                    start_us,
                    end_us: start_us + HOUR_US,
                }],
                slots,
                // Every tier at once: the more who race, the better.
                windows_ms: vec![0],
                post_orders: "Invented: report to the front office.".to_owned(),
            },
        }
    });
    let publications = publications.collect();
    let mix: Mix = "eager=80,considered=5,decline=10,release=5"
        .parse()
        .expect("these words are the mix's own");
    let people = derive(seed, "torture officers");
    let planned = world.officers.iter().zip(0u32..);
    let officers = planned
        .map(|(officer, number)| PlannedOfficer {
            number,
            badge: officer.badge.clone(),
            agency: world.agencies[officer.agency].clone(),
            behaviour: Behaviour {
                temper: mix.draw(derive_nth(people, u64::from(number))),
                accept_permille: 700,
                outstanding_max: 8,
            },
        })
        .collect();
    Plan {
        seed,
        run: derive_nth(seed, now_us.unsigned_abs()),
        commit: String::new(),
        workload: String::new(),
        changes: world.changes,
        officers,
        publications,
        incidents: Vec::new(),
        settle: SETTLE,
        deadline: SETTLE_DEADLINE,
        lasting: Duration::ZERO,
        spans: Vec::new(),
        backoff: Backoff::Spread,
        subject: None,
        part: None,
    }
}

/// When the work of a vacancy starts, after Monday 07:00: six at once, in the eight hours of
/// five weekdays, so that some work overlaps and nobody is ever booked out.
fn start(place: usize) -> i64 {
    const AT_ONCE: usize = 6;
    const HOURS: usize = 8;
    const DAYS: usize = 5;
    let slot = place / AT_ONCE;
    let (hour, day, week) = (slot % HOURS, slot / HOURS % DAYS, slot / HOURS / DAYS);
    let hours = hour + 24 * (day + 7 * week);
    i64::try_from(hours).unwrap_or(i64::MAX / HOUR_US) * HOUR_US
}

/// Everything that is meant to be done before the crash of one round, from `begin_us` on.
pub(super) fn load(
    storm: &Storm,
    dice: &mut SplitMix64,
    round: usize,
    (officers, desks): (&[OfficerBook], &[DeskBook]),
    begin_us: u64,
) -> Vec<Intent> {
    let mut intents = Vec::new();
    let mut set = |after: Duration, act: Act| {
        let at_us = begin_us + after.as_micros() as u64;
        intents.push(Intent { at_us, act });
    };
    let first = round * VACANCIES_PER_ROUND;
    for (place, after) in (first..first + VACANCIES_PER_ROUND).zip(0u32..) {
        let vacancy = VacancyNo(u32::try_from(place).expect("a plan is far shorter"));
        let desk = storm.desk_of(vacancy);
        set(
            PUBLISH_EVERY * after,
            Act::Desk(desk, DeskAct::Publish(vacancy)),
        );
    }
    let sometime = |dice: &mut SplitMix64| LOAD_MAX.mul_f64(dice.fraction());
    let wins = wins(officers);
    for _ in 0..RELEASES.min(wins.len()) {
        let (officer, vacancy) = wins[below(dice, wins.len())];
        let act = OfficerAct::Release { vacancy };
        set(sometime(dice), Act::Officer(officer, act));
    }
    for _ in 0..RECALLS.min(wins.len()) {
        let (officer, vacancy) = wins[below(dice, wins.len())];
        let badge = officers[officer as usize].badge.clone();
        let act = DeskAct::RecallNow { vacancy, badge };
        set(sometime(dice), Act::Desk(storm.operator(), act));
    }
    let standing = standing(desks);
    for _ in 0..CANCELS.min(standing.len()) {
        let (desk, vacancy) = standing[below(dice, standing.len())];
        let reason = "Invented: the school is closed.".to_owned();
        let act = DeskAct::Cancel { vacancy, reason };
        set(sometime(dice), Act::Desk(desk, act));
    }
    for _ in 0..REPEATS {
        if let Some(act) = repeat(dice, officers, desks) {
            set(sometime(dice), act);
        }
    }
    intents
}

/// Who was told of a slot won, and of which vacancy.
fn wins(officers: &[OfficerBook]) -> Vec<(u32, VacancyNo)> {
    let books = (0u32..).zip(officers);
    let asks = books.flat_map(|(place, book)| book.asks.iter().map(move |ask| (place, ask)));
    asks.filter(|(_, ask)| matches!(ask.answer, Some(Answer::Won { .. })))
        .map(|(place, ask)| (place, ask.vacancy))
        .collect()
}

/// Vacancies whose publication was acknowledged and which nobody asked to cancel.
fn standing(desks: &[DeskBook]) -> Vec<(u32, VacancyNo)> {
    let mut standing = Vec::new();
    for (place, book) in (0u32..).zip(desks) {
        for ask in &book.asks {
            match ask.what {
                DeskAskWhat::Publish(vacancy) if ask.answer.is_some() => {
                    standing.push((place, vacancy));
                }
                DeskAskWhat::Cancel(vacancy) => standing.retain(|(_, one)| *one != vacancy),
                _ => {}
            }
        }
    }
    standing
}

/// Somebody's request that was answered, to be asked again under its old id.
fn repeat(dice: &mut SplitMix64, officers: &[OfficerBook], desks: &[DeskBook]) -> Option<Act> {
    if dice.chance(300) {
        let desk = below(dice, desks.len());
        let asks = &desks.get(desk)?.asks;
        let ask = below(dice, asks.len());
        asks.get(ask)?.answer?;
        let desk = u32::try_from(desk).ok()?;
        return Some(Act::Desk(desk, DeskAct::Again { ask }));
    }
    let officer = below(dice, officers.len());
    let asks = &officers.get(officer)?.asks;
    let ask = below(dice, asks.len());
    asks.get(ask)?.answer?;
    let officer = u32::try_from(officer).ok()?;
    Some(Act::Officer(officer, OfficerAct::Again { ask }))
}

/// Requests without an answer: who asked, and the place in the book.
pub(super) fn unanswered(officers: &[OfficerBook], desks: &[DeskBook]) -> Vec<(Actor, usize)> {
    let mut waiting = Vec::new();
    for (book, place) in officers.iter().zip(0u32..) {
        let asks = book.asks.iter().enumerate();
        let open = asks.filter(|(_, ask)| ask.answer.is_none());
        waiting.extend(open.map(|(ask, _)| (Actor::Officer(place), ask)));
    }
    for (book, place) in desks.iter().zip(0u32..) {
        let asks = book.asks.iter().enumerate();
        let open = asks.filter(|(_, ask)| ask.answer.is_none());
        waiting.extend(open.map(|(ask, _)| (Actor::Desk(place), ask)));
    }
    waiting
}

fn below(dice: &mut SplitMix64, len: usize) -> usize {
    usize::try_from(dice.below(len as u64)).expect("a place in a list fits usize")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::world::World;

    const MONDAY_US: i64 = 1_795_442_400_000_000;

    #[test]
    fn the_same_seed_gives_the_same_plan_and_everybody_can_be_eligible() {
        let one = plan(7, 60, MONDAY_US, 5);
        let other = plan(7, 60, MONDAY_US, 5);
        assert_eq!(one.publications, other.publications);
        assert_ne!(one.publications, plan(8, 60, MONDAY_US, 5).publications);
        let keys: BTreeSet<_> = one.publications.iter().map(|one| one.vacancy.key).collect();
        assert_eq!(keys.len(), ROUNDS_PER_LOG * VACANCIES_PER_ROUND);
        let world = World::from_changes(&one.changes).unwrap();
        let wanted = one.publications.iter().filter(|planned| {
            let mut badges = world.badges();
            badges.any(|badge| {
                world
                    .eligible(badge, &planned.vacancy, MONDAY_US - 1)
                    .is_ok()
            })
        });
        let wanted = wanted.count();
        assert!(wanted * 10 > keys.len() * 9, "only {wanted} have anybody");
    }

    #[test]
    fn work_overlaps_sometimes_and_stays_within_working_days() {
        assert_eq!((start(0), start(5), start(6)), (0, 0, HOUR_US));
        assert_eq!(start(48), 24 * HOUR_US);
        assert_eq!(start(240), 7 * 24 * HOUR_US);
    }
}
