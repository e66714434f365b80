//! Expiries of certifications, which fall due by the million, and nearly all of them years ahead.
//!
//! The record of an officer says when each certification runs out. What is days ahead is therefore
//! known here by day and officer only, in two bytes or so; what falls due first, or is due by now,
//! stands among the deadlines with its instant, like everything else that falls due.

use std::collections::BTreeMap;

use super::state::{Deadline, Durable};
use crate::limits::TICK_DEADLINES_MAX;
use crate::model::{CertificationId, Held, OfficerId, OfficerSet, Roster, Timestamp, VacancyId};

/// Microseconds of a day, as which the time ahead is divided: a UTC day.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Expiries that do not stand among the deadlines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Expiries {
    /// The last day, from the epoch, whose expiries stand among the deadlines: today, or the first
    /// day that has any.
    through: i64,
    /// How many stand there.
    near: usize,
    /// Officers of whom a certification runs out on a day behind that. No such expiry was ever due,
    /// so whatever their records say of these days is still to come.
    later: BTreeMap<i64, OfficerSet>,
}

impl Durable {
    /// What is due by `at`, the earliest first, at most [`TICK_DEADLINES_MAX`].
    pub(super) fn due(&self, at: Timestamp) -> Vec<Deadline> {
        let near = self.deadlines.iter().take_while(|(due, _)| *due <= at);
        let mut due: Vec<_> = near.copied().take(TICK_DEADLINES_MAX).collect();
        // Days have gone by without a record.
        for (day, officers) in self.expiries.later.range(..=day_of(at)) {
            let officers = officers.iter();
            let of_the_day = officers.flat_map(|officer| expiring(&self.roster, officer, *day));
            due.extend(of_the_day.filter(|(due, _)| *due <= at));
            due.sort_unstable();
            due.truncate(TICK_DEADLINES_MAX);
        }
        due.into_iter().map(|(_, deadline)| deadline).collect()
    }

    /// Notes that it is `at`: what runs out by the end of this day stands among the deadlines.
    pub(super) fn turn_to(&mut self, at: Timestamp) {
        let today = day_of(at);
        if today > self.expiries.through {
            self.spell_out(today);
            self.spell_out_first(today);
        }
    }

    /// Expects the certification of this kind to run out, which the officer's record says.
    pub(super) fn expect_expiry(
        &mut self,
        officer: OfficerId,
        kind: CertificationId,
        end: Timestamp,
        now: Timestamp,
    ) {
        if end == Timestamp::MAX {
            return;
        }
        let (day, today) = (day_of(end), day_of(now));
        let through = self.expiries.through;
        if day > through && self.expiries.near > 0 {
            let officers = self.expiries.later.entry(day).or_default();
            officers.insert(officer);
            return;
        }
        if day > through {
            self.expiries.through = day;
        } else if day.max(today) < through {
            self.put_off(day.max(today));
        }
        let expiry = (end, Deadline::Certification(officer, kind));
        self.expiries.near += usize::from(self.deadlines.insert(expiry));
    }

    /// Expects no longer that the certification of this kind runs out at `end`: it did, or the
    /// officer's record says something else.
    pub(super) fn forget_expiry(
        &mut self,
        officer: OfficerId,
        kind: CertificationId,
        end: Timestamp,
        now: Timestamp,
    ) {
        let day = day_of(end);
        if day <= self.expiries.through {
            let expiry = (end, Deadline::Certification(officer, kind));
            self.expiries.near -= usize::from(self.deadlines.remove(&expiry));
            return self.spell_out_first(day_of(now));
        }
        let has_more = expiring(&self.roster, officer, day).next().is_some();
        if let Some(officers) = self.expiries.later.get_mut(&day).filter(|_| !has_more) {
            officers.remove(officer);
            if officers.is_empty() {
                self.expiries.later.remove(&day);
            }
        }
    }

