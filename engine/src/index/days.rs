//! What is known of officers by day and agency: who has work then, who declared something of their
//! own for it.

use std::collections::BTreeMap;

use super::rows::{each_place, has, mark};
use crate::model::{AgencyId, Interval};

/// Officers that a list has before it becomes a row of bits.
const FEW: usize = 16;
/// Hours that many work on a day of an agency, each with a row of its own.
const ALIKE: usize = 8;

/// Something by day and agency.
#[derive(Debug, Clone)]
pub(super) struct Days<K, T> {
    days: BTreeMap<K, OfDay<T>>,
}

/// Something of one day, by the number of the agency.
#[derive(Debug, Clone)]
pub(super) struct OfDay<T> {
    agencies: Vec<Option<Box<T>>>,
}

/// What a day has of an agency.
pub(super) trait Sheet: Default {
    /// Whether nothing is on it.
    fn is_empty(&self) -> bool;
    /// Bytes of memory.
    fn bytes(&self) -> usize;
}

impl<K, T> Default for Days<K, T> {
    fn default() -> Days<K, T> {
        let days = BTreeMap::new();
        Days { days }
    }
}

impl<K: Ord, T: Sheet> Days<K, T> {
    /// What `day` has.
    pub(super) fn find(&self, day: &K) -> Option<&OfDay<T>> {
        self.days.get(day)
    }

    /// What `day` has of `agency`, to be added to.
    pub(super) fn enter(&mut self, day: K, agency: AgencyId) -> &mut T {
        let of_day = self.days.entry(day).or_insert_with(|| OfDay {
            agencies: Vec::new(),
        });
        let room = agency.index();
        if of_day.agencies.len() <= room {
            of_day.agencies.resize_with(room + 1, || None);
        }
        of_day.agencies[room].get_or_insert_with(Box::default)
    }

    /// Lets `leave` take something off what `day` has of `agency`.
    pub(super) fn leave(&mut self, day: &K, agency: AgencyId, leave: impl FnOnce(&mut T)) {
        let Some(of_day) = self.days.get_mut(day) else {
            return;
        };
        let Some(room) = of_day.agencies.get_mut(agency.index()) else {
            return;
        };
        let Some(sheet) = room else {
            return;
        };
        leave(sheet);
        if !sheet.is_empty() {
            return;
        }
        *room = None;
        if of_day.agencies.iter().all(Option::is_none) {
            self.days.remove(day);
        }
    }

    /// Bytes of memory, without the tree.
    pub(super) fn bytes(&self) -> usize {
        let of_day = |of_day: &OfDay<T>| {
            let sheets = of_day.agencies.iter().flatten();
            let sheets = sheets.map(|sheet| size_of::<T>() + sheet.bytes());
            of_day.agencies.capacity() * size_of::<Option<Box<T>>>() + sheets.sum::<usize>()
        };
        self.days.values().map(of_day).sum()
    }
}

impl<T> OfDay<T> {
    /// What the day has of `agency`.
    pub(super) fn of(&self, agency: AgencyId) -> Option<&T> {
        self.agencies.get(agency.index())?.as_deref()
    }
}

/// The days of some work. Most work is on one day or two.
pub(super) struct Several<'a, T> {
    first: [Option<&'a OfDay<T>>; 2],
    others: Vec<&'a OfDay<T>>,
}

impl<'a, T> Several<'a, T> {
    /// Those `days`.
    pub(super) fn of(mut days: impl Iterator<Item = &'a OfDay<T>>) -> Several<'a, T> {
        Several {
            first: [days.next(), days.next()],
            others: days.collect(),
        }
    }

    /// What the days have of `agency`.
    pub(super) fn sheets(&self, agency: AgencyId) -> impl Iterator<Item = &'a T> {
        let days = self.first.iter().flatten().chain(&self.others);
        days.filter_map(move |day| day.of(agency))
    }
}

/// Officers by their places: a short list, or a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    few: Vec<u32>,
    /// Empty while the list is short enough.
    many: Vec<u64>,
}

