//! Rows of bits: one bit for each officer of a block, one row for each thing that is asked.

use std::borrow::Cow;

use crate::limits::OFFICER_BLOCK;
use crate::model::OfficerId;

/// Words of a row.
pub(super) const WORDS: usize = OFFICER_BLOCK / u64::BITS as usize;

/// One bit for each officer of a block.
pub(super) type Words = [u64; WORDS];

/// Nobody.
pub(super) static NOBODY: Words = [0; WORDS];

/// The block that `officer` is numbered in, and the place there.
pub(super) fn place_of(officer: OfficerId) -> (u32, usize) {
    let block = OFFICER_BLOCK as u32;
    (officer.0 / block, (officer.0 % block) as usize)
}

/// Officer number at `place` of `block`.
pub(super) fn officer_at(block: u32, place: usize) -> OfficerId {
    OfficerId(block * OFFICER_BLOCK as u32 + place as u32)
}

/// Calls `each` with the places of the bits of `words`, in order.
#[inline]
pub(super) fn each_place(words: &Words, mut each: impl FnMut(usize)) {
    for (number, &word) in words.iter().enumerate() {
        let mut left = word;
        while left != 0 {
            each(number * u64::BITS as usize + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

/// Whether `words` has the bit at `place`.
pub(super) fn has(words: &Words, place: usize) -> bool {
    words[place / 64] >> (place % 64) & 1 == 1
}

/// Sets or clears the bit at `place`.
pub(super) fn mark(words: &mut [u64], place: usize, on: bool) {
    let (word, bit) = (&mut words[place / 64], 1 << (place % 64));
    if on {
        *word |= bit;
    } else {
        *word &= !bit;
    }
}

/// Rows of one block, only as wide as officers are numbered there: most agencies are small, and
/// their rows are a word or two.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    width: usize,
    words: Vec<u64>,
}

impl Rows {
    /// Row `row` as a whole; one that was never written has nobody.
    #[inline]
    pub(super) fn read(&self, row: usize) -> Cow<'_, Words> {
        let start = row * self.width;
        let words = self.words.get(start..start + self.width).unwrap_or(&[]);
        match words.try_into() {
            Ok(whole) => Cow::Borrowed(whole),
            Err(_) => Cow::Owned(widened(words)),
        }
    }

    /// Sets or clears the bit of row `row` at `place`.
    #[inline]
    pub(super) fn write(&mut self, row: usize, place: usize, on: bool) {
        let width = place / 64 + 1;
        if width > self.width {
            if !on {
                return;
            }
            self.widen(width);
        }
        let (start, end) = (row * self.width, (row + 1) * self.width);
        if end > self.words.len() {
            if !on {
                return;
            }
            self.words.resize(end, 0);
        }
        mark(&mut self.words[start..end], place, on);
    }

    /// Makes the first `rows` rows say what `words` says.
    pub(super) fn fill(&mut self, rows: usize, words: &Words) {
        let width = WORDS - words.iter().rev().take_while(|word| **word == 0).count();
        self.width = width;
        self.words = words[..width].repeat(rows);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    fn widen(&mut self, width: usize) {
        let mut words = Vec::new();
        if self.width > 0 {
            words.reserve_exact(self.words.len() / self.width * width);
            for row in self.words.chunks_exact(self.width) {
                words.extend_from_slice(row);
                words.resize(words.len() + width - self.width, 0);
            }
        }
        (self.width, self.words) = (width, words);
    }
}

fn widened(words: &[u64]) -> Words {
    let mut all = NOBODY;
    all[..words.len()].copy_from_slice(words);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rows: &Rows, row: usize) -> Vec<usize> {
        let mut found = Vec::new();
        each_place(&rows.read(row), |place| found.push(place));
        found
    }

    #[test]
    fn rows_grow_in_both_directions_and_keep_what_they_say() {
        let mut rows = Rows::default();
        rows.write(2, 7, false);
        assert_eq!(rows.bytes(), 0, "saying no needs no room");
        for (number, place) in [(1, 3), (4, 63), (1, 64), (0, 1_023)] {
            rows.write(number, place, true);
        }
        let all: Vec<_> = (0..6).map(|number| row(&rows, number)).collect();
        let none = Vec::new();
        assert_eq!(
            all,
            [
                vec![1_023],
                vec![3, 64],
                none.clone(),
                none.clone(),
                vec![63],
                none
            ]
        );
        rows.write(1, 3, false);
        rows.write(9, 3, false);
        assert_eq!(row(&rows, 1), [64]);
    }

    #[test]
    fn a_fill_says_the_same_in_every_row() {
        let mut words = NOBODY;
        mark(&mut words, 70, true);
        let mut rows = Rows::default();
        rows.fill(3, &words);
        assert_eq!((row(&rows, 0), row(&rows, 2)), (vec![70], vec![70]));
        assert_eq!(row(&rows, 3), Vec::<usize>::new());
        assert_eq!(rows.bytes(), 3 * 2 * 8);
        assert!(has(&words, 70) && !has(&words, 71));
    }

    #[test]
    fn an_officer_is_at_one_place() {
        for number in [0, 1_023, 1_024, 70_000] {
            let (block, place) = place_of(OfficerId(number));
            assert_eq!(officer_at(block, place), OfficerId(number));
        }
    }
}
