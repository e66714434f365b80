//! Bids, the standby list and seniority, with names for numbers.

use std::fmt;

use engine::core::{Event, WaitEnd};
use engine::model::{AwardRule, Collect, Criterion, Seed};
use serde::Serialize;

use super::names::{Names, badges, time};
use super::told::next_tier;

/// What happened to bids, the standby list, or the facts by which bids are ranked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum ToldAward {
    Bid {
        vacancy: String,
        badge: String,
        place: u32,
        closes_at: Option<String>,
    },
    BidsClosed {
        vacancy: String,
        reveal_by: Option<String>,
    },
    Ranked {
        vacancy: String,
        /// The first first.
        order: Vec<String>,
        missed: Vec<ToldMissed>,
        /// The seed from which lots were drawn, in hexadecimal.
        seed: Option<String>,
    },
    StandbyJoined {
        vacancy: String,
        badge: String,
        place: u32,
    },
    StandbyLeft {
        vacancy: String,
        badge: String,
    },
    SlotKept {
        vacancy: String,
        slot: u16,
        badge: String,
        until: Option<String>,
    },
    StandbyPassed {
        vacancy: String,
        badge: String,
    },
    Reoffered {
        vacancy: String,
        to: Vec<String>,
        closes_at: Option<String>,
    },
    SenioritySet {
        badge: String,
        since: String,
    },
    WaitEnded {
        vacancy: String,
        because: &'static str,
        /// For whom a slot was kept.
        kept: Vec<String>,
        /// Whose bids were in.
        bids: Vec<String>,
        /// Who stood on the standby list.
        standby: Vec<String>,
    },
}

/// A bid that was given no slot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ToldMissed {
    badge: String,
    place: u32,
    because: String,
}

/// Tells an event of bids, the standby list or seniority.
pub(super) fn tell(names: Names<'_>, event: &Event) -> ToldAward {
    match event {
        Event::Bid {
            vacancy,
            officer,
            place,
            closes_at,
        } => ToldAward::Bid {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
            place: *place,
            closes_at: time(*closes_at),
        },
        Event::BidsClosed { vacancy, reveal_by } => ToldAward::BidsClosed {
            vacancy: names.vacancy(*vacancy),
            reveal_by: time(*reveal_by),
        },
        Event::Ranked(ranking) => ToldAward::Ranked {
            vacancy: names.vacancy(ranking.vacancy),
            order: ranking.order.iter().map(|id| names.officer(*id)).collect(),
            missed: ranking
                .missed
                .iter()
                .map(|missed| ToldMissed {
                    badge: names.officer(missed.officer),
                    place: missed.place,
                    because: missed.refusal.to_string(),
                })
                .collect(),
            seed: ranking.seed.as_ref().map(Seed::to_string),
        },
        Event::StandbyJoined {
            vacancy,
            officer,
            place,
        } => ToldAward::StandbyJoined {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
            place: *place,
        },
        Event::StandbyLeft { vacancy, officer } => ToldAward::StandbyLeft {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
        },
        Event::SlotKept {
            vacancy,
            slot,
            officer,
            until,
        } => ToldAward::SlotKept {
            vacancy: names.vacancy(*vacancy),
            slot: *slot,
            badge: names.officer(*officer),
            until: time(*until),
        },
        Event::StandbyPassed { vacancy, officer } => ToldAward::StandbyPassed {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
        },
        Event::Reoffered {
            vacancy,
            recipients,
            closes_at,
        } => ToldAward::Reoffered {
            vacancy: names.vacancy(*vacancy),
            to: names.officers(recipients),
            closes_at: closes_at.and_then(time),
        },
        Event::SenioritySet { officer, since } => ToldAward::SenioritySet {
            badge: names.officer(*officer),
            since: format!("{:04}-{:02}-{:02}", since.year, since.month, since.day),
        },
        Event::WaitEnded(ended) => ToldAward::WaitEnded {
            vacancy: names.vacancy(ended.vacancy),
            because: match ended.because {
                WaitEnd::Cancelled => "cancelled",
                WaitEnd::Expired => "expired",
                WaitEnd::Amended => "amended",
                WaitEnd::Reduced => "reduced",
            },
            kept: names.officers(&ended.kept),
            bids: names.officers(&ended.bids),
            standby: names.officers(&ended.standby),
        },
        other => unreachable!("`tell` sends only bids, standby and seniority here: {other:?}"),
    }
}

/// An award rule as a coordinator would say it.
pub(super) fn rule(rule: &AwardRule) -> String {
    let collect = match rule.collect {
        Collect::Until(at) => format!("bids until {}", time(at).unwrap_or_default()),
        Collect::Fairness { window_ms } => format!("fairness window of {window_ms} ms"),
    };
    let by = |criterion: &Criterion| match criterion {
        Criterion::Seniority => "seniority".to_owned(),
        Criterion::FewestHours { period_ms } => format!("fewest hours in {period_ms} ms"),
        Criterion::Rotation => "rotation".to_owned(),
        Criterion::Lottery {
            promise,
            reveal_within_ms,
        } => format!("lottery (promise {promise}, revealed within {reveal_within_ms} ms)"),
    };
    let mut ranked_by: Vec<String> = rule.ranked_by.iter().map(by).collect();
    ranked_by.push("arrival".to_owned());
    format!("{collect}, ranked by {}", ranked_by.join(", then "))
}

impl fmt::Display for ToldAward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToldAward::Bid {
                vacancy,
                badge,
                place,
                closes_at,
            } => {
                let closes = closes_at.as_deref().unwrap_or("never");
                write!(
                    f,
                    "bid {vacancy} by {badge} (place {place}, closes {closes})"
                )
            }
            ToldAward::BidsClosed { vacancy, reveal_by } => {
                let by = reveal_by.as_deref().unwrap_or("any time");
                write!(f, "bids-closed {vacancy}, seed to be revealed by {by}")
            }
            ToldAward::Ranked {
                vacancy,
                order,
                missed,
                seed,
            } => {
                let (count, order) = (missed.len(), badges(order));
                let seed = seed.as_deref().unwrap_or("none");
                write!(
                    f,
                    "ranked {vacancy}: {order}; {count} without a slot; seed {seed}"
                )
            }
            ToldAward::StandbyJoined {
                vacancy,
                badge,
                place,
            } => write!(f, "standby-joined {vacancy} by {badge} (place {place})"),
            ToldAward::StandbyLeft { vacancy, badge } => {
                write!(f, "standby-left {vacancy} by {badge}")
            }
            ToldAward::SlotKept {
                vacancy,
                slot,
                badge,
                until,
            } => {
                let until = until.as_deref().unwrap_or("the end");
                write!(
                    f,
                    "slot-kept {vacancy} slot {slot} for {badge} until {until}"
                )
            }
            ToldAward::StandbyPassed { vacancy, badge } => {
                write!(f, "standby-passed {vacancy} by {badge}")
            }
            ToldAward::Reoffered {
                vacancy,
                to,
                closes_at,
            } => {
                let (to, next) = (badges(to), next_tier(closes_at.as_deref()));
                write!(f, "reoffered {vacancy} → {to}{next}")
            }
            ToldAward::SenioritySet { badge, since } => {
                write!(f, "seniority-set {badge} since {since}")
            }
            ToldAward::WaitEnded {
                vacancy,
                because,
                kept,
                bids,
                standby,
            } => {
                let (kept, bids, standby) = (badges(kept), badges(bids), badges(standby));
                write!(
                    f,
                    "wait-ended {vacancy}, {because}: kept for {kept}; bids of {bids}; standby {standby}"
                )
            }
        }
    }
}
