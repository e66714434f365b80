//! Declared windows of a day, checked and put in order.

use std::collections::BTreeMap;

use crate::core::command::NewAvailability;
use crate::core::refusal::{Invalid, Refusal};
use crate::limits::AVAILABILITY_WINDOWS_MAX;
use crate::model::{Availability, Date, Window};

/// Minutes of a day.
pub(super) const DAY_MINUTES: u16 = 1_440;

/// The declaration with its windows checked, sorted, and joined where they touch or overlap.
pub(super) fn parse_availability(new: &NewAvailability) -> Result<Availability, Refusal> {
    let NewAvailability::Declared { weekly, exceptions } = new else {
        return Ok(Availability::Always);
    };
    let count = weekly.len() + exceptions.iter().map(|(_, w)| 1 + w.len()).sum::<usize>();
    let is_date = |date: &Date| parse_date(*date).is_ok();
    let ok = count <= AVAILABILITY_WINDOWS_MAX
        && weekly
            .iter()
            .all(|(day, window)| *day < 7 && is_sound(window))
        && exceptions
            .iter()
            .all(|(date, w)| is_date(date) && w.iter().all(is_sound));
    if !ok {
        return Err(Refusal::Invalid(Invalid::Availability));
    }
    let mut week: [Vec<Window>; 7] = Default::default();
    for (day, window) in weekly {
        week[usize::from(*day)].push(*window);
    }
    let mut dated: BTreeMap<_, Vec<Window>> = BTreeMap::new();
    for (date, windows) in exceptions {
        dated.entry(*date).or_default().extend(windows);
    }
    week.iter_mut().chain(dated.values_mut()).for_each(join);
    Ok(Availability::Declared {
        weekly: week.into(),
        exceptions: dated.into(),
    })
}

/// `date`, if there is such a day.
pub(super) fn parse_date(date: Date) -> Result<Date, Refusal> {
    match jiff::civil::Date::new(date.year, date.month as i8, date.day as i8) {
        Ok(_) => Ok(date),
        Err(_) => Err(Refusal::Invalid(Invalid::Date)),
    }
}

/// Whether `window` is a part of a day.
pub(super) fn is_sound(window: &Window) -> bool {
    window.from_minute < window.until_minute && window.until_minute <= DAY_MINUTES
}

/// Sorts `windows` and joins those that touch or overlap.
pub(super) fn join(windows: &mut Vec<Window>) {
    windows.sort_unstable();
    windows.dedup_by(|next, joined| {
        let touches = next.from_minute <= joined.until_minute;
        if touches {
            joined.until_minute = joined.until_minute.max(next.until_minute);
        }
        touches
    });
}
