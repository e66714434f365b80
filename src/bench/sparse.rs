//! The sets of a crowd as compressed bitmaps: what the hot plane is measured beside, and a second
//! opinion on what it finds.

use std::collections::BTreeMap;

use engine::core::State;
use engine::model::{AgencyId, CertificationId, Class, OfficerSet, ProgrammeId, Rank};
use engine::rules::{Candidate, Ground, eligibility};

/// Microseconds of a day.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Sets of officers by what is asked of them, whatever the dates and hours.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    agency: BTreeMap<AgencyId, OfficerSet>,
    certification: BTreeMap<CertificationId, OfficerSet>,
    approval: BTreeMap<ProgrammeId, OfficerSet>,
    class: BTreeMap<Class, OfficerSet>,
    rank: BTreeMap<Rank, OfficerSet>,
    ready: OfficerSet,
    booked: BTreeMap<i64, OfficerSet>,
}

impl Sparse {
    pub(super) fn of(state: &State) -> Sparse {
        let mut sets = Sparse::default();
        for (id, officer) in state.roster().officers.iter() {
            sets.agency.entry(officer.home).or_default().insert(id);
            sets.class.entry(officer.class).or_default().insert(id);
            sets.rank.entry(officer.rank).or_default().insert(id);
            for kind in officer.certifications.keys() {
                sets.certification.entry(*kind).or_default().insert(id);
            }
            for programme in officer.approvals.keys() {
                sets.approval.entry(*programme).or_default().insert(id);
            }
            if !officer.suspended {
                sets.ready.insert(id);
            }
        }
        for (id, calendar) in state.calendars().iter() {
            for booking in calendar.bookings() {
                let first = booking.span.start.as_micros().div_euclid(DAY_US);
                let last = (booking.span.end.as_micros() - 1).div_euclid(DAY_US);
                for day in first..=last {
                    sets.booked.entry(day).or_default().insert(id);
                }
            }
        }
        for set in sets.agency.values_mut() {
            set.0.optimize();
        }
        sets
    }

    /// Those who may be eligible, as far as sets say.
    pub(super) fn short_list(&self, ground: Ground<'_>, agencies: &[AgencyId]) -> OfficerSet {
        let Ground {
            posting, programme, ..
        } = ground;
        let mut left = union(&self.agency, agencies);
        left.0 &= &self.ready.0;
        for kind in &programme.certifications {
            keep(&mut left, self.certification.get(kind));
        }
        if programme.approval {
            keep(&mut left, self.approval.get(&posting.programme));
        }
        left.0 &= union(&self.class, &programme.classes).0;
        left.0 &= union(&self.rank, &posting.slots).0;
        left
    }

    /// Everybody who is eligible: of the short list, each is examined.
    pub(super) fn eligible(
        &self,
        state: &State,
        ground: Ground<'_>,
        agencies: &[AgencyId],
    ) -> OfficerSet {
        let left = self.short_list(ground, agencies);
        let first = ground.span.start.as_micros().div_euclid(DAY_US);
        let last = (ground.span.end.as_micros() - 1).div_euclid(DAY_US);
        let booked = union(&self.booked, &(first..=last).collect::<Vec<_>>());
        let may_come = |id: &engine::model::OfficerId| {
            let officer = state.roster().officers.find(*id);
            officer.is_some_and(|officer| {
                let calendar = booked.contains(*id).then(|| state.calendars().find(*id));
                let who = Candidate {
                    id: *id,
                    officer,
                    calendar: calendar.flatten(),
                };
                eligibility::check(ground, who).is_ok()
            })
        };
        left.iter().filter(may_come).collect()
    }
}

/// Narrows `left` to the members of `set`; a set that was never filled has none.
fn keep(left: &mut OfficerSet, set: Option<&OfficerSet>) {
    match set {
        Some(set) => left.0 &= &set.0,
        None => left.0.clear(),
    }
}

fn union<K: Ord>(sets: &BTreeMap<K, OfficerSet>, keys: &[K]) -> OfficerSet {
    let mut all = OfficerSet::new();
    for set in keys.iter().filter_map(|key| sets.get(key)) {
        all.0 |= &set.0;
    }
    all
}
