//! When an officer is willing to work, in the local time of the site.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::{Availability, DatedWindows, WeeklyWindow};

use super::Stretch;

/// Whether the declared windows contain the whole stretch; windows that touch count as one.
pub(super) fn contains(availability: &Availability, stretch: &Stretch) -> bool {
    let Availability::Declared { weekly, exceptions } = availability else {
        return true;
    };
    let first_day = stretch.local_start_us.div_euclid(DAY_US);
    // The end is the first instant after, so an end at midnight does not touch the next day.
    let last_day = (stretch.local_end_us - 1).div_euclid(DAY_US);
    let mut windows: Vec<(i64, i64)> = (first_day..=last_day)
        .flat_map(|day| windows_of(day, weekly, exceptions))
        .collect();
    windows.sort_unstable();
    let mut covered_until_us = stretch.local_start_us;
    for (from_us, until_us) in windows {
        if from_us <= covered_until_us && covered_until_us < until_us {
            covered_until_us = until_us;
        }
    }
    stretch.local_end_us <= covered_until_us
}

const DAY_US: i64 = 24 * 60 * MINUTE_US;
const MINUTE_US: i64 = 60 * 1_000_000;

/// The windows of one local day, as spans of the wall clock's number line.
fn windows_of(day: i64, weekly: &[WeeklyWindow], exceptions: &[DatedWindows]) -> Vec<(i64, i64)> {
    let span = |from: u16, until: u16| {
        let midnight_us = day * DAY_US;
        (
            midnight_us + i64::from(from) * MINUTE_US,
            midnight_us + i64::from(until) * MINUTE_US,
        )
    };
    if let Some(exception) = exceptions.iter().find(|one| day_of(one) == Some(day)) {
        let windows = exception.windows.iter();
        return windows.map(|&(from, until)| span(from, until)).collect();
    }
    weekly
        .iter()
        .filter(|window| i64::from(window.weekday) == weekday(day))
        .map(|window| span(window.from_minute, window.until_minute))
        .collect()
}

/// Monday is 1 and Sunday is 7; day 0, 1 January 1970, was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7) + 1
}

fn day_of(exception: &DatedWindows) -> Option<i64> {
    let month = i8::try_from(exception.month).ok()?;
    let day = i8::try_from(exception.day).ok()?;
    let date = Date::new(exception.year, month, day).ok()?;
    let midnight: Timestamp = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(midnight.as_microsecond().div_euclid(DAY_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i64 = 4;

    fn stretch(from_minute: i64, until_minute: i64) -> Stretch {
        let local_start_us = MONDAY * DAY_US + from_minute * MINUTE_US;
        let local_end_us = MONDAY * DAY_US + until_minute * MINUTE_US;
        Stretch {
            site: "s".to_owned(),
            start_us: local_start_us,
            end_us: local_end_us,
            local_start_us,
            local_end_us,
        }
    }

    fn weekly(windows: &[(u8, u16, u16)]) -> Vec<WeeklyWindow> {
        let read = |&(weekday, from_minute, until_minute): &(u8, u16, u16)| WeeklyWindow {
            weekday,
            from_minute,
            until_minute,
        };
        windows.iter().map(read).collect()
    }

    #[test]
    fn windows_contain_or_do_not() {
        let rows = [
            (&[(1, 420, 900)][..], 420, 900, true),
            (&[(1, 420, 900)], 419, 900, false),
            (&[(1, 420, 900)], 420, 901, false),
            (&[(2, 420, 900)], 420, 900, false),
            (&[], 420, 421, false),
            // Two windows that touch are one; two with a gap are not.
            (&[(1, 600, 900), (1, 420, 600)], 420, 900, true),
            (&[(1, 601, 900), (1, 420, 600)], 420, 900, false),
            // Across midnight, written as two.
            (&[(1, 1_320, 1_440), (2, 0, 360)], 1_320, 1_800, true),
            (&[(1, 1_320, 1_439), (2, 0, 360)], 1_320, 1_800, false),
            // Ending exactly at midnight does not ask anything of Tuesday.
            (&[(1, 1_320, 1_440)], 1_320, 1_440, true),
            // A window inside another does not end the outer one early.
            (&[(1, 420, 900), (1, 430, 440)], 420, 900, true),
        ];
        for (row, (windows, from, until, expected)) in rows.into_iter().enumerate() {
            let availability = Availability::Declared {
                weekly: weekly(windows),
                exceptions: Vec::new(),
            };
            let said = contains(&availability, &stretch(from, until));
            assert_eq!(said, expected, "row {row}");
        }
    }

    #[test]
    fn exceptions_replace_the_day() {
        let exception = |windows: &[(u16, u16)]| DatedWindows {
            year: 1970,
            month: 1,
            day: 5,
            windows: windows.to_vec(),
        };
        let declared = |exceptions| Availability::Declared {
            weekly: weekly(&[(1, 420, 900)]),
            exceptions,
        };
        let shift = stretch(420, 900);
        assert!(contains(&declared(vec![]), &shift));
        assert!(!contains(&declared(vec![exception(&[])]), &shift));
        assert!(!contains(&declared(vec![exception(&[(480, 900)])]), &shift));
        assert!(contains(&declared(vec![exception(&[(0, 1_440)])]), &shift));
    }

    #[test]
    fn always_is_always() {
        assert!(contains(&Availability::Always, &stretch(0, 9_999)));
    }

    #[test]
    fn the_week_starts_on_monday() {
        assert_eq!(
            (0..7).map(weekday).collect::<Vec<_>>(),
            [4, 5, 6, 7, 1, 2, 3]
        );
        assert_eq!(weekday(-1), 3);
    }
}
