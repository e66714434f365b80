//! What stands beside the award rules and meets them: time around the work, the home agency's limit
//! to a day's hours, and a grant.

use engine::core::{BeyondGrant, Refusal};
use engine::model::{Period, Standing, VacancyId};
use engine::rules::Clause;

use super::{Flat, Flaw, Notice};

/// The district with a grant, what the grant pays for, and what an officer works on one day at
/// most, in minutes.
pub(in crate::awards) const DISTRICT: &str = "ocotillo";
pub(in crate::awards) const BUDGET_MIN: u64 = 240;
pub(in crate::awards) const MOST_MIN: u16 = 90;

/// Midnight in Phoenix, in seconds after midnight in Greenwich: clocks there never change.
const MIDNIGHT_S: i64 = 7 * 3_600;
const DAY_S: i64 = 86_400;
const MINUTE_S: i64 = 60;

impl Flat {
    /// Whether `officer` could work what `notice` says, with what they hold.
    pub(super) fn can_come(&self, officer: usize, notice: &Notice) -> Result<(), Refusal> {
        if let Some(with) = self.busy(officer, notice) {
            return Err(Refusal::Overlaps { with });
        }
        let (would_be_minutes, held_minutes) = self.fullest_day(officer, notice);
        if would_be_minutes > MOST_MIN && self.flaw != Flaw::NoLimit {
            let clause = Clause::Hours {
                period: Period::Day,
                held_minutes,
                would_be_minutes,
                most_minutes: MOST_MIN,
            };
            return Err(Refusal::NotEligible { clause });
        }
        Ok(())
    }

    /// What `officer` is assigned to in the hours of `notice`, the earliest first.
    fn busy(&self, officer: usize, notice: &Notice) -> Option<VacancyId> {
        let wide = |notice: &Notice| match self.flaw {
            Flaw::NoTimeAround => notice.span,
            _ => {
                let ((start, end), (before, after)) = (notice.span, notice.around);
                (start - before, end + after)
            }
        };
        let span = wide(notice);
        let held = self.vacancies.iter().enumerate();
        let held = held.filter(|(_, row)| row.slot_of(officer).is_some());
        let mut held: Vec<((i64, i64), usize)> = held
            .map(|(number, row)| (wide(&row.notice), number))
            .collect();
        held.sort_unstable();
        let meets = |other: &((i64, i64), usize)| other.0.0 < span.1 && span.0 < other.0.1;
        let found = held.into_iter().find(meets);
        found.map(|(_, number)| VacancyId(number as u32))
    }

    /// What `officer` would work on the fullest day of `notice`, and what they work on it as it is,
    /// in minutes.
    fn fullest_day(&self, officer: usize, notice: &Notice) -> (u16, u16) {
        let day = |at: i64| (at - MIDNIGHT_S).div_euclid(DAY_S);
        let on = |day: i64, (start, end): (i64, i64)| {
            let midnight = day * DAY_S + MIDNIGHT_S;
            (end.min(midnight + DAY_S) - start.max(midnight)).max(0)
        };
        let held = self.vacancies.iter();
        let held = held.filter(|row| row.slot_of(officer).is_some());
        let held: Vec<(i64, i64)> = held.map(|row| row.notice.span).collect();
        let minutes = |seconds: i64| {
            let minutes = (seconds + MINUTE_S - 1) / MINUTE_S;
            u16::try_from(minutes).expect("few vacancies last no month")
        };
        let days = day(notice.span.0)..=day(notice.span.1 - 1);
        let sums = days.map(|day| {
            let had: i64 = held.iter().map(|span| on(day, *span)).sum();
            (had + on(day, notice.span), had)
        });
        let (would_be, had) = sums.max().unwrap_or_default();
        (minutes(would_be), minutes(had))
    }

    /// Whether the grant pays for `notice` with all that was published before.
    pub(super) fn is_paid(&self, notice: &Notice) -> Result<(), Refusal> {
        let asked = (notice.span.1 - notice.span.0) * notice.slots as i64;
        let left = BUDGET_MIN as i64 * MINUTE_S - self.committed();
        if !notice.is_funded || asked <= left {
            return Ok(());
        }
        let minutes = |seconds: i64| u64::try_from(seconds / MINUTE_S).unwrap_or(0);
        Err(Refusal::BeyondGrant(Box::new(BeyondGrant {
            district: DISTRICT.into(),
            asked_min: minutes(asked + MINUTE_S - 1),
            left_min: minutes(left),
            budget_min: BUDGET_MIN,
        })))
    }

    /// What the grant has promised, in seconds of paid time: all slots, and after the start those
    /// that somebody has.
    pub(in crate::awards) fn committed(&self) -> i64 {
        let funded = self.vacancies.iter().filter(|row| row.notice.is_funded);
        let seconds = funded.map(|row| {
            let held = row.slots.iter().flatten().count();
            let is_over = row.standing == Standing::Expired;
            let slots = match is_over && self.flaw != Flaw::NothingGivenBack {
                true => held,
                false => row.slots.len(),
            };
            (row.notice.span.1 - row.notice.span.0) * slots as i64
        });
        seconds.sum()
    }
}
