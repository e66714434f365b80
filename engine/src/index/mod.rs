//! Who could come.
//!
//! [`Sets`] is the record: roaring sets of officers by agency, certification, approval, class, rank
//! and readiness. Beside it stands a hot plane that answers: one bit for each officer and each thing
//! that is asked of officers. The bits of an agency's officers lie side by side, sixty-four to a
//! word, so that a question about thousands of officers is a few hundred operations on words. It
//! settles nearly everybody; who is in doubt, because something runs out near the end of the work,
//! windows do not follow the hours, or there is other work that day, is examined one by one. The
//! answer is therefore exact, and [`naive`] is its slow twin: the same question by examining
//! everybody with `rules::eligibility`.
//!
//! The index is derived from the roster and the calendars and can be rebuilt from them.

mod funnel;
pub mod naive;

mod days;
mod ladder;
mod marks;
mod patterns;
mod plane;
mod rows;
mod sets;
mod week;

#[cfg(test)]
mod tests;

pub use marks::Marks;
pub use sets::Sets;

use std::hint::black_box;

use self::days::{Days, Excepted, Several, Shifts};
use self::ladder::Ladder;
use self::plane::{Plane, Question, qualified_row, ranks_of};
use crate::model::{
    AgencyId, Availability, Calendar, CertificationId, Date, Interval, Measure, Officer, OfficerId,
    OfficerSet, ProgrammeId, Roster, Table, Timestamp, Window,
};
use crate::rules::eligibility::{self, clauses};
use crate::rules::tier::Edges;
use crate::rules::{Candidate, Clause, Ground};

/// Microseconds of the coarse unit in which booked time is indexed: one UTC day.
const BOOKED_UNIT_US: i64 = 24 * 3_600 * 1_000_000;

