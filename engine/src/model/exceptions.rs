//! Dates on which other windows hold than in an ordinary week, which few officers have.

use std::collections::BTreeMap;
use std::ops::Deref;

use rkyv::collections::btree_map::ArchivedBTreeMap;
use rkyv::rancor::Fallible;
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Deserialize, Place, Serialize};

use super::{Date, Window};

/// Windows by date, each list sorted and disjoint.
type ByDate = BTreeMap<Date, Vec<Window>>;

/// The same in the log.
type ArchivedByDate =
    ArchivedBTreeMap<<Date as Archive>::Archived, ArchivedVec<<Window as Archive>::Archived>>;

static NONE: ByDate = ByDate::new();

/// Dates on which these windows hold instead of the ordinary ones.
///
/// Whoever has none, as nearly everybody, pays for a pointer. The log and snapshots know it as a
/// map.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Exceptions(Option<Box<ByDate>>);

impl Deref for Exceptions {
    type Target = ByDate;

    fn deref(&self) -> &ByDate {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl From<ByDate> for Exceptions {
    fn from(dates: ByDate) -> Exceptions {
        Exceptions((!dates.is_empty()).then(|| Box::new(dates)))
    }
}

impl Archive for Exceptions {
    type Archived = ArchivedByDate;
    type Resolver = <ByDate as Archive>::Resolver;

    fn resolve(&self, resolver: Self::Resolver, out: Place<Self::Archived>) {
        (**self).resolve(resolver, out);
    }
}

impl<S: Fallible + ?Sized> Serialize<S> for Exceptions
where
    ByDate: Serialize<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<D: Fallible + ?Sized> Deserialize<Exceptions, D> for ArchivedByDate
where
    ArchivedByDate: Deserialize<ByDate, D>,
{
    fn deserialize(&self, deserializer: &mut D) -> Result<Exceptions, D::Error> {
        let dates: ByDate = self.deserialize(deserializer)?;
        Ok(Exceptions::from(dates))
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;

    #[test]
    fn its_bytes_are_those_of_a_map() {
        let date = |day| Date {
            year: 2026,
            month: 11,
            day,
        };
        for days in [0, 1, 20] {
            let dates: ByDate = (0..days).map(|day| (date(day), Vec::new())).collect();
            let bytes = rkyv::to_bytes::<Error>(&dates).expect("to memory");
            let exceptions = Exceptions::from(dates.clone());
            let ours = rkyv::to_bytes::<Error>(&exceptions).expect("to memory");
            assert_eq!(*bytes, *ours);
            let read = rkyv::from_bytes::<Exceptions, Error>(&bytes).expect("as written");
            assert!(read == exceptions && *read == dates);
        }
    }
}
