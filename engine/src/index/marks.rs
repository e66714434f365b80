//! Officers found, as they are found: words of bits.

use roaring::RoaringBitmap;

use super::rows::{BLOCK_WORDS, count, has, mark, place_of, write_out};
use crate::model::{OfficerId, OfficerSet};

/// A set of officers as one bit each.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// [`BLOCK_WORDS`] for each block.
    words: Vec<u64>,
    /// The blocks of officer numbers.
    numbers: Vec<u32>,
}

impl Marks {
    /// Nobody, with room for so many blocks of numbers.
    pub(super) fn with_capacity(blocks: usize) -> Marks {
        Marks {
            words: Vec::with_capacity(blocks * BLOCK_WORDS),
            numbers: Vec::with_capacity(blocks),
        }
    }

    /// Number of members.
    pub fn len(&self) -> u64 {
        count(&self.words) as u64
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether `officer` is a member.
    pub fn contains(&self, officer: OfficerId) -> bool {
        let (number, place) = place_of(officer);
        let mut blocks = self.blocks().filter(|(known, _)| *known == number);
        blocks.any(|(_, words)| has(words, place))
    }

    /// The members in order of their numbers.
    pub fn officers(&self) -> Vec<OfficerId> {
        let mut blocks: Vec<(u32, &[u64])> = self.blocks().collect();
        blocks.sort_by_key(|(number, _)| *number);
        let mut all = write_out(&blocks, count(&self.words));
        // Numbers are given to one agency by blocks; a roster put together by hand need not.
        if blocks.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            all.sort_unstable();
            all.dedup();
        }
        all
    }

    /// The words, to which those of an agency are added; then comes [`Marks::name`].
    pub(super) fn words_mut(&mut self) -> &mut Vec<u64> {
        &mut self.words
    }

    /// Says that the words that were added are those of the blocks of these numbers, in turn.
    pub(super) fn name(&mut self, numbers: &[u32]) {
        self.numbers.extend_from_slice(numbers);
        self.words.resize(self.numbers.len() * BLOCK_WORDS, 0);
    }

    /// Makes `officer` a member or none. One whose block was not looked at stays none.
    pub(super) fn put(&mut self, officer: OfficerId, on: bool) {
        let (number, place) = place_of(officer);
        let blocks = self.words.chunks_exact_mut(BLOCK_WORDS).zip(&self.numbers);
        // More than one only where numbers were given by hand.
        for (words, _) in blocks.filter(|(_, known)| **known == number) {
            mark(words, place, on);
            if on {
                return;
            }
        }
    }

    fn blocks(&self) -> impl Iterator<Item = (u32, &[u64])> {
        let words = self.words.chunks_exact(BLOCK_WORDS);
        self.numbers.iter().copied().zip(words)
    }
}

impl From<&Marks> for OfficerSet {
    fn from(marks: &Marks) -> OfficerSet {
        let members = marks.officers().into_iter().map(|OfficerId(id)| id);
        OfficerSet(RoaringBitmap::from_sorted_iter(members).expect("officers are in order, once"))
    }
}
