//! Officers found, as they are found: words of bits by block.

use roaring::RoaringBitmap;

use super::rows::{Words, each_place, has, mark, officer_at, place_of};
use crate::model::{OfficerId, OfficerSet};

/// A set of officers as one bit each.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// By number of the block, ascending.
    blocks: Vec<(u32, Words)>,
}

impl Marks {
    pub(super) fn with_capacity(blocks: usize) -> Marks {
        let blocks = Vec::with_capacity(blocks);
        Marks { blocks }
    }

    /// Number of members.
    pub fn len(&self) -> u64 {
        let words = self.blocks.iter().flat_map(|(_, words)| words);
        words.map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `officer` is a member.
    pub fn contains(&self, officer: OfficerId) -> bool {
        let (number, place) = place_of(officer);
        let block = self.find(number);
        block.is_ok_and(|block| has(&self.blocks[block].1, place))
    }

    /// The members in order of their numbers.
    pub fn officers(&self) -> Vec<OfficerId> {
        let mut all = Vec::with_capacity(self.len() as usize);
        for (number, words) in &self.blocks {
            each_place(words, |place| all.push(officer_at(*number, place)));
        }
        all
    }

    /// Adds the members of a block, none of whom was one.
    pub(super) fn push(&mut self, number: u32, words: Words) {
        self.blocks.push((number, words));
    }

    /// Puts what was pushed in order.
    pub(super) fn sort(&mut self) {
        self.blocks.sort_by_key(|(number, _)| *number);
        // Numbers are given to one agency by blocks; a roster put together by hand need not.
        self.blocks.dedup_by(|(number, words), (kept, all)| {
            let is_same = number == kept;
            if is_same {
                all.iter_mut()
                    .zip(words)
                    .for_each(|(all, word)| *all |= *word);
            }
            is_same
        });
    }

    /// Makes `officer`, whose block was pushed, a member or none.
    pub(super) fn put(&mut self, officer: OfficerId, on: bool) {
        let (number, place) = place_of(officer);
        if let Ok(block) = self.find(number) {
            mark(&mut self.blocks[block].1, place, on);
        }
    }

    fn find(&self, number: u32) -> Result<usize, usize> {
        self.blocks
            .binary_search_by_key(&number, |(number, _)| *number)
    }
}

impl From<&Marks> for OfficerSet {
    fn from(marks: &Marks) -> OfficerSet {
        let members = marks.officers().into_iter().map(|OfficerId(id)| id);
        OfficerSet(RoaringBitmap::from_sorted_iter(members).expect("blocks and places ascend"))
    }
}
