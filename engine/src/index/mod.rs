//! Who could come.
//!
//! [`Sets`] is the record: roaring sets of officers by agency, certification, approval, class, rank
//! and readiness. The index answers a question about many officers with a handful of set operations and leaves
//! a short list, on which [`rules::eligibility`](crate::rules::eligibility) decides officer by
//! officer. Its answer is therefore exact, and [`naive`] is its slow twin: the same question by
//! examining everybody.
//!
//! The index is derived from the roster and the calendars and can be rebuilt from them.

pub mod naive;

mod sets;

pub use sets::Sets;

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::model::{
    AgencyId, Calendar, CertificationId, Interval, Officer, OfficerId, OfficerSet, Roster, Table,
};
use crate::rules::{Candidate, Ground, eligibility};

/// Microseconds of the coarse unit in which booked time is indexed: one UTC day.
const BOOKED_UNIT_US: i64 = 24 * 3_600 * 1_000_000;

/// Officers by what is asked of them, and by the days on which they work.
#[derive(Debug, Clone, Default)]
pub struct Index {
    sets: Sets,
    /// Officers with a booking on a UTC day, counted from the epoch. Coarse: who is in may be
    /// free at the hour asked, who is not in is free all day.
    booked: BTreeMap<i64, RoaringBitmap>,
    /// Changes whenever somebody may have become eligible, so that a match computed before can
    /// be told from one that is still complete. Bookings only narrow and do not count.
    generation: u64,
}

impl Index {
    /// The index of everything in `roster` and `calendars`.
    pub fn build(roster: &Roster, calendars: &Table<OfficerId, Calendar>) -> Index {
        let mut index = Index::default();
        for (id, officer) in roster.officers.iter() {
            index.put(id, officer);
        }
        for (id, calendar) in calendars.iter() {
            index.rebook(
                id,
                calendar,
                calendar.bookings().iter().map(|booking| booking.span),
            );
        }
        index
    }

    /// Records everything about `officer` anew.
    pub fn put(&mut self, id: OfficerId, officer: &Officer) {
        self.generation += 1;
        self.sets.put(id, officer);
    }

    /// The sets of officers by what they are and hold.
    pub fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Notes that something other than an officer's own record may have made somebody eligible:
    /// a pact, a programme, a lifted exclusion.
    pub fn widen(&mut self) {
        self.generation += 1;
    }

    /// Forgets that `officer` holds a certification that has run out: nobody asks for the past.
    pub fn expire(&mut self, officer: OfficerId, kind: CertificationId) {
        self.sets.expire(officer, kind);
    }

    /// Notes that `officer` has work in `span`.
    pub fn book(&mut self, officer: OfficerId, span: Interval) {
        for day in days(span) {
            self.booked.entry(day).or_default().insert(officer.0);
        }
    }

    /// Brings the booked days that `spans` touch in line with the officer's calendar.
    pub fn rebook(
        &mut self,
        officer: OfficerId,
        calendar: &Calendar,
        spans: impl Iterator<Item = Interval>,
    ) {
        for day in spans.flat_map(days) {
            let start = crate::model::Timestamp(day * BOOKED_UNIT_US);
            let end = crate::model::Timestamp((day + 1) * BOOKED_UNIT_US);
            if calendar.overlapping(Interval { start, end }).is_some() {
                self.booked.entry(day).or_default().insert(officer.0);
                continue;
            }
            self.generation += 1;
            if let Some(booked) = self.booked.get_mut(&day) {
                booked.remove(officer.0);
                if booked.is_empty() {
                    self.booked.remove(&day);
                }
            }
        }
    }

    /// Changes whenever somebody may have become eligible.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Everybody of `agencies` who may take the work on `ground`, exactly.
    pub fn eligible(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> OfficerSet {
        let (certain, booked) = self.short_list(ground, agencies);
        let examine = |id: &u32, calendar: bool| {
            let id = OfficerId(*id);
            ground.roster.officers.find(id).is_some_and(|officer| {
                let calendar = calendar.then(|| calendars.find(id)).flatten();
                eligibility::check(
                    ground,
                    Candidate {
                        id,
                        officer,
                        calendar,
                    },
                )
                .is_ok()
            })
        };
        let free = certain.iter().filter(|id| examine(id, false));
        let mut eligible = RoaringBitmap::from_sorted_iter(free).unwrap_or_default();
        eligible.extend(booked.iter().filter(|id| examine(id, true)));
        OfficerSet(eligible)
    }

    /// Those who may be eligible, in two parts: with no booking on any day of the work, and with
    /// one. Nobody else can be eligible.
    fn short_list(
        &self,
        ground: Ground<'_>,
        agencies: &[AgencyId],
    ) -> (RoaringBitmap, RoaringBitmap) {
        let mut left = self.sets.candidates(ground, agencies);
        let spans = ground.posting.segments.iter().map(|segment| segment.span);
        let of_day = spans.flat_map(days).filter_map(|day| self.booked.get(&day));
        let booked = of_day.fold(RoaringBitmap::new(), |all, one| all | (&left & one));
        left -= &booked;
        (left, booked)
    }
}

/// The UTC days that `span` touches, counted from the epoch.
fn days(span: Interval) -> impl Iterator<Item = i64> {
    let first = span.start.as_micros().div_euclid(BOOKED_UNIT_US);
    let last = (span.end.as_micros() - 1).div_euclid(BOOKED_UNIT_US);
    first..=last
}
