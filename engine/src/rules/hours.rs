//! Limits that a home agency sets to its officers' work: hours in a period, and rest (rule 3).
//!
//! Hours are those of the posted segments, as they pass and not as a clock shows them, so the night
//! on which clocks go back has an hour more. Periods are local days of the site of the work; work
//! held elsewhere counts where its hours fall in them. Rest is counted between busy times: whoever
//! is on the way, or returns a vehicle, does not rest.

use super::eligibility::{Candidate, Clause, Ground};
use crate::limits::PERIOD_DAYS_MAX;
use crate::model::{Beyond, Booking, Calendar, Interval, Limit, Measure, Period, Timestamp};

const MINUTE_US: i64 = 60_000_000;
const WEEK_DAYS: usize = 7;

/// What one limit says about some work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The limit with its figures, which say themselves whether it is exceeded.
    pub clause: Clause,
    /// What exceeding it means, if it is exceeded.
    pub beyond: Option<Beyond>,
}

/// What every limit that is in force for the work says, in the agency's order. A limit that was
/// lifted warns.
pub fn judge(ground: Ground<'_>, who: Candidate<'_>) -> Vec<Judged> {
    let provisions = &ground.roster.provisions;
    let Some(limits) = provisions.limits.get(&who.officer.home) else {
        return Vec::new();
    };
    let start = ground.span.start;
    let is_lifted = provisions.is_lifted(who.id, ground.posting.key, start);
    let nothing = Calendar::default();
    let calendar = who.calendar.unwrap_or(&nothing);
    let in_force = limits.iter().filter(|limit| limit.valid.contains(start));
    in_force
        .map(|limit| {
            let (clause, is_exceeded) = measure(ground, calendar, limit);
            let beyond = match limit.beyond {
                Beyond::Block if is_lifted => Beyond::Warn,
                beyond => beyond,
            };
            let beyond = is_exceeded.then_some(beyond);
            Judged { clause, beyond }
        })
        .collect()
}

fn measure(ground: Ground<'_>, calendar: &Calendar, limit: &Limit) -> (Clause, bool) {
    match limit.measure {
        Measure::Hours {
            period,
            most_minutes,
        } => {
            let Sum {
                held_us,
                would_be_us,
            } = fullest(ground, calendar, period);
            let (held_minutes, would_be_minutes) = (minutes(held_us), minutes(would_be_us));
            let clause = Clause::Hours {
                period,
                held_minutes,
                would_be_minutes,
                most_minutes,
            };
            (clause, would_be_minutes > most_minutes)
        }
        Measure::Rest { least_minutes } => {
            let rest_us = least_rest_us(ground, calendar);
            let between_minutes = u16::try_from(rest_us / MINUTE_US).unwrap_or(u16::MAX);
            let clause = Clause::Rest {
                between_minutes,
                least_minutes,
            };
            (clause, between_minutes < least_minutes)
        }
    }
}

/// Minutes begun count as worked.
fn minutes(us: i64) -> u16 {
    u16::try_from((us + MINUTE_US - 1) / MINUTE_US).unwrap_or(u16::MAX)
}

/// Work in a period, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Sum {
    would_be_us: i64,
    held_us: i64,
}

/// The fullest of the periods that the work touches, in every zone that it is in.
fn fullest(ground: Ground<'_>, calendar: &Calendar, period: Period) -> Sum {
    let sites = ground.posting.segments.iter().map(|segment| segment.site);
    let zones = sites.filter_map(|site| Some(&*ground.roster.sites.find(site)?.zone));
    let mut zones: Vec<&str> = zones.collect();
    zones.sort_unstable();
    zones.dedup();
    let sums = zones.into_iter().filter_map(|zone| {
        let days = Days::around(zone, ground.span)?;
        Some(fullest_of(&days, ground, calendar, period))
    });
    sums.max().unwrap_or_default()
}

fn fullest_of(days: &Days, ground: Ground<'_>, calendar: &Calendar, period: Period) -> Sum {
    let mut each = vec![Sum::default(); days.len()];
    for booking in calendar.within(days.span()) {
        let work = work_of(ground, booking);
        days.add(work, |day, us| {
            each[day].held_us += us;
            each[day].would_be_us += us;
        });
    }
    let mut is_worked = vec![false; days.len()];
    for segment in &ground.posting.segments {
        days.add(segment.span, |day, us| {
            each[day].would_be_us += us;
            is_worked[day] = true;
        });
    }
    let (length, starts_on) = match period {
        Period::Day => (1, None),
        Period::Week { starts_on } => (WEEK_DAYS, Some(usize::from(starts_on))),
        Period::Days(days) => (usize::from(days), None),
    };
    let starts = (0..days.len().saturating_sub(length - 1))
        .filter(|day| starts_on.is_none_or(|on| days.weekday(*day) == on))
        .filter(|day| is_worked[*day..day + length].contains(&true));
    let sum = |day: usize| {
        let whole = each[day..day + length].iter();
        whole.fold(Sum::default(), |sum, day| Sum {
            would_be_us: sum.would_be_us + day.would_be_us,
            held_us: sum.held_us + day.held_us,
        })
    };
    starts.map(sum).max().unwrap_or_default()
}

