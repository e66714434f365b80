//! The events of one record: a list, and mostly a list of one.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use rkyv::rancor::Fallible;
use rkyv::ser::{Allocator, Writer};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::{Archive, Deserialize, Place, Serialize};

use super::event::{ArchivedEvent, Event};

/// What happened because of one command, in order. In the log it is what a `Vec` would be.
///
/// A single event, such as an award, needs no memory of its own: otherwise the thread that settles
/// would ask for some with every award, and the thread that writes would give it back.
#[derive(Clone)]
pub struct Events(Few);

#[derive(Clone)]
enum Few {
    One(Event),
    List(Vec<Event>),
}

impl From<Event> for Events {
    fn from(event: Event) -> Events {
        Events(Few::One(event))
    }
}

impl From<Vec<Event>> for Events {
    fn from(events: Vec<Event>) -> Events {
        Events(Few::List(events))
    }
}

impl From<Events> for Vec<Event> {
    fn from(events: Events) -> Vec<Event> {
        match events.0 {
            Few::One(event) => vec![event],
            Few::List(events) => events,
        }
    }
}

impl Deref for Events {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        match &self.0 {
            Few::One(event) => std::slice::from_ref(event),
            Few::List(events) => events,
        }
    }
}

impl DerefMut for Events {
    fn deref_mut(&mut self) -> &mut [Event] {
        match &mut self.0 {
            Few::One(event) => std::slice::from_mut(event),
            Few::List(events) => events,
        }
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Events {
    type Item = &'a mut Event;
    type IntoIter = std::slice::IterMut<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for Events {
    fn eq(&self, other: &Events) -> bool {
        **self == **other
    }
}

impl Eq for Events {}

impl Hash for Events {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Archive for Events {
    type Archived = ArchivedVec<ArchivedEvent>;
    type Resolver = VecResolver;

    fn resolve(&self, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_slice(self, resolver, out);
    }
}

impl<S> Serialize<S> for Events
where
    S: Fallible + Allocator + Writer + ?Sized,
    Event: Serialize<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<VecResolver, S::Error> {
        ArchivedVec::<ArchivedEvent>::serialize_from_slice(self, serializer)
    }
}

impl<D> Deserialize<Events, D> for ArchivedVec<ArchivedEvent>
where
    D: Fallible + ?Sized,
    ArchivedEvent: Deserialize<Event, D>,
{
    fn deserialize(&self, deserializer: &mut D) -> Result<Events, D::Error> {
        if let [event] = self.as_slice() {
            return Ok(event.deserialize(deserializer)?.into());
        }
        let events = self.iter().map(|event| event.deserialize(deserializer));
        Ok(events.collect::<Result<Vec<Event>, D::Error>>()?.into())
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;
    use crate::model::{OfficerId, VacancyId};

    #[test]
    fn their_bytes_are_those_of_a_list() {
        let event = |officer| Event::Declined {
            vacancy: VacancyId(7),
            officer: OfficerId(officer),
        };
        for count in [0, 1, 2] {
            let list: Vec<Event> = (0..count).map(event).collect();
            let bytes = rkyv::to_bytes::<Error>(&list).expect("to memory");
            let read = rkyv::from_bytes::<Events, Error>(&bytes).expect("as written");
            assert_eq!(*read, *list);
            assert_eq!(*rkyv::to_bytes::<Error>(&read).expect("to memory"), *bytes);
        }
    }
}
