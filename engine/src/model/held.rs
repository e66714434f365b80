//! What an officer holds: a short sorted list, packed, that the log and snapshots know as a map.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use rkyv::collections::btree_map::{ArchivedBTreeMap, BTreeMapResolver};
use rkyv::rancor::{Fallible, Source};
use rkyv::ser::{Allocator, Writer};
use rkyv::{Archive, Deserialize, Place, Serialize};

use super::table::Dense;
use super::{Interval, Timestamp};

/// What an officer holds, with its validity, in order of what it is.
///
/// An officer holds a dozen things, and all of them are looked at for each accept. Written out, each
/// would take twenty-four bytes; packed it takes two and its dates. Most begin when the one before
/// them begins or end never, and most dates are whole milliseconds or minutes, so that all an
/// officer holds is a line of memory. There is one packing of a list, so lists that are equal have
/// equal bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Held<K> {
    packed: Box<[u8]>,
    kind: PhantomData<K>,
}

/// How a bound of a validity is packed: for ever, as the entry before it, or as a date. The lower
/// half of an entry's first byte says so of its start, the upper half of its end.
const FOR_EVER: u8 = 0;
const AS_BEFORE: u8 = 1;
const MINUTES: u8 = 2;
const MILLISECONDS: u8 = 3;
const MICROSECONDS: u8 = 4;

const MINUTE_US: i64 = 60_000_000;
const MILLISECOND_US: i64 = 1_000;
/// Dates in whole minutes have four bytes, those in milliseconds six, and any other eight.
const MINUTES_MAX: i64 = i32::MAX as i64;
const MILLISECONDS_MAX: i64 = (1 << 47) - 1;

impl<K> Default for Held<K> {
    fn default() -> Held<K> {
        Held {
            packed: Box::default(),
            kind: PhantomData,
        }
    }
}

impl<K: Dense + Ord> Held<K> {
    /// When `kind` is valid, if it is held.
    pub fn get(&self, kind: &K) -> Option<Interval> {
        let kind = kind.place();
        let (_, valid) = self.entries().find(|(held, _)| *held == kind)?;
        Some(valid)
    }

    /// Holds `kind` in `valid` from now on; says when it was valid before.
    pub fn insert(&mut self, kind: K, valid: Interval) -> Option<Interval> {
        let mut all: Vec<(K, Interval)> = self.iter().collect();
        let before = match all.binary_search_by(|(held, _)| held.cmp(&kind)) {
            Ok(place) => Some(std::mem::replace(&mut all[place].1, valid)),
            Err(place) => {
                all.insert(place, (kind, valid));
                None
            }
        };
        *self = Held::pack(&all);
        before
    }

    /// Takes `kind` away; says when it was valid.
    pub fn remove(&mut self, kind: &K) -> Option<Interval> {
        let valid = self.get(kind)?;
        let others: Vec<_> = self.iter().filter(|(held, _)| held != kind).collect();
        *self = Held::pack(&others);
        Some(valid)
    }

    /// All that is held, in order, with its validity.
    pub fn iter(&self) -> impl Iterator<Item = (K, Interval)> {
        self.entries().map(|(kind, valid)| (K::from(kind), valid))
    }

    /// All that is held, in order.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(kind, _)| kind)
    }

    fn entries(&self) -> Entries<'_> {
        Entries {
            rest: &self.packed,
            before: Interval::ALWAYS,
        }
    }

    /// Packs what is in order.
    fn pack(all: &[(K, Interval)]) -> Held<K> {
        let mut packed = Vec::new();
        let mut before = Interval::ALWAYS;
        for (kind, valid) in all {
            let start = form(valid.start, Timestamp::MIN, before.start);
            let end = form(valid.end, Timestamp::MAX, before.end);
            packed.push(start | end << 4);
            put_kind(&mut packed, kind.place());
            put_date(&mut packed, start, valid.start);
            put_date(&mut packed, end, valid.end);
            before = *valid;
        }
        Held {
            packed: packed.into(),
            kind: PhantomData,
        }
    }
}

/// The shortest way to pack `at`.
fn form(at: Timestamp, for_ever: Timestamp, before: Timestamp) -> u8 {
    let is_whole = |unit_us: i64, most: i64| {
        let Timestamp(us) = at;
        us % unit_us == 0 && (us / unit_us).unsigned_abs() <= most.unsigned_abs()
    };
    match at {
        at if at == for_ever => FOR_EVER,
        at if at == before => AS_BEFORE,
        _ if is_whole(MINUTE_US, MINUTES_MAX) => MINUTES,
        _ if is_whole(MILLISECOND_US, MILLISECONDS_MAX) => MILLISECONDS,
        _ => MICROSECONDS,
    }
}

fn put_date(packed: &mut Vec<u8>, form: u8, Timestamp(us): Timestamp) {
    match form {
        MINUTES => packed.extend(&(us / MINUTE_US).to_le_bytes()[..4]),
        MILLISECONDS => packed.extend(&(us / MILLISECOND_US).to_le_bytes()[..6]),
        MICROSECONDS => packed.extend(us.to_le_bytes()),
        _ => {}
    }
}

/// Seven bits to a byte, the lowest first; the highest bit says that there are more.
fn put_kind(packed: &mut Vec<u8>, kind: usize) {
    let mut left = kind;
    while left >= 0x80 {
        packed.push(left as u8 | 0x80);
        left >>= 7;
    }
    packed.push(left as u8);
}

const PACKED_HERE: &str = "it was packed above, in whole entries";

/// Reads what was packed.
struct Entries<'a> {
    rest: &'a [u8],
    before: Interval,
}

