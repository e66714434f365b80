//! Bids, fairness windows, lotteries and the standby list.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{RefusalCode, VacancyKey};

/// How accepts become awards, where it is not one after the other.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct AwardRule {
    /// How long accepts are collected. Later ones race for what is left.
    pub collect: Collect,
    /// How those that were collected are ranked: by the first of these, then, among equals, by the
    /// next. The last is always the order of arrival, and is not named.
    pub ranked_by: Vec<Criterion>,
}

/// How long accepts are collected before slots are given.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(tag = "collect", rename_all = "kebab-case")]
pub enum Collect {
    /// Bids: until this moment.
    Until {
        /// Microseconds since the epoch.
        at_us: i64,
    },
    /// A fairness window after each offer.
    Fairness {
        /// How long, in milliseconds: up to an hour.
        window_ms: u64,
    },
}

/// One way to rank those who would take a slot.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Criterion {
    /// The longest in service first; who has no date of service comes last.
    Seniority,
    /// The fewest hours of work before the vacancy's start first.
    FewestHours {
        /// How long before the start hours count, in milliseconds: up to two years.
        period_ms: u64,
    },
    /// The longest without an award by the lead agency first.
    Rotation,
    /// By lot. The server promises the seed in the log when it publishes, and reveals it when bids
    /// are closed.
    Lottery {
        /// How long the seed may take to be revealed before no lots are drawn, in milliseconds: up
        /// to a day.
        reveal_within_ms: u64,
    },
}

/// A bid that was given no slot.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Missed {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// Place in the ranking, from 1.
    pub place: u32,
    /// How many bids were ranked.
    pub bids: u32,
    /// Why.
    pub code: RefusalCode,
    /// The sentence a person sees.
    pub sentence: String,
}

/// What an officer waited for.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(rename_all = "kebab-case")]
pub enum Waited {
    /// A slot was kept for the officer.
    Kept,
    /// The officer's bid was in.
    Bid,
    /// The officer stood on the standby list.
    Standby,
}

/// Why an officer waits for a vacancy no longer.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(rename_all = "kebab-case")]
pub enum WaitEnd {
    /// The customer no longer needs it.
    Cancelled,
    /// Its start passed.
    Expired,
    /// It has another time or place, or other slots.
    Amended,
    /// The customer needs fewer slots.
    Reduced,
}
