//! Rows of bits: one bit for each officer of an agency, one row for each thing that is asked.

use fearless_simd::{Level, Simd, dispatch};
use fearless_simd_macros::simd;

use crate::limits::OFFICER_BLOCK;
use crate::model::OfficerId;

/// Bits of a word.
const WORD: usize = u64::BITS as usize;
/// Words of a row that has a bit for each number of a block.
pub(super) const BLOCK_WORDS: usize = OFFICER_BLOCK / WORD;
/// Rows grow by so many words at a time at least, once they have as many.
const GROWTH_WORDS: usize = 4;
/// Rows of many words grow by about this part of themselves: all rows of an agency are copied when
/// they do.
const GROWTH_PART: usize = 16;

/// Members of a word that are written out without asking whether there are so many.
const AT_ONCE: usize = 4;

/// The block that `officer` is numbered in, and the place there.
pub(super) fn place_of(officer: OfficerId) -> (u32, usize) {
    let block = OFFICER_BLOCK as u32;
    (officer.0 / block, (officer.0 % block) as usize)
}

/// Officer number at `place` of `block`.
pub(super) fn officer_at(block: u32, place: usize) -> OfficerId {
    OfficerId(block * OFFICER_BLOCK as u32 + place as u32)
}

/// Words that it takes to have a bit at `place`.
pub(super) fn width_for(place: usize) -> usize {
    let words = place / WORD + 1;
    match words {
        ..=GROWTH_WORDS => words,
        _ => words.next_multiple_of((words / GROWTH_PART).next_power_of_two().max(GROWTH_WORDS)),
    }
}

