//! Who could come.
//!
//! [`Sets`] is the record: roaring sets of officers by agency, certification, approval, class, rank
//! and readiness. Beside it stands a hot plane that answers: one bit for each officer and each thing
//! that is asked of officers. The bits of an agency's officers lie side by side, sixty-four to a
//! word, so that a question about thousands of officers is a few hundred operations on words. It
//! settles nearly everybody; who is in doubt, because something runs out near the end of the work,
//! windows do not follow the hours, or there is other work that day, is examined one by one. The
//! answer is therefore exact, and [`naive`] is its slow twin: the same question by examining
//! everybody with [`rules::eligibility`].
//!
//! The index is derived from the roster and the calendars and can be rebuilt from them.

mod funnel;
pub mod naive;

mod block;
mod days;
mod ladder;
mod marks;
mod rows;
mod sets;
mod week;

pub use marks::Marks;
pub use sets::Sets;

use std::borrow::Cow;

use self::block::{Answer, Block, Question, qualified_row, rank_row};
use self::days::{Days, OfDay};
use self::ladder::Ladder;
use self::rows::{NOBODY, Words, each_place, officer_at, place_of};
use self::week::Week;
use crate::model::{
    AgencyId, Availability, Calendar, CertificationId, Date, Interval, LocalSpan, Measure, Officer,
    OfficerId, OfficerSet, ProgrammeId, Rank, Roster, Table, Timestamp,
};
use crate::rules::availability::is_available;
use crate::rules::eligibility::{self, clauses};
use crate::rules::tier::{cover_of, held_through, tier_of};
use crate::rules::{self, Candidate, Clause, Ground, conflict};

/// Microseconds of the coarse unit in which booked time is indexed: one UTC day.
const BOOKED_UNIT_US: i64 = 24 * 3_600 * 1_000_000;

/// Officers by what is asked of them.
#[derive(Debug, Clone, Default)]
pub struct Index {
    sets: Sets,
    /// Blocks of each agency, by the agency's number; the blocks ascend.
    agencies: Vec<Vec<Block>>,
    ladder: Ladder,
    /// Officers with a booking on a UTC day, counted from the epoch. Coarse: who is in may be
    /// free at the hour asked, who is not in is free all day.
    booked: Days<i64>,
    /// Officers who declared windows of their own for a local date.
    excepted: Days<Date>,
    /// Changes whenever somebody may have become eligible, or is no longer for another reason than
    /// a booking, so that a match computed before can be told from one that still holds.
    generation: u64,
}

/// Bytes of memory of an index, by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// The roaring sets, as they are written.
    pub sets: usize,
    /// The hot plane.
    pub plane: usize,
    /// Booked days and dates with windows of their own.
    pub days: usize,
}

impl Index {
    /// The index of everything in `roster` and `calendars` as of `at`.
    pub fn build(roster: &Roster, calendars: &Table<OfficerId, Calendar>, at: Timestamp) -> Index {
        let mut index = Index::default();
        for (id, _) in roster.officers.iter() {
            index.put(id, roster, at);
        }
        for (id, calendar) in calendars.iter() {
            for booking in calendar.bookings() {
                index.book(id, booking.span);
            }
        }
        index
    }

    /// Records everything about an officer of `roster` of whom nothing was recorded before.
    pub fn put(&mut self, id: OfficerId, roster: &Roster, at: Timestamp) {
        self.ladder.set_up(at);
        let Some(officer) = roster.officers.find(id) else {
            return;
        };
        self.sets.put(id, officer);
        self.block_mut(id, officer).put(id, officer);
        for date in exceptions(&officer.availability) {
            self.excepted.insert(*date, id);
        }
        let programmes = roster.programmes.iter().map(|(id, _)| id);
        self.qualify((id, officer), roster, programmes, at);
    }

    /// The sets of officers by what they are and hold.
    pub fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Records whether an officer is suspended, and everything that depends on it.
    pub fn requalify(&mut self, id: OfficerId, roster: &Roster, at: Timestamp) {
        let Some(officer) = roster.officers.find(id) else {
            return;
        };
        self.sets.ready(id, officer);
        let programmes = roster.programmes.iter().map(|(id, _)| id);
        self.qualify((id, officer), roster, programmes, at);
    }