/// The segment behind a booking, which may be wider than it.
fn work_of(ground: Ground<'_>, booking: Booking) -> Interval {
    let row = ground.vacancies.find(booking.vacancy);
    let segments = row.iter().flat_map(|row| &row.posting.segments);
    let mut spans = segments.map(|segment| segment.span);
    let inside = spans.find(|span| booking.span.covers(*span));
    inside.unwrap_or(booking.span)
}

/// The shortest time between the work and what is booked next to it; very long if nothing is.
fn least_rest_us(ground: Ground<'_>, calendar: &Calendar) -> i64 {
    let rests = ground
        .terms
        .busy(&ground.posting.segments)
        .flat_map(|busy| {
            let before = calendar.around(busy.start).0;
            let after = calendar.around(busy.end).1;
            let before =
                before.map(|booking| busy.start.as_micros() - booking.span.end.as_micros());
            let after = after.map(|booking| booking.span.start.as_micros() - busy.end.as_micros());
            before.into_iter().chain(after)
        });
    rests.min().unwrap_or(i64::MAX)
}

/// Local days around some work: as many before and after it as the longest period reaches.
struct Days {
    /// Where each day begins, and where the last one ends.
    midnights: Vec<Timestamp>,
    /// The day of the week of the first, Monday = 0.
    first_weekday: usize,
}

impl Days {
    /// Nothing if the zone is not known or its clocks do not reach so far: neither is published.
    fn around(zone: &str, span: Interval) -> Option<Days> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).ok()?;
        let date = |at: Timestamp| {
            let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
            Some(zone.to_datetime(at).date())
        };
        let reach = jiff::Span::new().days(i32::from(PERIOD_DAYS_MAX) - 1);
        let first = date(span.start)?.checked_sub(reach).ok()?;
        let last = date(span.end)?.checked_add(reach).ok()?;
        let mut midnights = Vec::new();
        let mut day = first;
        loop {
            let midnight = day.to_zoned(zone.clone()).ok()?.timestamp();
            midnights.push(Timestamp(midnight.as_microsecond()));
            if day > last {
                break;
            }
            day = day.tomorrow().ok()?;
        }
        let first_weekday = first.weekday().to_monday_zero_offset() as usize;
        Some(Days {
            midnights,
            first_weekday,
        })
    }

    fn len(&self) -> usize {
        self.midnights.len() - 1
    }

    fn span(&self) -> Interval {
        let (start, end) = (self.midnights[0], self.midnights[self.len()]);
        Interval { start, end }
    }

    fn weekday(&self, day: usize) -> usize {
        (self.first_weekday + day) % WEEK_DAYS
    }

    /// Gives `add` every day of `span` with the microseconds that fall on it.
    fn add(&self, span: Interval, mut add: impl FnMut(usize, i64)) {
        let first = self.midnights.partition_point(|at| *at <= span.start);
        for day in first.saturating_sub(1)..self.len() {
            let (start, end) = (self.midnights[day], self.midnights[day + 1]);
            if span.end <= start {
                return;
            }
            let us = span.end.min(end).as_micros() - span.start.max(start).as_micros();
            if us > 0 {
                add(day, us);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(at.as_microsecond())
    }

    fn span(start: &str, end: &str) -> Interval {
        Interval {
            start: at(start),
            end: at(end),
        }
    }

    /// Hours of `span` on each local day that has any.
    fn hours(zone: &str, span: Interval) -> Vec<(usize, i64)> {
        let days = Days::around(zone, span).expect("a known zone");
        let mut hours = Vec::new();
        days.add(span, |day, us| {
            hours.push((days.weekday(day), us / 3_600_000_000));
        });
        hours
    }

    #[test]
    fn a_night_is_counted_on_the_days_on_which_it_falls() {
        // A night of July, from Monday to Tuesday: Tuba City is an hour ahead of Moenkopi.
        let night = span("2026-07-07T05:00:00Z", "2026-07-07T13:00:00Z");
        assert_eq!(hours("America/Phoenix", night), [(0, 2), (1, 6)]);
        assert_eq!(hours("America/Denver", night), [(0, 1), (1, 7)]);
    }

    #[test]
    fn the_days_on_which_clocks_change_are_as_long_as_they_are() {
        // From midnight to midnight: 25 hours on 1 November 2026, 23 on 14 March 2027, in Denver
        // and for the Navajo Nation; 24 in Phoenix and for the Hopi.
        let back = span("2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z");
        assert_eq!(hours("America/Denver", back), [(6, 25)]);
        let ahead = span("2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z");
        assert_eq!(hours("America/Denver", ahead), [(6, 23)]);
        let phoenix = span("2026-11-01T07:00:00Z", "2026-11-02T07:00:00Z");
        assert_eq!(hours("America/Phoenix", phoenix), [(6, 24)]);
    }

    #[test]
    fn a_zone_that_is_not_known_has_no_days() {
        let night = span("2026-11-24T05:00:00Z", "2026-11-24T13:00:00Z");
        assert!(Days::around("Mars/Olympus", night).is_none());
    }
}
