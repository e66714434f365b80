//! Roaring sets of officers: the record of who is and holds what.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::model::{
    AgencyId, CertificationId, Class, Officer, OfficerId, OfficerSet, ProgrammeId, Rank,
};
use crate::rules::{Clause, Ground, eligibility};

/// Officers by what they are and hold. Dates are not looked at: whoever is in a set of something
/// that is dated may hold it at another time.
#[derive(Debug, Clone, Default)]
pub struct Sets {
    agency: BTreeMap<AgencyId, RoaringBitmap>,
    certification: BTreeMap<CertificationId, RoaringBitmap>,
    approval: BTreeMap<ProgrammeId, RoaringBitmap>,
    class: BTreeMap<Class, RoaringBitmap>,
    rank: BTreeMap<Rank, RoaringBitmap>,
    /// Not suspended.
    ready: RoaringBitmap,
}

impl Sets {
    /// Records everything about an officer of whom nothing was recorded before.
    pub(super) fn put(&mut self, id: OfficerId, officer: &Officer) {
        for kind in officer.certifications.keys() {
            self.certify(id, officer, kind);
        }
        for programme in officer.approvals.keys() {
            self.approve(id, officer, programme);
        }
        self.agency.entry(officer.home).or_default().insert(id.0);
        self.class.entry(officer.class).or_default().insert(id.0);
        self.rank.entry(officer.rank).or_default().insert(id.0);
        self.ready(id, officer);
    }

    /// Records whether `officer` holds a kind of certification.
    pub(super) fn certify(&mut self, id: OfficerId, officer: &Officer, kind: CertificationId) {
        let is_held = officer.certifications.get(&kind).is_some();
        put(self.certification.entry(kind).or_default(), id, is_held);
    }

    /// Records whether `officer` is approved for a programme.
    pub(super) fn approve(&mut self, id: OfficerId, officer: &Officer, programme: ProgrammeId) {
        let is_approved = officer.approvals.get(&programme).is_some();
        put(self.approval.entry(programme).or_default(), id, is_approved);
    }

    /// Records whether `officer` is suspended.
    pub(super) fn ready(&mut self, id: OfficerId, officer: &Officer) {
        put(&mut self.ready, id, !officer.suspended);
    }

    /// Bytes of the sets when they are written.
    pub(super) fn bytes(&self) -> usize {
        let agencies = self.agency.values().chain(self.certification.values());
        let others = self.approval.values().chain(self.class.values());
        let sets = agencies.chain(others).chain(self.rank.values());
        sets.chain([&self.ready])
            .map(RoaringBitmap::serialized_size)
            .sum()
    }

    /// Forgets that `officer` holds a certification that has run out: nobody asks for the past.
    pub(super) fn expire(&mut self, officer: OfficerId, kind: CertificationId) {
        if let Some(held) = self.certification.get_mut(&kind) {
            held.remove(officer.0);
        }
    }

    /// Everybody of `agencies`.
    pub fn of_agencies(&self, agencies: &[AgencyId]) -> OfficerSet {
        let of_agency = agencies.iter().filter_map(|agency| self.agency.get(agency));
        OfficerSet(of_agency.fold(RoaringBitmap::new(), |all, one| all | one))
    }

    /// Whoever of `agency` has one of these classes and one of these ranks, and is not suspended.
    pub(super) fn ready_of(
        &self,
        agency: AgencyId,
        classes: &[Class],
        ranks: &[Rank],
    ) -> OfficerSet {
        let OfficerSet(mut left) = self.of_agencies(&[agency]);
        left &= &self.ready;
        left = of_any(&left, &self.class, classes);
        OfficerSet(of_any(&left, &self.rank, ranks))
    }

    /// Those of `agencies` who may be eligible on `ground`; nobody else can be.
    pub fn candidates(&self, ground: Ground<'_>, agencies: &[AgencyId]) -> RoaringBitmap {
        // The agency comes first: it is the smallest set by far, and a few runs.
        let OfficerSet(mut left) = self.of_agencies(agencies);
        for clause in eligibility::clauses(ground) {
            self.narrow(&mut left, ground, clause);
        }
        left
    }

    /// Takes those out of `left` of whom the sets alone know that `clause` does not hold.
    pub(super) fn narrow(&self, left: &mut RoaringBitmap, ground: Ground<'_>, clause: Clause) {
        match clause {
            Clause::NotSuspended => *left &= &self.ready,
            Clause::Class => {
                let last = self.last_tier(left, ground);
                *left = of_any(left, &self.class, &ground.programme.classes) | last;
            }
            // Whoever comes last is asked for less; whether for this is left to who examines them.
            Clause::Certified(kind) => {
                let last = self.last_tier(left, ground);
                keep(left, self.certification.get(&kind));
                *left |= last;
            }
            Clause::Approved if ground.programme.approval => {
                keep(left, self.approval.get(&ground.posting.programme));
            }
            Clause::Rank => {
                let ranks: Vec<Rank> = ground.ranks().collect();
                *left = of_any(left, &self.rank, &ranks);
            }
            // What is not known by sets is left to who examines officers.
            _ => {}
        }
    }

    /// Those of `left` who may come through a last tier, if one was approved.
    fn last_tier(&self, left: &RoaringBitmap, ground: Ground<'_>) -> RoaringBitmap {
        let classes = ground
            .last_tier
            .map(|last| of_any(left, &self.class, &last.classes));
        classes.unwrap_or_default()
    }
}

/// Puts an officer into `set`, or takes the officer out.
fn put(set: &mut RoaringBitmap, OfficerId(id): OfficerId, is_in: bool) {
    if is_in {
        set.insert(id);
    } else {
        set.remove(id);
    }
}

/// Narrows `left` to the members of `set`; a set that was never filled has none.
fn keep(left: &mut RoaringBitmap, set: Option<&RoaringBitmap>) {
    match set {
        Some(set) => *left &= set,
        None => left.clear(),
    }
}

/// Those of `left` who are in the set of any of `keys`, each of which may be named many times. The
/// sets have everybody in them, so each is narrowed before they are joined.
fn of_any<K: Ord>(
    left: &RoaringBitmap,
    sets: &BTreeMap<K, RoaringBitmap>,
    keys: &[K],
) -> RoaringBitmap {
    let named = sets.iter().filter(|(key, _)| keys.contains(key));
    named.fold(RoaringBitmap::new(), |all, (_, set)| all | (left & set))
}
