//! How simulated people answer: pure, seeded decisions.
//!
//! What somebody does with an offer depends on the run's seed, the officer, the vacancy and the
//! round alone, never on the order in which things are heard, so two runs with one seed decide
//! alike however the network shuffles them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::seed::{SplitMix64, derive_nth};

/// What kind of person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Temper {
    /// Answers 0.2 to 5 ms after hearing.
    Eager,
    /// Answers 20 to 400 ms after hearing.
    Considered,
    /// Never answers.
    Silent,
    /// Turns everything down after 20 to 200 ms.
    Decline,
    /// Eager, and cuts the connection right after one accept in three: the answer has to find
    /// its way to the next one.
    Drop,
    /// Eager, and gives the first slot won back after 100 to 900 ms.
    Release,
    /// Never reads what is sent until the schedule is over, and never answers.
    Deaf,
    /// Takes everything in the moment of hearing.
    Racer,
}

impl Temper {
    const ALL: [Temper; 8] = [
        Temper::Eager,
        Temper::Considered,
        Temper::Silent,
        Temper::Decline,
        Temper::Drop,
        Temper::Release,
        Temper::Deaf,
        Temper::Racer,
    ];

    fn word(self) -> &'static str {
        match self {
            Temper::Eager => "eager",
            Temper::Considered => "considered",
            Temper::Silent => "silent",
            Temper::Decline => "decline",
            Temper::Drop => "drop",
            Temper::Release => "release",
            Temper::Deaf => "deaf",
            Temper::Racer => "racer",
        }
    }
}

/// How one officer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviour {
    /// What kind of person it is.
    pub temper: Temper,
    /// In how many of 1,000 offers the officer is interested.
    pub accept_permille: u16,
    /// How many accepts and declines together may be outstanding at once.
    pub outstanding_max: u8,
}

/// What an officer makes of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Ignore,
    /// Turns it down after a while.
    Decline {
        /// How long after hearing.
        after: Duration,
    },
    /// Takes it after a while.
    Accept {
        /// How long after hearing.
        after: Duration,
        /// Whether the connection is cut right after asking.
        cut: bool,
    },
}

/// An offer as far as a decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temptation {
    /// The vacancy's number in the plan.
    pub vacancy: u32,
    /// The round.
    pub round: u32,
    /// The tier in which it is offered.
    pub tier: u8,
    /// How many of 1,000 interested officers of the lead agency would really take it; back-up
    /// agencies do not share the prejudice.
    pub appeal_permille: u16,
    /// Whether the officer holds something at that time already.
    pub engaged: bool,
}

/// In how many of 1,000 cases an engaged officer asks anyway, and must be refused.
const ENGAGED_ASKS_PERMILLE: u16 = 100;
/// In how many of 1,000 accepts a [`Temper::Drop`] cuts the connection.
const CUT_PERMILLE: u16 = 333;

impl Behaviour {
    /// What the officer whose seed this is makes of an offer.
    pub fn decide(&self, seed: u64, offer: Temptation) -> Decision {
        let stream = derive_nth(
            derive_nth(seed, u64::from(offer.vacancy)),
            u64::from(offer.round),
        );
        let mut dice = SplitMix64::new(stream);
        let after = self.reaction(&mut dice);
        match self.temper {
            Temper::Silent | Temper::Deaf => Decision::Ignore,
            Temper::Racer => Decision::Accept { after, cut: false },
            Temper::Decline => Decision::Decline { after },
            Temper::Eager | Temper::Considered | Temper::Drop | Temper::Release => {
                let interested = dice.chance(self.accept_permille);
                let attracted = dice.chance(offer.appeal_permille) || offer.tier > 0;
                let free = !offer.engaged || dice.chance(ENGAGED_ASKS_PERMILLE);
                if !(interested && attracted && free) {
                    return Decision::Ignore;
                }
                Decision::Accept {
                    after,
                    cut: self.temper == Temper::Drop && dice.chance(CUT_PERMILLE),
                }
            }
        }
    }

    /// When the officer gives a slot back that was just won, if at all.
    pub fn regret(&self, seed: u64, won_before: u32) -> Option<Duration> {
        let mut dice = SplitMix64::new(derive_nth(seed, u64::MAX));
        let first = self.temper == Temper::Release && won_before == 0;
        first.then(|| Duration::from_millis(dice.between(100, 900)))
    }

    fn reaction(&self, dice: &mut SplitMix64) -> Duration {
        let (low_us, high_us) = match self.temper {
            Temper::Eager | Temper::Drop | Temper::Release => (200, 5_000),
            Temper::Considered => (20_000, 400_000),
            Temper::Silent | Temper::Decline | Temper::Deaf => (20_000, 200_000),
            Temper::Racer => (0, 0),
        };
        Duration::from_micros(dice.between(low_us, high_us))
    }
}

/// How many of each temper there are, as weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    weights: [u32; Temper::ALL.len()],
}

impl Default for Mix {
    /// Mostly eager, with some of everything.
    fn default() -> Mix {
        Mix {
            weights: [58, 20, 10, 5, 5, 2, 0, 0],
        }
    }
}

impl Mix {
    /// Everybody alike.
    pub fn all(temper: Temper) -> Mix {
        Mix {
            weights: Temper::ALL.map(|other| u32::from(other == temper)),
        }
    }

    /// The temper that this officer's seed draws.
    pub fn draw(&self, seed: u64) -> Temper {
        Temper::ALL[SplitMix64::new(derive_nth(seed, 1)).pick(&self.weights)]
    }
}