impl Iterator for Entries<'_> {
    type Item = (usize, Interval);

    #[inline]
    fn next(&mut self) -> Option<(usize, Interval)> {
        let (forms, rest) = self.rest.split_first()?;
        self.rest = rest;
        let kind = self.kind();
        let start = self.date(forms & 0xf, Timestamp::MIN, self.before.start);
        let end = self.date(forms >> 4, Timestamp::MAX, self.before.end);
        self.before = Interval { start, end };
        Some((kind, self.before))
    }
}

impl Entries<'_> {
    #[inline]
    fn kind(&mut self) -> usize {
        let (mut kind, mut shift) = (0, 0);
        loop {
            let [byte] = self.take();
            kind |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return kind;
            }
            shift += 7;
        }
    }

    #[inline]
    fn date(&mut self, form: u8, for_ever: Timestamp, before: Timestamp) -> Timestamp {
        match form {
            FOR_EVER => for_ever,
            AS_BEFORE => before,
            MINUTES => Timestamp(i64::from(i32::from_le_bytes(self.take())) * MINUTE_US),
            MILLISECONDS => {
                let [a, b, c, d, e, f] = self.take();
                // The sign is in the last of six bytes.
                let shifted = i64::from_le_bytes([0, 0, a, b, c, d, e, f]);
                Timestamp((shifted >> 16) * MILLISECOND_US)
            }
            _ => Timestamp(i64::from_le_bytes(self.take())),
        }
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.rest.split_first_chunk().expect(PACKED_HERE);
        self.rest = rest;
        *taken
    }
}

impl<K: Dense + Ord + fmt::Debug> fmt::Debug for Held<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Dense + Ord> FromIterator<(K, Interval)> for Held<K> {
    fn from_iter<T: IntoIterator<Item = (K, Interval)>>(held: T) -> Held<K> {
        let all: Vec<(K, Interval)> = held.into_iter().collect();
        match all.is_sorted_by(|(one, _), (other, _)| one < other) {
            true => Held::pack(&all),
            false => Held::pack(&Vec::from_iter(BTreeMap::from_iter(all))),
        }
    }
}

impl<K: Archive + Dense + Ord> Archive for Held<K>
where
    K::Archived: Ord,
{
    type Archived = ArchivedBTreeMap<K::Archived, <Interval as Archive>::Archived>;
    type Resolver = BTreeMapResolver;

    fn resolve(&self, resolver: BTreeMapResolver, out: Place<Self::Archived>) {
        ArchivedBTreeMap::resolve_from_len(self.entries().count(), resolver, out);
    }
}

impl<K, S> Serialize<S> for Held<K>
where
    K: Serialize<S> + Dense + Ord,
    K::Archived: Ord,
    Interval: Serialize<S>,
    S: Fallible<Error: Source> + Allocator + Writer + ?Sized,
{
    fn serialize(&self, serializer: &mut S) -> Result<BTreeMapResolver, S::Error> {
        let held: Vec<(K, Interval)> = self.iter().collect();
        let held = held.iter().map(|(kind, valid)| (kind, valid));
        Self::Archived::serialize_from_ordered_iter::<_, _, _, K, Interval, _>(held, serializer)
    }
}

impl<K, D> Deserialize<Held<K>, D>
    for ArchivedBTreeMap<K::Archived, <Interval as Archive>::Archived>
where
    K: Archive + Dense + Ord,
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
    use crate::model::CertificationId;

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
        assert_eq!(held.get(&CertificationId(2)), Some(short));
        assert_eq!(held.remove(&CertificationId(3)), Some(long));
        assert_eq!(held.remove(&CertificationId(3)), None);
        assert!(held.keys().map(|kind| kind.0).eq([1, 2]));
    }

    #[test]
    fn every_kind_and_date_is_kept_and_packed_one_way() {
        let instants = [
            i64::MIN,
            i64::MIN + 1,
            -MILLISECOND_US << 47,
            -MINUTE_US << 31,
            -MINUTE_US,
            -1,
            0,
            1,
            MILLISECOND_US,
            MINUTE_US * MINUTES_MAX,
            MINUTE_US * (MINUTES_MAX + 1),
            MILLISECOND_US * MILLISECONDS_MAX,
            MILLISECOND_US * (MILLISECONDS_MAX + 1),
            1_796_022_000_000_001,
            i64::MAX - 1,
            i64::MAX,
        ];
        let kinds = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u32::MAX].into_iter();
        for start in instants {
            let ends = instants.into_iter().cycle();
            let all = kinds.clone().zip(ends.skip_while(|end| *end != start));
            let all: Vec<_> = all
                .map(|(kind, end)| {
                    let (start, end) = (Timestamp(start), Timestamp(end));
                    (CertificationId(kind), Interval { start, end })
                })
                .collect();
            let held = Held::from_iter(all.iter().copied());
            assert!(held.iter().eq(all.iter().copied()));
            let mut one_by_one = Held::default();
            for (kind, valid) in all.into_iter().rev() {
                assert_eq!(one_by_one.insert(kind, valid), None);
            }
            assert_eq!(one_by_one, held);
        }
    }

    #[test]
    fn what_is_packed_is_short() {
        let since = Timestamp(1_787_382_000_000_000);
        let expiring = |kind| {
            let end = Timestamp(since.0 + i64::from(kind + 1) * MINUTE_US);
            (CertificationId(kind), Interval { start: since, end })
        };
        let held: Held<CertificationId> = (0..7).map(expiring).collect();
        assert_eq!(held.packed.len(), 7 * (2 + 4) + 4, "and the start once");
        let always = (0..7).map(|kind| (CertificationId(kind), Interval::ALWAYS));
        assert_eq!(Held::from_iter(always).packed.len(), 7 * 2);
    }
}
