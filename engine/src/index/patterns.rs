//! Ordinary weeks that officers of an agency share, each with a row of those who declared it.
//!
//! Most officers of an agency declare one of a few weeks. Whether a week leaves room for some work
//! is then asked once for everybody who declared it, and answered exactly.

use super::rows::Rows;
use super::week::{Week, asked};
use crate::model::{Availability, Segment, Weekly};
use crate::rules::availability::covers;

/// Weeks of an agency that have a row. Whoever declares another one is found by hours.
const PATTERNS_MAX: usize = 16;

/// The weeks that have a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    patterns: Vec<Pattern>,
    rows: Rows,
}

#[derive(Debug, Clone)]
struct Pattern {
    week: Week,
    /// The week as it was declared; nothing stands for always.
    ordinary: Option<Weekly>,
    officers: u32,
}

impl Patterns {
    /// Makes rows at least `width` words wide.
    pub(super) fn widen(&mut self, width: usize) {
        self.rows.widen(width);
    }

    /// Notes that whoever is at `place` declared `availability`, if its week has a row or can get
    /// one; says whether it has.
    pub(super) fn join(&mut self, place: usize, availability: &Availability) -> bool {
        let Some(number) = self.find_or_make(availability) else {
            return false;
        };
        self.patterns[number].officers += 1;
        self.rows.write(number, place, true);
        true
    }

    /// The week with a row that `availability` has, as it is in memory here.
    pub(super) fn week(&self, availability: &Availability) -> Option<&Weekly> {
        let week = Week::of(availability);
        let pattern = self
            .patterns
            .iter()
            .find(|pattern| pattern.is(week, availability));
        pattern?.ordinary.as_ref()
    }

    /// Forgets what whoever is at `place` declared; says whether that had a row.
    pub(super) fn leave(&mut self, place: usize) -> bool {
        let joined = (0..self.patterns.len()).find(|number| self.rows.has(*number, place));
        if let Some(number) = joined {
            self.patterns[number].officers -= 1;
            self.rows.write(number, place, false);
        }
        joined.is_some()
    }

    /// The rows of those whose ordinary week leaves no room for work in `segments`.
    pub(super) fn unwilling<'a>(
        &'a self,
        segments: &'a [Segment],
    ) -> impl Iterator<Item = &'a [u64]> {
        let used = self.patterns.iter().enumerate();
        let used = used.filter(|(_, pattern)| pattern.officers > 0);
        let unwilling = used.filter(move |(_, pattern)| !pattern.suits(segments));
        unwilling.map(|(number, _)| self.rows.read(number))
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.patterns.capacity() * size_of::<Pattern>()
    }

    fn find_or_make(&mut self, availability: &Availability) -> Option<usize> {
        let week = Week::of(availability);
        let is_it = |pattern: &Pattern| pattern.is(week, availability);
        if let Some(number) = self.patterns.iter().position(is_it) {
            return Some(number);
        }
        let pattern = Pattern {
            week,
            ordinary: ordinary(availability).cloned(),
            officers: 0,
        };
        let unused = |pattern: &Pattern| pattern.officers == 0;
        match self.patterns.iter().position(unused) {
            Some(number) => {
                self.patterns[number] = pattern;
                Some(number)
            }
            None if self.patterns.len() < PATTERNS_MAX => {
                self.patterns.push(pattern);
                Some(self.patterns.len() - 1)
            }
            None => None,
        }
    }
}

impl Pattern {
    fn is(&self, week: Week, availability: &Availability) -> bool {
        self.week == week && self.ordinary.as_ref() == ordinary(availability)
    }

    fn suits(&self, segments: &[Segment]) -> bool {
        let mut spans = segments.iter().flat_map(|segment| &segment.local);
        let in_hours = spans.all(|span| self.week.has(span.weekday, asked(span)));
        in_hours || !self.week.is_whole && self.covers(segments)
    }

    fn covers(&self, segments: &[Segment]) -> bool {
        let mut spans = segments.iter().flat_map(|segment| &segment.local);
        self.ordinary.as_ref().is_none_or(|weekly| {
            spans.all(|span| covers(&weekly[usize::from(span.weekday)], span.window))
        })
    }
}

/// The ordinary week of a declaration; nothing stands for always.
fn ordinary(availability: &Availability) -> Option<&Weekly> {
    match availability {
        Availability::Always => None,
        Availability::Declared { weekly, .. } => Some(weekly),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Exceptions, Window};

    fn declared(from_minute: u16) -> Availability {
        let until_minute = 1_440;
        let window = Window {
            from_minute,
            until_minute,
        };
        Availability::Declared {
            weekly: std::array::from_fn(|_| vec![window]).into(),
            exceptions: Exceptions::default(),
        }
    }

    #[test]
    fn a_week_that_nobody_has_any_more_makes_room_for_another() {
        let mut patterns = Patterns::default();
        patterns.widen(1);
        for place in 0..PATTERNS_MAX {
            assert!(patterns.join(place, &declared(place as u16)));
        }
        assert!(!patterns.join(20, &declared(100)), "there is no room");
        assert!(patterns.join(20, &declared(3)), "it has a row");
        assert!(patterns.week(&declared(100)).is_none());
        assert!(patterns.leave(3) && !patterns.join(3, &declared(100)));
        assert!(patterns.leave(20) && patterns.join(3, &declared(100)));
        assert!(!patterns.leave(20), "nothing is known any more");
        assert!(patterns.week(&declared(100)).is_some());
        assert!(patterns.week(&declared(3)).is_none());
    }
}
