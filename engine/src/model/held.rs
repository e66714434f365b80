//! What an officer holds: a short sorted list that the log and snapshots know as a map.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rkyv::collections::btree_map::{ArchivedBTreeMap, BTreeMapResolver};
use rkyv::rancor::{Fallible, Source};
use rkyv::ser::{Allocator, Writer};
use rkyv::{Archive, Deserialize, Place, Serialize};

use super::Interval;

/// What an officer holds, with its validity, in order of what it is.
///
/// An officer holds a few things, and all of them are looked at for each accept: one stretch of
/// memory without room for more, where a `BTreeMap` would have a node with room for eleven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held<K>(Box<[(K, Interval)]>);

impl<K> Default for Held<K> {
    fn default() -> Held<K> {
        Held(Box::default())
    }
}

impl<K: Ord> Held<K> {
    /// When `kind` is valid, if it is held.
    pub fn get(&self, kind: &K) -> Option<&Interval> {
        let (_, valid) = self.0.iter().find(|(held, _)| held == kind)?;
        Some(valid)
    }

    /// Holds `kind` in `valid` from now on; says when it was valid before.
    pub fn insert(&mut self, kind: K, valid: Interval) -> Option<Interval> {
        match self.0.binary_search_by(|(held, _)| held.cmp(&kind)) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, valid)),
            Err(place) => {
                let mut all = std::mem::take(&mut self.0).into_vec();
                all.reserve_exact(1);
                all.insert(place, (kind, valid));
                self.0 = all.into_boxed_slice();
                None
            }
        }
    }

    /// Takes `kind` away; says when it was valid.
    pub fn remove(&mut self, kind: &K) -> Option<Interval> {
        let place = self.0.binary_search_by(|(held, _)| held.cmp(kind)).ok()?;
        let mut all = std::mem::take(&mut self.0).into_vec();
        let (_, valid) = all.remove(place);
        self.0 = all.into_boxed_slice();
        Some(valid)
    }
}

impl<K> Held<K> {
    /// All that is held, in order, with its validity.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &Interval)> {
        self.0.iter().map(|(kind, valid)| (kind, valid))
    }

    /// All that is held, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(kind, _)| kind)
    }
}

impl<K: Ord> FromIterator<(K, Interval)> for Held<K> {
    fn from_iter<T: IntoIterator<Item = (K, Interval)>>(held: T) -> Held<K> {
        let all: Box<[(K, Interval)]> = held.into_iter().collect();
        match all.is_sorted_by(|(one, _), (other, _)| one < other) {
            true => Held(all),
            false => Held(BTreeMap::from_iter(all).into_iter().collect()),
        }
    }
}

impl<K: Archive + Ord> Archive for Held<K>
where
    K::Archived: Ord,
{
    type Archived = ArchivedBTreeMap<K::Archived, <Interval as Archive>::Archived>;
    type Resolver = BTreeMapResolver;

    fn resolve(&self, resolver: BTreeMapResolver, out: Place<Self::Archived>) {
        ArchivedBTreeMap::resolve_from_len(self.0.len(), resolver, out);
    }
}

impl<K, S> Serialize<S> for Held<K>
where
    K: Serialize<S> + Ord,
    K::Archived: Ord,
    Interval: Serialize<S>,
    S: Fallible<Error: Source> + Allocator + Writer + ?Sized,
{
    fn serialize(&self, serializer: &mut S) -> Result<BTreeMapResolver, S::Error> {
        let held = self.iter();
        Self::Archived::serialize_from_ordered_iter::<_, _, _, K, Interval, _>(held, serializer)
    }
}

impl<K, D> Deserialize<Held<K>, D>
    for ArchivedBTreeMap<K::Archived, <Interval as Archive>::Archived>
where
    K: Archive + Ord,
    K::Archived: Deserialize<K, D> + Ord,
    <Interval as Archive>::Archived: Deserialize<Interval, D>,
    D: Fallible + ?Sized,
{
    fn deserialize(&self, deserializer: &mut D) -> Result<Held<K>, D::Error> {
        let mut all = Vec::with_capacity(self.len());
        let failed = self.visit(|kind, valid| {
            let read = kind.deserialize(deserializer);
            match read.and_then(|kind| Ok((kind, valid.deserialize(deserializer)?))) {
                Ok(held) => {
                    all.push(held);
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(error),
            }
        });
        // Bytes that no engine wrote may be in any order and say a thing twice.
        failed.map_or_else(|| Ok(all.into_iter().collect()), Err)
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;
    use crate::model::{CertificationId, Timestamp};

    #[test]
    fn its_bytes_are_those_of_a_map() {
        let valid = |end| Interval {
            start: Timestamp(0),
            end: Timestamp(end),
        };
        for count in [0, 1, 2, 12, 100] {
            let kinds = (0..count).map(|kind| (CertificationId(kind), valid(i64::from(kind) + 1)));
            let map: BTreeMap<CertificationId, Interval> = kinds.clone().collect();
            let held: Held<CertificationId> = kinds.rev().collect();
            let bytes = rkyv::to_bytes::<Error>(&held).expect("to memory");
            assert_eq!(*bytes, *rkyv::to_bytes::<Error>(&map).expect("to memory"));
            let read = rkyv::from_bytes::<Held<CertificationId>, Error>(&bytes);
            assert_eq!(read.expect("as written"), held);
        }
    }

    #[test]
    fn what_is_held_is_found_replaced_and_taken_away() {
        let mut held = Held::default();
        let (long, short) = (Interval::ALWAYS, Interval::new(Timestamp(0), Timestamp(1)));
        let short = short.expect("it is not empty");
        for kind in [3, 1, 2] {
            assert_eq!(held.insert(CertificationId(kind), long), None);
        }
        assert_eq!(held.insert(CertificationId(2), short), Some(long));
        assert_eq!(held.get(&CertificationId(2)), Some(&short));
        assert_eq!(held.remove(&CertificationId(3)), Some(long));
        assert_eq!(held.remove(&CertificationId(3)), None);
        assert!(held.keys().map(|kind| kind.0).eq([1, 2]));
    }
}
