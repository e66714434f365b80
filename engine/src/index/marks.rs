//! Officers found, as they are found: words of bits.

use roaring::RoaringBitmap;

use super::rows::{BLOCK_WORDS, each_place, has, mark, officer_at, place_of};
use crate::model::{OfficerId, OfficerSet};

/// A set of officers as one bit each.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    words: Vec<u64>,
    /// Blocks of officer numbers, and where their words begin.
    blocks: Vec<Place>,
}

/// Where the words of a block of numbers are.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u32,
    start: usize,
    end: usize,
}

impl Marks {
    /// Nobody, with room for so many words and blocks of numbers.
    pub(super) fn with_capacity(words: usize, blocks: usize) -> Marks {
        Marks {
            words: Vec::with_capacity(words),
            blocks: Vec::with_capacity(blocks),
        }
    }

    /// Number of members.
    pub fn len(&self) -> u64 {
        let words = self.words.iter();
        words.map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether `officer` is a member.
    pub fn contains(&self, officer: OfficerId) -> bool {
        let (number, place) = place_of(officer);
        let blocks = self.blocks.iter().filter(|block| block.number == number);
        let mut words = blocks.map(|block| &self.words[block.start..block.end]);
        words.any(|words| has(words, place))
    }

    /// The members in order of their numbers.
    pub fn officers(&self) -> Vec<OfficerId> {
        let mut all = Vec::with_capacity(self.len() as usize);
        let mut blocks = self.blocks.clone();
        blocks.sort_by_key(|block| block.number);
        for block in &blocks {
            let words = self.words[block.start..block.end].iter().copied();
            each_place(words, |place| all.push(officer_at(block.number, place)));
        }
        // Numbers are given to one agency by blocks; a roster put together by hand need not.
        if blocks
            .windows(2)
            .any(|pair| pair[0].number == pair[1].number)
        {
            all.sort_unstable();
            all.dedup();
        }
        all
    }

    /// The words, to which those of an agency are added; then come [`Marks::name`]s.
    pub(super) fn words_mut(&mut self) -> &mut Vec<u64> {
        &mut self.words
    }

    /// Says that the words from `start` on are those of the blocks of these numbers, in turn.
    pub(super) fn name(&mut self, start: usize, numbers: &[u32]) {
        let starts = (start..).step_by(BLOCK_WORDS);
        let blocks = numbers.iter().zip(starts).map(|(&number, start)| {
            let end = (start + BLOCK_WORDS).min(self.words.len());
            Place { number, start, end }
        });
        self.blocks.extend(blocks);
    }

    /// Makes `officer` a member or none. One whose block was not looked at stays none.
    pub(super) fn put(&mut self, officer: OfficerId, on: bool) {
        let (number, place) = place_of(officer);
        // More than one only where numbers were given by hand.
        for block in self.blocks.iter().filter(|block| block.number == number) {
            let words = &mut self.words[block.start..block.end];
            if place / (u64::BITS as usize) >= words.len() {
                continue;
            }
            mark(words, place, on);
            if on {
                return;
            }
        }
    }
}

impl From<&Marks> for OfficerSet {
    fn from(marks: &Marks) -> OfficerSet {
        let members = marks.officers().into_iter().map(|OfficerId(id)| id);
        OfficerSet(RoaringBitmap::from_sorted_iter(members).expect("officers are in order, once"))
    }
}
