//! Vacancies: what must be filled, where, when, by whom.

use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

use super::{
    AgencyId, AgreementId, Awarding, Interval, LocalSpan, OfficerId, OfficerSet, ProgrammeId,
    Promise, Rank, Seed, Sequence, SiteId, Terms, Timestamp, VacancyKey,
};

/// What a coordinator published, as it was last amended.
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
    /// was published or moved.
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
    /// When it was last offered to everybody who could take it, or to a further tier.
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
    /// What became of its holders when its time or place was last amended; none if it never was.
    pub moved: Option<Box<Moved>>,
    /// What it asks beyond its posting; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub terms: Terms,
    /// Whether somebody approved that its programme's last tier may come; a section of its own.
    #[rkyv(with = Skip)]
    pub last_tier: bool,
    /// What has come of its terms about awards; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub awarding: Option<Box<Awarding>>,
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
            moved: None,
            terms: Terms::default(),
            last_tier: false,
            awarding: None,
        }
    }

    /// When whoever works it is busy: its segments, and the time around them that its terms add
    /// before the first and after the last.
    pub fn busy(&self) -> impl Iterator<Item = Interval> + '_ {
        self.terms.busy(&self.posting.segments)
    }

    /// How many slots have no holder.
    pub fn slots_open(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| slot.holder.is_none())
            .count()
    }

    /// When the start is so near that the tier after `tier` opens, if its terms say so.
    pub fn start_near_at(&self, tier: u8) -> Option<Timestamp> {
        let before_ms = self.terms.opens_before_ms(tier)?;
        Some(self.posting.span().start.minus_ms(before_ms))
    }

    /// The slot that `officer` holds.
    pub fn slot_of(&self, officer: OfficerId) -> Option<(u16, &Holder)> {
        self.slots.iter().zip(0..).find_map(|(slot, number)| {
            let holder = slot.holder.as_ref()?;
            (holder.officer == officer).then_some((number, holder))
        })
    }

    /// The slot that an officer of `rank` takes, of those that are open and kept for nobody.
    pub fn free_slot(&self, rank: Rank) -> Option<u16> {
        self.terms.slot_for(self.free_slots(), rank)
    }

    /// The open slot that an officer of `rank` takes.
    pub fn open_slot(&self, rank: Rank) -> Option<u16> {
        let slots = self.slots.iter().zip(0..);
        let open = slots.filter(|(slot, _)| slot.holder.is_none());
        let open = open.map(|(slot, number)| (number, slot.rank));
        self.terms.slot_for(open, rank)
    }

    /// The open slots that are kept for nobody on the standby list, with their ranks.
    pub fn free_slots(&self) -> impl Iterator<Item = (u16, Rank)> {
        let is_kept = |slot| {
            let awarding = self.awarding.as_ref();
            awarding.is_some_and(|awarding| awarding.is_kept(slot))
        };
        let open = self.slots.iter().zip(0..);
        let open = open.filter(move |(slot, number)| slot.holder.is_none() && !is_kept(*number));
        open.map(|(slot, number)| (number, slot.rank))
    }

    /// The promise of the seed that a closed lottery waits for.
    pub fn promised(&self) -> Option<Promise> {
        let awarding = self.awarding.as_ref().filter(|one| one.is_closed)?;
        let (first, _) = self.terms.award()?.lottery()?;
        Some(awarding.revealed.map_or(first, |Seed(seed)| Promise(seed)))
    }

    /// The round in which its time or place was last amended; 0 if it never was. An answer to an
    /// earlier round answered something else.
    pub fn moved_round(&self) -> u32 {
        self.moved.as_ref().map_or(0, |moved| moved.round)
    }

    /// Whether `officer` holds a slot under reservation: it was moved, and the officer has not
    /// said yes to that yet.
    pub fn is_unconfirmed(&self, officer: OfficerId) -> bool {
        let moved = self.moved.as_ref();
        moved.is_some_and(|moved| moved.unconfirmed.contains(officer))
    }

    /// Whether `officer` had taken a slot by answering `round` or one it was still open in, and lost
    /// it to an amendment. Whoever had the slot does not hear that somebody else had it.
    pub fn was_lost_in(&self, round: u32, officer: OfficerId) -> bool {
        let lost = self.moved.iter().flat_map(|moved| &moved.lost);
        lost.filter(|lost| lost.officer == officer)
            .any(|lost| (lost.first_round..=lost.last_round).contains(&round))
    }

    /// Asks for `ranks` from now on. Slots keep their numbers: they are added and taken away at
    /// the end, and who is taken away holds nothing.
    ///
    /// # Panics
    ///
    /// If a slot that is held would be lost or change its rank.
    pub fn refit(&mut self, ranks: &[Rank]) {
        let held = |(number, slot): (usize, &Slot)| {
            slot.holder.is_none() || ranks.get(number) == Some(&slot.rank)
        };
        assert!(
            self.slots.iter().enumerate().all(held),
            "a slot that is held stays as it is"
        );
        self.posting.slots = ranks.to_vec();
        self.slots.truncate(ranks.len());
        for (slot, &rank) in self.slots.iter_mut().zip(ranks) {
            slot.rank = rank;
        }
        let added = &ranks[self.slots.len()..];
        let added = added.iter().map(|&rank| Slot { rank, holder: None });
        self.slots.extend(added);
    }

    /// Takes the slots of `officers` away. Says what each of them lost, in the round that stands.
    pub fn unseat(&mut self, officers: &OfficerSet) -> Vec<Lost> {
        let mut lost = Vec::new();
        for slot in &mut self.slots {
            let leaves = |holder: &mut Holder| officers.contains(holder.officer);
            lost.extend(slot.holder.take_if(leaves).map(|holder| Lost {
                officer: holder.officer,
                first_round: holder.closed_before + 1,
                last_round: self.round,
            }));
        }
        lost
    }

    /// Takes the slots of these numbers away, which nobody holds. Those behind them move up.
    pub fn remove_slots(&mut self, gone: &[u16]) {
        let kept = |(number, slot): (u16, Slot)| (!gone.contains(&number)).then_some(slot);
        let slots = std::mem::take(&mut self.slots);
        self.slots = (0..).zip(slots).filter_map(kept).collect();
        self.posting.slots = self.slots.iter().map(|slot| slot.rank).collect();
    }

    /// Whether `officer` holds a slot or was offered one: those may write about it.
    pub fn concerns(&self, officer: OfficerId) -> bool {
        self.offered.contains(officer) || self.slot_of(officer).is_some()
    }

    /// Those who were asked, have not declined and hold nothing.
    pub fn undecided(&self) -> OfficerSet {
        let mut undecided = OfficerSet(&self.offered.0 - &self.declined.0);
        for holder in self.holders() {
            undecided.remove(holder.officer);
        }
        undecided
    }

    /// Everybody who holds a slot.
    pub fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.slots.iter().filter_map(|slot| slot.holder.as_ref())
    }
}

/// What became of the holders of a vacancy whose time or place was amended.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Moved {
    /// The round that the last such amendment began.
    pub round: u32,
    /// Holders who have not said yes to it yet: their slots are reserved for them until then.
    pub unconfirmed: OfficerSet,
    /// When the reservations end; none if nobody is left to say yes.
    pub confirm_by: Option<Timestamp>,
    /// Those who lost a slot because of an amendment, this one or an earlier one. They are asked
    /// again like everybody else; a retry of the accept that won hears what it heard then.
    pub lost: Vec<Lost>,
}

/// Somebody who lost a slot because of an amendment.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lost {
    /// The officer.
    pub officer: OfficerId,
    /// The first round that the officer did not hear to be filled, because it was open until they
    /// had the slot.
    pub first_round: u32,
    /// The last round in which the officer held it.
    pub last_round: u32,
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
    /// The last round in which every slot had been taken before this award; 0 if none. The officer
    /// may have heard that such a round was filled, and hears it again.
    pub closed_before: u32,
}
