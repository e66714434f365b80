//! A small seeded generator: the same seed gives the same numbers on every machine.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
///
/// Good enough to spread invented officers over a week; not for secrets.
#[derive(Debug, Clone)]
pub struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> SplitMix {
        SplitMix { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `end`; the bias of the multiplication is below 2⁻³²
    /// for every `end` used here.
    pub fn below(&mut self, end: u32) -> u32 {
        let high = self.next_u64() >> 32;
        u32::try_from((high * u64::from(end)) >> 32).expect("a product of two u32 shifted by 32")
    }

    /// A number from 0 up to and without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequence() {
        // The reference implementation's first outputs for seed 1234567.
        let mut random = SplitMix::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn stays_in_range() {
        let mut random = SplitMix::new(7);
        let drawn: Vec<u32> = (0..1_000).map(|_| random.below(5)).collect();
        assert!((0..5).all(|value| drawn.contains(&value)));
        assert!(drawn.iter().all(|value| *value < 5));
        assert!(
            (0..1_000)
                .map(|_| random.unit())
                .all(|value| (0.0..1.0).contains(&value))
        );
    }
}
