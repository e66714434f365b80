//! Declared availability as rows of bits: one for each hour of a week, and one for each four hours
//! that follow each other, so that a day's work is two questions and not eight.

use crate::model::{Availability, LocalSpan, Window};

const DAYS: usize = 7;
const HOURS: u16 = 24;
const HOUR_MINUTES: u16 = 60;
/// Hours that one row of the second kind asks for at once.
const STRETCH: u16 = 4;

/// The hours of an ordinary week in which an officer is willing to work, whole hours only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Week {
    /// One bit an hour, by weekday.
    hours: [u32; DAYS],
    /// Whether the hours say everything: no window begins or ends inside one.
    pub(super) is_whole: bool,
}

impl Week {
    /// The week of `availability`.
    pub(super) fn of(availability: &Availability) -> Week {
        let Availability::Declared { weekly, .. } = availability else {
            let hours = [(1 << HOURS) - 1; DAYS];
            let is_whole = true;
            return Week { hours, is_whole };
        };
        let hours = std::array::from_fn(|day| whole_hours(&weekly[day]));
        let is_edge = |minute: u16| minute.is_multiple_of(HOUR_MINUTES);
        let mut windows = weekly.iter().flatten();
        let is_whole = windows.all(|w| is_edge(w.from_minute) && is_edge(w.until_minute));
        Week { hours, is_whole }
    }

    /// The week of somebody who is never willing.
    pub(super) fn never() -> Week {
        let hours = [0; DAYS];
        let is_whole = true;
        Week { hours, is_whole }
    }

    /// Whether all of `hours`, one bit each, are in the week on this weekday.
    pub(super) fn has(&self, weekday: u8, hours: u32) -> bool {
        self.hours[usize::from(weekday)] & hours == hours
    }

    /// Every row in which the two weeks differ, with what `self` says there.
    pub(super) fn unlike(self, before: Week) -> impl Iterator<Item = (usize, bool)> {
        let kinds = [hourly as fn(u32) -> u32, stretches];
        let days = (0..DAYS).flat_map(move |day| (0..).zip(kinds).map(move |kind| (day, kind)));
        days.flat_map(move |(day, (number, of))| {
            let (now, before) = (of(self.hours[day]), of(before.hours[day]));
            let mut left = now ^ before;
            std::iter::from_fn(move || {
                let hour = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some((row(number, day, hour as usize), now >> hour & 1 == 1))
            })
        })
    }
}

/// The hours that `span` touches, one bit each.
pub(super) fn asked(span: &LocalSpan) -> u32 {
    let (first, end) = hours_of(span);
    (1 << end) - (1 << first)
}

/// The rows that whoever is available for all of `spans` is in, and nobody else whose week is
/// whole.
pub(super) fn rows_of<'a>(
    spans: impl Iterator<Item = &'a LocalSpan>,
) -> impl Iterator<Item = usize> {
    spans.flat_map(|span| {
        let (first, end) = hours_of(span);
        let day = usize::from(span.weekday);
        let long = end - first >= STRETCH;
        let step = if long { STRETCH } else { 1 };
        let begins = (first..end).step_by(usize::from(step));
        // The last stretch begins early enough to end with the work.
        begins.map(move |hour| row(usize::from(long), day, usize::from(hour.min(end - step))))
    })
}

/// The first hour that `span` touches, and the one after the last.
fn hours_of(span: &LocalSpan) -> (u16, u16) {
    let Window {
        from_minute,
        until_minute,
    } = span.window;
    (
        from_minute / HOUR_MINUTES,
        until_minute.div_ceil(HOUR_MINUTES),
    )
}

/// The hours that sorted, disjoint `windows` contain; windows that touch count as one.
fn whole_hours(windows: &[Window]) -> u32 {
    let mut hours = 0;
    let mut stretch: Option<Window> = None;
    for window in windows {
        let touching = stretch.filter(|before| window.from_minute <= before.until_minute);
        let from_minute = touching.map_or(window.from_minute, |before| before.from_minute);
        let until_minute = touching.map_or(0, |before| before.until_minute);
        let until_minute = until_minute.max(window.until_minute);
        let first = from_minute.div_ceil(HOUR_MINUTES);
        let end = (until_minute / HOUR_MINUTES).min(HOURS);
        if first < end {
            hours |= (1 << end) - (1 << first);
        }
        stretch = Some(Window {
            from_minute,
            until_minute,
        });
    }
    hours
}

