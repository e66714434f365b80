//! Who is given a slot when more than one would take it, and who waits for it.

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

use super::{OfficerId, OfficerSet, Timestamp};

/// How accepts become awards, where it is not one after the other.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct AwardRule {
    /// How long accepts are collected. Later ones race for what is left.
    pub collect: Collect,
    /// How those that were collected are ranked: by the first of these, then, among equals, by the
    /// next. The last is always the order of arrival, and is not named.
    pub ranked_by: Vec<Criterion>,
}

/// How long accepts are collected before slots are given.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collect {
    /// Bids: until this moment.
    Until(Timestamp),
    /// A fairness window: so long, in milliseconds, after it was last offered to anybody. Whoever is
    /// nearest to the server has no advantage inside it.
    Fairness {
        /// The window in milliseconds.
        window_ms: u64,
    },
}

/// One way to rank those who would take a slot.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// The longest in service first; who has no date of service comes last.
    Seniority,
    /// The fewest hours of work first: what the officer is or was assigned to in the time before
    /// the vacancy's first start, whoever leads it.
    FewestHours {
        /// The time before the first start that is looked at, in milliseconds.
        period_ms: u64,
    },
    /// The longest without an award by the lead agency first; who never had one before all others.
    /// An award counts for as long as the officer holds it or has worked it.
    Rotation,
    /// By lot, from a seed that nobody knows before the bids are closed and everybody after.
    Lottery {
        /// What the seed was promised to be.
        promise: Promise,
        /// How long after the close the seed may take to be revealed, in milliseconds. After that
        /// no lots are drawn, and the next criterion decides.
        reveal_within_ms: u64,
    },
}

/// The seed of a lottery: 32 bytes. Each one is the promise of the next.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub [u8; 32]);

/// The SHA-256 of a seed: binds whoever knows the seed, and tells nothing about it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Promise(pub [u8; 32]);

/// What has come of a vacancy's terms about awards: bids that are in, and the standby list.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Awarding {
    /// Accepts that are collected, in the order of arrival.
    pub bids: Vec<Bid>,
    /// How many bids were counted since the last award, those that were withdrawn among them.
    pub counted: u32,
    /// When slots are given; none if there are no bids.
    pub closes_at: Option<Timestamp>,
    /// Whether bids are closed and only the seed is waited for.
    pub is_closed: bool,
    /// The last seed that was revealed: the promise of the next one.
    pub revealed: Option<Seed>,
    /// Who was ranked for the last award and got no slot, in that order.
    pub ranked: Vec<OfficerId>,
    /// The standby list, in its order.
    pub standby: Vec<OfficerId>,
    /// Open slots that are kept for somebody on it.
    pub kept: Vec<Kept>,
    /// Who took an accept back. They won once, and a retry of that request hears so.
    pub undone: OfficerSet,
}

/// An accept that is collected.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bid {
    /// The officer.
    pub officer: OfficerId,
    /// Place in the order of arrival, from 1.
    pub place: u32,
}

/// An open slot that is kept for the one whose turn it is on the standby list.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The slot, from 0.
    pub slot: u16,
    /// For whom.
    pub officer: OfficerId,
    /// Until when.
    pub until: Timestamp,
}

impl AwardRule {
    /// Until when an accept is collected of an offer that was last made at `offered_at`, if that is
    /// before the start.
    pub fn collects_until(&self, offered_at: Timestamp) -> Timestamp {
        match self.collect {
            Collect::Until(at) => at,
            Collect::Fairness { window_ms } => offered_at.plus_ms(window_ms),
        }
    }

    /// The lottery among the criteria, if there is one: the promise of its first seed, and how long
    /// a seed may take to be revealed, in milliseconds.
    pub fn lottery(&self) -> Option<(Promise, u64)> {
        self.ranked_by.iter().find_map(|criterion| match criterion {
            Criterion::Lottery {
                promise,
                reveal_within_ms,
            } => Some((*promise, *reveal_within_ms)),
            _ => None,
        })
    }
}

impl Awarding {
    /// The bid of `officer`, if it is in.
    pub fn bid_of(&self, officer: OfficerId) -> Option<&Bid> {
        self.bids.iter().find(|bid| bid.officer == officer)
    }

    /// What is kept for `officer`.
    pub fn kept_for(&self, officer: OfficerId) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.officer == officer)
    }

    /// Whether `slot` is kept for somebody.
    pub fn is_kept(&self, slot: u16) -> bool {
        self.kept.iter().any(|kept| kept.slot == slot)
    }

    /// When somebody on the standby list has had their time to say yes.
    pub fn confirm_by(&self) -> Option<Timestamp> {
        self.kept.iter().map(|kept| kept.until).min()
    }

    /// Ends what is kept for `officer`, who is no longer on the standby list.
    pub fn pass(&mut self, officer: OfficerId) {
        self.kept.retain(|kept| kept.officer != officer);
        self.leave(officer);
    }

    /// The offer says something else: nothing is kept for anybody. Bids for another time or place
    /// were bids for something else, and there is nothing left to bid for where every slot is
    /// taken.
    pub fn amend(&mut self, is_moved: bool, is_filled: bool) {
        self.kept.clear();
        if is_moved || is_filled {
            self.end_bids();
        }
    }

    /// The slots `gone`, in order, are no more. What is kept of the others is kept under their new
    /// numbers; whoever one of those was kept for waits as before.
    pub fn reduce(&mut self, gone: &[u16], is_filled: bool) {
        self.kept.retain(|kept| !gone.contains(&kept.slot));
        for kept in &mut self.kept {
            let before = gone.iter().filter(|slot| **slot < kept.slot).count();
            kept.slot -= u16::try_from(before).expect("no more than there are slots");
        }
        if is_filled {
            self.end_bids();
        }
    }

    /// The vacancy is over: nobody bids or waits for it.
    pub fn end(&mut self) {
        self.kept.clear();
        self.standby.clear();
        self.end_bids();
    }

    /// No bid is in any more.
    pub fn end_bids(&mut self) {
        self.bids.clear();
        self.counted = 0;
        self.closes_at = None;
        self.is_closed = false;
    }

    /// Takes `officer` out of the standby list.
    pub fn leave(&mut self, officer: OfficerId) {
        self.standby.retain(|waiting| *waiting != officer);
    }
}

/// Seeds and promises are read by people who compare them: hexadecimal.
macro_rules! hexadecimal {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )*};
}

hexadecimal!(Seed Promise);
