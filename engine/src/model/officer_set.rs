//! A set of officers, as a compressed bitmap that can be logged.

use std::hash::{Hash, Hasher};

use rkyv::rancor::{Fallible, ResultExt, Source};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::with::{ArchiveWith, DeserializeWith, SerializeWith};
use rkyv::{Archive, Deserialize, Place, Serialize};
use roaring::RoaringBitmap;

use super::OfficerId;

/// A set of officers.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Default)]
pub struct OfficerSet(#[rkyv(with = Portable)] pub RoaringBitmap);

impl OfficerSet {
    /// The empty set.
    pub fn new() -> OfficerSet {
        OfficerSet::default()
    }

    /// Whether `officer` is a member.
    pub fn contains(&self, officer: OfficerId) -> bool {
        self.0.contains(officer.0)
    }

    /// Adds `officer`; says whether it was missing.
    pub fn insert(&mut self, officer: OfficerId) -> bool {
        self.0.insert(officer.0)
    }

    /// Takes `officer` out; says whether it was there.
    pub fn remove(&mut self, officer: OfficerId) -> bool {
        self.0.remove(officer.0)
    }

    /// Number of members.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = OfficerId> + '_ {
        self.0.iter().map(OfficerId)
    }
}

impl Eq for OfficerSet {}

impl Hash for OfficerSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Members, not containers: two equal sets may be compressed differently.
        self.0.len().hash(state);
        self.0.iter().for_each(|officer| officer.hash(state));
    }
}

impl FromIterator<OfficerId> for OfficerSet {
    fn from_iter<T: IntoIterator<Item = OfficerId>>(officers: T) -> OfficerSet {
        OfficerSet(officers.into_iter().map(|officer| officer.0).collect())
    }
}

/// Archives a bitmap in roaring's portable format, which is checked when it is read back.
struct Portable;

impl ArchiveWith<RoaringBitmap> for Portable {
    type Archived = ArchivedVec<u8>;
    type Resolver = VecResolver;

    fn resolve_with(field: &RoaringBitmap, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_len(field.serialized_size(), resolver, out);
    }
}

impl<S> SerializeWith<RoaringBitmap, S> for Portable
where
    S: Fallible<Error: Source> + rkyv::ser::Allocator + rkyv::ser::Writer + ?Sized,
{
    fn serialize_with(field: &RoaringBitmap, serializer: &mut S) -> Result<VecResolver, S::Error> {
        let mut bytes = Vec::with_capacity(field.serialized_size());
        field.serialize_into(&mut bytes).into_error()?;
        ArchivedVec::<u8>::serialize_from_slice(&bytes, serializer)
    }
}

impl<D: Fallible<Error: Source> + ?Sized> DeserializeWith<ArchivedVec<u8>, RoaringBitmap, D>
    for Portable
{
    fn deserialize_with(field: &ArchivedVec<u8>, _: &mut D) -> Result<RoaringBitmap, D::Error> {
        RoaringBitmap::deserialize_from(field.as_slice()).into_error()
    }
}
