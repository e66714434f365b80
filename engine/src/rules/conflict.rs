//! Whether work fits into what an officer has already taken on.

use crate::model::{Booking, Calendar, Posting};

/// The first booking in the way of any segment of `posting`.
pub fn conflict(posting: &Posting, calendar: &Calendar) -> Option<Booking> {
    let mut segments = posting.segments.iter();
    segments.find_map(|segment| calendar.overlapping(segment.span))
}
