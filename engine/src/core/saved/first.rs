//! The first section: the state as the first version knew it, which had every expiry among the
//! deadlines.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use std::collections::{BTreeMap, BTreeSet};

use rkyv::collections::btree_set::{ArchivedBTreeSet, BTreeSetResolver};
use rkyv::rancor::{self, Fallible, Source};
use rkyv::ser::{Allocator, Writer};
use rkyv::util::AlignedVec;
use rkyv::with::Inline;
use rkyv::{Archive, Place, Serialize};

use crate::core::answers::Answers;
use crate::core::state::{Deadline, Durable};
use crate::model::{
    Calendar, OfficerId, Punch, Roster, Sequence, Table, Timestamp, Vacancy, VacancyId, VacancyKey,
};

/// What is saved of a [`Durable`], field by field: read back, it is one.
#[derive(Archive, Serialize)]
struct First<'a> {
    sequence: Sequence,
    at: Timestamp,
    #[rkyv(with = Inline)]
    roster: &'a Roster,
    #[rkyv(with = Inline)]
    vacancies: &'a Table<VacancyId, Vacancy>,
    #[rkyv(with = Inline)]
    keys: &'a BTreeMap<VacancyKey, VacancyId>,
    #[rkyv(with = Inline)]
    calendars: &'a Table<OfficerId, Calendar>,
    #[rkyv(with = Inline)]
    punches: &'a BTreeMap<VacancyId, Vec<Punch>>,
    deadlines: Ordered,
    #[rkyv(with = Inline)]
    answers: &'a Answers,
}

/// The bytes of the first section.
pub(super) fn save(durable: &Durable) -> Result<AlignedVec, rancor::Error> {
    let Durable {
        sequence,
        at,
        roster,
        vacancies,
        keys,
        calendars,
        punches,
        answers,
        ..
    } = durable;
    let deadlines = Ordered(durable.all_deadlines());
    rkyv::to_bytes(&First {
        sequence: *sequence,
        at: *at,
        roster,
        vacancies,
        keys,
        calendars,
        punches,
        deadlines,
        answers,
    })
}

type Due = (Timestamp, Deadline);

/// Deadlines in order, which are saved as a set.
struct Ordered(Vec<Due>);

impl Archive for Ordered {
    type Archived = <BTreeSet<Due> as Archive>::Archived;
    type Resolver = BTreeSetResolver;

    fn resolve(&self, resolver: BTreeSetResolver, out: Place<Self::Archived>) {
        ArchivedBTreeSet::resolve_from_len(self.0.len(), resolver, out);
    }
}

impl<S> Serialize<S> for Ordered
where
    Due: Serialize<S>,
    S: Fallible<Error: Source> + Allocator + Writer + ?Sized,
{
    fn serialize(&self, serializer: &mut S) -> Result<BTreeSetResolver, S::Error> {
        Self::Archived::serialize_from_ordered_iter::<_, Due, _>(self.0.iter(), serializer)
    }
}
