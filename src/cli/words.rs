//! Words of the command line that mean more than text.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use protocol::{Class, Clothing, Limit, Measure, Position, Rank, Role};

/// `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key's path.
    pub key: String,
    /// The value as it was written.
    pub value: String,
}

pub(super) fn set(written: &str) -> Result<Setting, String> {
    let (key, value) = written
        .split_once('=')
        .ok_or("expected KEY=VALUE, such as log.segment_mib=128")?;
    Ok(Setting {
        key: key.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

pub(super) fn rank(written: &str) -> Result<Rank, String> {
    match written {
        "officer" => Ok(Rank::Officer),
        "sergeant" => Ok(Rank::Sergeant),
        "commander" => Ok(Rank::Commander),
        _ => Err("expected officer, sergeant or commander".to_owned()),
    }
}

/// `yes` or `no`.
pub(super) fn yes_or_no(written: &str) -> Result<bool, String> {
    match written {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

pub(super) fn class(written: &str) -> Result<Class, String> {
    match written {
        "peace-officer" => Ok(Class::PeaceOfficer),
        "full-authority-reserve" => Ok(Class::FullAuthorityReserve),
        "community-service-officer" => Ok(Class::CommunityServiceOfficer),
        _ => Err(
            "expected peace-officer, full-authority-reserve or community-service-officer"
                .to_owned(),
        ),
    }
}

/// `day:12h:block`, `week-from-mon:40h:warn`, `14-days:80h:block`, `rest:8h:block`.
pub(super) fn limit(written: &str) -> Result<Limit, String> {
    let expected = || {
        "expected day:12h:block, week-from-mon:40h:warn, 14-days:80h:block or rest:8h:warn"
            .to_owned()
    };
    let [what, most, beyond] = written.split(':').collect::<Vec<_>>()[..] else {
        return Err(expected());
    };
    let minutes = milliseconds(most).map_err(|_| expected())? / 60_000;
    let most_minutes = u16::try_from(minutes).map_err(|_| expected())?;
    let weekday = |day: &str| {
        let place = DAYS.iter().position(|name| *name == day)?;
        u8::try_from(place + 1).ok()
    };
    let week = what.strip_prefix("week-from-").and_then(weekday);
    let days = what
        .strip_suffix("-days")
        .and_then(|days| days.parse().ok());
    let measure = match (what, week, days) {
        ("day", ..) => Measure::Day { most_minutes },
        ("rest", ..) => Measure::Rest {
            least_minutes: most_minutes,
        },
        (_, Some(starts_on), _) => Measure::Week {
            starts_on,
            most_minutes,
        },
        (_, _, Some(days)) => Measure::Days { days, most_minutes },
        _ => return Err(expected()),
    };
    let blocks = match beyond {
        "block" => true,
        "warn" => false,
        _ => return Err(expected()),
    };
    Ok(Limit {
        measure,
        blocks,
        from_us: None,
        until_us: None,
    })
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `33.30616,-111.84125` in millionths of a degree.
pub(super) fn position(written: &str) -> Result<Position, String> {
    let expected = || "expected a latitude and a longitude such as 33.30616,-111.84125".to_owned();
    let udeg = |degrees: &str, most: f64| {
        let degrees: f64 = degrees.trim().parse().ok()?;
        // A bound that NaN does not meet, and that a number of millionths fits into.
        (degrees.abs() <= most).then_some((degrees * 1e6).round() as i32)
    };
    let (north, east) = written.split_once(',').ok_or_else(expected)?;
    let latitude_udeg = udeg(north, 90.0).ok_or_else(expected)?;
    let longitude_udeg = udeg(east, 180.0).ok_or_else(expected)?;
    Ok(Position {
        latitude_udeg,
        longitude_udeg,
    })
}

/// `22:00-06:00` in minutes of a day, which may go on past midnight.
pub(super) fn quiet(written: &str) -> Result<(u16, u16), String> {
    let minute = |text: &str| {
        let time: Time = text.parse().ok().filter(|_| text.len() == "07:00".len())?;
        Some(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    };
    let both = written.split_once('-');
    let both = both.and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
    both.filter(|(from, until)| from != until)
        .ok_or_else(|| "expected hours such as 22:00-06:00".to_owned())
}

pub(super) fn clothing(written: &str) -> Result<Clothing, String> {
    match written {
        "uniform" => Ok(Clothing::Uniform),
        "civilian" => Ok(Clothing::Civilian),
        _ => Err("expected uniform or civilian".to_owned()),
    }
}

pub(super) fn role(written: &str) -> Result<Role, String> {
    match written {
        "officer" => Ok(Role::Officer),
        "coordinator" => Ok(Role::Coordinator),
        "operator" => Ok(Role::Operator),
        "read-only" => Ok(Role::ReadOnly),
        _ => Err("expected officer, coordinator, operator or read-only".to_owned()),
    }
}

/// How long a tier is asked before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many milliseconds.
    Milliseconds(u64),
    /// Until somebody opens the next tier.
    Never,
}

/// Reads how long a tier is asked before the next one.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn window(written: &str) -> Result<Window, String> {
    let expected = || "expected a time such as 10m, 90s, 1h30m, 0s, or never".to_owned();
    if written == "never" {
        return Ok(Window::Never);
    }
    let duration: SignedDuration = written.parse().map_err(|_| expected())?;
    u64::try_from(duration.as_millis())
        .map(Window::Milliseconds)
        .map_err(|_| expected())
}

/// A day of the week, such as `mon`.
pub(super) fn weekday(written: &str) -> Result<Weekday, String> {
    match written.trim() {
        "mon" => Ok(Weekday::Monday),
        "tue" => Ok(Weekday::Tuesday),
        "wed" => Ok(Weekday::Wednesday),
        "thu" => Ok(Weekday::Thursday),
        "fri" => Ok(Weekday::Friday),
        "sat" => Ok(Weekday::Saturday),
        "sun" => Ok(Weekday::Sunday),
        _ => Err("expected days of the week such as mon,tue,thu".to_owned()),
    }
}

/// A time such as 30m in milliseconds.
pub(super) fn milliseconds(written: &str) -> Result<u64, String> {
    match window(written) {
        Ok(Window::Milliseconds(milliseconds)) => Ok(milliseconds),
        Ok(Window::Never) | Err(_) => Err("expected a time such as 30m, 90s or 1h30m".to_owned()),
    }
}

/// A moment as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// With an offset or `Z`: the same everywhere.
    Absolute(Timestamp),
    /// A local date and time.
    Local(DateTime),
    /// A local time of day.
    TimeOfDay(Time),
}

/// Reads a moment.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn when(written: &str) -> Result<Moment, String> {
    if let Ok(absolute) = written.parse::<Timestamp>() {
        return Ok(Moment::Absolute(absolute));
    }
    // A time of day is tried first: `T07:00` alone would not be a date.
    if let Ok(time) = written.parse::<Time>()
        && written.len() <= "07:00:00".len()
    {
        return Ok(Moment::TimeOfDay(time));
    }
    written
        .parse::<DateTime>()
        .ok()
        .filter(|_| written.contains([':', 'T']))
        .map_or_else(
            || {
                let expected = "expected 2026-11-23T07:00, with -07:00 or Z after it if it is not \
                            in the time of --zone";
                Err(expected.to_owned())
            },
            |local| Ok(Moment::Local(local)),
        )
}

/// A point in a log's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Right after this record.
    Record(u64),
    /// At this time.
    Time(Timestamp),
    /// After the last record.
    End,
}

pub(super) fn until(written: &str) -> Result<Until, String> {
    if written == "end" {
        return Ok(Until::End);
    }
    if let Ok(record) = written.parse::<u64>() {
        return Ok(Until::Record(record));
    }
    written.parse::<Timestamp>().map(Until::Time).map_err(|_| {
        "expected the number of a record, a time such as 2026-11-23T14:00:00Z or \
         2026-11-23T07:00-07:00, or end"
            .to_owned()
    })
}

impl Moment {
    /// When that is, where local times are those of `zone`.
    ///
    /// A time of day is taken as the next one after `after`. A local time that a change to
    /// daylight saving time skips or repeats is refused: nobody can say which one is meant.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn resolve(self, zone: &TimeZone, after: Option<Timestamp>) -> Result<Timestamp, String> {
        match self {
            Moment::Absolute(timestamp) => Ok(timestamp),
            Moment::Local(local) => unambiguous(zone, local),
            Moment::TimeOfDay(time) => {
                let after = after.ok_or("expected a date as well, such as 2026-11-23T07:00")?;
                let start = Zoned::new(after, zone.clone());
                let same_day = unambiguous(zone, start.date().to_datetime(time))?;
                if same_day > after {
                    return Ok(same_day);
                }
                let next_day = start.date().tomorrow().map_err(|error| error.to_string())?;
                unambiguous(zone, next_day.to_datetime(time))
            }
        }
    }
}

fn unambiguous(zone: &TimeZone, local: DateTime) -> Result<Timestamp, String> {
    zone.to_ambiguous_timestamp(local)
        .unambiguous()
        .map_err(|_| {
            format!(
                "{local} happens twice or not at all in {} because the clocks change: write the \
             offset, such as {local}-07:00",
                zone.iana_name().unwrap_or("that zone")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(written: &str, zone: &str, after: Option<&str>) -> Result<String, String> {
        let zone = TimeZone::get(zone).unwrap();
        let after = after.map(|after| after.parse().unwrap());
        when(written)?
            .resolve(&zone, after)
            .map(|timestamp| timestamp.to_string())
    }

    #[test]
    fn local_times_are_those_of_the_zone() {
        assert_eq!(
            at("2026-11-23T07:00", "America/Phoenix", None).unwrap(),
            "2026-11-23T14:00:00Z"
        );
        assert_eq!(
            at("2026-07-01T07:00", "America/Denver", None).unwrap(),
            "2026-07-01T13:00:00Z"
        );
        assert_eq!(
            at("2026-11-23T07:00-05:00", "America/Phoenix", None).unwrap(),
            "2026-11-23T12:00:00Z"
        );
    }

    #[test]
    fn a_time_of_day_is_the_next_one_after_the_start() {
        let start = Some("2026-11-23T14:00:00Z");
        assert_eq!(
            at("15:00", "America/Phoenix", start).unwrap(),
            "2026-11-23T22:00:00Z"
        );
        assert_eq!(
            at("06:30", "America/Phoenix", start).unwrap(),
            "2026-11-24T13:30:00Z"
        );
        assert!(at("15:00", "America/Phoenix", None).is_err());
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_is_refused() {
        for local in ["2026-03-08T02:30", "2026-11-01T01:30"] {
            let error = at(local, "America/Denver", None).unwrap_err();
            assert!(error.contains("write the offset"), "{error}");
            assert!(at(local, "America/Phoenix", None).is_ok());
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for bad in ["", "monday", "7", "2026-11-23", "2026-13-01T07:00", "25:00"] {
            assert!(when(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn windows_are_times_or_never() {
        assert_eq!(window("10m"), Ok(Window::Milliseconds(600_000)));
        assert_eq!(window("1h30m"), Ok(Window::Milliseconds(5_400_000)));
        assert_eq!(window("0s"), Ok(Window::Milliseconds(0)));
        assert_eq!(window("never"), Ok(Window::Never));
        for bad in ["", "ten", "-5m", "10"] {
            assert!(window(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_past_moment_is_a_record_a_time_with_its_offset_or_the_end() {
        assert_eq!(until("4711"), Ok(Until::Record(4_711)));
        assert_eq!(until("end"), Ok(Until::End));
        let seven = Ok(Until::Time("2026-11-23T14:00:00Z".parse().unwrap()));
        assert_eq!(until("2026-11-23T14:00:00Z"), seven);
        assert_eq!(until("2026-11-23T07:00-07:00"), seven);
        for bad in ["", "-1", "yesterday", "2026-11-23T07:00"] {
            assert!(until(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_setting_has_a_key_and_a_value() {
        let expected = Setting {
            key: "log.segment_mib".to_owned(),
            value: "8".to_owned(),
        };
        assert_eq!(set("log.segment_mib=8"), Ok(expected));
        assert!(set("log.segment_mib").is_err());
    }
}
