//! The windows of an ordinary week, which many officers share.

use std::ops::Deref;
use std::sync::Arc;

use rkyv::rancor::Fallible;
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Deserialize, Place, Serialize};

use super::Window;

/// Days of a week.
const DAYS: usize = 7;

/// One day after the other.
type Days = [Vec<Window>; DAYS];

/// A day as it is in the log.
type ArchivedDay = ArchivedVec<<Window as Archive>::Archived>;

/// Windows of an ordinary week: Monday first, each day sorted and disjoint.
///
/// Officers of an agency mostly declare one of a few weeks, so a week is in memory once for all who
/// share it. The log and snapshots know it as an array of seven lists, once for each officer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Weekly(Arc<Days>);

impl Weekly {
    /// Whether the two are one in memory.
    pub fn is_shared_with(&self, other: &Weekly) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Weekly {
    type Target = Days;

    fn deref(&self) -> &Days {
        &self.0
    }
}

impl From<Days> for Weekly {
    fn from(mut days: Days) -> Weekly {
        days.iter_mut().for_each(Vec::shrink_to_fit);
        Weekly(Arc::new(days))
    }
}

impl Archive for Weekly {
    type Archived = [ArchivedDay; DAYS];
    type Resolver = <Days as Archive>::Resolver;

    fn resolve(&self, resolver: Self::Resolver, out: Place<Self::Archived>) {
        (*self.0).resolve(resolver, out);
    }
}

impl<S: Fallible + ?Sized> Serialize<S> for Weekly
where
    Days: Serialize<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
        (*self.0).serialize(serializer)
    }
}

impl<D: Fallible + ?Sized> Deserialize<Weekly, D> for [ArchivedDay; DAYS]
where
    [ArchivedDay; DAYS]: Deserialize<Days, D>,
{
    fn deserialize(&self, deserializer: &mut D) -> Result<Weekly, D::Error> {
        let days: Days = self.deserialize(deserializer)?;
        Ok(Weekly::from(days))
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;

    #[test]
    fn its_bytes_are_those_of_seven_lists() {
        let window = |from_minute| Window {
            from_minute,
            until_minute: 1_440,
        };
        let days: Days = std::array::from_fn(|day| (0..day as u16).map(window).collect());
        let bytes = rkyv::to_bytes::<Error>(&days).expect("to memory");
        let weekly = Weekly::from(days.clone());
        assert_eq!(
            *bytes,
            *rkyv::to_bytes::<Error>(&weekly).expect("to memory")
        );
        let read = rkyv::from_bytes::<Weekly, Error>(&bytes).expect("as written");
        assert_eq!((*read).clone(), days);
        assert!(read == weekly && !read.is_shared_with(&weekly));
    }
}
