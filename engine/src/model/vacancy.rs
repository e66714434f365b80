//! Vacancies: what must be filled, where, when, by whom.

use rkyv::{Archive, Deserialize, Serialize};

use super::{
    AgencyId, AgreementId, Interval, LocalSpan, OfficerId, OfficerSet, ProgrammeId, Rank, Sequence,
    SiteId, Timestamp, VacancyKey,
};

/// What a coordinator published; it never changes.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Posting {
    /// Its name outside.
    pub key: VacancyKey,
    /// The agency responsible.
    pub lead: AgencyId,
    /// What kind of work it is.
    pub programme: ProgrammeId,
    /// Where and when, in order of time, accepted as a whole. Never empty.
    pub segments: Vec<Segment>,
    /// Required rank of each slot. Never empty.
    pub slots: Vec<Rank>,
    /// How long tier k is offered before tier k + 1 opens, in milliseconds; the last entry
    /// repeats. Zero opens the next tier at once; empty means never by time.
    pub windows_ms: Vec<u64>,
    /// Instructions for whoever comes.
    pub post_orders: Box<str>,
}

impl Posting {
    /// From the first start to the last end.
    pub fn span(&self) -> Interval {
        let first = self
            .segments
            .first()
            .expect("a posting has segments: decide refuses none");
        let last = self
            .segments
            .last()
            .expect("a posting has segments: decide refuses none");
        Interval {
            start: first.span.start,
            end: last.span.end,
        }
    }

    /// How long `tier` is offered before the next one opens; none means never by time.
    pub fn window_ms(&self, tier: u8) -> Option<u64> {
        self.windows_ms
            .get(usize::from(tier))
            .or(self.windows_ms.last())
            .copied()
    }
}

/// One place and time of a vacancy.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Where.
    pub site: SiteId,
    /// When.
    pub span: Interval,
    /// The same in the site's local time, one entry a day, as the zone's rules stood when it
    /// was published.
    pub local: Vec<LocalSpan>,
}

/// A vacancy and how it stands.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vacancy {
    /// What was published.
    pub posting: Posting,
    /// How it stands.
    pub standing: Standing,
    /// The slots, in the posting's order.
    pub slots: Vec<Slot>,
    /// Counts re-offers, from 1. An answer names the round it answers.
    pub round: u32,
    /// The last round in which every slot was taken; 0 if none was. An accept of this round or
    /// an earlier one is refused as filled for ever, so its answer never has to be remembered.
    pub closed_round: u32,
    /// When the last slot was last taken.
    pub filled_at: Option<Timestamp>,
    /// When it was last offered to anybody.
    pub offered_at: Timestamp,
    /// The highest tier that is open.
    pub tier: u8,
    /// When the next tier opens by time.
    pub tier_closes_at: Option<Timestamp>,
    /// Everybody for whom the offer stands, or stood until it was filled or ended.
    pub offered: OfficerSet,
    /// Those of them who declined.
    pub declined: OfficerSet,
    /// Those who gave a slot back or were taken back: they are not offered it again.
    pub returned: OfficerSet,
}

impl Vacancy {
    /// A vacancy that was just published and is open to nobody yet.
    pub fn new(posting: Posting) -> Vacancy {
        let slots = posting
            .slots
            .iter()
            .map(|&rank| Slot { rank, holder: None })
            .collect();
        Vacancy {
            posting,
            standing: Standing::Open,
            slots,
            round: 1,
            closed_round: 0,
            filled_at: None,
            offered_at: Timestamp::MIN,
            tier: 0,
            tier_closes_at: None,
            offered: OfficerSet::new(),
            declined: OfficerSet::new(),
            returned: OfficerSet::new(),
        }
    }

    /// How many slots have no holder.
    pub fn slots_open(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| slot.holder.is_none())
            .count()
    }

    /// The slot that `officer` holds.
    pub fn slot_of(&self, officer: OfficerId) -> Option<(u16, &Holder)> {
        self.slots.iter().zip(0..).find_map(|(slot, number)| {
            let holder = slot.holder.as_ref()?;
            (holder.officer == officer).then_some((number, holder))
        })
    }

    /// The first open slot of `rank`.
    pub fn open_slot(&self, rank: Rank) -> Option<u16> {
        let open = |slot: &Slot| slot.holder.is_none() && slot.rank == rank;
        self.slots
            .iter()
            .zip(0..)
            .find_map(|(slot, number)| open(slot).then_some(number))
    }

    /// Everybody who holds a slot.
    pub fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.slots.iter().filter_map(|slot| slot.holder.as_ref())
    }
}

/// How a vacancy stands.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Standing {
    /// Slots are open.
    Open,
    /// Every slot has its officer.
    Filled,
    /// The customer no longer needs it.
    Cancelled,
    /// Its start passed with slots open.
    Expired,
}

/// One position of a vacancy.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Required rank.
    pub rank: Rank,
    /// Who has it.
    pub holder: Option<Holder>,
}

/// Who holds a slot, and everything the award stamped on the assignment.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The officer.
    pub officer: OfficerId,
    /// The agreement that protects the officer; stamped here, never looked up later.
    pub cover: AgreementId,
    /// Place in the line of accepts, from 1.
    pub place: u32,
    /// The log record of the award.
    pub sequence: Sequence,
    /// When it was awarded.
    pub awarded_at: Timestamp,
    /// The round in which it was awarded.
    pub round: u32,
}
