//! Days and spans of days, in UTC.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::Dated;

use super::rows::code;

const SPAN: &str = "`code` or `code:FROM..UNTIL` with dates such as 2027-06-30, either of which \
                    may be left out";

/// The microsecond at which a day begins in UTC.
pub(super) fn day_start_us(day: Date) -> Result<i64, String> {
    day.to_zoned(TimeZone::UTC)
        .map(|midnight| midnight.timestamp().as_microsecond())
        .map_err(|_| "a date between the years -9999 and 9999".to_owned())
}

/// Reads a first day: its first microsecond.
pub(super) fn from_us(written: &str) -> Result<Option<i64>, String> {
    if written.is_empty() {
        return Ok(None);
    }
    day_start_us(day(written)?).map(Some)
}

/// Reads a last day, which is included: the first microsecond of the day after.
pub(super) fn until_us(written: &str) -> Result<Option<i64>, String> {
    if written.is_empty() {
        return Ok(None);
    }
    let after = day(written)?.tomorrow().map_err(|_| DAY.to_owned())?;
    day_start_us(after).map(Some)
}

/// Reads a list such as `azpost:2024-01-01..2027-06-30;ade-sso`; empty is none.
pub(super) fn dated_list(written: &str) -> Result<Vec<Dated>, String> {
    let mut list: Vec<Dated> = Vec::new();
    for part in written
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let dated = dated(part)?;
        if list.iter().any(|other| other.code == dated.code) {
            return Err(format!("`{}` once only", dated.code));
        }
        list.push(dated);
    }
    Ok(list)
}

fn dated(part: &str) -> Result<Dated, String> {
    let (name, span) = part.split_once(':').unwrap_or((part, ".."));
    let code = code(name).map_err(|_| SPAN.to_owned())?;
    let (from, until) = span.split_once("..").ok_or(SPAN)?;
    let from_us = from_us(from).map_err(|_| SPAN.to_owned())?;
    let until_us = until_us(until).map_err(|_| SPAN.to_owned())?;
    ordered(from_us, until_us)?;
    Ok(Dated {
        code,
        from_us,
        until_us,
    })
}

/// Refuses a span that ends before it begins.
pub(super) fn ordered(from_us: Option<i64>, until_us: Option<i64>) -> Result<(), String> {
    match (from_us, until_us) {
        (Some(from), Some(until)) if until <= from => {
            Err("a last day that is not before the first".to_owned())
        }
        _ => Ok(()),
    }
}

const DAY: &str = "a date such as 2027-06-30";

/// Reads a day, `YYYY-MM-DD` and nothing else.
pub(super) fn day(written: &str) -> Result<Date, String> {
    let digits = |range: std::ops::Range<usize>| {
        written
            .get(range)
            .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let shaped = written.len() == 10 && digits(0..4) && digits(5..7) && digits(8..10);
    if !shaped {
        return Err(DAY.to_owned());
    }
    written.parse().map_err(|_| DAY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 86_400_000_000;

    #[test]
    fn a_span_includes_its_last_day_and_is_read_in_utc() {
        let list = dated_list("azpost:1970-01-02..1970-01-03; ade-sso").unwrap();
        assert_eq!(
            list,
            [
                Dated {
                    code: "azpost".to_owned(),
                    from_us: Some(DAY_US),
                    until_us: Some(3 * DAY_US)
                },
                Dated {
                    code: "ade-sso".to_owned(),
                    from_us: None,
                    until_us: None
                },
            ]
        );
    }

    #[test]
    fn either_end_may_be_left_out() {
        let open = dated_list("azpost:..1970-01-01;ade-sso:1970-01-01..").unwrap();
        assert_eq!((open[0].from_us, open[0].until_us), (None, Some(DAY_US)));
        assert_eq!((open[1].from_us, open[1].until_us), (Some(0), None));
        assert_eq!(dated_list(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_a_span_is_refused() {
        for bad in [
            "azpost:2027-06-30",
            "azpost:2027-6-30..",
            "azpost:2027-02-30..",
            "azpost:2027-01-02..2027-01-01",
            "AZPOST",
            "azpost;azpost",
            "azpost:30.06.2027..",
        ] {
            assert!(dated_list(bad).is_err(), "{bad}");
        }
    }
}
