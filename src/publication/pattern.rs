//! Work that repeats on days of the week, as dated vacancies (rule 18).
//!
//! Hours are those of the clock on the wall of each site: 07:00 stays 07:00 when the clocks change,
//! where they do.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use protocol::NewSegment;

use super::Holidays;

/// Days from the first to the last of a pattern: more than a school year.
pub const DAYS_MAX: usize = 1_000;

/// Work that repeats.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// On these days of the week.
    pub weekdays: Vec<Weekday>,
    /// The first day that may be one.
    pub from: Date,
    /// The last day that may be one.
    pub until: Date,
    /// Where and when on each of them, in order of time, accepted as a whole.
    pub hours: Vec<Hours>,
}

/// One place and time of every day of a pattern.
#[derive(Debug, Clone)]
pub struct Hours {
    /// Code of the site.
    pub site: String,
    /// The zone of its clocks.
    pub zone: TimeZone,
    /// When the work starts.
    pub start: Time,
    /// When it ends; on the next day, if that is no later than the start.
    pub end: Time,
}

/// What a pattern comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Every day that is worked, with its segments.
    pub days: Vec<(Date, Vec<NewSegment>)>,
    /// Every day that the holidays leave out, with the reason.
    pub left_out: Vec<(Date, String)>,
}

/// Why a pattern comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It ends before it begins, or goes on for too long.
    #[error("--until: expected a day from --from on, {DAYS_MAX} days later at most")]
    Days,
    /// None of its days is one of those weekdays, or all of them are holidays.
    #[error("no day from {from} to {until} is worked: choose other days")]
    NoDay {
        /// The first day.
        from: Date,
        /// The last day.
        until: Date,
    },
    /// A change to or from daylight saving time skips or repeats a time.
    #[error(
        "{time} does not come exactly once on {date} in {zone}: the clocks change; say another time"
    )]
    ClocksChange {
        /// The day.
        date: Date,
        /// The time.
        time: Time,
        /// The zone.
        zone: String,
    },
}

impl Pattern {
    /// The days that are worked, and those that `holidays` leave out.
    ///
    /// # Errors
    /// There is no such day, or a time that does not come exactly once.
    pub fn plan(&self, holidays: &Holidays) -> Result<Plan, PatternError> {
        let span = self.until.since(self.from).ok();
        let span_days = span.and_then(|span| usize::try_from(span.get_days()).ok());
        if span_days.is_none_or(|days| days > DAYS_MAX) {
            return Err(PatternError::Days);
        }
        let mut plan = Plan::default();
        let dates = self.from.series(jiff::Span::new().days(1));
        let dates = dates.take_while(|date| *date <= self.until);
        for date in dates.filter(|date| self.weekdays.contains(&date.weekday())) {
            match holidays.reason(date) {
                Some(reason) => plan.left_out.push((date, reason.to_owned())),
                None => plan.days.push((date, self.segments(date)?)),
            }
        }
        if plan.days.is_empty() {
            let (from, until) = (self.from, self.until);
            return Err(PatternError::NoDay { from, until });
        }
        Ok(plan)
    }

    fn segments(&self, date: Date) -> Result<Vec<NewSegment>, PatternError> {
        let segment = |hours: &Hours| {
            let end_date = match hours.end <= hours.start {
                true => date.tomorrow().map_err(|_| PatternError::Days)?,
                false => date,
            };
            Ok(NewSegment {
                site: hours.site.clone(),
                start_us: at_us(&hours.zone, date, hours.start)?,
                end_us: at_us(&hours.zone, end_date, hours.end)?,
            })
        };
        self.hours.iter().map(segment).collect()
    }
}

