//! Bids, undone accepts and the standby list.

use protocol::*;

use super::{NINE_US, badge, new_vacancy, vacancy};

pub(super) fn asks() -> Vec<(&'static str, Ask)> {
    let vacancy = vacancy();
    let award = |collect, ranked_by| Term::Award(Box::new(AwardRule { collect, ranked_by }));
    let all = vec![
        Criterion::Seniority,
        Criterion::FewestHours {
            period_ms: 2_592_000_000,
        },
        Criterion::Rotation,
        Criterion::Lottery {
            reveal_within_ms: 600_000,
        },
    ];
    let publish = |terms| Ask::PublishAll {
        vacancies: vec![Publication {
            vacancy: new_vacancy(),
            terms,
        }],
    };
    let bids = award(Collect::Until { at_us: NINE_US }, all);
    let fairness = award(Collect::Fairness { window_ms: 500 }, Vec::new());
    let undo = Term::Undo { within_ms: 30_000 };
    let standby = Term::Standby {
        confirm_within_ms: 900_000,
    };
    vec![
        ("publish-for-bids", publish(vec![bids])),
        (
            "publish-with-fairness",
            publish(vec![fairness, undo, standby]),
        ),
        ("undo", Ask::Undo { vacancy }),
        ("join-standby", Ask::JoinStandby { vacancy }),
        ("leave-standby", Ask::LeaveStandby { vacancy }),
    ]
}

pub(super) fn news() -> Vec<(&'static str, News)> {
    let vacancy = vacancy();
    let missed = Missed {
        vacancy,
        place: 3,
        bids: 12,
        code: RefusalCode::Filled,
        sentence: "this shift is filled".to_owned(),
    };
    let kept = News::Kept {
        vacancy,
        round: 2,
        until_us: NINE_US,
    };
    let undone = News::Unassigned {
        vacancy,
        because: Unassignment::Undone,
    };
    let ended = |waited, because| News::WaitEnded {
        vacancy,
        waited,
        because,
    };
    vec![
        ("missed", News::Missed(missed)),
        ("kept", kept),
        ("passed", News::Passed { vacancy }),
        ("wait-ended-kept", ended(Waited::Kept, WaitEnd::Reduced)),
        ("wait-ended-bid", ended(Waited::Bid, WaitEnd::Amended)),
        (
            "wait-ended-bid-expired",
            ended(Waited::Bid, WaitEnd::Expired),
        ),
        (
            "wait-ended-standby",
            ended(Waited::Standby, WaitEnd::Cancelled),
        ),
        ("unassigned-undone", undone),
    ]
}

pub(super) fn happenings() -> Vec<(&'static str, What)> {
    let badge = badge();
    let ranked = |seed| What::Ranked {
        order: vec![badge.clone(), "SAG-0413".to_owned()],
        seed,
    };
    vec![
        (
            "bid",
            What::Bid {
                badge: badge.clone(),
                place: 3,
                closes_at_us: NINE_US,
            },
        ),
        (
            "bids-closed",
            What::BidsClosed {
                reveal_by_us: NINE_US,
            },
        ),
        ("ranked", ranked(None)),
        ("ranked-by-lot", ranked(Some("a5".repeat(32)))),
        (
            "standby-joined",
            What::StandbyJoined {
                badge: badge.clone(),
                place: 2,
            },
        ),
        (
            "standby-left",
            What::StandbyLeft {
                badge: badge.clone(),
            },
        ),
        (
            "slot-kept",
            What::SlotKept {
                slot: 1,
                badge: badge.clone(),
                until_us: NINE_US,
            },
        ),
        (
            "standby-passed",
            What::StandbyPassed {
                badge: badge.clone(),
            },
        ),
        ("offered-to-all", What::OfferedToAll { recipients: 44 }),
    ]
}

pub(super) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let refused = |code| {
        Outcome::Refused(Refused {
            code,
            sentence: "this shift keeps no standby list".to_owned(),
            place: None,
            behind_us: None,
            clauses: Vec::new(),
        })
    };
    vec![
        (
            "bid",
            Outcome::Bid {
                place: 3,
                closes_at_us: NINE_US,
            },
        ),
        ("standby", Outcome::Standby { place: 2 }),
        ("refused-bids-closed", refused(RefusalCode::BidsClosed)),
        (
            "refused-kept-for-standby",
            refused(RefusalCode::KeptForStandby),
        ),
        ("refused-not-undoable", refused(RefusalCode::NotUndoable)),
        ("refused-no-standby", refused(RefusalCode::NoStandby)),
        ("refused-still-open", refused(RefusalCode::StillOpen)),
        ("refused-not-waiting", refused(RefusalCode::NotWaiting)),
        ("refused-seed", refused(RefusalCode::Seed)),
    ]
}
