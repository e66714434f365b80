//! Both sides joined by a [`Pair`](super::pair::Pair), under virtual time.

mod client;
mod identity;
mod server;

use super::pair::START_US;
use super::{Event, Standing};
use crate::{Ask, Assignment, Cursor, GoAway, News, Offer, Push, Receipt, VacancyKey, Withdrawal};

pub(super) fn at(sequence: u64) -> Cursor {
    Cursor { sequence, step: 0 }
}

pub(super) fn offered(sequence: u64, vacancy: u128) -> Push {
    let offer = Offer {
        vacancy: VacancyKey(vacancy),
        round: 0,
        tier: 0,
        lead: "tucson".to_owned(),
        programme: "sso".to_owned(),
        segments: Vec::new(),
        slots: Vec::new(),
        slots_open: 1,
        offered_at_us: START_US,
    };
    Push {
        cursor: at(sequence),
        news: News::Offered(offer),
    }
}

pub(super) fn assigned(sequence: u64, vacancy: u128) -> Push {
    let receipt = Receipt {
        vacancy: VacancyKey(vacancy),
        slot: 0,
        place: 1,
        sequence,
        cover: "tucson-msa".to_owned(),
        awarded_at_us: START_US,
    };
    let assignment = Assignment {
        receipt,
        segments: Vec::new(),
        post_orders: String::new(),
    };
    Push {
        cursor: at(sequence),
        news: News::Assigned(assignment),
    }
}

pub(super) fn withdrawn(sequence: u64, vacancy: u128) -> Push {
    let because = Withdrawal::Filled;
    Push {
        cursor: at(sequence),
        news: News::Withdrawn {
            vacancy: VacancyKey(vacancy),
            because,
        },
    }
}

pub(super) fn accept(vacancy: u128) -> Ask {
    Ask::Accept {
        vacancy: VacancyKey(vacancy),
        round: 0,
    }
}

pub(super) fn why(badge: &str) -> Ask {
    Ask::Why {
        badge: badge.to_owned(),
        vacancy: VacancyKey(1),
    }
}

pub(super) fn news(events: &[Event]) -> Vec<u64> {
    let sequence = |event: &Event| match event {
        Event::News(push) => Some(push.cursor.sequence),
        _ => None,
    };
    events.iter().filter_map(sequence).collect()
}

pub(super) fn downs(events: &[Event]) -> Vec<Option<GoAway>> {
    let because = |event: &Event| match event {
        Event::Down { because, .. } => Some(*because),
        _ => None,
    };
    events.iter().filter_map(because).collect()
}

pub(super) fn gone(events: &[Event]) -> Vec<(u128, Standing)> {
    let gone = |event: &Event| match event {
        Event::Gone { vacancy, standing } => Some((vacancy.0, *standing)),
        _ => None,
    };
    events.iter().filter_map(gone).collect()
}