/// Hours as they are.
fn hourly(hours: u32) -> u32 {
    hours
}

/// The hours at which a stretch begins.
fn stretches(hours: u32) -> u32 {
    (1..STRETCH).fold(hours, |kept, ahead| kept & hours >> ahead)
}

fn row(kind: usize, day: usize, hour: usize) -> usize {
    (kind * DAYS + day) * usize::from(HOURS) + hour
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{Date, Exceptions, Interval, Segment, SiteId};
    use crate::rules::availability::is_available;

    fn declared(windows: &[(u16, u16)]) -> Availability {
        let window = |&(from_minute, until_minute)| Window {
            from_minute,
            until_minute,
        };
        let day: Vec<Window> = windows.iter().map(window).collect();
        let mut weekly: [Vec<Window>; 7] = Default::default();
        weekly[2] = day;
        let (weekly, exceptions) = (weekly.into(), Exceptions::default());
        Availability::Declared { weekly, exceptions }
    }

    fn rows(availability: &Availability) -> BTreeSet<usize> {
        assert_eq!(Week::of(&declared(&[])), Week::never());
        let rows = Week::of(availability).unlike(Week::never());
        rows.map(|(row, on)| {
            assert!(on);
            row
        })
        .collect()
    }

    fn wednesday(from_minute: u16, until_minute: u16) -> LocalSpan {
        LocalSpan {
            date: Date {
                year: 2026,
                month: 11,
                day: 25,
            },
            weekday: 2,
            window: Window {
                from_minute,
                until_minute,
            },
        }
    }

    fn rows_asked(from_minute: u16, until_minute: u16) -> BTreeSet<usize> {
        rows_of([wednesday(from_minute, until_minute)].iter()).collect()
    }

    #[test]
    fn the_rows_say_what_the_windows_say() {
        let weeks = [
            declared(&[(420, 900)]),
            declared(&[(0, 360), (720, 1_440)]),
            declared(&[(420, 600), (600, 660), (720, 1_020)]),
            declared(&[(420, 630), (630, 660), (660, 700), (700, 1_440)]),
            Availability::Always,
        ];
        for week in &weeks {
            // Windows that meet inside an hour are whole all the same, and are examined in vain.
            let there = rows(week);
            for from in (0..1_440).step_by(20) {
                for until in (from + 20..=1_440).step_by(20) {
                    let segment = Segment {
                        site: SiteId(0),
                        span: Interval::ALWAYS,
                        local: vec![wednesday(from, until)],
                    };
                    let expected = is_available(week, &[segment]);
                    let is_in = rows_asked(from, until).is_subset(&there);
                    assert_eq!(is_in, expected, "{from}–{until} of {week:?}");
                }
            }
        }
    }

    #[test]
    fn an_eight_hour_day_is_two_rows() {
        assert_eq!(rows_asked(420, 900).len(), 2);
        assert_eq!(rows_asked(420, 600).len(), 3);
    }

    #[test]
    fn windows_inside_an_hour_leave_its_row_empty_and_say_so() {
        let ragged = declared(&[(435, 600)]);
        assert!(!Week::of(&ragged).is_whole);
        assert_eq!(rows(&ragged), rows(&declared(&[(480, 600)])));
    }

    #[test]
    fn a_change_names_the_rows_that_change() {
        let (before, after) = (declared(&[(420, 900)]), declared(&[(420, 960)]));
        let changes: Vec<_> = Week::of(&after).unlike(Week::of(&before)).collect();
        assert_eq!(changes, [(row(0, 2, 15), true), (row(1, 2, 12), true)]);
        assert!(Week::of(&after).unlike(Week::of(&after)).next().is_none());
    }
}
