//! Publishing many vacancies, on terms; what it would find; what pays for it.

use protocol::*;

use super::{new_vacancy, refused};

pub(super) fn asks() -> Vec<(&'static str, Ask)> {
    let vacancies = publications();
    let on_terms = vacancies[1].clone();
    vec![
        ("publish-all", Ask::PublishAll { vacancies }),
        ("preview", Ask::Preview(Box::new(on_terms))),
        ("put-grant", Ask::PutGrant(grant())),
        (
            "grant",
            Ask::Grant {
                district: grant().district,
            },
        ),
    ]
}

pub(super) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let funnel = Funnel {
        tier: 1,
        agencies: vec!["ocotillo".to_owned()],
        officers: 120,
        left: vec![
            ("lead-or-pact".to_owned(), 120),
            ("certified:ade-sso".to_owned(), 44),
        ],
    };
    let standing = GrantStanding {
        grant: grant(),
        committed_min: 90_000,
        drawn_min: 12_345,
    };
    vec![
        (
            "preview",
            Outcome::Preview {
                tiers: vec![funnel],
            },
        ),
        ("grant", Outcome::Grant(Box::new(standing))),
        (
            "refused-outside-grant",
            Outcome::Refused(refused(RefusalCode::OutsideGrant, None)),
        ),
        (
            "refused-beyond-grant",
            Outcome::Refused(refused(RefusalCode::BeyondGrant, None)),
        ),
    ]
}

pub(super) fn start_near() -> What {
    What::TierOpened {
        tier: 2,
        because: TierCause::StartNear,
        recipients: 9,
    }
}

fn publications() -> Vec<Publication> {
    let (before_ms, after_ms) = (1_800_000, 900_000);
    let terms = vec![
        Term::Buffer {
            before_ms,
            after_ms,
        },
        Term::OpensBefore {
            before_ms: vec![172_800_000, 86_400_000],
        },
        Term::BeyondGrant {
            reason: "the board pays the rest".to_owned(),
        },
    ];
    [Vec::new(), terms]
        .map(|terms| Publication {
            vacancy: new_vacancy(),
            terms,
        })
        .into()
}

fn grant() -> Grant {
    let day = |year, month, day| Day { year, month, day };
    Grant {
        district: "saguaro-unified".to_owned(),
        programme: "sso".to_owned(),
        first: day(2026, 7, 1),
        last: day(2027, 12, 31),
        budget_min: 120_000,
    }
}
