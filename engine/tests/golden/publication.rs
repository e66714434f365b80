//! Records of what is said when vacancies are published, and of what pays for them.

use engine::core::{BeyondGrant, Event, OutsideGrant, Refusal, TierCause};
use engine::model::{Date, Grant, ProgrammeId, Term, Terms};

use crate::samples::{NINE, V, set};

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let grant = Grant {
        programme: ProgrammeId(1),
        first: date(7),
        last: date(12),
        budget_min: 120_000,
    };
    vec![
        (
            "tier-opened-start-near",
            Event::TierOpened {
                vacancy: V,
                tier: 1,
                because: TierCause::StartNear,
                recipients: set(&[9]),
                closes_at: Some(NINE),
            },
        ),
        (
            "termed-opens-before",
            termed(Term::OpensBefore {
                before_ms: vec![172_800_000, 86_400_000],
            }),
        ),
        (
            "termed-beyond-grant",
            termed(Term::BeyondGrant {
                reason: "the board pays the rest".into(),
            }),
        ),
        (
            "grant-made",
            Event::GrantMade {
                district: "saguaro-unified".into(),
                grant: Box::new(grant),
            },
        ),
    ]
}

pub(crate) fn refusals() -> [Refusal; 2] {
    let district = || "saguaro-unified".into();
    [
        Refusal::OutsideGrant(Box::new(OutsideGrant {
            district: district(),
            first: date(7),
            last: date(12),
        })),
        Refusal::BeyondGrant(Box::new(BeyondGrant {
            district: district(),
            asked_min: 480,
            left_min: 479,
            budget_min: 120_000,
        })),
    ]
}

fn termed(term: Term) -> Event {
    let terms = Terms::new(vec![term]).expect("one of a kind");
    let terms = Box::new(terms);
    Event::Termed { vacancy: V, terms }
}

fn date(month: u8) -> Date {
    let (year, day) = (2026, 1);
    Date { year, month, day }
}
