//! What is known of the officers of one agency, one bit each.

use super::days::{Excepted, Several, Shifts};
use super::ladder::{Ladder, RUNGS};
use super::marks::Marks;
use super::patterns::Patterns;
use super::rows::{
    Rows, clear_if, each_place, has, keep, mark, officer_at, place_of, take_out, width_for,
};
use super::week::{self, Week};
use crate::limits::OFFICER_BLOCK;
use crate::model::{
    AgencyId, Availability, Interval, Officer, OfficerId, ProgrammeId, Rank, Roster, Segment,
    Timestamp, Weekly,
};
use crate::rules::{self, Ground};

/// One row for each rank.
const RANKS: [Rank; 3] = Rank::ALL;
/// Whose week has no row of its own.
const UNCOMMON: usize = RANKS.len();
/// Of those, whose windows begin or end inside an hour: their hours are not all they are willing to
/// work.
const RAGGED: usize = UNCOMMON + 1;
/// Who has a validity that was still to begin when it was recorded.
const PENDING: usize = RAGGED + 1;
/// Words of a line of memory.
const LINE_WORDS: usize = 8;
/// Lines of a row that are read ahead at most: what the nearest memory has room for.
const LINES_AHEAD_MAX: usize = 32;
/// From here on, the rungs of each programme.
const QUALIFIED: usize = PENDING + 1;

/// The officers of one agency.
#[derive(Debug, Clone, Default)]
pub(super) struct Plane {
    /// The blocks of numbers that officers have, in the order in which they came: a bit of a block
    /// lies behind those of the blocks before it.
    numbers: Vec<u32>,
    width: usize,
    rows: Rows,
    /// Who is qualified to a known end, at the row of the last rung that is reached.
    ends: Vec<Ends>,
    patterns: Patterns,
    /// Hours in which those of uncommon weeks are willing to work.
    hours: Rows,
    uncommon: u32,
    pending: u32,
}

/// When officers are no longer qualified, each at the index of the officer's place: whoever looks
/// for one of the two does not read the other.
#[derive(Debug, Clone, Default)]
struct Ends {
    ends: Vec<Timestamp>,
    places: Vec<u32>,
}

/// What is asked of an agency's officers.
pub(super) struct Question<'a> {
    pub(super) ground: Ground<'a>,
    /// The row of those who may be qualified as long as it takes.
    pub(super) qualified: usize,
    /// How long it takes: a validity that ends before this is not enough.
    pub(super) through: Timestamp,
    /// Ranks asked, in order of [`RANKS`].
    pub(super) ranks: [bool; RANKS.len()],
    /// What the days of the work have.
    pub(super) excepted: Several<'a, Excepted>,
    pub(super) shifts: Several<'a, Shifts>,
}

impl Question<'_> {
    /// Whether somebody who works `span` cannot do this work.
    fn is_busy(&self, span: Interval) -> bool {
        let mut busy = self.ground.terms.busy(&self.ground.posting.segments);
        busy.any(|busy| busy.overlaps(span))
    }
}

/// The rows that hold whoever is asked, whenever they are willing or free.
struct Asked<'a> {
    qualified: &'a [u64],
    /// Who has the one rank that is asked.
    ranked: Option<&'a [u64]>,
    /// Who has the one rank that is not asked.
    barred: Option<&'a [u64]>,
}

impl Asked<'_> {
    fn has(&self, place: usize) -> bool {
        let is_ranked = self.ranked.is_none_or(|row| has(row, place));
        let is_barred = self.barred.is_some_and(|row| has(row, place));
        has(self.qualified, place) && is_ranked && !is_barred
    }
}

/// The row of those who are qualified for `programme` through rung `rung`.
pub(super) fn qualified_row(programme: ProgrammeId, rung: usize) -> usize {
    QUALIFIED + programme.index() * RUNGS + rung
}

