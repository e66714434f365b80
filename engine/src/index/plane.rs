//! What is known of the officers of one agency, one bit each.

use super::days::{Excepted, Several, Shifts};
use super::ladder::{Ladder, RUNGS};
use super::marks::Marks;
use super::patterns::Patterns;
use super::rows::{Rows, each_place, has, mark, officer_at, place_of, width_for};
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
    ends: Vec<Vec<(Timestamp, u32)>>,
    patterns: Patterns,
    /// Hours in which those of uncommon weeks are willing to work.
    hours: Rows,
    uncommon: u32,
    pending: u32,
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
    ranked: &'a [u64],
    /// Who is not asked all the same.
    barred: Option<&'a [u64]>,
}

impl Asked<'_> {
    fn has(&self, place: usize) -> bool {
        let is_barred = self.barred.is_some_and(|row| has(row, place));
        has(self.qualified, place) && has(self.ranked, place) && !is_barred
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
        let ends = self
            .ends
            .get(question.qualified)
            .and_then(|ends| ends.first());
        seen ^= ends.map_or(0, |(_, place)| u64::from(*place));
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
        let Question { ground, .. } = question;
        let unwilling = self.patterns.unwilling(&ground.posting.segments);
        let sheets = question.shifts.sheets(agency);
        let alike = sheets.flat_map(|shifts| &shifts.alike);
        let alike = alike.filter(|(hours, _)| question.is_busy(*hours));
        let alike = alike.map(|(_, row)| row.as_slice());
        let sheets = question.excepted.sheets(agency);
        let away = sheets.map(|sheet| sheet.away.many());
        let barred = asked.barred.into_iter().chain(unwilling);
        let barred = barred.chain(alike).chain(away);
        let words = marks.words_mut();
        let start = words.len();
        keep(words, &asked, barred.filter(|row| !row.is_empty()));
        let kept = &mut words[start..];

        if let Some(ends) = self.ends.get(question.qualified) {
            let over = ends.iter().filter(|(end, _)| *end < question.through);
            over.for_each(|(_, place)| mark(kept, *place as usize, false));
        }
        for shifts in question.shifts.sheets(agency) {
            let few = shifts.few.iter();
            let few = few.filter(|(_, span)| question.is_busy(*span));
            few.for_each(|(place, _)| mark(kept, *place as usize, false));
        }
        for sheet in question.excepted.sheets(agency) {
            sheet.away.few().for_each(|place| mark(kept, place, false));
        }
        self.doubt(agency, question, &asked, kept, |kept, place| {
            mark(kept, place, false);
            doubtful.push(self.officer_at(place));
        });
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
        let ends = self.ends.iter();
        let ends = ends.map(|ends| ends.capacity() * size_of::<(Timestamp, u32)>());
        self.rows.bytes()
            + self.hours.bytes()
            + self.patterns.bytes()
            + ends.sum::<usize>()
            + self.ends.capacity() * size_of::<Vec<(Timestamp, u32)>>()
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
        if let Some(ends) = before
            .checked_sub(1)
            .and_then(|last| self.ends.get_mut(first + last))
        {
            let known = ends.iter().position(|(_, known)| *known as usize == place);
            if let Some(known) = known {
                ends.swap_remove(known);
            }
        }
        for rung in before.min(now)..before.max(now) {
            self.rows.write(first + rung, place, now > before);
        }
        let Some(end) = end.filter(|end| *end < Timestamp::MAX) else {
            return;
        };
        let row = first + now - 1;
        if self.ends.len() <= row {
            self.ends.resize_with(row + 1, Vec::new);
        }
        self.ends[row].push((end, place as u32));
    }

    /// The rows that hold whoever is asked; nothing if nobody is.
    fn asked(&self, question: &Question<'_>) -> Option<Asked<'_>> {
        let qualified = self.rows.read(question.qualified);
        let row = |rank| self.rows.read(rank);
        let (ranked, barred) = match question.ranks {
            [true, true, true] => (qualified, None),
            [true, false, false] => (row(0), None),
            [false, true, false] => (row(1), None),
            [false, false, true] => (row(2), None),
            // Everybody has one rank.
            [false, true, true] => (qualified, Some(row(0))),
            [true, false, true] => (qualified, Some(row(1))),
            [true, true, false] => (qualified, Some(row(2))),
            [false, false, false] => return None,
        };
        let is_anybody = !qualified.is_empty() && !ranked.is_empty();
        is_anybody.then_some(Asked {
            qualified,
            ranked,
            barred,
        })
    }

    /// Calls `each` with `kept`, which is otherwise what the question asks for, and everybody of
    /// whom only an examination tells.
    fn doubt(
        &self,
        agency: AgencyId,
        question: &Question<'_>,
        asked: &Asked<'_>,
        kept: &mut [u64],
        mut each: impl FnMut(&mut [u64], usize),
    ) {
        if self.uncommon > 0 {
            let ragged = self.ask_hours(&question.ground.posting.segments, kept);
            each_place(ragged, |place| {
                if asked.has(place) {
                    each(kept, place);
                }
            });
        }
        if self.pending > 0 {
            let pending = both(kept, self.rows.read(PENDING));
            each_place(pending, |place| each(kept, place));
        }
        for sheet in question.excepted.sheets(agency) {
            sheet.windowed.each(|place| {
                if asked.has(place) {
                    each(kept, place);
                }
            });
        }
        for shifts in question.shifts.sheets(agency) {
            let others = both(kept, &shifts.others);
            each_place(others, |place| each(kept, place));
        }
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

/// Adds to `words` who is in the rows of `asked`, less those of `barred`, which may be shorter.
#[inline]
fn keep<'a>(words: &mut Vec<u64>, asked: &Asked<'_>, barred: impl Iterator<Item = &'a [u64]>) {
    let Asked {
        qualified, ranked, ..
    } = asked;
    let (start, width) = (words.len(), qualified.len());
    let pairs = qualified
        .iter()
        .zip(*ranked)
        .map(|(one, other)| one & other);
    let mut barred = barred.peekable();
    // Two rows that are as long as the others are mostly all there is: one pass does it.
    match barred.next_if(|row| row.len() == width) {
        None => words.extend(pairs),
        Some(a) => match barred.next_if(|row| row.len() == width) {
            None => words.extend(pairs.zip(a).map(|(kept, a)| kept & !a)),
            Some(b) => {
                let rows = pairs.zip(a).zip(b);
                words.extend(rows.map(|((kept, a), b)| kept & !(a | b)));
            }
        },
    }
    for row in barred {
        let kept = words[start..].iter_mut().zip(row);
        kept.for_each(|(kept, barred)| *kept &= !barred);
    }
}

/// The words that two rows have in common, of which one may be shorter.
fn both(one: &[u64], other: &[u64]) -> Vec<u64> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one & other)
        .collect()
}
