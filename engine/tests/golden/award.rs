//! Records of bids, undone accepts, the standby list and seniority.

use engine::core::{Event, Missed, Ranking, Refusal, Vacated, WaitEnd, WaitEnded};
use engine::model::{
    AwardRule, Collect, Criterion, Date, OfficerId, OfficerSet, Promise, Seed, Term, Terms,
};

use crate::samples::{NINE, O, V};

pub(crate) fn bids() -> Vec<(&'static str, Event)> {
    let termed = |terms: Vec<Term>| {
        let terms = Box::new(Terms::new(terms).expect("one of a kind"));
        Event::Termed { vacancy: V, terms }
    };
    let award = |collect, ranked_by| Term::Award(Box::new(AwardRule { collect, ranked_by }));
    let lottery = Criterion::Lottery {
        promise: Promise([0x5a; 32]),
        reveal_within_ms: 600_000,
    };
    let all = vec![
        Criterion::Seniority,
        Criterion::FewestHours {
            period_ms: 2_592_000_000,
        },
        Criterion::Rotation,
        lottery,
    ];
    let ranked = |seed| {
        Event::Ranked(Box::new(Ranking {
            vacancy: V,
            seed,
            order: vec![O, OfficerId(3)],
            missed: vec![Missed {
                officer: OfficerId(3),
                place: 2,
                refusal: Refusal::Filled,
            }],
        }))
    };
    vec![
        (
            "termed-bids",
            termed(vec![award(Collect::Until(NINE), all)]),
        ),
        (
            "termed-fairness-undo-standby",
            termed(vec![
                award(Collect::Fairness { window_ms: 500 }, Vec::new()),
                Term::Undo { within_ms: 30_000 },
                Term::Standby {
                    confirm_within_ms: 900_000,
                },
            ]),
        ),
        (
            "bid",
            Event::Bid {
                vacancy: V,
                officer: O,
                place: 3,
                closes_at: NINE,
            },
        ),
        (
            "bids-closed",
            Event::BidsClosed {
                vacancy: V,
                reveal_by: NINE,
            },
        ),
        ("ranked", ranked(None)),
        ("ranked-by-lot", ranked(Some(Seed([0xa5; 32])))),
        (
            "seniority-set",
            Event::SenioritySet {
                officer: O,
                since: Date {
                    year: 2009,
                    month: 6,
                    day: 15,
                },
            },
        ),
    ]
}

pub(crate) fn standby() -> Vec<(&'static str, Event)> {
    let few = || [OfficerId(3), O].into_iter().collect();
    vec![
        (
            "vacated-undone",
            Event::Vacated {
                vacancy: V,
                slot: 1,
                officer: O,
                because: Vacated::Undone,
                round: 2,
                recipients: few(),
                closes_at: None,
            },
        ),
        (
            "standby-joined",
            Event::StandbyJoined {
                vacancy: V,
                officer: O,
                place: 2,
            },
        ),
        (
            "standby-left",
            Event::StandbyLeft {
                vacancy: V,
                officer: O,
            },
        ),
        (
            "slot-kept",
            Event::SlotKept {
                vacancy: V,
                slot: 1,
                officer: O,
                until: NINE,
            },
        ),
        (
            "standby-passed",
            Event::StandbyPassed {
                vacancy: V,
                officer: O,
            },
        ),
        (
            "reoffered",
            Event::Reoffered {
                vacancy: V,
                recipients: few(),
                closes_at: Some(NINE),
            },
        ),
        ("wait-ended", ended(WaitEnd::Cancelled)),
        ("wait-ended-expired", ended(WaitEnd::Expired)),
        ("wait-ended-amended", ended(WaitEnd::Amended)),
        ("wait-ended-reduced", ended(WaitEnd::Reduced)),
    ]
}

fn ended(because: WaitEnd) -> Event {
    Event::WaitEnded(Box::new(WaitEnded {
        vacancy: V,
        because,
        kept: [OfficerId(9)].into_iter().collect(),
        bids: [OfficerId(3), O].into_iter().collect(),
        standby: OfficerSet::new(),
    }))
}
