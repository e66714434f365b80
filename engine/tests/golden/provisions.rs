//! Records of what agencies, customers and officers provide, and of what follows from it.

use engine::core::{Event, LastTierApproved, LimitsLifted, PushDeferred};
use engine::model::{
    AgencyId, Beyond, CertificationId, Class, Interval, LastTier, Lift, Limit, Measure, Period,
    Preferences, ProgrammeId, Quiet, Reach, VacancyKey, Window,
};
use engine::rules::Clause;

use crate::samples::{NINE, O, V, set, tucson, year};

pub(crate) fn all() -> Vec<(&'static str, Event)> {
    let mut all = limits();
    all.extend(narrowing());
    all.extend(last_tier());
    all
}

fn limits() -> Vec<(&'static str, Event)> {
    let hours = |period, most_minutes| Limit {
        measure: Measure::Hours {
            period,
            most_minutes,
        },
        beyond: Beyond::Block,
        valid: Interval::ALWAYS,
    };
    let rest = Limit {
        measure: Measure::Rest { least_minutes: 480 },
        beyond: Beyond::Warn,
        valid: year(),
    };
    let limits = vec![
        hours(Period::Day, 720),
        hours(Period::Week { starts_on: 6 }, 2_400),
        hours(Period::Days(14), 4_800),
        rest,
    ];
    let hours = Clause::Hours {
        period: Period::Week { starts_on: 6 },
        held_minutes: 2_280,
        would_be_minutes: 2_760,
        most_minutes: 2_400,
    };
    let rest = Clause::Rest {
        between_minutes: 120,
        least_minutes: 480,
    };
    let lifted = |lift, exceeded| {
        Event::LimitsLifted(Box::new(LimitsLifted {
            officer: O,
            lift,
            reason: "A funeral detail that nobody else can take.".into(),
            exceeded,
        }))
    };
    let flagged = |clause| Event::Flagged {
        vacancy: V,
        officer: O,
        clause,
    };
    let agency = AgencyId(2);
    vec![
        ("limits-set", Event::LimitsSet { agency, limits }),
        (
            "limits-lifted-for-a-vacancy",
            lifted(Lift::Vacancy(VacancyKey(7)), vec![hours, rest]),
        ),
        (
            "limits-lifted-for-dates",
            lifted(Lift::Dated(year()), Vec::new()),
        ),
        ("flagged-hours", flagged(hours)),
        ("flagged-rest", flagged(rest)),
        ("flagged-preferred", flagged(Clause::Preferred)),
    ]
}

fn narrowing() -> Vec<(&'static str, Event)> {
    let window = |from_minute, until_minute| Window {
        from_minute,
        until_minute,
    };
    let preferences = Preferences {
        districts: vec!["Desert Unified".into()],
        reach: Some(Reach {
            from: tucson(),
            metres: 25_000,
        }),
        notice_ms: 86_400_000,
        quiet: Some(Quiet {
            zone: "America/Phoenix".into(),
            windows: vec![window(0, 360), window(1_320, 1_440)],
        }),
    };
    let declared = |preferences| Event::PreferencesDeclared {
        officer: O,
        preferences: Box::new(preferences),
    };
    let district = |wants| Event::District {
        lead: AgencyId(2),
        district: "Desert Unified".into(),
        officer: O,
        wants,
    };
    let bound = |bind| Event::PreferencesBound {
        agency: AgencyId(2),
        bind,
    };
    let deferred = PushDeferred {
        vacancy: V,
        until: NINE,
        officers: set(&[O.0]),
    };
    let pushed = Event::Pushed {
        vacancy: V,
        officers: set(&[O.0]),
    };
    vec![
        ("preferences-declared", declared(preferences)),
        ("preferences-ended", declared(Preferences::default())),
        ("preferences-bound", bound(true)),
        ("preferences-unbound", bound(false)),
        ("district-unwanted", district(false)),
        ("district-wanted-again", district(true)),
        ("push-deferred", Event::PushDeferred(Box::new(deferred))),
        ("pushed", pushed),
    ]
}

fn last_tier() -> Vec<(&'static str, Event)> {
    let programme = ProgrammeId(1);
    let last_tier = Some(Box::new(LastTier {
        classes: vec![Class::CommunityServiceOfficer],
        waived: vec![CertificationId(0)],
    }));
    let approved = LastTierApproved {
        vacancy: V,
        approved_by: "SAG-0001".into(),
        recipients: set(&[O.0, 9]),
    };
    vec![
        (
            "last-tier-set",
            Event::LastTierSet {
                programme,
                last_tier,
            },
        ),
        (
            "last-tier-ended",
            Event::LastTierSet {
                programme,
                last_tier: None,
            },
        ),
        (
            "last-tier-approved",
            Event::LastTierApproved(Box::new(approved)),
        ),
    ]
}