/// Which of the ranks a slot of the work on `ground` is for.
pub(super) fn ranks_of(ground: Ground<'_>) -> [bool; RANKS.len()] {
    RANKS.map(|rank| ground.terms.fits_any(&ground.posting.slots, rank))
}

impl Plane {
    /// Reads what [`Plane::answer`] is about to read of `agency`, as far as it lies apart, and
    /// returns something that depends on it. Done for one agency after the other, the waits for
    /// memory overlap, which those of the answers are too long for.
    #[inline]
    pub(super) fn read_ahead(&self, agency: AgencyId, question: &Question<'_>) -> u64 {
        let lines = |row: &[u64]| {
            let lines = row.iter().step_by(LINE_WORDS).take(LINES_AHEAD_MAX);
            lines.fold(0, |seen, word| seen ^ word)
        };
        let mut seen = lines(self.rows.read(question.qualified));
        let ends = self.ends.get(question.qualified);
        let end = ends.and_then(|ends| ends.ends.first());
        seen ^= end.map_or(0, |end| end.0 as u64);
        for shifts in question.shifts.sheets(agency) {
            let alike = shifts.alike.iter();
            seen ^= alike.fold(0, |seen, (_, row)| seen ^ lines(row));
        }
        for sheet in question.excepted.sheets(agency) {
            let away = sheet.away.few().next();
            seen ^= away.unwrap_or_default() as u64;
        }
        seen
    }

    /// Adds to `marks` who of `agency` is, beyond doubt, what `question` asks for, and to `doubtful`
    /// who may be.
    #[inline]
    pub(super) fn answer(
        &self,
        agency: AgencyId,
        question: &Question<'_>,
        marks: &mut Marks,
        doubtful: &mut Vec<OfficerId>,
    ) {
        let Some(asked) = self.asked(question) else {
            return;
        };
        let segments = &question.ground.posting.segments;
        let words = marks.words_mut();
        let start = words.len();
        words.extend_from_slice(asked.qualified);
        let kept = &mut words[start..];
        if let Some(ranked) = asked.ranked {
            keep(kept, ranked);
        }
        if let Some(barred) = asked.barred {
            take_out(kept, barred);
        }
        for row in self.patterns.unwilling(segments) {
            take_out(kept, row);
        }
        if let Some(ends) = self.ends.get(question.qualified) {
            ends.take_out_before(question.through, kept);
        }

        let mut doubt = |kept: &mut [u64], place: usize| {
            mark(kept, place, false);
            doubtful.push(self.officer_at(place));
        };
        if self.uncommon > 0 {
            each_place(self.ask_hours(segments, kept), |place| {
                if asked.has(place) {
                    doubt(kept, place);
                }
            });
        }
        for sheet in question.excepted.sheets(agency) {
            take_out(kept, sheet.away.many());
            sheet.away.few().for_each(|place| mark(kept, place, false));
            sheet.windowed.each(|place| {
                if asked.has(place) {
                    doubt(kept, place);
                }
            });
        }
        for shifts in question.shifts.sheets(agency) {
            let alike = shifts.alike.iter();
            let alike = alike.filter(|(hours, _)| question.is_busy(*hours));
            alike.for_each(|(_, row)| take_out(kept, row));
            let few = shifts.few.iter();
            let few = few.filter(|(_, span)| question.is_busy(*span));
            few.for_each(|(place, _)| mark(kept, *place as usize, false));
            each_place(both(kept, &shifts.others), |place| doubt(kept, place));
        }
        if self.pending > 0 {
            let pending = both(kept, self.rows.read(PENDING));
            each_place(pending, |place| doubt(kept, place));
        }
        marks.name(&self.numbers);
    }

    /// Everybody whose bit is in `words`.
    pub(super) fn officers(&self, words: &[u64], mut each: impl FnMut(OfficerId)) {
        let words = words.iter().copied();
        each_place(words, |place| each(self.officer_at(place)));
    }