impl Places {
    /// Adds `place`, in rows of `width` words.
    pub(super) fn insert(&mut self, place: usize, width: usize) {
        if self.many.is_empty() {
            let number = place as u32;
            if self.few.contains(&number) {
                return;
            }
            if self.few.len() < FEW {
                self.few.push(number);
                return;
            }
            self.many = vec![0; width];
            for place in std::mem::take(&mut self.few) {
                mark(&mut self.many, place as usize, true);
            }
        }
        enter(&mut self.many, place, width);
    }

    /// Takes `place` away.
    pub(super) fn remove(&mut self, place: usize) {
        self.few.retain(|few| *few as usize != place);
        leave(&mut self.many, place);
    }

    /// The places of the list.
    pub(super) fn few(&self) -> impl Iterator<Item = usize> {
        self.few.iter().map(|place| *place as usize)
    }

    /// The row, which is empty if there is a list.
    pub(super) fn many(&self) -> &[u64] {
        &self.many
    }

    /// Calls `each` with every place.
    pub(super) fn each(&self, mut each: impl FnMut(usize)) {
        self.few().for_each(&mut each);
        each_place(self.many.iter().copied(), each);
    }

    fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.iter().all(|word| *word == 0)
    }

    fn bytes(&self) -> usize {
        self.few.capacity() * size_of::<u32>() + self.many.capacity() * size_of::<u64>()
    }
}

/// Who declared something of their own for a date.
#[derive(Debug, Clone, Default)]
pub(super) struct Excepted {
    /// Those who are away all day.
    pub(super) away: Places,
    /// Those with windows for it.
    pub(super) windowed: Places,
}

impl Sheet for Excepted {
    fn is_empty(&self) -> bool {
        self.away.is_empty() && self.windowed.is_empty()
    }

    fn bytes(&self) -> usize {
        self.away.bytes() + self.windowed.bytes()
    }
}

/// Who has work on a day, and when. Much work is done at the same hours; those who do it are a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Shifts {
    /// Hours that many work, and who.
    pub(super) alike: Vec<(Interval, Vec<u64>)>,
    /// Others.
    pub(super) few: Vec<(u32, Interval)>,
    /// Those for whom there was no room in either: only that they have work that day is known.
    pub(super) others: Vec<u64>,
}

impl Shifts {
    /// Notes that whoever is at `place` has work in `span`.
    pub(super) fn book(&mut self, place: usize, span: Interval, width: usize) {
        let alike = self.alike.iter_mut().find(|(hours, _)| *hours == span);
        if let Some((_, row)) = alike {
            return enter(row, place, width);
        }
        if self.few.len() == FEW {
            self.promote(width);
        }
        if self.few.len() < FEW {
            self.few.push((place as u32, span));
        } else {
            enter(&mut self.others, place, width);
        }
    }

    /// Forgets what whoever is at `place` has that day.
    pub(super) fn free(&mut self, place: usize) {
        self.few.retain(|(few, _)| *few as usize != place);
        leave(&mut self.others, place);
        self.alike.retain_mut(|(_, row)| {
            let was_there = leave(row, place);
            !was_there || row.iter().any(|word| *word != 0)
        });
    }

    /// Makes a row of the hours that most of the list have, if more than one has them.
    fn promote(&mut self, width: usize) {
        if self.alike.len() == ALIKE {
            return;
        }
        let hours = self.few.iter().map(|(_, span)| *span);
        let count = |span: Interval| self.few.iter().filter(|(_, other)| *other == span).count();
        let Some(span) = hours.max_by_key(|span| count(*span)) else {
            return;
        };
        if count(span) == 1 {
            return;
        }
        let mut row = vec![0; width];
        for (place, _) in self.few.extract_if(.., |(_, other)| *other == span) {
            enter(&mut row, place as usize, width);
        }
        self.alike.push((span, row));
    }
}

impl Sheet for Shifts {
    fn is_empty(&self) -> bool {
        let others = self.others.iter().all(|word| *word == 0);
        self.alike.is_empty() && self.few.is_empty() && others
    }

