//! Whether work fits into what an officer has already taken on.

use crate::model::{Booking, Calendar, Segment, Terms};

/// The first booking in the way of work in `segments` on `terms`.
///
/// Bookings are as wide as the terms of their vacancies made them (rules 3 and 11), so time around
/// the new work meets time around the old: two assignments whose buffers overlap conflict, and two
/// whose buffers touch do not.
pub fn conflict(segments: &[Segment], terms: &Terms, calendar: &Calendar) -> Option<Booking> {
    let mut busy = terms.busy(segments);
    busy.find_map(|span| calendar.overlapping(span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Interval, SiteId, Term, Timestamp, VacancyId};

    const HOUR_US: i64 = 3_600_000_000;

    fn hours(start: i64, end: i64) -> Interval {
        Interval {
            start: Timestamp(start * HOUR_US),
            end: Timestamp(end * HOUR_US),
        }
    }

    fn work(spans: &[Interval]) -> Vec<Segment> {
        let segment = |span: &Interval| Segment {
            site: SiteId(0),
            span: *span,
            local: Vec::new(),
        };
        spans.iter().map(segment).collect()
    }

    fn buffer(before_ms: u64, after_ms: u64) -> Terms {
        let buffer = Term::Buffer {
            before_ms,
            after_ms,
        };
        Terms::new(vec![buffer]).expect("one of a kind")
    }

    #[test]
    fn buffers_widen_the_first_start_and_the_last_end_only() {
        let terms = buffer(3_600_000, 7_200_000);
        let busy: Vec<_> = terms.busy(&work(&[hours(4, 5), hours(9, 10)])).collect();
        assert_eq!(busy, [hours(3, 5), hours(9, 12)]);
        let alone: Vec<_> = terms.busy(&work(&[hours(4, 5)])).collect();
        assert_eq!(alone, [hours(3, 7)]);
    }

    #[test]
    fn buffers_that_touch_do_not_conflict_and_those_that_overlap_do_on_either_side() {
        let mut calendar = Calendar::default();
        calendar.book(hours(8, 12), VacancyId(1));
        let in_the_way = |start, end, before_ms, after_ms| {
            let terms = buffer(before_ms, after_ms);
            conflict(&work(&[hours(start, end)]), &terms, &calendar).is_some()
        };
        assert!(!in_the_way(13, 14, 3_600_000, 0));
        assert!(in_the_way(13, 14, 3_600_001, 0));
        assert!(!in_the_way(6, 7, 0, 3_600_000));
        assert!(in_the_way(6, 7, 0, 3_600_001));
    }
}
