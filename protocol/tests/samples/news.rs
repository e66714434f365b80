//! What officers are pushed, and what a board shows as it happens.

use protocol::*;

use super::{NINE_US, badge, publication, receipt, segments, vacancy};

pub(super) fn news() -> Vec<(&'static str, News)> {
    let vacancy = vacancy();
    vec![
        ("offered", News::Offered(offer())),
        (
            "withdrawn",
            News::Withdrawn {
                vacancy,
                because: Withdrawal::Filled,
            },
        ),
        ("assigned", News::Assigned(assignment())),
        (
            "unassigned",
            News::Unassigned {
                vacancy,
                because: Unassignment::Recalled,
            },
        ),
        (
            "flagged",
            News::Flagged {
                vacancy,
                badge: badge(),
                clause: "certified:ade-sso".to_owned(),
            },
        ),
        ("amended", News::Amended(amended())),
        (
            "withdrawn-amended",
            News::Withdrawn {
                vacancy,
                because: Withdrawal::Amended,
            },
        ),
        (
            "unassigned-amended",
            News::Unassigned {
                vacancy,
                because: Unassignment::Amended,
            },
        ),
        (
            "overlapped",
            News::Overlapped {
                with: vacancy,
                vacancies: vec![VacancyKey(1), VacancyKey(2)],
            },
        ),
        (
            "unassigned-unconfirmed",
            News::Unassigned {
                vacancy,
                because: Unassignment::Unconfirmed,
            },
        ),
    ]
}

fn amended() -> Amended {
    Amended {
        vacancy: vacancy(),
        round: 2,
        segments: segments(),
        slots: vec![Rank::Officer],
        post_orders: "Report to the front office.".to_owned(),
        confirm_by_us: Some(NINE_US - 3_600_000_000),
    }
}

/// As a district sends it: one day, two sites, one slot, ordinary names.
fn offer() -> Offer {
    Offer {
        vacancy: vacancy(),
        round: 1,
        tier: 1,
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: segments(),
        slots: vec![Rank::Officer],
        slots_open: 1,
        offered_at_us: NINE_US - 86_400_000_000,
    }
}

fn assignment() -> Assignment {
    Assignment {
        receipt: receipt(),
        segments: segments(),
        post_orders: "Report to the front office.".to_owned(),
    }
}

pub(super) fn happenings() -> Vec<(&'static str, What)> {
    let badge = badge();
    let cover = "saguaro-msa".to_owned();
    let because = Unassignment::Released;
    vec![
        (
            "published",
            What::Published {
                site: "saguaro-elementary".to_owned(),
                start_us: NINE_US,
                slots: 1,
            },
        ),
        (
            "tier-opened",
            What::TierOpened {
                tier: 1,
                because: TierCause::WindowElapsed,
                recipients: 44,
            },
        ),
        (
            "awarded",
            What::Awarded {
                slot: 0,
                badge: badge.clone(),
                place: 2,
                cover,
                slots_open: 0,
            },
        ),
        (
            "declined",
            What::Declined {
                badge: badge.clone(),
            },
        ),
        (
            "reoffered",
            What::Reoffered {
                slot: 0,
                badge: badge.clone(),
                because,
                round: 1,
                recipients: 43,
            },
        ),
        (
            "cancelled",
            What::Cancelled {
                reason: "school closed".to_owned(),
            },
        ),
        ("expired", What::Expired { slots_open: 1 }),
        (
            "punched",
            What::Punched {
                badge: badge.clone(),
                direction: Direction::In,
                on_site: Some(true),
            },
        ),
        (
            "amended",
            What::Amended {
                slots_open: 1,
                round: 2,
                recipients: 43,
                unconfirmed: vec![badge.clone()],
                lost: vec!["SAG-0413".to_owned()],
            },
        ),
        (
            "reconfirmed",
            What::Reconfirmed {
                slot: 0,
                badge: badge.clone(),
            },
        ),
        (
            "lapsed",
            What::Lapsed {
                slots_open: 2,
                round: 3,
                recipients: 44,
                badges: vec![badge],
            },
        ),
        ("tier-opened-start-near", publication::start_near()),
        (
            "last-tier-approved",
            What::LastTierApproved {
                approved_by: "SAG-0001".to_owned(),
                recipients: 4,
            },
        ),
        ("offered-later", What::OfferedLater { recipients: 3 }),
    ]
}