    /// Every deadline there is, in order.
    pub(super) fn all_deadlines(&self) -> Vec<(Timestamp, Deadline)> {
        let officers = self.roster.officers.iter();
        let later = officers.flat_map(|(id, row)| {
            let expiring = expiries_of(id, &row.certifications);
            expiring.filter(|(end, _)| day_of(*end) > self.expiries.through)
        });
        let mut all: Vec<_> = self.deadlines.iter().copied().chain(later).collect();
        all.sort_unstable();
        all
    }

    /// Puts off what was read among the deadlines and is days ahead.
    pub(super) fn put_off_expiries(&mut self) {
        let mut expiries = self.deadlines.iter().filter(|due| is_expiry(due));
        let first = expiries.next().map(|(end, _)| day_of(*end));
        self.expiries = Expiries {
            through: i64::MAX,
            near: expiries.count() + usize::from(first.is_some()),
            later: BTreeMap::new(),
        };
        let today = day_of(self.at);
        self.put_off(first.map_or(today, |first| first.max(today)));
    }

    /// Takes expiries of the days behind `through` from the deadlines.
    fn put_off(&mut self, through: i64) {
        // Nothing sorts before a tier of the first vacancy.
        let behind = (
            Timestamp(through.saturating_add(1).saturating_mul(DAY_US)),
            Deadline::Tier(VacancyId(0)),
        );
        let ahead = self.deadlines.range(behind..);
        let off = ahead.take_while(|(at, _)| day_of(*at) <= self.expiries.through);
        let off: Vec<_> = off.filter(|due| is_expiry(due)).copied().collect();
        for due in off {
            self.deadlines.remove(&due);
            if let (end, Deadline::Certification(officer, _)) = due {
                let officers = self.expiries.later.entry(day_of(end)).or_default();
                officers.insert(officer);
                self.expiries.near -= 1;
            }
        }
        self.expiries.through = through;
    }

    /// Puts the first expiries there are among the deadlines, if no others are there.
    fn spell_out_first(&mut self, today: i64) {
        if self.expiries.near == 0 {
            let first = self.expiries.later.keys().next();
            self.spell_out(first.map_or(today, |first| today.max(*first)));
        }
    }

    /// Puts expiries of the days through `day` among the deadlines.
    fn spell_out(&mut self, through: i64) {
        let behind = self.expiries.later.split_off(&(through + 1));
        let days = std::mem::replace(&mut self.expiries.later, behind);
        for (day, officers) in days {
            for officer in officers.iter() {
                let before = self.deadlines.len();
                self.deadlines.extend(expiring(&self.roster, officer, day));
                self.expiries.near += self.deadlines.len() - before;
            }
        }
        self.expiries.through = through;
    }
}

/// The certifications of `officer` that run out on `day`.
fn expiring(
    roster: &Roster,
    officer: OfficerId,
    day: i64,
) -> impl Iterator<Item = (Timestamp, Deadline)> {
    let row = roster.officers.find(officer).into_iter();
    let expiries = row.flat_map(move |row| expiries_of(officer, &row.certifications));
    expiries.filter(move |(end, _)| day_of(*end) == day)
}

fn expiries_of(
    officer: OfficerId,
    held: &Held<CertificationId>,
) -> impl Iterator<Item = (Timestamp, Deadline)> {
    let dated = held.iter().filter(|(_, valid)| valid.end != Timestamp::MAX);
    dated.map(move |(kind, valid)| (valid.end, Deadline::Certification(officer, kind)))
}

fn is_expiry((_, deadline): &(Timestamp, Deadline)) -> bool {
    matches!(deadline, Deadline::Certification(..))
}

