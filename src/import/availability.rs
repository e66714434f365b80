//! When an officer is willing to work, as written in one field.
//!
//! `always`, or parts joined by `;`:
//! - `mon-fri 06:00-18:00`, `sat 08:00-12:00`, `daily 17:00-24:00`: windows of every week;
//! - `!2026-11-26`: not at all on that date, whatever the week says;
//! - `!2026-11-27 08:00-12:00`: these windows on that date instead.
//!
//! Several windows of a day are joined by `,`. Times are local to the site. A window past midnight
//! is written as two: `fri 22:00-24:00;sat 00:00-06:00`.

use jiff::civil::Date;
use protocol::{Availability, DatedWindows, WeeklyWindow};

use super::dates::day;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const DAY_MINUTES: u16 = 24 * 60;

/// Parts of the longest declaration.
const PARTS_MAX: usize = 64;

const GRAMMAR: &str = "`always`, or parts joined by `;` such as `mon-fri 06:00-18:00`, \
                       `sat 08:00-12:00` or `!2026-11-26`";

const WINDOW: &str = "a window such as 06:00-18:00 that ends after it begins (write one past \
                      midnight as two)";

/// Reads a whole field.
pub(crate) fn availability(written: &str) -> Result<Availability, String> {
    if written == "always" {
        return Ok(Availability::Always);
    }
    let parts: Vec<&str> = written
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        return Err(GRAMMAR.to_owned());
    }
    if parts.len() > PARTS_MAX {
        return Err(format!("at most {PARTS_MAX} parts"));
    }
    let mut weekly: Vec<WeeklyWindow> = Vec::new();
    let mut exceptions: Vec<DatedWindows> = Vec::new();
    for part in parts {
        match part.strip_prefix('!') {
            Some(dated) => exceptions.push(exception(dated)?),
            None => weekly.extend(week(part)?),
        }
    }
    weekly.sort_unstable();
    exceptions.sort_unstable_by_key(|dated| (dated.year, dated.month, dated.day));
    if weekly.windows(2).any(|pair| overlap(pair[0], pair[1])) {
        return Err("windows of a day that do not overlap".to_owned());
    }
    let same_date = |pair: &[DatedWindows]| {
        let [one, two] = pair else { return false };
        (one.year, one.month, one.day) == (two.year, two.month, two.day)
    };
    if exceptions.windows(2).any(same_date) {
        return Err("each date once".to_owned());
    }
    Ok(Availability::Declared { weekly, exceptions })
}

fn overlap(one: WeeklyWindow, two: WeeklyWindow) -> bool {
    one.weekday == two.weekday && two.from_minute < one.until_minute
}

fn exception(part: &str) -> Result<DatedWindows, String> {
    let (written, times) = part.split_once(' ').unwrap_or((part, ""));
    let date: Date = day(written).map_err(|_| GRAMMAR.to_owned())?;
    let mut windows = if times.trim().is_empty() {
        Vec::new()
    } else {
        windows(times)?
    };
    windows.sort_unstable();
    if windows.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err("windows of a day that do not overlap".to_owned());
    }
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    Ok(DatedWindows {
        year: date.year(),
        month,
        day,
        windows,
    })
}

fn week(part: &str) -> Result<Vec<WeeklyWindow>, String> {
    let (days, times) = part.split_once(' ').ok_or(GRAMMAR)?;
    let days = weekdays(days).ok_or(GRAMMAR)?;
    let windows = windows(times)?;
    let both = days.flat_map(|weekday| {
        windows
            .iter()
            .map(move |(from_minute, until_minute)| WeeklyWindow {
                weekday,
                from_minute: *from_minute,
                until_minute: *until_minute,
            })
    });
    Ok(both.collect())
}

fn weekdays(written: &str) -> Option<std::ops::RangeInclusive<u8>> {
    if written == "daily" {
        return Some(1..=7);
    }
    let number = |word: &str| {
        let place = DAYS.iter().position(|day| *day == word)?;
        u8::try_from(place + 1).ok()
    };
    let (first, last) = written.split_once('-').unwrap_or((written, written));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

fn windows(times: &str) -> Result<Vec<(u16, u16)>, String> {
    times
        .split(',')
        .map(|window| {
            let (from, until) = window.trim().split_once('-').ok_or(WINDOW)?;
            let (from, until) = (minute(from).ok_or(WINDOW)?, minute(until).ok_or(WINDOW)?);
            if from < until {
                Ok((from, until))
            } else {
                Err(WINDOW.to_owned())
            }
        })
        .collect()
}

fn minute(written: &str) -> Option<u16> {
    let (hour, minute) = written.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(written: &str) -> (Vec<(u8, u16, u16)>, Vec<DatedWindows>) {
        let Availability::Declared { weekly, exceptions } = availability(written).unwrap() else {
            panic!("{written} is not declared")
        };
        let plain = weekly
            .iter()
            .map(|w| (w.weekday, w.from_minute, w.until_minute))
            .collect();
        (plain, exceptions)
    }

    #[test]
    fn reads_weeks_and_exceptions() {
        let (weekly, exceptions) =
            declared("sat 08:00-12:00; mon-tue 06:00-18:00;!2026-11-27 09:00-10:00;!2026-11-26");
        assert_eq!(weekly, [(1, 360, 1080), (2, 360, 1080), (6, 480, 720)]);
        assert_eq!(
            exceptions,
            [
                DatedWindows {
                    year: 2026,
                    month: 11,
                    day: 26,
                    windows: Vec::new()
                },
                DatedWindows {
                    year: 2026,
                    month: 11,
                    day: 27,
                    windows: vec![(540, 600)]
                },
            ]
        );
    }

    #[test]
    fn a_day_may_have_several_windows_up_to_midnight() {
        let (weekly, _) = declared("sun 00:00-06:00,22:00-24:00");
        assert_eq!(weekly, [(7, 0, 360), (7, 1320, 1440)]);
        assert_eq!(declared("daily 17:00-24:00").0.len(), 7);
        assert_eq!(availability("always"), Ok(Availability::Always));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "",
            ";",
            "never",
            "mon",
            "fri-mon 08:00-12:00",
            "mon 8:00-12:00",
            "mon 22:00-06:00",
            "mon 08:00-08:00",
            "mon 08:00-24:01",
            "mon 08:60-09:00",
            "mon 08:00-12:00;mon 11:00-13:00",
            "!2026-02-30",
            "!2026-11-26;!2026-11-26 08:00-09:00",
            "always;mon 08:00-12:00",
        ] {
            assert!(availability(bad).is_err(), "{bad}");
        }
    }
}