    /// How many words a row has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How many blocks of numbers there are.
    pub(super) fn blocks(&self) -> usize {
        self.numbers.len()
    }

    /// The place of an officer of the agency.
    pub(super) fn place(&self, id: OfficerId) -> Option<usize> {
        let (number, place) = place_of(id);
        let mut numbers = self.numbers.iter();
        let block = numbers.rposition(|known| *known == number)?;
        Some(block * OFFICER_BLOCK + place)
    }

    /// Records the officer's rank and week, of which nothing was recorded before.
    pub(super) fn put(&mut self, id: OfficerId, officer: &Officer) {
        let (number, place) = place_of(id);
        let place = self.place(id).unwrap_or_else(|| {
            self.numbers.push(number);
            (self.numbers.len() - 1) * OFFICER_BLOCK + place
        });
        self.widen(width_for(place));
        let rank = RANKS.iter().position(|rank| *rank == officer.rank);
        let rank = rank.expect("every rank has a row");
        self.rows.write(rank, place, true);
        self.join(place, &officer.availability);
    }

    /// Records for which of `programmes` the officer at `place` is qualified, and how long.
    pub(super) fn qualify(
        &mut self,
        (place, officer): (usize, &Officer),
        roster: &Roster,
        programmes: impl Iterator<Item = ProgrammeId>,
        ladder: &Ladder,
        at: Timestamp,
    ) {
        for id in programmes {
            let programme = roster.programmes.find(id);
            let through = programme.and_then(|row| rules::qualified(id, row, officer));
            self.reach(id, place, through.map(|through| through.end), ladder);
        }
        let certified = officer.certifications.iter().map(|(_, valid)| valid);
        let approved = officer.approvals.iter().map(|(_, valid)| valid);
        let is_pending = certified.chain(approved).any(|valid| valid.start > at);
        if is_pending != self.rows.has(PENDING, place) {
            self.rows.write(PENDING, place, is_pending);
            self.pending = match is_pending {
                true => self.pending + 1,
                false => self.pending - 1,
            };
        }
    }

    /// Records that the officer at `place` declared `now`, and no longer `before`.
    pub(super) fn declare(&mut self, place: usize, before: &Availability, now: &Availability) {
        if !self.patterns.leave(place) {
            for (row, on) in Week::never().unlike(Week::of(before)) {
                self.hours.write(row, place, on);
            }
            self.rows.write(UNCOMMON, place, false);
            self.rows.write(RAGGED, place, false);
            self.uncommon -= 1;
        }
        self.join(place, now);
    }

    /// The week of `availability` as it is in memory here, if officers share it.
    pub(super) fn week(&self, availability: &Availability) -> Option<&Weekly> {
        self.patterns.week(availability)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
            + self.hours.bytes()
            + self.patterns.bytes()
            + self.ends.iter().map(Ends::bytes).sum::<usize>()
            + self.ends.capacity() * size_of::<Ends>()
    }

    fn officer_at(&self, place: usize) -> OfficerId {
        let number = self.numbers[place / OFFICER_BLOCK];
        officer_at(number, place % OFFICER_BLOCK)
    }

    fn widen(&mut self, width: usize) {
        if width > self.width {
            self.width = width;
            self.rows.widen(width);
            self.patterns.widen(width);
            self.hours.widen(width);
        }
    }

    /// Records when the officer at `place` is willing to work, of which nothing is recorded.
    fn join(&mut self, place: usize, availability: &Availability) {
        if self.patterns.join(place, availability) {
            return;
        }
        let week = Week::of(availability);
        for (row, on) in week.unlike(Week::never()) {
            self.hours.write(row, place, on);
        }
        self.rows.write(UNCOMMON, place, true);
        self.rows.write(RAGGED, place, !week.is_whole);
        self.uncommon += 1;
    }