/// The instant at which the clocks of `zone` show this.
fn at_us(zone: &TimeZone, date: Date, time: Time) -> Result<i64, PatternError> {
    let shown = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let once = shown.unambiguous();
    once.map(|at| at.as_microsecond())
        .map_err(|_| PatternError::ClocksChange {
            date,
            time,
            zone: zone.iana_name().unwrap_or("this zone").to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn pattern(zone: &str, (from, until): (Date, Date), (start, end): (i8, i8)) -> Pattern {
        let hours = Hours {
            site: "a".to_owned(),
            zone: TimeZone::get(zone).unwrap(),
            start: Time::constant(start, 0, 0, 0),
            end: Time::constant(end, 0, 0, 0),
        };
        Pattern {
            weekdays: vec![Weekday::Monday, Weekday::Tuesday],
            from,
            until,
            hours: vec![hours],
        }
    }

    /// The first starts of each day, in UTC.
    fn starts(pattern: &Pattern) -> Vec<String> {
        let plan = pattern.plan(&Holidays::default()).unwrap();
        let start = |(_, segments): &(Date, Vec<NewSegment>)| {
            let at = jiff::Timestamp::from_microsecond(segments[0].start_us).unwrap();
            at.to_string()
        };
        plan.days.iter().map(start).collect()
    }

    #[test]
    fn seven_stays_seven_when_the_clocks_change_and_where_they_do_not() {
        let spring = (date(2027, 3, 8), date(2027, 3, 15));
        assert_eq!(
            starts(&pattern("America/Denver", spring, (7, 15))),
            [
                "2027-03-08T14:00:00Z",
                "2027-03-09T14:00:00Z",
                "2027-03-15T13:00:00Z"
            ]
        );
        let autumn = (date(2026, 10, 26), date(2026, 11, 2));
        assert_eq!(
            starts(&pattern("America/Denver", autumn, (7, 15))),
            [
                "2026-10-26T13:00:00Z",
                "2026-10-27T13:00:00Z",
                "2026-11-02T14:00:00Z"
            ]
        );
        assert_eq!(
            starts(&pattern("America/Phoenix", autumn, (7, 15))),
            [
                "2026-10-26T14:00:00Z",
                "2026-10-27T14:00:00Z",
                "2026-11-02T14:00:00Z"
            ]
        );
    }

    #[test]
    fn holidays_are_left_out_and_said() {
        let pattern = pattern(
            "America/Phoenix",
            (date(2026, 11, 23), date(2026, 11, 24)),
            (7, 15),
        );
        let holidays = [(date(2026, 11, 23), "Invented Day".to_owned())];
        let plan = pattern.plan(&holidays.iter().cloned().collect()).unwrap();
        assert_eq!(plan.left_out, holidays);
        assert_eq!(plan.days.len(), 1);
        let both = [date(2026, 11, 23), date(2026, 11, 24)].map(|day| (day, String::new()));
        let nothing = pattern.plan(&both.into_iter().collect()).unwrap_err();
        assert!(matches!(nothing, PatternError::NoDay { .. }), "{nothing}");
    }

    #[test]
    fn work_over_midnight_ends_on_the_next_day() {
        let night = pattern(
            "America/Phoenix",
            (date(2026, 11, 23), date(2026, 11, 23)),
            (22, 6),
        );
        let plan = night.plan(&Holidays::default()).unwrap();
        let segment = &plan.days[0].1[0];
        assert_eq!(segment.end_us - segment.start_us, 8 * 3_600_000_000);
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_and_a_pattern_without_end_are_refused() {
        let sunday = |day: Date, hours| Pattern {
            weekdays: vec![Weekday::Sunday],
            ..pattern("America/Denver", (day, day), hours)
        };
        for (day, hours) in [(date(2027, 3, 14), (2, 8)), (date(2026, 11, 1), (1, 8))] {
            let error = sunday(day, hours).plan(&Holidays::default()).unwrap_err();
            assert!(error.to_string().contains("the clocks change"), "{error}");
        }
        for span in [
            (date(2026, 11, 24), date(2026, 11, 23)),
            (date(2026, 11, 23), date(2029, 11, 23)),
        ] {
            let endless = pattern("America/Denver", span, (7, 15));
            let error = endless.plan(&Holidays::default()).unwrap_err();
            assert_eq!(error, PatternError::Days);
        }
    }
}
