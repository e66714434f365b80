//! Bids and the standby list in the wire's words.

use engine::core::{Effect, Event, Missed, State, WaitEnd, Waited};
use engine::model::{OfficerId, OfficerSet, Seed, Timestamp, Vacancy};
use protocol::{News, What};

use super::{badge, code, key};

/// Who is told what about bids and the standby list.
pub(crate) fn awarding(row: &Vacancy, effect: &Effect) -> Option<(OfficerSet, News)> {
    let one = |officer: OfficerId| [officer].into_iter().collect();
    Some(match effect {
        Effect::Lose {
            missed: said, bids, ..
        } => (one(said.officer), News::Missed(missed(row, said, *bids))),
        Effect::Keep { officer, until, .. } => (one(*officer), kept(row, *until)),
        Effect::Pass { officer, .. } => {
            let vacancy = key(row);
            (one(*officer), News::Passed { vacancy })
        }
        Effect::EndWait {
            waited,
            because,
            to,
            ..
        } => (to.clone(), wait_ended(row, *waited, *because)),
        _ => return None,
    })
}

/// A slot that is kept for somebody on the standby list.
pub(crate) fn kept(row: &Vacancy, until: Timestamp) -> News {
    News::Kept {
        vacancy: key(row),
        round: row.round,
        until_us: until.as_micros(),
    }
}

/// What happened on the board, if it is about bids or the standby list.
pub(super) fn what(state: &State, event: &Event) -> Option<What> {
    let badge = |officer| badge(state, officer);
    let us = |at: Timestamp| at.as_micros();
    Some(match event {
        Event::Bid {
            officer,
            place,
            closes_at,
            ..
        } => What::Bid {
            badge: badge(*officer),
            place: *place,
            closes_at_us: us(*closes_at),
        },
        Event::BidsClosed { reveal_by, .. } => What::BidsClosed {
            reveal_by_us: us(*reveal_by),
        },
        Event::Ranked(ranking) => What::Ranked {
            order: ranking.order.iter().map(|one| badge(*one)).collect(),
            seed: ranking.seed.as_ref().map(Seed::to_string),
        },
        Event::StandbyJoined { officer, place, .. } => What::StandbyJoined {
            badge: badge(*officer),
            place: *place,
        },
        Event::StandbyLeft { officer, .. } => What::StandbyLeft {
            badge: badge(*officer),
        },
        Event::SlotKept {
            slot,
            officer,
            until,
            ..
        } => What::SlotKept {
            slot: *slot,
            badge: badge(*officer),
            until_us: us(*until),
        },
        Event::StandbyPassed { officer, .. } => What::StandbyPassed {
            badge: badge(*officer),
        },
        Event::Reoffered { recipients, .. } => What::OfferedToAll {
            recipients: u32::try_from(recipients.len()).unwrap_or(u32::MAX),
        },
        _ => return None,
    })
}

/// A bid that was given no slot, one of so many.
fn missed(row: &Vacancy, missed: &Missed, bids: u32) -> protocol::Missed {
    protocol::Missed {
        vacancy: key(row),
        place: missed.place,
        bids,
        code: code(&missed.refusal),
        sentence: missed.refusal.to_string(),
    }
}

/// That officers wait for the vacancy no longer.
fn wait_ended(row: &Vacancy, waited: Waited, because: WaitEnd) -> News {
    let waited = match waited {
        Waited::Kept => protocol::Waited::Kept,
        Waited::Bid => protocol::Waited::Bid,
        Waited::Standby => protocol::Waited::Standby,
    };
    let because = match because {
        WaitEnd::Cancelled => protocol::WaitEnd::Cancelled,
        WaitEnd::Expired => protocol::WaitEnd::Expired,
        WaitEnd::Amended => protocol::WaitEnd::Amended,
        WaitEnd::Reduced => protocol::WaitEnd::Reduced,
    };
    News::WaitEnded {
        vacancy: key(row),
        waited,
        because,
    }
}