/// Officers by what is asked of them.
#[derive(Debug, Clone, Default)]
pub struct Index {
    sets: Sets,
    /// By the agency's number.
    planes: Vec<Plane>,
    ladder: Ladder,
    /// Officers with work on a UTC day, counted from the epoch.
    booked: Days<i64, Shifts>,
    /// Officers who declared windows of their own for a local date, or that they are away.
    excepted: Days<Date, Excepted>,
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
                index.book(id, roster, booking.span);
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
        let plane = self.plane_mut(officer.home);
        plane.put(id, officer);
        self.except(id, officer);
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
        let plane = self.plane_mut(officer.home);
        let Some(place) = plane.place(id) else {
            return;
        };
        plane.declare(place, before, &officer.availability);
        for (date, _) in exceptions(before) {
            self.excepted.leave(date, officer.home, |sheet| {
                sheet.away.remove(place);
                sheet.windowed.remove(place);
            });
        }
        self.except(id, officer);
    }

    /// Makes the week that `officer` declared one in memory with that of others who share it.
    pub fn share(&self, officer: &mut Officer) {
        let plane = self.planes.get(officer.home.index());
        let shared = plane.and_then(|plane| plane.week(&officer.availability));
        if let (Some(shared), Availability::Declared { weekly, .. }) =
            (shared, &mut officer.availability)
        {
            *weekly = shared.clone();
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

    /// Notes that `officer` of `roster` has work in `span`.
    pub fn book(&mut self, officer: OfficerId, roster: &Roster, span: Interval) {
        let Some((home, place, width)) = self.stand(officer, roster) else {
            return;
        };
        for day in days(span) {
            self.booked.enter(day, home).book(place, span, width);
        }
    }

    /// Brings the booked days that `spans` touch in line with the calendar of `officer`.
    pub fn rebook(
        &mut self,
        officer: OfficerId,
        roster: &Roster,
        calendar: &Calendar,
        spans: impl Iterator<Item = Interval>,
    ) {
        self.generation += 1;
        let Some((home, place, width)) = self.stand(officer, roster) else {
            return;
        };
        for day in spans.flat_map(days) {
            let start = Timestamp(day * BOOKED_UNIT_US);
            let end = Timestamp((day + 1) * BOOKED_UNIT_US);
            self.booked.leave(&day, home, |shifts| shifts.free(place));
            for booking in calendar.within(Interval { start, end }) {
                let shifts = self.booked.enter(day, home);
                shifts.book(place, booking.span, width);
            }
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
            plane: self.planes.iter().map(Plane::bytes).sum(),
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

    /// The same as it is found, one bit for each officer.
    pub fn marks(
        &self,
        ground: Ground<'_>,
        calendars: &Table<OfficerId, Calendar>,
        agencies: &[AgencyId],
    ) -> Marks {
        let Ground {
            roster, posting, ..
        } = ground;
        let spans = ground.terms.busy(&posting.segments);
        let shifts = spans
            .flat_map(days)
            .filter_map(|day| self.booked.find(&day));
        let dates = posting.segments.iter().flat_map(|segment| &segment.local);
        let excepted = dates.filter_map(|span| self.excepted.find(&span.date));
        // Whoever looks back at work that is over asks who could take it now.
        let now = Timestamp(ground.at.as_micros().saturating_add(1));
        let through = ground.span.end.max(now);
        let rung = self.ladder.below(through);
        let question = Question {
            ground,
            qualified: qualified_row(posting.programme, rung),
            through,
            ranks: ranks_of(ground),
            excepted: Several::of(excepted),
            shifts: Several::of(shifts),
        };
        let edges = Edges::of(roster, posting.lead);
        let serves = |agency: AgencyId| {
            let tier = edges.tier_of(agency, ground.at, ground.span);
            tier.is_some() && edges.cover_of(agency).is_some()
        };
        let binds_nobody = roster.provisions.bind_nobody() && clauses(ground).all(is_settled);

        let (mut blocks, mut seen) = (0, 0);
        for &agency in agencies {
            if let Some(plane) = self.planes.get(agency.index()) {
                blocks += plane.blocks();
                seen ^= plane.read_ahead(agency, &question);
            }
        }
        black_box(seen);
        let mut marks = Marks::with_capacity(blocks);
        let mut doubtful = Vec::new();
        for &agency in agencies {
            let plane = self.planes.get(agency.index());
            let Some(plane) = plane.filter(|_| serves(agency)) else {
                continue;
            };
            let start = marks.words_mut().len();
            plane.answer(agency, &question, &mut marks, &mut doubtful);
            if !binds_nobody && !clauses_of(ground, agency).all(is_settled) {
                let words = &mut marks.words_mut()[start..];
                plane.officers(words, |officer| doubtful.push(officer));
                words.fill(0);
            }
        }
        for id in excluded(ground).chain(unwanted(ground)) {
            marks.put(id, false);
        }
        doubtful.extend(self.of_last_tier(ground, agencies));
        for id in doubtful {
            marks.put(id, may_take(ground, calendars, id));
        }
        marks
    }

    /// Those who may come through a last tier, whom the planes do not know: other classes, and
    /// whoever lacks what is waived.
    fn of_last_tier(&self, ground: Ground<'_>, agencies: &[AgencyId]) -> Vec<OfficerId> {
        let lead = ground.posting.lead;
        match ground.last_tier {
            Some(last) if agencies.contains(&lead) => {
                let classes = &last.classes;
                let ranks: Vec<_> = ground.ranks().collect();
                let found = self.sets.ready_of(lead, classes, &ranks);
                found.iter().collect()
            }
            _ => Vec::new(),
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
        let (home, ladder) = (officer.home.index(), &self.ladder);
        let plane = self.planes.get_mut(home);
        if let Some((plane, place)) = plane.and_then(|plane| {
            let place = plane.place(id)?;
            Some((plane, place))
        }) {
            plane.qualify((place, officer), roster, programmes, ladder, at);
        }
    }

    /// Records the dates for which the officer declared something else.
    fn except(&mut self, id: OfficerId, officer: &Officer) {
        let plane = self.plane_mut(officer.home);
        let (place, width) = (plane.place(id), plane.width());
        let Some(place) = place else {
            return;
        };
        for (date, windows) in exceptions(&officer.availability) {
            let sheet = self.excepted.enter(*date, officer.home);
            let places = match windows.is_empty() {
                true => &mut sheet.away,
                false => &mut sheet.windowed,
            };
            places.insert(place, width);
        }
    }

    /// The home agency of `officer`, the officer's place there, and how wide its rows are.
    fn stand(&self, officer: OfficerId, roster: &Roster) -> Option<(AgencyId, usize, usize)> {
        let home = roster.officers.find(officer)?.home;
        let plane = self.planes.get(home.index())?;
        Some((home, plane.place(officer)?, plane.width()))
    }

    fn plane_mut(&mut self, agency: AgencyId) -> &mut Plane {
        if self.planes.len() <= agency.index() {
            self.planes.resize_with(agency.index() + 1, Plane::default);
        }
        &mut self.planes[agency.index()]
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

/// Whether the words of a plane and the examination of those in doubt answer `clause`. What they
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

/// The dates for which windows of their own are declared.
fn exceptions(availability: &Availability) -> impl Iterator<Item = (&Date, &Vec<Window>)> {
    let exceptions = match availability {
        Availability::Always => None,
        Availability::Declared { exceptions, .. } => Some(exceptions),
    };
    exceptions.into_iter().flat_map(|dates| dates.iter())
}

/// The UTC days that `span` touches, counted from the epoch.
fn days(span: Interval) -> impl Iterator<Item = i64> {
    let first = span.start.as_micros().div_euclid(BOOKED_UNIT_US);
    let last = (span.end.as_micros() - 1).div_euclid(BOOKED_UNIT_US);
    first..=last
}
