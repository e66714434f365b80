//! Lines about limits, preferences, districts and last tiers, and what is heard of them.

use engine::core::{Event, NewProvision};
use engine::model::{
    Beyond, Lift, Limit, Measure, Period, Preferences, Quiet, Reach, Term, Window,
};
use engine::rules::Clause;

use super::super::words::{Words, class, duration_ms, minute, validity, weekday};
use super::Stage;
use super::roster::position;
use super::say::phoenix;

const MINUTE_MS: u64 = 60_000;

/// Time around the work that belongs to it.
pub(super) fn buffer(words: &Words<'_>) -> Option<Term> {
    let [before, after] = ["before", "after"].map(|name| words.named(name).map(duration_ms));
    before.or(after).map(|_| Term::Buffer {
        before_ms: before.unwrap_or(0),
        after_ms: after.unwrap_or(0),
    })
}

pub(super) fn provision(stage: &Stage, words: &Words<'_>) -> NewProvision {
    let text = |place| words.word(place).to_owned();
    match words.word(0) {
        "limits" => NewProvision::Limits {
            agency: text(1),
            limits: words
                .words_from(2)
                .iter()
                .map(|word| limited(word))
                .collect(),
        },
        "lift" => NewProvision::Lifted {
            badge: text(1),
            lift: match words.named("dates") {
                Some(dates) => Lift::Dated(validity(Some(dates))),
                None => Lift::Vacancy(stage.vacancies[words.word(2)]),
            },
            reason: words.named("reason").unwrap_or_default().to_owned(),
        },
        "prefer" => NewProvision::Preferences {
            badge: text(1),
            preferences: preferences(words),
        },
        "bind-preferences" | "unbind-preferences" => NewProvision::PreferencesBind {
            agency: text(1),
            bind: words.word(0) == "bind-preferences",
        },
        "exclude-from-district" => NewProvision::Unwanted {
            lead: words.need("lead").to_owned(),
            district: text(1),
            badge: text(2),
        },
        "readmit-to-district" => NewProvision::WantedAgain {
            lead: words.need("lead").to_owned(),
            district: text(1),
            badge: text(2),
        },
        "last-tier" => NewProvision::LastTier {
            programme: text(1),
            classes: words.list("classes").into_iter().map(class).collect(),
            waived: words
                .list("waived")
                .into_iter()
                .map(str::to_owned)
                .collect(),
        },
        verb => panic!("`{verb}` is no command of a scenario"),
    }
}

/// `day:12h:block`, `week-from-mon:40h:warn`, `14-days:80h:block`, `rest:8h:block@2027-01-01..`.
fn limited(text: &str) -> Limit {
    let (text, valid) = match text.split_once('@') {
        Some((text, valid)) => (text, Some(valid)),
        None => (text, None),
    };
    let [what, most, beyond] = text.split(':').collect::<Vec<_>>()[..] else {
        panic!("`{text}` is no limit: write what:duration:warn or block");
    };
    let minutes = u16::try_from(duration_ms(most) / MINUTE_MS).expect("a limit fits");
    let hours = |period| Measure::Hours {
        period,
        most_minutes: minutes,
    };
    let measure = match what {
        "rest" => Measure::Rest {
            least_minutes: minutes,
        },
        "day" => hours(Period::Day),
        what => match (what.strip_prefix("week-from-"), what.strip_suffix("-days")) {
            (Some(day), _) => hours(Period::Week {
                starts_on: weekday(day),
            }),
            (_, Some(days)) => hours(Period::Days(days.parse().expect("a number"))),
            _ => panic!("`{what}` is no period"),
        },
    };
    Limit {
        measure,
        beyond: match beyond {
            "warn" => Beyond::Warn,
            "block" => Beyond::Block,
            _ => panic!("a limit warns or blocks, `{beyond}` is neither"),
        },
        valid: validity(valid),
    }
}

fn preferences(words: &Words<'_>) -> Preferences {
    let districts = words.list("districts").into_iter();
    let window = |text: &str| {
        let (from, until) = text.split_once('-').expect("`hh:mm-hh:mm`");
        Window {
            from_minute: minute(from),
            until_minute: minute(until),
        }
    };
    let quiet = words.list("quiet").into_iter().map(window);
    let quiet: Vec<Window> = quiet.collect();
    Preferences {
        districts: districts.map(Into::into).collect(),
        reach: words.named("near").map(|near| Reach {
            from: position(near),
            metres: words.need("metres").parse().expect("a number"),
        }),
        notice_ms: words.named("notice").map_or(0, duration_ms),
        quiet: (!quiet.is_empty()).then(|| Quiet {
            zone: words.named("zone").unwrap_or("America/Phoenix").into(),
            windows: quiet,
        }),
    }
}

/// What is heard of provisions by whoever reads the log.
pub(super) fn said_of_provisions(stage: &Stage, event: &Event) -> Option<String> {
    match event {
        Event::LimitsLifted(lifted) => {
            let badge = stage.badge(lifted.officer);
            let exceeded: Vec<_> = lifted
                .exceeded
                .iter()
                .map(|clause| limit(*clause))
                .collect();
            let exceeded = match exceeded.is_empty() {
                true => "nothing".to_owned(),
                false => exceeded.join(","),
            };
            Some(format!("lifted {badge} exceeding={exceeded}"))
        }
        Event::PushDeferred(deferred) => {
            let (vacancy, to) = (
                stage.name(deferred.vacancy),
                stage.badges(&deferred.officers),
            );
            let until = phoenix(deferred.until);
            Some(format!("push-deferred {vacancy} until={until} to={to}"))
        }
        _ => None,
    }
}

/// A clause that a home agency adds, with its figures.
pub(super) fn limit(clause: Clause) -> String {
    match clause {
        Clause::Hours {
            period,
            held_minutes,
            would_be_minutes,
            most_minutes,
        } => {
            let period = dispatcher::period(period);
            let [held, would_be, most] = [held_minutes, would_be_minutes, most_minutes].map(hours);
            format!("hours:{period}:{held}->{would_be}/{most}")
        }
        Clause::Rest {
            between_minutes: u16::MAX,
            least_minutes,
        } => format!("rest:long/{}", hours(least_minutes)),
        Clause::Rest {
            between_minutes,
            least_minutes,
        } => format!("rest:{}/{}", hours(between_minutes), hours(least_minutes)),
        Clause::Preferred => "preferred".to_owned(),
        other => panic!("a home agency adds no {other:?}"),
    }
}

/// `40h`, `7h30m`.
fn hours(minutes: u16) -> String {
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}