/// A mix that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MixError {
    /// Something is not a temper and its weight.
    #[error(
        "`{0}` is not a behaviour and its weight: write for example `eager=60,considered=20`, \
         with eager, considered, silent, decline, drop, release, deaf, racer and whole numbers"
    )]
    Part(String),
    /// Nobody is left.
    #[error("a mix needs at least one behaviour with a weight above 0")]
    Empty,
}

impl FromStr for Mix {
    type Err = MixError;

    fn from_str(text: &str) -> Result<Mix, MixError> {
        let mut weights = [0; Temper::ALL.len()];
        for part in text.split(',') {
            let read = part.split_once('=').and_then(|(word, weight)| {
                let place = Temper::ALL
                    .iter()
                    .position(|temper| temper.word() == word.trim());
                Some((place?, weight.trim().parse::<u32>().ok()?))
            });
            let Some((place, weight)) = read else {
                return Err(MixError::Part(part.to_owned()));
            };
            weights[place] = weight;
        }
        if weights.iter().all(|&weight| weight == 0) {
            return Err(MixError::Empty);
        }
        Ok(Mix { weights })
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Temper::ALL.iter().zip(self.weights);
        for (place, (temper, weight)) in named.filter(|(_, weight)| *weight > 0).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", temper.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Temptation = Temptation {
        vacancy: 3,
        round: 1,
        tier: 0,
        appeal_permille: 1_000,
        engaged: false,
    };

    fn behaviour(temper: Temper) -> Behaviour {
        Behaviour {
            temper,
            accept_permille: 1_000,
            outstanding_max: 4,
        }
    }

    fn accepts(behaviour: Behaviour, offer: Temptation) -> usize {
        let accepted =
            |seed: &u64| matches!(behaviour.decide(*seed, offer), Decision::Accept { .. });
        (0..1_000).filter(accepted).count()
    }

    #[test]
    fn tempers_decide_as_described() {
        for seed in 0..200 {
            let decide = |temper| behaviour(temper).decide(seed, OFFER);
            let Decision::Accept { after, cut: false } = decide(Temper::Eager) else {
                panic!("eager officers accept");
            };
            assert!((200..=5_000).contains(&after.as_micros()));
            let Decision::Accept { after, .. } = decide(Temper::Considered) else {
                panic!("considered officers accept");
            };
            assert!((20..=400).contains(&after.as_millis()));
            assert_eq!(decide(Temper::Silent), Decision::Ignore);
            assert!(matches!(decide(Temper::Decline), Decision::Decline { .. }));
            assert_eq!(decide(Temper::Deaf), Decision::Ignore);
            let (after, cut) = (Duration::ZERO, false);
            assert_eq!(decide(Temper::Racer), Decision::Accept { after, cut });
        }
        let cuts = (0..1_000).filter(|&seed| {
            let decision = behaviour(Temper::Drop).decide(seed, OFFER);
            matches!(decision, Decision::Accept { cut: true, .. })
        });
        assert!((250..420).contains(&cuts.count()));
    }

    #[test]
    fn a_decision_depends_on_nothing_but_seed_vacancy_and_round() {
        let eager = behaviour(Temper::Considered);
        assert_eq!(eager.decide(5, OFFER), eager.decide(5, OFFER));
        let other = Temptation { round: 2, ..OFFER };
        assert_ne!(eager.decide(5, OFFER), eager.decide(5, other));
        assert_ne!(eager.decide(5, OFFER), eager.decide(6, OFFER));
    }

    #[test]
    fn interest_appeal_and_engagement_count() {
        let half = Behaviour {
            accept_permille: 500,
            ..behaviour(Temper::Eager)
        };
        assert!((420..580).contains(&accepts(half, OFFER)));
        let unloved = Temptation {
            appeal_permille: 0,
            ..OFFER
        };
        assert_eq!(accepts(behaviour(Temper::Eager), unloved), 0);
        let backed_up = Temptation { tier: 1, ..unloved };
        assert_eq!(accepts(behaviour(Temper::Eager), backed_up), 1_000);
        let engaged = Temptation {
            engaged: true,
            ..OFFER
        };
        assert!((60..150).contains(&accepts(behaviour(Temper::Eager), engaged)));
    }

    #[test]
    fn only_the_first_win_is_regretted_and_by_one_temper() {
        assert_eq!(behaviour(Temper::Eager).regret(1, 0), None);
        assert_eq!(behaviour(Temper::Release).regret(1, 1), None);
        let after = behaviour(Temper::Release).regret(1, 0).unwrap();
        assert!((100..=900).contains(&after.as_millis()));
    }

    #[test]
    fn mixes_are_read_and_written() {
        let mix: Mix = "eager=60,considered=20,silent=10,decline=5,drop=5"
            .parse()
            .unwrap();
        assert_eq!(
            mix.to_string(),
            "eager=60,considered=20,silent=10,decline=5,drop=5"
        );
        assert_eq!(Mix::default().to_string().parse(), Ok(Mix::default()));
        assert_eq!("eager=0".parse::<Mix>(), Err(MixError::Empty));
        for wrong in ["", "eager", "eager=x", "sleepy=3", "eager=1;drop=2"] {
            assert!(
                matches!(wrong.parse::<Mix>(), Err(MixError::Part(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_mix_is_drawn_by_weight() {
        let mix: Mix = "eager=3,silent=1".parse().unwrap();
        let silent = (0..4_000)
            .filter(|&seed| mix.draw(seed) == Temper::Silent)
            .count();
        assert!((850..1_150).contains(&silent), "{silent}");
        assert!((0..4_000).all(|seed| mix.draw(seed) != Temper::Drop));
    }
}