    /// Records what an officer holds of a kind of certification.
    pub fn certify(
        &mut self,
        id: OfficerId,
        kind: CertificationId,
        roster: &Roster,
        at: Timestamp,
    ) {
        let Some(officer) = roster.officers.find(id) else {
            return;
        };
        self.sets.certify(id, officer, kind);
        let rows = roster.programmes.iter();
        let asking = rows.filter(|(_, row)| row.certifications.contains(&kind));
        self.qualify((id, officer), roster, asking.map(|(id, _)| id), at);
    }

    /// Forgets that an officer holds a certification that has run out: nobody asks for the past.
    /// The plane knows the dates by itself.
    pub fn expire(&mut self, id: OfficerId, kind: CertificationId) {
        self.sets.expire(id, kind);
    }

    /// Records whether the home agency approves an officer for a programme.
    pub fn approve(
        &mut self,
        id: OfficerId,
        programme: ProgrammeId,
        roster: &Roster,
        at: Timestamp,
    ) {
        let Some(officer) = roster.officers.find(id) else {
            return;
        };
        self.sets.approve(id, officer, programme);
        self.qualify((id, officer), roster, [programme].into_iter(), at);
    }

    /// Records when an officer is willing to work, and no longer what was declared `before`.
    pub fn declare(&mut self, id: OfficerId, before: &Availability, officer: &Officer) {
        self.generation += 1;
        let now = &officer.availability;
        let (_, place) = place_of(id);
        let block = self.block_mut(id, officer);
        block.declare(place, Week::of(before), Week::of(now));
        for date in exceptions(before) {
            self.excepted.remove(date, id);
        }
        for date in exceptions(now) {
            self.excepted.insert(*date, id);
        }
    }

    /// Records who of `roster` is qualified for a programme that is new.
    pub fn define(&mut self, programme: ProgrammeId, roster: &Roster, at: Timestamp) {
        self.generation += 1;
        for officer in roster.officers.iter() {
            self.qualify(officer, roster, [programme].into_iter(), at);
        }
    }

    /// Notes that something other than an officer's own record may have changed who is eligible:
    /// a pact, an exclusion, a limit.
    pub fn widen(&mut self) {
        self.generation += 1;
    }

    /// Notes that `officer` has work in `span`.
    pub fn book(&mut self, officer: OfficerId, span: Interval) {
        for day in days(span) {
            self.booked.insert(day, officer);
        }
    }

    /// Brings the booked days that `spans` touch in line with the officer's calendar.
    pub fn rebook(
        &mut self,
        officer: OfficerId,
        calendar: &Calendar,
        spans: impl Iterator<Item = Interval>,
    ) {
        for day in spans.flat_map(days) {
            let start = Timestamp(day * BOOKED_UNIT_US);
            let end = Timestamp((day + 1) * BOOKED_UNIT_US);
            if calendar.overlapping(Interval { start, end }).is_some() {
                self.booked.insert(day, officer);
                continue;
            }
            self.generation += 1;
            self.booked.remove(&day, officer);
        }
    }