    /// Records through when the officer at `place` is qualified for `programme`, if ever.
    fn reach(
        &mut self,
        programme: ProgrammeId,
        place: usize,
        end: Option<Timestamp>,
        ladder: &Ladder,
    ) {
        let first = qualified_row(programme, 0);
        let reaches = |rung: &usize| self.rows.has(first + rung, place);
        let before = (0..RUNGS).take_while(reaches).count();
        let now = end.map_or(0, |end| ladder.reached(end));
        let last = before.checked_sub(1);
        if let Some(ends) = last.and_then(|last| self.ends.get_mut(first + last)) {
            ends.remove(place);
        }
        for rung in before.min(now)..before.max(now) {
            self.rows.write(first + rung, place, now > before);
        }
        let Some(end) = end.filter(|end| *end < Timestamp::MAX) else {
            return;
        };
        let row = first + now - 1;
        if self.ends.len() <= row {
            self.ends.resize_with(row + 1, Ends::default);
        }
        self.ends[row].push(end, place);
    }

    /// The rows that hold whoever is asked; nothing if nobody is.
    fn asked(&self, question: &Question<'_>) -> Option<Asked<'_>> {
        let qualified = self.rows.read(question.qualified);
        let row = |rank| Some(self.rows.read(rank));
        let (ranked, barred) = match question.ranks {
            [true, true, true] => (None, None),
            [true, false, false] => (row(0), None),
            [false, true, false] => (row(1), None),
            [false, false, true] => (row(2), None),
            // Everybody has one rank.
            [false, true, true] => (None, row(0)),
            [true, false, true] => (None, row(1)),
            [true, true, false] => (None, row(2)),
            [false, false, false] => return None,
        };
        let is_anybody = !qualified.is_empty() && ranked.is_none_or(|row| !row.is_empty());
        is_anybody.then_some(Asked {
            qualified,
            ranked,
            barred,
        })
    }

    /// Takes those of uncommon weeks out of `kept` whose hours are not those of the work, and
    /// answers whose windows have to be looked at.
    fn ask_hours(&self, segments: &[Segment], kept: &mut [u64]) -> Vec<u64> {
        let spans = segments.iter().flat_map(|segment| &segment.local);
        let hours = week::rows_of(spans).map(|row| self.hours.read(row));
        let hours: Vec<&[u64]> = hours.collect();
        let willing = |word: usize| {
            let hours = hours.iter();
            hours.fold(u64::MAX, |all, row| all & row.get(word).unwrap_or(&0))
        };
        let uncommon = self.rows.read(UNCOMMON).iter().enumerate();
        let unwilling: Vec<u64> = uncommon
            .map(|(word, uncommon)| uncommon & !willing(word))
            .collect();
        for (kept, unwilling) in kept.iter_mut().zip(&unwilling) {
            *kept &= !unwilling;
        }
        both(&unwilling, self.rows.read(RAGGED))
    }
}

impl Ends {
    fn push(&mut self, end: Timestamp, place: usize) {
        self.ends.push(end);
        self.places.push(place as u32);
    }

    fn remove(&mut self, place: usize) {
        let place = place as u32;
        if let Some(known) = self.places.iter().position(|known| *known == place) {
            self.ends.swap_remove(known);
            self.places.swap_remove(known);
        }
    }

    /// Clears the bits of those who are no longer qualified just before `through`. Nobody can guess
    /// who they are, so that a branch for each would cost more than a bit that is cleared in vain.
    fn take_out_before(&self, through: Timestamp, kept: &mut [u64]) {
        for (end, place) in self.ends.iter().zip(&self.places) {
            clear_if(kept, *place as usize, *end < through);
        }
    }

    fn bytes(&self) -> usize {
        self.ends.capacity() * size_of::<Timestamp>() + self.places.capacity() * size_of::<u32>()
    }
}

/// The words that two rows have in common, of which one may be shorter.
fn both(one: &[u64], other: &[u64]) -> Vec<u64> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one & other)
        .collect()
}