    fn bytes(&self) -> usize {
        let rows = self.alike.iter().map(|(_, row)| row.capacity());
        (rows.sum::<usize>() + self.others.capacity()) * size_of::<u64>()
            + self.alike.capacity() * size_of::<(Interval, Vec<u64>)>()
            + self.few.capacity() * size_of::<(u32, Interval)>()
    }
}

/// Sets the bit of `row` at `place`, and makes the row as wide as others are.
fn enter(row: &mut Vec<u64>, place: usize, width: usize) {
    if row.len() < width {
        row.reserve_exact(width - row.len());
        row.resize(width, 0);
    }
    mark(row, place, true);
}

/// Clears the bit of `row` at `place`; says whether it was there.
fn leave(row: &mut [u64], place: usize) -> bool {
    let was_there = has(row, place);
    if was_there {
        mark(row, place, false);
    }
    was_there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    const WIDTH: usize = 4;

    fn hours(start: i64, end: i64) -> Interval {
        Interval {
            start: Timestamp(start),
            end: Timestamp(end),
        }
    }

    fn all(places: &Places) -> Vec<usize> {
        let mut all = Vec::new();
        places.each(|place| all.push(place));
        all
    }

    /// Who has work in `span`, and who only has work.
    fn found(shifts: &Shifts, span: Interval) -> (Vec<usize>, Vec<usize>) {
        let few = shifts.few.iter().filter(|(_, other)| *other == span);
        let mut known: Vec<usize> = few.map(|(place, _)| *place as usize).collect();
        for (_, row) in shifts.alike.iter().filter(|(other, _)| *other == span) {
            each_place(row.iter().copied(), |place| known.push(place));
        }
        let mut others = Vec::new();
        each_place(shifts.others.iter().copied(), |place| others.push(place));
        known.sort_unstable();
        (known, others)
    }

    #[test]
    fn who_leaves_last_closes_the_day() {
        let (one, other) = (AgencyId(0), AgencyId(3));
        let mut days: Days<i64, Excepted> = Days::default();
        days.enter(7, one).away.insert(5, WIDTH);
        days.enter(7, other).windowed.insert(9, WIDTH);
        let day = days.find(&7).expect("two are in");
        assert!(day.of(one).is_some() && day.of(other).is_some());
        assert!(day.of(AgencyId(1)).is_none() && days.find(&8).is_none());
        days.leave(&8, one, |sheet| sheet.away.remove(5));
        days.leave(&7, one, |sheet| sheet.away.remove(5));
        assert!(days.find(&7).is_some_and(|day| day.of(one).is_none()));
        days.leave(&7, other, |sheet| sheet.windowed.remove(9));
        assert!(days.find(&7).is_none());
    }

    #[test]
    fn a_list_that_gets_long_is_a_row_and_says_the_same() {
        let mut places = Places::default();
        let expected: Vec<usize> = (0..30).map(|place| place * 8).collect();
        for (number, place) in expected.iter().enumerate() {
            places.insert(*place, WIDTH);
            places.insert(*place, WIDTH);
            assert_eq!(all(&places), expected[..=number]);
            assert_eq!(places.many().is_empty(), number < FEW);
        }
        for (number, place) in expected.iter().enumerate() {
            assert!(!places.is_empty());
            places.remove(*place);
            assert_eq!(all(&places), expected[number + 1..]);
        }
        assert!(places.is_empty());
    }

    #[test]
    fn everybody_who_works_is_known_by_hours_or_to_work() {
        let mut shifts = Shifts::default();
        let span = |place: usize| match place % 3 {
            0 => hours(0, 8),
            _ => hours(place as i64, place as i64 + 4),
        };
        for place in 0..100 {
            shifts.book(place, span(place), WIDTH);
        }
        for place in 0..100 {
            let (known, others) = found(&shifts, span(place));
            assert!(known.contains(&place) != others.contains(&place), "{place}");
        }
        let (known, _) = found(&shifts, hours(0, 8));
        assert!(known.len() > FEW, "the hours of many are a row");
        for place in 0..100 {
            assert!(!shifts.is_empty());
            shifts.free(place);
            let (known, others) = found(&shifts, span(place));
            assert!(!known.contains(&place) && !others.contains(&place));
        }
        assert!(shifts.is_empty());
    }
}
