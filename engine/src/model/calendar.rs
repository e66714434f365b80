//! What an officer is already assigned to.

use rkyv::{Archive, Deserialize, Serialize};

use super::{Interval, Timestamp, VacancyId};

/// An officer's booked time, sorted by start and disjoint.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Calendar {
    bookings: Vec<Booking>,
}

/// Time that belongs to an assignment.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Booking {
    /// When.
    pub span: Interval,
    /// For which vacancy.
    pub vacancy: VacancyId,
}

impl Calendar {
    /// The first booking that shares an instant with `span`.
    pub fn overlapping(&self, span: Interval) -> Option<Booking> {
        let after = self.place_behind(|booking| booking.span.end <= span.start);
        self.bookings
            .get(after)
            .copied()
            .filter(|booking| booking.span.overlaps(span))
    }

    /// Every booking that shares an instant with `span`, the earliest first.
    pub fn within(&self, span: Interval) -> impl Iterator<Item = Booking> + '_ {
        let after = self
            .bookings
            .partition_point(|booking| booking.span.end <= span.start);
        let bookings = self.bookings[after..].iter().copied();
        bookings.take_while(move |booking| booking.span.start < span.end)
    }

    /// The last booking that ends by `at`, and the first that starts at `at` or later.
    pub fn around(&self, at: Timestamp) -> (Option<Booking>, Option<Booking>) {
        let ended = self
            .bookings
            .partition_point(|booking| booking.span.end <= at);
        let before = ended.checked_sub(1).map(|place| self.bookings[place]);
        let mut after = self.bookings[ended..].iter().copied();
        (before, after.find(|booking| at <= booking.span.start))
    }

    /// Books `span`, which overlaps nothing.
    pub fn book(&mut self, span: Interval, vacancy: VacancyId) {
        let place = self.place_behind(|booking| booking.span.start < span.start);
        // Most officers have one assignment ahead or none: room for more comes with the second.
        if self.bookings.is_empty() {
            self.bookings.reserve_exact(1);
        }
        self.bookings.insert(place, Booking { span, vacancy });
    }

    /// Frees everything booked for `vacancy`.
    pub fn free(&mut self, vacancy: VacancyId) {
        self.bookings.retain(|booking| booking.vacancy != vacancy);
    }

    /// All bookings, the earliest first.
    pub fn bookings(&self) -> &[Booking] {
        &self.bookings
    }

    /// The place behind all bookings that are `earlier`. Work is mostly taken on in the order in
    /// which it is done, so the last booking is asked first; the middle of a long calendar is
    /// memory that nobody has read for a while.
    fn place_behind(&self, earlier: impl Fn(&Booking) -> bool) -> usize {
        match self.bookings.last() {
            Some(last) if !earlier(last) => self.bookings.partition_point(earlier),
            Some(_) | None => self.bookings.len(),
        }
    }
}
