//! Sets of officers by day: who has work then, who declared something of their own for it.

use std::collections::BTreeMap;

use super::rows::{NOBODY, Words, mark, place_of};
use crate::model::OfficerId;

/// Officers by day.
#[derive(Debug, Clone)]
pub(super) struct Days<K> {
    sets: BTreeMap<K, OfDay>,
}

/// Officers of one day, by block.
#[derive(Debug, Clone, Default)]
pub(super) struct OfDay {
    blocks: Vec<Option<Box<Words>>>,
}

impl<K> Default for Days<K> {
    fn default() -> Days<K> {
        let sets = BTreeMap::new();
        Days { sets }
    }
}

impl<K: Ord> Days<K> {
    /// Whoever is in on `day`, if anybody is.
    pub(super) fn find(&self, day: &K) -> Option<&OfDay> {
        self.sets.get(day)
    }

    /// Puts `officer` in on `day`.
    pub(super) fn insert(&mut self, day: K, officer: OfficerId) {
        let (block, place) = place_of(officer);
        let blocks = &mut self.sets.entry(day).or_default().blocks;
        let block = block as usize;
        if blocks.len() <= block {
            blocks.resize(block + 1, None);
        }
        let words = blocks[block].get_or_insert_with(|| Box::new(NOBODY));
        mark(words.as_mut_slice(), place, true);
    }

    /// Takes `officer` out on `day`.
    pub(super) fn remove(&mut self, day: &K, officer: OfficerId) {
        let (block, place) = place_of(officer);
        let Some(set) = self.sets.get_mut(day) else {
            return;
        };
        let Some(room) = set.blocks.get_mut(block as usize) else {
            return;
        };
        let Some(words) = room else {
            return;
        };
        mark(words.as_mut_slice(), place, false);
        if **words != NOBODY {
            return;
        }
        *room = None;
        if set.blocks.iter().all(Option::is_none) {
            self.sets.remove(day);
        }
    }

    /// Bytes of memory, without the tree.
    pub(super) fn bytes(&self) -> usize {
        let of_day = |set: &OfDay| {
            let used = set.blocks.iter().flatten().count() * size_of::<Words>();
            set.blocks.capacity() * size_of::<Option<Box<Words>>>() + used
        };
        self.sets.values().map(of_day).sum()
    }
}

impl OfDay {
    /// Those of block `number`, if there is one.
    pub(super) fn block(&self, number: u32) -> Option<&Words> {
        self.blocks.get(number as usize)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::has;
    use super::*;

    #[test]
    fn who_leaves_last_closes_the_day() {
        let (one, other) = (OfficerId(5), OfficerId(2_050));
        let mut days = Days::default();
        days.insert(7, one);
        days.insert(7, other);
        let set = days.find(&7).expect("two are in");
        assert!(has(set.block(0).expect("one is"), 5));
        assert!(has(set.block(2).expect("the other is"), 2));
        assert!(set.block(1).is_none() && days.find(&8).is_none());
        days.remove(&8, one);
        days.remove(&7, one);
        assert!(days.find(&7).is_some_and(|set| set.block(0).is_none()));
        days.remove(&7, other);
        assert!(days.find(&7).is_none());
    }
}
