//! Bids and the standby list in the wire's words.

use engine::core::{Event, Missed, State};
use engine::model::{Seed, Timestamp, Vacancy};
use protocol::{News, What};

use super::{badge, code, key};

/// A bid that was given no slot, one of so many.
pub(crate) fn missed(row: &Vacancy, missed: &Missed, bids: u32) -> protocol::Missed {
    protocol::Missed {
        vacancy: key(row),
        place: missed.place,
        bids,
        code: code(&missed.refusal),
        sentence: missed.refusal.to_string(),
    }
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