fn day_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(DAY_US)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, Availability, Class, Code, Interval, Officer, Rank};

    const OFFICERS: u32 = 40;
    const KINDS: u32 = 5;

    /// Tells of a state in which all expiries stand among the deadlines.
    #[derive(Default)]
    struct Flat(std::collections::BTreeSet<(Timestamp, Deadline)>);

    fn hour(hour: u64) -> Timestamp {
        Timestamp(hour as i64 * DAY_US / 24)
    }

    fn roster() -> Durable {
        let mut durable = Durable::default();
        for number in 0..OFFICERS {
            let officer = Officer {
                badge: Code::parse(&format!("A-{number}")).expect("a code"),
                home: AgencyId(0),
                class: Class::PeaceOfficer,
                rank: Rank::Officer,
                certifications: Held::default(),
                approvals: Held::default(),
                suspended: false,
                availability: Availability::Always,
            };
            durable.roster.put_officer(OfficerId(number), officer);
        }
        durable
    }

    impl Flat {
        fn hold(
            &mut self,
            durable: &mut Durable,
            (officer, kind): (OfficerId, CertificationId),
            end: Option<Timestamp>,
        ) {
            let now = durable.at;
            let row = durable.roster.officers.find_mut(officer).expect("put");
            let start = Timestamp::MIN;
            let before = match end {
                Some(end) => row.certifications.insert(kind, Interval { start, end }),
                None => row.certifications.remove(&kind),
            };
            let expiry = Deadline::Certification(officer, kind);
            if let Some(before) = before {
                durable.forget_expiry(officer, kind, before.end, now);
                self.0.remove(&(before.end, expiry));
            }
            if let Some(end) = end {
                durable.expect_expiry(officer, kind, end, now);
                self.0.insert((end, expiry));
            }
        }

        /// Lets what is due run out, as ticks do.
        fn tick(&mut self, durable: &mut Durable, now: Timestamp) -> usize {
            let mut expired = 0;
            loop {
                let due = durable.due(now);
                let first = self.0.iter().take_while(|(end, _)| *end <= now);
                let first = first.take(TICK_DEADLINES_MAX);
                let first: Vec<_> = first.copied().collect();
                assert!(due.iter().eq(first.iter().map(|(_, deadline)| deadline)));
                durable.turn_to(now);
                durable.at = now;
                for (end, deadline) in &first {
                    let Deadline::Certification(officer, kind) = *deadline else {
                        unreachable!("there are no others");
                    };
                    durable.forget_expiry(officer, kind, *end, now);
                    self.0.remove(&(*end, *deadline));
                }
                expired += first.len();
                if first.is_empty() {
                    return expired;
                }
            }
        }
    }

    #[test]
    fn what_is_put_off_falls_due_as_if_it_were_not() {
        let (mut durable, mut flat) = (roster(), Flat::default());
        let mut dice = 1u64;
        let mut draw = |below: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (dice >> 33) % below
        };
        let (mut expired, mut ahead) = (0, 0);
        let mut now = 1_000;
        for step in 0..20_000 {
            let who = OfficerId(draw(u64::from(OFFICERS)) as u32);
            let kind = CertificationId(draw(u64::from(KINDS)) as u32);
            match draw(10) {
                0 => flat.hold(&mut durable, (who, kind), None),
                1 => flat.hold(&mut durable, (who, kind), Some(Timestamp::MAX)),
                2 => flat.hold(&mut durable, (who, kind), Some(hour(now - draw(30)))),
                3 => {
                    now += draw(if step % 100 == 0 { 1_000 } else { 12 });
                    expired += flat.tick(&mut durable, hour(now));
                }
                _ => flat.hold(&mut durable, (who, kind), Some(hour(now + draw(2_000)))),
            }
            flat.0.retain(|(end, _)| *end != Timestamp::MAX);
            let all = durable.all_deadlines();
            assert!(all.iter().eq(&flat.0), "step {step}");
            assert_eq!(durable.deadlines.first(), flat.0.first(), "step {step}");
            ahead += usize::from(durable.deadlines.len() < flat.0.len());
            let mut restored = durable.clone();
            restored.deadlines = flat.0.clone();
            restored.put_off_expiries();
            assert!(
                restored == durable,
                "step {step}: there is one way to put off"
            );
        }
        assert!(expired > 1_000 && ahead > 10_000, "{expired} {ahead}");
    }
}