    /// Changes whenever somebody may have become eligible, or is no longer, but for bookings.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Bytes of memory, by part.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            sets: self.sets.bytes(),
            plane: self.agencies.iter().flatten().map(Block::bytes).sum(),
            days: self.booked.bytes() + self.excepted.bytes(),
        }
    }

    /// Everybody of `agencies` who may take the work on `ground`, exactly.
    pub fn eligible(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> OfficerSet {
        OfficerSet::from(&self.marks(ground, calendars, agencies))
    }

    /// The same as it is found, one bit an officer.
    pub fn marks(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> Marks {
        let question = self.question(ground);
        let booked = ground.terms.busy(&ground.posting.segments).flat_map(days);
        let booked: Vec<&OfDay> = booked.filter_map(|day| self.booked.find(&day)).collect();
        let dates = local_spans(ground).map(|span| &span.date);
        let excepted: Vec<&OfDay> = dates.filter_map(|day| self.excepted.find(day)).collect();
        let serving = agencies.iter().filter(|agency| serves(ground, **agency));
        let serving = serving.filter_map(|agency| {
            let is_settled = clauses_of(ground, *agency).all(is_settled);
            Some((self.agencies.get(agency.index())?.as_slice(), is_settled))
        });
        let serving: Vec<(&[Block], bool)> = serving.collect();
        let mut marks = Marks::with_capacity(serving.iter().map(|(blocks, _)| blocks.len()).sum());
        // Who has work that day, who is in doubt for another reason, and who is so for one that
        // takes every clause to settle.
        let (mut busy, mut doubtful) = (Vec::new(), Vec::new());
        let mut unsettled = self.of_last_tier(ground, agencies);
        let blocks = serving.into_iter().flat_map(|(blocks, is_settled)| {
            let blocks = blocks.iter();
            blocks.map(move |block| (block, is_settled))
        });
        for (block, is_settled) in blocks {
            let number = block.number;
            let excepted = of_days(&excepted, number);
            let Answer {
                firm,
                doubtful: others,
            } = block.answer(&question, &excepted);
            if !is_settled {
                for words in [&firm, &others] {
                    each_place(words, |place| unsettled.push(officer_at(number, place)));
                }
                marks.push(number, NOBODY);
                continue;
            }
            each_place(&others, |place| doubtful.push(officer_at(number, place)));
            let booked = of_days(&booked, number);
            let both = std::array::from_fn(|word| firm[word] & booked[word]);
            each_place(&both, |place| busy.push(officer_at(number, place)));
            marks.push(
                number,
                std::array::from_fn(|word| firm[word] & !booked[word]),
            );
        }
        marks.sort();
        let is_free = |id| {
            let calendar = calendars.find(id);
            let segments = &ground.posting.segments;
            calendar.is_none_or(|row| conflict::conflict(segments, ground.terms, row).is_none())
        };
        for id in busy.into_iter().filter(|id| is_free(*id)) {
            marks.put(id, true);
        }
        for id in doubtful {
            marks.put(id, is_free(id) && is_qualified_and_willing(ground, id));
        }
        for id in excluded(ground).chain(unwanted(ground)) {
            marks.put(id, false);
        }
        for id in unsettled {
            marks.put(id, may_take(ground, calendars, id));
        }
        marks
    }

    /// Those who may come through a last tier, whom the blocks do not know: other classes, and
    /// whoever lacks what is waived.
    fn of_last_tier(&self, ground: Ground<'_>, agencies: &[AgencyId]) -> Vec<OfficerId> {
        let lead = ground.posting.lead;
        match ground.last_tier {
            Some(last) if agencies.contains(&lead) => {
                let classes = &last.classes;
                let ranks: Vec<Rank> = ground.ranks().collect();
                let found = self.sets.ready_of(lead, classes, &ranks);
                found.iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn question(&self, ground: Ground<'_>) -> Question {
        let posting = ground.posting;
        let (needed, enough) = self.ladder.around(ground.span.end);
        let row = |rung| qualified_row(posting.programme, rung);
        Question {
            qualified: (row(needed), row(enough)),
            ranks: ground.ranks().map(rank_row).collect(),
            week: week::rows_of(local_spans(ground)).collect(),
        }
    }

    fn qualify(
        &mut self,
        (id, officer): (OfficerId, &Officer),
        roster: &Roster,
        programmes: impl Iterator<Item = ProgrammeId>,
        at: Timestamp,
    ) {
        self.generation += 1;
        let ladder = self.ladder.clone();
        let block = self.block_mut(id, officer);
        block.qualify((id, officer), roster, programmes, &ladder, at);
    }

    /// The block of an officer's agency that the officer is numbered in.
    fn block_mut(&mut self, id: OfficerId, officer: &Officer) -> &mut Block {
        let (number, _) = place_of(id);
        let agency = officer.home.index();
        if self.agencies.len() <= agency {
            self.agencies.resize_with(agency + 1, Vec::new);
        }
        let blocks = &mut self.agencies[agency];
        let found = blocks.binary_search_by_key(&number, |block| block.number);
        let place = found.unwrap_or_else(|place| {
            blocks.insert(place, Block::new(number));
            place
        });
        &mut blocks[place]
    }
}

/// Every clause by which officers of `agency` are judged; of a limit, whatever its figures.
fn clauses_of(ground: Ground<'_>, agency: AgencyId) -> impl Iterator<Item = Clause> {
    let provisions = &ground.roster.provisions;
    let binds = provisions.binding.contains(&agency);
    let limits = provisions.limits.get(&agency).into_iter().flatten();
    let limits = limits.map(|limit| match limit.measure {
        Measure::Hours {
            period,
            most_minutes,
        } => Clause::Hours {
            period,
            held_minutes: 0,
            would_be_minutes: 0,
            most_minutes,
        },
        Measure::Rest { least_minutes } => Clause::Rest {
            between_minutes: u16::MAX,
            least_minutes,
        },
    });
    clauses(ground)
        .chain(binds.then_some(Clause::Preferred))
        .chain(limits)
}

/// Whether the words of a block and the examination of those in doubt answer `clause`. What they
/// do not answer is examined officer by officer for everybody who is left.
fn is_settled(clause: Clause) -> bool {
    match clause {
        Clause::LeadOrPact
        | Clause::Cover
        | Clause::NotSuspended
        | Clause::Class
        | Clause::Certified(_)
        | Clause::Approved
        | Clause::Rank
        | Clause::Available
        | Clause::NotExcluded
        | Clause::Free => true,
        // Hours and rest look at other days than those of the work.
        Clause::Preferred | Clause::Hours { .. } | Clause::Rest { .. } => false,
        // No clause of eligibility: a job is judged before a vacancy is published.
        Clause::JobApproved => true,
    }
}

/// Whether officers of `agency` are asked and covered; the same for all of them.
fn serves(ground: Ground<'_>, agency: AgencyId) -> bool {
    let Ground {
        roster,
        posting,
        at,
        span,
        ..
    } = ground;
    tier_of(roster, posting.lead, agency, at, span).is_some()
        && cover_of(roster, posting.lead, agency).is_some()
}

/// Whether the officer's own record says yes.
fn is_qualified_and_willing(ground: Ground<'_>, id: OfficerId) -> bool {
    let posting = ground.posting;
    ground.roster.officers.find(id).is_some_and(|officer| {
        let through = rules::qualified(posting.programme, ground.programme, officer);
        through.is_some_and(|through| held_through(through, ground.at, ground.span))
            && is_available(&officer.availability, &posting.segments)
    })
}

/// Whether every clause holds for the officer.
fn may_take(ground: Ground<'_>, calendars: &Table<OfficerId, Calendar>, id: OfficerId) -> bool {
    ground.roster.officers.find(id).is_some_and(|officer| {
        let calendar = calendars.find(id);
        let who = Candidate {
            id,
            officer,
            calendar,
        };
        eligibility::check(ground, who).is_ok()
    })
}

/// Those whom a site of the work does not want.
fn excluded(ground: Ground<'_>) -> impl Iterator<Item = OfficerId> {
    let everybody = OfficerId(0)..=OfficerId(u32::MAX);
    let sites = ground.posting.segments.iter().map(|segment| segment.site);
    sites.flat_map(move |site| {
        let (first, last) = (*everybody.start(), *everybody.end());
        let pairs = ground.roster.exclusions.range((site, first)..=(site, last));
        pairs.map(|(_, officer)| *officer)
    })
}

/// Those whom a district of the work does not want.
fn unwanted(ground: Ground<'_>) -> impl Iterator<Item = OfficerId> {
    let all = &ground.roster.provisions.unwanted;
    let segments = ground.posting.segments.iter().filter(|_| !all.is_empty());
    let sites = segments.filter_map(move |segment| ground.roster.sites.find(segment.site));
    sites.flat_map(move |site| {
        let from = |officer| (site.lead, site.district.clone(), OfficerId(officer));
        let officers = all.range(from(0)..=from(u32::MAX));
        officers.map(|(_, _, officer)| *officer)
    })
}

/// Whoever of block `number` is in on one of `days`.
#[inline]
fn of_days<'a>(days: &[&'a OfDay], number: u32) -> Cow<'a, Words> {
    match days {
        [] => Cow::Borrowed(&NOBODY),
        [day] => Cow::Borrowed(day.block(number).unwrap_or(&NOBODY)),
        days => {
            let mut all = NOBODY;
            for words in days.iter().filter_map(|day| day.block(number)) {
                all.iter_mut()
                    .zip(words)
                    .for_each(|(all, word)| *all |= word);
            }
            Cow::Owned(all)
        }
    }
}

fn local_spans(ground: Ground<'_>) -> impl Iterator<Item = &LocalSpan> {
    let segments = ground.posting.segments.iter();
    segments.flat_map(|segment| &segment.local)
}

/// The dates for which windows of their own are declared.
fn exceptions(availability: &Availability) -> impl Iterator<Item = &Date> {
    let exceptions = match availability {
        Availability::Always => None,
        Availability::Declared { exceptions, .. } => Some(exceptions),
    };
    exceptions.into_iter().flat_map(|dates| dates.keys())
}

/// The UTC days that `span` touches, counted from the epoch.
fn days(span: Interval) -> impl Iterator<Item = i64> {
    let first = span.start.as_micros().div_euclid(BOOKED_UNIT_US);
    let last = (span.end.as_micros() - 1).div_euclid(BOOKED_UNIT_US);
    first..=last
}
