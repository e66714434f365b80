//! Instants as PASETO claims write them: RFC 3339 text, here to and from microseconds.

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const FRACTION_DIGITS: usize = 6;

/// Writes microseconds since the epoch in UTC, such as `2026-11-23T07:00:00.000000Z`. `None`
/// outside the years 0 to 9999, which four digits cannot say.
pub(super) fn to_text(instant_us: i64) -> Option<String> {
    let seconds = instant_us.div_euclid(MICROS_PER_SECOND);
    let micros = instant_us.rem_euclid(MICROS_PER_SECOND);
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    (0..=9_999).contains(&year).then(|| {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    })
}

/// Reads an RFC 3339 instant with `Z` or a numeric offset; digits beyond microseconds are cut.
pub(super) fn from_text(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let days = days_from_date(date)?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let (time, micros) = match time.split_once('.') {
        Some((time, fraction)) => (time, micros_from_fraction(fraction)?),
        None => (time, 0),
    };
    let [hour, minute, second] = numbers::<3>(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
    Some((seconds - offset_seconds(zone)?) * MICROS_PER_SECOND + micros)
}

fn days_from_date(date: &str) -> Option<i64> {
    let [year, month, day] = numbers::<3>(date, '-', [4, 2, 2])?;
    let days = days_from_civil(year, month, day);
    // A date that does not come back the same, such as 30 February, does not exist.
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

fn micros_from_fraction(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    format!("{kept:0<FRACTION_DIGITS$}").parse().ok()
}

fn offset_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'Z' | b'z' => return (zone.len() == 1).then_some(0),
        b'+' => 1,
        _ => -1,
    };
    let [hours, minutes] = numbers::<2>(&zone[1..], ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Exactly `N` unsigned numbers of the given widths.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970-01-01 of a proleptic Gregorian date. Years are counted from March, so that
/// the leap day is the last of its year, in eras of 400 years (146,097 days).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_are_written_and_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("2000-02-29T12:00:00.000000Z", 951_825_600),
            ("2026-11-23T07:00:00.000000Z", 1_795_417_200),
            ("1969-12-31T23:59:59.000000Z", -1),
        ] {
            assert_eq!(to_text(seconds * MICROS_PER_SECOND).as_deref(), Some(text));
            assert_eq!(from_text(text), Some(seconds * MICROS_PER_SECOND));
        }
    }

    #[test]
    fn every_day_of_a_century_comes_back() {
        for day in 0..36_525 {
            let instant_us = day * SECONDS_PER_DAY * MICROS_PER_SECOND + 1_234_567;
            assert_eq!(
                to_text(instant_us).and_then(|text| from_text(&text)),
                Some(instant_us)
            );
        }
    }

    #[test]
    fn offsets_and_fractions_of_other_issuers_are_read() {
        let noon = from_text("2026-01-01T12:00:00Z").expect("an instant");
        for (text, micros) in [
            ("2026-01-01T12:00:00+00:00", 0),
            ("2026-01-01T05:00:00-07:00", 0),
            ("2026-01-01T17:30:00.5+05:30", 500_000),
            ("2026-01-01T12:00:00.123456789Z", 123_456),
        ] {
            assert_eq!(from_text(text), Some(noon + micros), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zulu",
            "2026-01-01T00:00:00+7:00",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00-07:00:00",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(to_text(i64::MAX), None);
        assert_eq!(to_text(i64::MIN), None);
    }
}
