//! What is drawn by lot here: nothing that anybody's shift depends on.

/// A sequence of numbers that follows from its seed (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero and far below 2^64, so that no number is likelier
    /// than another by anything that matters.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// Puts `items` in an order that is as likely as any other.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_at_every_place_about_as_often() {
        const PEOPLE: usize = 5;
        let mut chance = Chance::new(7);
        let mut at = [[0_u32; PEOPLE]; PEOPLE];
        for _ in 0..10_000 {
            let mut people = [0, 1, 2, 3, 4];
            chance.shuffle(&mut people);
            for (place, who) in people.into_iter().enumerate() {
                at[who][place] += 1;
            }
        }
        // 2,000 are to be expected, with a standard deviation of 40.
        let times = at.as_flattened();
        assert!(
            times.iter().all(|times| (1_800..2_200).contains(times)),
            "{at:?}"
        );
    }

    #[test]
    fn one_seed_draws_one_order() {
        let order = |seed| {
            let mut people: Vec<u32> = (0..100).collect();
            Chance::new(seed).shuffle(&mut people);
            people
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
