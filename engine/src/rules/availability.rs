//! When an officer is willing to work, judged in the local time of the site (rule 3).

use std::collections::BTreeMap;

use jiff::civil::DateTime;

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

/// What `span` is on the clocks of `zone`, one entry a day: the least window of the day that contains
/// every minute that the clocks show. Where they go back they show some of them twice, and those
/// before the change may be later ones than those behind it.
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
    let instant =
        |at: Timestamp| jiff::Timestamp::from_microsecond(at.as_micros()).map_err(|_| unreadable());
    let (mut from, end) = (instant(span.start)?, instant(span.end)?);
    let changes = zone.following(from).map(|change| change.timestamp());
    let changes = changes.take_while(|change| *change < end);
    let mut days = BTreeMap::new();
    for until in changes.chain([end]) {
        let offset = zone.to_offset(from);
        let run = (offset.to_datetime(from), offset.to_datetime(until));
        add_days(&mut days, run).map_err(|_| unreadable())?;
        from = until;
    }
    let spans = days.into_iter();
    Ok(spans
        .map(|(date, window)| local_span(date, window))
        .collect())
}

/// Adds to `days` what clocks show that run from one time to another without being changed.
fn add_days(
    days: &mut BTreeMap<jiff::civil::Date, Window>,
    (from, until): (DateTime, DateTime),
) -> Result<(), jiff::Error> {
    let minute = |time: DateTime| time.hour() as u16 * 60 + time.minute() as u16;
    let ends_between = until.second() != 0 || until.subsec_nanosecond() != 0;
    let mut date = from.date();
    while date <= until.date() {
        let from_minute = match date == from.date() {
            true => minute(from),
            false => 0,
        };
        let until_minute = match date == until.date() {
            true => minute(until) + u16::from(ends_between),
            false => DAY_MINUTES,
        };
        if from_minute < until_minute {
            let window = Window {
                from_minute,
                until_minute,
            };
            let day = days.entry(date).or_insert(window);
            day.from_minute = day.from_minute.min(from_minute);
            day.until_minute = day.until_minute.max(until_minute);
        }
        date = date.tomorrow()?;
    }
    Ok(())
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
    fn of_an_hour_that_passes_twice_every_minute_that_the_clocks_show_is_asked_for() {
        // Clocks in Denver went back from 02:00 to 01:00 on 1 November 2026, at 08:00 UTC.
        let worked = [
            (
                "07:50",
                "08:10",
                (60, 120),
                "01:50 to 02:00, and 01:00 to 01:10",
            ),
            ("07:50", "08:55", (60, 120), "the second time almost whole"),
            (
                "06:30",
                "08:30",
                (30, 120),
                "from 00:30 into the second time",
            ),
            ("07:30", "10:00", (60, 180), "from within the first time"),
            ("08:30", "10:00", (90, 180), "from within the second time"),
            ("07:00", "08:00", (60, 120), "the first time only"),
            ("08:00", "09:00", (60, 120), "the second time only"),
            ("06:00", "10:00", (0, 180), "all of it"),
        ];
        for (from, until, (start, end), what) in worked {
            let [from, until] = [from, until].map(|time| format!("2026-11-01T{time}:00Z"));
            let shown = spans("America/Denver", &from, &until);
            assert_eq!(shown, [(1, 6, start, end)], "{what}");
        }
    }

    #[test]
    fn clocks_that_go_back_at_midnight_show_an_evening_twice() {
        // Clocks in Asunción went back from midnight to 23:00 on 23 March 2024, at 03:00 UTC.
        let (from, until) = ("2024-03-24T02:30:00Z", "2024-03-24T05:00:00Z");
        let shown = spans("America/Asuncion", from, until);
        assert_eq!(shown, [(23, 5, 1_380, 1_440), (24, 6, 0, 60)]);
    }

    #[test]
    fn an_hour_that_is_left_out_lies_within_the_window() {
        // Clocks in Denver went from 02:00 to 03:00 on 8 March 2026, at 09:00 UTC.
        let (from, until) = ("2026-03-08T08:00:00Z", "2026-03-08T10:00:00Z");
        assert_eq!(spans("America/Denver", from, until), [(8, 6, 60, 240)]);
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
