//! The words of a scenario line: positional words and `name=value` pairs.

use std::collections::BTreeMap;

use engine::core::command::NewAvailability;
use engine::model::{Class, Date, Interval, Rank, SiteKind, Timestamp, Window};

/// One line, taken apart.
pub(crate) struct Words<'a> {
    line: &'a str,
    positional: Vec<&'a str>,
    named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn parse(line: &'a str) -> Words<'a> {
        let (mut positional, mut named) = (Vec::new(), BTreeMap::new());
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => {
                    named.insert(name, value);
                }
                None => positional.push(word),
            }
        }
        Words {
            line,
            positional,
            named,
        }
    }

    /// The word at `place`, the verb being 0.
    pub(crate) fn word(&self, place: usize) -> &'a str {
        let missing = || panic!("word {place} is missing in `{}`", self.line);
        self.positional.get(place).copied().unwrap_or_else(missing)
    }

    pub(crate) fn words_from(&self, place: usize) -> &[&'a str] {
        &self.positional[place.min(self.positional.len())..]
    }

    pub(crate) fn named(&self, name: &str) -> Option<&'a str> {
        self.named.get(name).copied()
    }

    pub(crate) fn need(&self, name: &str) -> &'a str {
        self.named(name)
            .unwrap_or_else(|| panic!("`{name}=` is missing in `{}`", self.line))
    }

    pub(crate) fn list(&self, name: &str) -> Vec<&'a str> {
        self.named(name)
            .map(|list| list.split(',').collect())
            .unwrap_or_default()
    }
}

/// `10m`, `90s`, `2h`, `3d`, `0` in milliseconds.
pub(crate) fn duration_ms(text: &str) -> u64 {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let count: u64 = digits
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is no duration"));
    let unit_ms = match &text[digits.len()..] {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        unit => panic!("`{unit}` is no unit of time"),
    };
    count * unit_ms
}

/// `2026-12-01` as its midnight, UTC.
pub(crate) fn midnight(text: &str) -> Timestamp {
    let date: jiff::civil::Date = text
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is no date"));
    let zoned = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .expect("dates of scenarios have a midnight");
    Timestamp(zoned.timestamp().as_microsecond())
}

/// `..2026-12-01`, `2026-01-01..`, `2026-01-01..2026-12-01`; nothing means always.
pub(crate) fn validity(text: Option<&str>) -> Interval {
    let Some((from, until)) = text.map(|text| text.split_once("..").expect("`from..until`")) else {
        return Interval::ALWAYS;
    };
    let at = |text: &str, open| {
        if text.is_empty() {
            open
        } else {
            midnight(text)
        }
    };
    Interval {
        start: at(from, Timestamp::MIN),
        end: at(until, Timestamp::MAX),
    }
}

/// `code` or `code:from..until`.
pub(crate) fn dated(text: &str) -> (String, Interval) {
    match text.split_once(':') {
        Some((code, valid)) => (code.to_owned(), validity(Some(valid))),
        None => (text.to_owned(), Interval::ALWAYS),
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The day of the week, Monday = 0.
pub(crate) fn weekday(text: &str) -> u8 {
    let place = DAYS.iter().position(|day| *day == text);
    place.unwrap_or_else(|| panic!("`{text}` is no day of the week")) as u8
}

/// `07:00` in minutes.
pub(crate) fn minute(text: &str) -> u16 {
    let (hours, minutes) = text.split_once(':').expect("`hh:mm`");
    let number = |text: &str| text.parse::<u16>().expect("digits");
    number(hours) * 60 + number(minutes)
}

/// `2009-06-15`.
pub(crate) fn date(text: &str) -> Date {
    let date: jiff::civil::Date = text.parse().expect("`yyyy-mm-dd`");
    Date {
        year: date.year(),
        month: date.month() as u8,
        day: date.day() as u8,
    }
}

fn window(text: &str) -> Window {
    let (from, until) = text.split_once('-').expect("`hh:mm-hh:mm`");
    Window {
        from_minute: minute(from),
        until_minute: minute(until),
    }
}

/// `always`, or windows such as `mon/06:00-18:00,tue/06:00-12:00,2026-11-26/off`.
pub(crate) fn availability(text: Option<&str>) -> NewAvailability {
    let Some(text) = text.filter(|text| *text != "always") else {
        return NewAvailability::Always;
    };
    let (mut weekly, mut exceptions) = (Vec::new(), Vec::new());
    for entry in text.split(',') {
        let (day, hours) = entry.split_once('/').expect("`day/hours`");
        match day.parse::<jiff::civil::Date>() {
            Ok(_) => {
                let date = date(day);
                let windows = if hours == "off" {
                    Vec::new()
                } else {
                    vec![window(hours)]
                };
                exceptions.push((date, windows));
            }
            Err(_) => weekly.push((weekday(day), window(hours))),
        }
    }
    NewAvailability::Declared { weekly, exceptions }
}

pub(crate) fn rank(text: &str) -> Rank {
    match text {
        "officer" => Rank::Officer,
        "sergeant" => Rank::Sergeant,
        "commander" => Rank::Commander,
        _ => panic!("`{text}` is no rank"),
    }
}

pub(crate) fn class(text: &str) -> Class {
    match text {
        "peace-officer" => Class::PeaceOfficer,
        "full-authority-reserve" => Class::FullAuthorityReserve,
        "community-service-officer" => Class::CommunityServiceOfficer,
        _ => panic!("`{text}` is no class"),
    }
}

pub(crate) fn site_kind(text: &str) -> SiteKind {
    match text {
        "public" => SiteKind::Public,
        "charter" => SiteKind::Charter,
        "private" => SiteKind::Private,
        "venue" => SiteKind::Venue,
        _ => panic!("`{text}` is no kind of site"),
    }
}
