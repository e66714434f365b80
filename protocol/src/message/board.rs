//! What coordinators and operators see: the board, and what happens on it.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Direction, Rank, Segment, Unassignment, VacancyKey};

/// Something that happened on the board.
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
pub struct Happening {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// The responsible agency.
    pub lead: String,
    /// When, as the log has it, microseconds since the epoch.
    pub at_us: i64,
    /// What.
    pub what: What,
}

/// What happened to a vacancy.
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
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// It was published.
    Published {
        /// First site's code.
        site: String,
        /// When the work starts.
        start_us: i64,
        /// Number of slots.
        slots: u16,
    },
    /// A tier was opened.
    TierOpened {
        /// The tier.
        tier: u8,
        /// Why.
        because: TierCause,
        /// How many officers it was offered to.
        recipients: u32,
    },
    /// A slot was awarded.
    Awarded {
        /// The slot.
        slot: u16,
        /// The officer.
        badge: String,
        /// Place in the line of accepts.
        place: u32,
        /// The agreement that protects the officer.
        cover: String,
        /// Slots still open.
        slots_open: u16,
    },
    /// An officer declined.
    Declined {
        /// The officer.
        badge: String,
    },
    /// An officer no longer holds a slot and it is offered again.
    Reoffered {
        /// The slot.
        slot: u16,
        /// Who held it.
        badge: String,
        /// Why it is free.
        because: Unassignment,
        /// The new round.
        round: u32,
        /// How many officers it was offered to.
        recipients: u32,
    },
    /// It was cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Its start passed with slots open.
    Expired {
        /// Slots that stayed open.
        slots_open: u16,
    },
    /// An officer clocked in or out.
    Punched {
        /// The officer.
        badge: String,
        /// In or out.
        direction: Direction,
        /// Whether the punch was inside the geofence; none if no position came with it.
        on_site: Option<bool>,
    },
    /// Time, place, slots or post orders were changed.
    Amended {
        /// Slots open after it.
        slots_open: u16,
        /// The round from now on.
        round: u32,
        /// How many officers it was offered to in that round.
        recipients: u32,
        /// Holders who have to say yes to keep their slots.
        unconfirmed: Vec<String>,
        /// Holders who lost their slots.
        lost: Vec<String>,
    },
    /// A holder said yes to another time or place.
    Reconfirmed {
        /// The slot.
        slot: u16,
        /// The officer.
        badge: String,
    },
    /// Holders did not say yes in time, and their slots are offered again.
    Lapsed {
        /// Slots open after it.
        slots_open: u16,
        /// The new round.
        round: u32,
        /// How many officers it was offered to.
        recipients: u32,
        /// Who held them.
        badges: Vec<String>,
    },
    /// The customer needs fewer slots.
    Reduced {
        /// Numbers of the slots that went.
        slots: Vec<u16>,
        /// Who held them.
        lost: Vec<String>,
        /// Why.
        reason: String,
        /// Slots open after it.
        slots_open: u16,
    },
    /// A holder did not come.
    NoShow {
        /// The slot.
        slot: u16,
        /// The officer.
        badge: String,
        /// What was published for the rest of the work.
        again: Option<VacancyKey>,
    },
    /// The attendance of a holder was corrected.
    Corrected {
        /// The officer.
        badge: String,
    },
    /// A holder has read the post orders.
    Acknowledged {
        /// The officer.
        badge: String,
        /// The version.
        version: u32,
    },
    /// Somebody approved that the last tier is asked as well.
    LastTierApproved {
        /// Who.
        approved_by: String,
        /// How many officers it was offered to because of that.
        recipients: u32,
    },
    /// An accept is collected.
    Bid {
        /// The officer.
        badge: String,
        /// Place in the order of arrival.
        place: u32,
        /// When slots are given, microseconds since the epoch.
        closes_at_us: i64,
    },
    /// Bids are closed, and the seed of the lottery is waited for.
    BidsClosed {
        /// When slots are given without lots, microseconds since the epoch.
        reveal_by_us: i64,
    },
    /// Bids were ranked; the awards follow.
    Ranked {
        /// Badges of those whose bids were in, the first first.
        order: Vec<String>,
        /// The seed from which lots were drawn, in hexadecimal.
        seed: Option<String>,
    },
    /// An officer waits for a slot.
    StandbyJoined {
        /// The officer.
        badge: String,
        /// Place on the list.
        place: u32,
    },
    /// An officer no longer waits for a slot.
    StandbyLeft {
        /// The officer.
        badge: String,
    },
    /// An open slot is kept for the next on the standby list.
    SlotKept {
        /// The slot.
        slot: u16,
        /// For whom.
        badge: String,
        /// Until when, microseconds since the epoch.
        until_us: i64,
    },
    /// Who was asked from the standby list said no, or nothing in time.
    StandbyPassed {
        /// The officer.
        badge: String,
    },
    /// Nobody is left on the standby list who can come: open slots are offered to everybody.
    OfferedToAll {
        /// How many officers it was offered to.
        recipients: u32,
    },
    /// It is offered to officers who have become eligible since, in the round that stands.
    OfferedLater {
        /// How many.
        recipients: u32,
    },
}

/// Why a tier was opened.
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
pub enum TierCause {
    /// It was published: tier 0.
    Published,
    /// Nobody in the tiers before was eligible.
    NoEligibleOfficer,
    /// Everybody in the tiers before declined.
    AllDeclined,
    /// The window of the tier before elapsed.
    WindowElapsed,
    /// A coordinator opened it.
    Coordinator,
    /// The start is as near as the terms of the vacancy say.
    StartNear,
}

/// A vacancy on the board.
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
pub struct BoardRow {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// The responsible agency.
    pub lead: String,
    /// The programme.
    pub programme: String,
    /// Where and when.
    pub segments: Vec<Segment>,
    /// How it stands.
    pub standing: Standing,
    /// The highest tier that is open.
    pub tier: u8,
    /// Counts re-offers.
    pub round: u32,
    /// Officers it has been offered to.
    pub offered: u32,
    /// Each slot with its holder's badge, if it has one.
    pub slots: Vec<BoardSlot>,
}

/// A slot on the board.
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
pub struct BoardSlot {
    /// Required rank.
    pub rank: Rank,
    /// Who holds it.
    pub holder: Option<String>,
}

/// How a vacancy stands.
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
pub enum Standing {
    /// Slots are open.
    Open,
    /// Every slot has its officer.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Its start passed with slots open.
    Expired,
}
