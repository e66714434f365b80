//! What a district's grant does not pay for.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::Date;

/// Work on days that the grant of its district does not pay for.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
#[error(
    "the grant of district {district} pays from {first} to {last}: choose other days, or say why \
     it is published nevertheless"
)]
pub struct OutsideGrant {
    /// The district.
    pub district: Box<str>,
    /// The first day that the grant pays for.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

/// More work than the grant of its district has left.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
#[error(
    "this takes {asked_min} minutes of the grant of district {district}, which has {left_min} of \
     {budget_min} left: ask for less, or say why it is published nevertheless"
)]
pub struct BeyondGrant {
    /// The district.
    pub district: Box<str>,
    /// What the work takes, in minutes of paid time, rounded up.
    pub asked_min: u64,
    /// What is left, in minutes, rounded down.
    pub left_min: u64,
    /// What there was to begin with, in minutes.
    pub budget_min: u64,
}