/// Calls `each` with the places of the bits of `words`, in order.
#[inline]
pub(super) fn each_place(words: impl IntoIterator<Item = u64>, mut each: impl FnMut(usize)) {
    for (number, word) in words.into_iter().enumerate() {
        let mut left = word;
        while left != 0 {
            each(number * WORD + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

/// Whether `words` has the bit at `place`; what is not there is not set.
#[inline]
pub(super) fn has(words: &[u64], place: usize) -> bool {
    let word = words.get(place / WORD);
    word.is_some_and(|word| word >> (place % WORD) & 1 == 1)
}

/// Sets or clears the bit at `place`.
#[inline]
pub(super) fn mark(words: &mut [u64], place: usize, on: bool) {
    let (word, bit) = (&mut words[place / WORD], 1 << (place % WORD));
    if on {
        *word |= bit;
    } else {
        *word &= !bit;
    }
}

/// Clears the bit at `place` if `is_over`, in the same time if not.
#[inline]
pub(super) fn clear_if(words: &mut [u64], place: usize, is_over: bool) {
    words[place / WORD] &= !(u64::from(is_over) << (place % WORD));
}

/// Clears the bits of `words` that `row`, which is as long, does not have.
#[inline]
pub(super) fn keep(words: &mut [u64], row: &[u64]) {
    #[simd]
    fn keep<S: Simd>(_: S, words: &mut [u64], row: &[u64]) {
        for (word, kept) in words.iter_mut().zip(row) {
            *word &= kept;
        }
    }
    dispatch!(Level::new(), simd => keep(simd, words, row));
}

/// Clears the bits of `row` in `words`, of which one may be shorter.
#[inline]
pub(super) fn take_out(words: &mut [u64], row: &[u64]) {
    #[simd]
    fn take<S: Simd>(_: S, words: &mut [u64], row: &[u64]) {
        for (word, taken) in words.iter_mut().zip(row) {
            *word &= !taken;
        }
    }
    dispatch!(Level::new(), simd => take(simd, words, row));
}

/// How many bits of `words` are set.
pub(super) fn count(words: &[u64]) -> usize {
    #[simd]
    fn count<S: Simd>(_: S, words: &[u64]) -> u64 {
        words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
    dispatch!(Level::new(), simd => count(simd, words)) as usize
}

/// The officers whose bits are set in the words of blocks of these numbers, in turn.
pub(super) fn write_out(blocks: &[(u32, &[u64])], members: usize) -> Vec<OfficerId> {
    #[simd]
    fn write<S: Simd>(_: S, blocks: &[(u32, &[u64])], all: &mut [OfficerId]) -> usize {
        let mut end = 0;
        for (block, words) in blocks {
            for (number, word) in words.iter().enumerate() {
                let first = officer_at(*block, number * WORD).0;
                let (mut left, mut rest) = (*word, &mut all[end..]);
                end += word.count_ones() as usize;
                // How many members a word has cannot be guessed, so that a branch for each costs
                // more than a few that are written in vain and then written over.
                while let Some((some, behind)) = rest.split_first_chunk_mut::<AT_ONCE>() {
                    for id in some {
                        *id = OfficerId(first + left.trailing_zeros());
                        left &= left.wrapping_sub(1);
                    }
                    if left == 0 {
                        break;
                    }
                    rest = behind;
                }
            }
        }
        end
    }
    let mut all = vec![OfficerId(0); members + AT_ONCE];
    let end = dispatch!(Level::new(), simd => write(simd, blocks, &mut all));
    all.truncate(end);
    all
}

/// Rows of equal width, next to each other, each in one piece.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    width: usize,
    words: Vec<u64>,
}

impl Rows {
    /// Row `row`; one that was never written is empty.
    #[inline]
    pub(super) fn read(&self, row: usize) -> &[u64] {
        let start = row * self.width;
        self.words.get(start..start + self.width).unwrap_or(&[])
    }

    /// Sets or clears the bit of row `row` at `place`, which the rows are wide enough for.
    #[inline]
    pub(super) fn write(&mut self, row: usize, place: usize, on: bool) {
        let (start, end) = (row * self.width, (row + 1) * self.width);
        if end > self.words.len() {
            if !on {
                return;
            }
            self.words.reserve_exact(end - self.words.len());
            self.words.resize(end, 0);
        }
        mark(&mut self.words[start..end], place, on);
    }

    /// Whether row `row` has the bit at `place`.
    #[inline]
    pub(super) fn has(&self, row: usize, place: usize) -> bool {
        has(self.read(row), place)
    }

    /// Makes rows at least `width` words wide.
    pub(super) fn widen(&mut self, width: usize) {
        if width <= self.width {
            return;
        }
        let mut words = Vec::new();
        if let Some(rows) = self.words.len().checked_div(self.width) {
            words.reserve_exact(rows * width);
            for row in self.words.chunks_exact(self.width) {
                words.extend_from_slice(row);
                words.resize(words.len() + width - self.width, 0);
            }
        }
        (self.width, self.words) = (width, words);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rows: &Rows, row: usize) -> Vec<usize> {
        let mut found = Vec::new();
        each_place(rows.read(row).iter().copied(), |place| found.push(place));
        found
    }

    #[test]
    fn rows_grow_in_both_directions_and_keep_what_they_say() {
        let mut rows = Rows::default();
        rows.widen(width_for(7));
        rows.write(2, 7, false);
        assert_eq!(rows.bytes(), 0, "saying no needs no room");
        for (number, place) in [(1, 3), (4, 63), (1, 64), (0, 5_000)] {
            rows.widen(width_for(place));
            rows.write(number, place, true);
        }
        let all: Vec<_> = (0..6).map(|number| row(&rows, number)).collect();
        let none = Vec::new();
        let (first, second, fifth) = (vec![5_000], vec![3, 64], vec![63]);
        assert_eq!(
            all,
            [first, second, none.clone(), none.clone(), fifth, none]
        );
        rows.write(1, 3, false);
        rows.write(9, 3, false);
        assert_eq!(row(&rows, 1), [64]);
        assert!(rows.has(1, 64) && !rows.has(1, 3) && !rows.has(9, 3));
    }

    #[test]
    fn an_officer_is_at_one_place() {
        for number in [0, 1_023, 1_024, 70_000] {
            let (block, place) = place_of(OfficerId(number));
            assert_eq!(officer_at(block, place), OfficerId(number));
        }
    }

    #[test]
    fn rows_are_as_wide_as_their_last_place() {
        let wide = [(1_023, 16), (32_000, 512), (1_000_000, 16_384)];
        let narrow = [(0, 1), (63, 1), (64, 2), (255, 4), (256, 8)];
        for (place, width) in narrow.into_iter().chain(wide) {
            assert_eq!(width_for(place), width);
        }
    }
}
