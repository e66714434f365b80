//! When an officer is willing to work, judged in the local time of the site (rule 3).

use crate::model::{Availability, Date, Interval, LocalSpan, Segment, Timestamp, Window};

/// Minutes of a day.
const DAY_MINUTES: u16 = 1_440;

/// Whether the declared windows contain every part of `segments`.
pub fn is_available(availability: &Availability, segments: &[Segment]) -> bool {
    let Availability::Declared { weekly, exceptions } = availability else {
        return true;
    };
    segments
        .iter()
        .flat_map(|segment| &segment.local)
        .all(|span| {
            let ordinary = &weekly[usize::from(span.weekday)];
            covers(exceptions.get(&span.date).unwrap_or(ordinary), span.window)
        })
}

/// Whether sorted, disjoint `windows` contain `wanted`; windows that touch count as one.
pub fn covers(windows: &[Window], wanted: Window) -> bool {
    let mut reached = wanted.from_minute;
    for window in windows {
        if window.from_minute <= reached && reached < window.until_minute {
            reached = window.until_minute;
        }
    }
    reached >= wanted.until_minute
}

/// What `span` is on the clocks of `zone`, one entry a day.
///
/// The local clock decides, so a window of 07:00 to 15:00 means the same wall-clock hours on
/// both sides of a change to daylight-saving time. Started minutes count as worked.
pub fn local_spans(zone: &str, span: Interval) -> Result<Vec<LocalSpan>, ZoneError> {
    let unreadable = || ZoneError {
        zone: zone.to_owned(),
    };
    let zone = jiff::tz::TimeZoneDatabase::bundled()
        .get(zone)
        .map_err(|_| unreadable())?;
    let local = |at: Timestamp| {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).map_err(|_| unreadable())?;
        Ok(zone.to_datetime(at))
    };
    let minute = |time: jiff::civil::DateTime| time.hour() as u16 * 60 + time.minute() as u16;
    let (start, end) = (local(span.start)?, local(span.end)?);
    let starts_inside = end.second() == 0 && end.subsec_nanosecond() == 0;
    let end_minute = minute(end) + u16::from(!starts_inside);

    // Where clocks go back, work inside the hour that passes twice may end at an earlier minute
    // than it began: both passes of the hour are then asked for.
    if start.date() == end.date() && end_minute <= minute(start) {
        let window = Window {
            from_minute: end_minute / 60 * 60,
            until_minute: (minute(start) / 60 + 1) * 60,
        };
        return Ok(vec![local_span(start.date(), window)]);
    }
    let mut spans = Vec::new();
    let mut date = start.date();
    while date <= end.date() {
        let from_minute = if date == start.date() {
            minute(start)
        } else {
            0
        };
        let until_minute = if date == end.date() {
            end_minute
        } else {
            DAY_MINUTES
        };
        if from_minute < until_minute {
            spans.push(local_span(
                date,
                Window {
                    from_minute,
                    until_minute,
                },
            ));
        }
        date = date.tomorrow().map_err(|_| unreadable())?;
    }
    Ok(spans)
}

fn local_span(date: jiff::civil::Date, window: Window) -> LocalSpan {
    LocalSpan {
        date: Date {
            year: date.year(),
            month: date.month() as u8,
            day: date.day() as u8,
        },
        weekday: date.weekday().to_monday_zero_offset() as u8,
        window,
    }
}

/// A time zone that is not known, or a time it cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{zone}` is not a time zone, or the time lies outside its rules: use an IANA name")]
pub struct ZoneError {
    zone: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(
            text.parse::<jiff::Timestamp>()
                .expect("a time")
                .as_microsecond(),
        )
    }

    fn spans(zone: &str, from: &str, until: &str) -> Vec<(u8, u8, u16, u16)> {
        let span = Interval::new(at(from), at(until)).expect("a span");
        let spans = local_spans(zone, span).expect("a zone");
        let row = |s: LocalSpan| {
            (
                s.date.day,
                s.weekday,
                s.window.from_minute,
                s.window.until_minute,
            )
        };
        spans.into_iter().map(row).collect()
    }

    #[test]
    fn a_night_shift_is_two_local_days() {
        let night = spans(
            "America/Phoenix",
            "2026-11-24T05:00:00Z",
            "2026-11-24T13:00:00Z",
        );
        assert_eq!(night, [(23, 0, 22 * 60, 1_440), (24, 1, 0, 6 * 60)]);
    }

    #[test]
    fn a_minute_that_was_started_counts() {
        let hours = [
            ("22:00:00", "23:00:00", 960),
            ("22:00:00", "23:00:01", 961),
            ("22:00:00", "23:00:00.000001", 961),
            ("22:00:59", "23:00:59.999999", 961),
        ];
        for (from, until, end) in hours {
            let [from, until] = [from, until].map(|time| format!("2026-11-23T{time}Z"));
            let worked = spans("America/Phoenix", &from, &until);
            assert_eq!(worked, [(23, 0, 900, end)], "{until}");
        }
    }

    #[test]
    fn midnight_ends_the_day_and_starts_none() {
        let evening = spans(
            "America/Phoenix",
            "2026-11-24T03:00:00Z",
            "2026-11-24T07:00:00Z",
        );
        assert_eq!(evening, [(23, 0, 20 * 60, 1_440)]);
    }

    #[test]
    fn navajo_and_hopi_clocks_differ_in_summer() {
        // Tuba City follows America/Denver, Moenkopi next door does not change its clocks.
        let morning = ("2026-07-06T14:00:00Z", "2026-07-06T22:00:00Z");
        assert_eq!(
            spans("America/Denver", morning.0, morning.1),
            [(6, 0, 480, 960)]
        );
        assert_eq!(
            spans("America/Phoenix", morning.0, morning.1),
            [(6, 0, 420, 900)]
        );
    }

    #[test]
    fn the_hour_that_passes_twice_is_asked_for_whole() {
        // Clocks in Denver went back from 02:00 to 01:00 on 1 November 2026.
        let inside = spans(
            "America/Denver",
            "2026-11-01T07:50:00Z",
            "2026-11-01T08:10:00Z",
        );
        assert_eq!(inside, [(1, 6, 60, 120)]);
        let across = spans(
            "America/Denver",
            "2026-11-01T06:00:00Z",
            "2026-11-01T10:00:00Z",
        );
        assert_eq!(across, [(1, 6, 0, 180)]);
    }

    #[test]
    fn touching_windows_count_as_one() {
        let window = |from_minute, until_minute| Window {
            from_minute,
            until_minute,
        };
        let windows = [window(360, 600), window(600, 900)];
        assert!(covers(&windows, window(400, 880)));
        assert!(!covers(&windows, window(300, 880)));
        assert!(!covers(&windows, window(400, 901)));
        assert!(!covers(
            &[window(360, 600), window(601, 900)],
            window(400, 880)
        ));
        assert!(!covers(&[], window(0, 1)));
    }
}
