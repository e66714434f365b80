//! When things are meant to happen: pure schedules for an open-loop load.
//!
//! A pacer knows nothing of clocks. It is told how much time has passed and how many hits were
//! made, and says how long to wait for the next. Latency counts from the instants that
//! [`schedule`] gives, so a server (or a generator) that falls behind cannot hide it.

use std::fmt;
use std::time::Duration;

use crate::seed::SplitMix64;

/// A number of hits per second, above zero and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// A rate, if the number makes sense as one.
    pub fn per_second(hits: f64) -> Option<Rate> {
        (hits.is_finite() && hits > 0.0).then_some(Rate(hits))
    }

    /// Hits per second.
    pub fn as_per_second(self) -> f64 {
        self.0
    }
}

/// A schedule as a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Pacer {
    /// The same gap between any two hits; never ends by itself.
    Constant(Rate),
    /// The rate moves in a straight line from one to the other and the schedule ends there.
    Ramp {
        /// Rate at the beginning.
        from: Rate,
        /// Rate at the end.
        to: Rate,
        /// How long it takes.
        over: Duration,
    },
    /// Independent arrivals: exponential gaps with this mean rate; never ends by itself.
    Poisson {
        /// Mean rate.
        rate: Rate,
        /// Same seed, same arrivals.
        seed: u64,
    },
    /// This many hits at once, at the very beginning.
    Burst {
        /// How many.
        hits: u64,
    },
    /// Recorded instants, ascending.
    Replay(Vec<Duration>),
}

impl fmt::Display for Pacer {
    /// As a command line says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pacer::Constant(rate) => write!(f, "constant:{}/s", rate.0),
            Pacer::Ramp { from, to, over } => {
                write!(f, "ramp:{}/s..{}/s:{}s", from.0, to.0, over.as_secs_f64())
            }
            Pacer::Poisson { rate, .. } => write!(f, "poisson:{}/s", rate.0),
            Pacer::Burst { .. } => f.write_str("burst"),
            Pacer::Replay(instants) => write!(f, "replay:{}", instants.len()),
        }
    }
}

/// What a pacer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The next hit is due after this; zero if it is due now or late.
    Wait(Duration),
    /// There is no next hit.
    Stop,
}

/// Where a schedule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// After this many hits.
    Hits(u64),
    /// Before this much time has passed.
    Lasting(Duration),
}

/// No schedule is longer than this many hits, whatever is asked for.
pub const SCHEDULE_HITS_MAX: u64 = 10_000_000;

impl Pacer {
    /// How long to wait before the hit that follows `hits` earlier ones, `elapsed` after the
    /// beginning.
    pub fn pace(&self, elapsed: Duration, hits: u64) -> Pace {
        match self.instant(hits) {
            Some(due) => Pace::Wait(due.saturating_sub(elapsed)),
            None => Pace::Stop,
        }
    }

    /// The intended instant of the hit that follows `hits` earlier ones, counted from the
    /// beginning; nothing after the end of the schedule. Costs time linear in `hits` for
    /// [`Pacer::Poisson`]; [`schedule`] computes all instants in one pass.
    pub fn instant(&self, hits: u64) -> Option<Duration> {
        match self {
            Pacer::Constant(rate) => seconds(hits as f64 / rate.0),
            Pacer::Ramp { from, to, over } => ramp_instant(*from, *to, *over, hits),
            Pacer::Poisson { rate, seed } => {
                let mut arrivals = Arrivals::new(*rate, *seed);
                (0..hits).for_each(|_| arrivals.advance());
                seconds(arrivals.at_s)
            }
            Pacer::Burst { hits: all } => (hits < *all).then_some(Duration::ZERO),
            Pacer::Replay(instants) => {
                let place = usize::try_from(hits).ok()?;
                instants.get(place).copied()
            }
        }
    }
}

/// The intended instants of a whole run, ascending, at most [`SCHEDULE_HITS_MAX`].
pub fn schedule(pacer: &Pacer, extent: Extent) -> Vec<Duration> {
    let (hits_max, end) = match extent {
        Extent::Hits(hits) => (hits.min(SCHEDULE_HITS_MAX), Duration::MAX),
        Extent::Lasting(end) => (SCHEDULE_HITS_MAX, end),
    };
    let mut arrivals = match pacer {
        Pacer::Poisson { rate, seed } => Some(Arrivals::new(*rate, *seed)),
        _ => None,
    };
    let mut instants = Vec::new();
    for hit in 0..hits_max {
        let due = match &mut arrivals {
            Some(arrivals) => {
                let due = seconds(arrivals.at_s);
                arrivals.advance();
                due
            }
            None => pacer.instant(hit),
        };
        match due {
            Some(due) if due < end => instants.push(due),
            _ => break,
        }
    }
    instants
}

struct Arrivals {
    rate: Rate,
    dice: SplitMix64,
    at_s: f64,
}

impl Arrivals {
    fn new(rate: Rate, seed: u64) -> Arrivals {
        let mut arrivals = Arrivals {
            rate,
            dice: SplitMix64::new(seed),
            at_s: 0.0,
        };
        arrivals.advance();
        arrivals
    }

    fn advance(&mut self) {
        // One minus the fraction lies in (0, 1], so its logarithm is finite.
        self.at_s += -(1.0 - self.dice.fraction()).ln() / self.rate.0;
    }
}

/// Solves `from·t + (to − from)·t² / (2·over) = hits` for `t`.
fn ramp_instant(from: Rate, to: Rate, over: Duration, hits: u64) -> Option<Duration> {
    let over_s = over.as_secs_f64();
    let slope = (to.0 - from.0) / over_s;
    let at_s = if slope.abs() < f64::EPSILON {
        hits as f64 / from.0
    } else {
        let reached = from.0 * from.0 + 2.0 * slope * hits as f64;
        // The rate would have fallen below zero before this hit: the ramp has ended.
        if reached < 0.0 {
            return None;
        }
        (reached.sqrt() - from.0) / slope
    };
    if at_s < over_s { seconds(at_s) } else { None }
}

fn seconds(at_s: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(at_s).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(hits: f64) -> Rate {
        Rate::per_second(hits).unwrap()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn paces() {
        let constant = Pacer::Constant(rate(10.0));
        let ramp = Pacer::Ramp {
            from: rate(10.0),
            to: rate(30.0),
            over: ms(2_000),
        };
        let burst = Pacer::Burst { hits: 3 };
        let replay = Pacer::Replay(vec![ms(5), ms(5), ms(90)]);
        let rows = [
            (&constant, 0, 0, Pace::Wait(ms(0))),
            (&constant, 0, 1, Pace::Wait(ms(100))),
            (&constant, 30, 1, Pace::Wait(ms(70))),
            (&constant, 100, 1, Pace::Wait(ms(0))),
            (&constant, 5_000, 1, Pace::Wait(ms(0))),
            (&constant, 0, 36_000, Pace::Wait(ms(3_600_000))),
            (&ramp, 0, 0, Pace::Wait(ms(0))),
            // 10·1 s + 10·1 s²/2 = 15 hits in the first second.
            (&ramp, 0, 15, Pace::Wait(ms(1_000))),
            (&ramp, 400, 15, Pace::Wait(ms(600))),
            // The whole ramp holds 40 hits, number 39 is the last one inside.
            (&ramp, 2_000, 39, Pace::Wait(ms(0))),
            (&ramp, 2_000, 40, Pace::Stop),
            (&burst, 0, 0, Pace::Wait(ms(0))),
            (&burst, 9, 2, Pace::Wait(ms(0))),
            (&burst, 0, 3, Pace::Stop),
            (&replay, 0, 0, Pace::Wait(ms(5))),
            (&replay, 20, 2, Pace::Wait(ms(70))),
            (&replay, 0, 3, Pace::Stop),
        ];
        for (row, (pacer, elapsed, hits, expected)) in rows.into_iter().enumerate() {
            let said = pacer.pace(ms(elapsed), hits);
            let close = match (said, expected) {
                (Pace::Wait(a), Pace::Wait(b)) => a.abs_diff(b) < Duration::from_micros(1),
                (a, b) => a == b,
            };
            assert!(close, "row {row}: {said:?}, expected {expected:?}");
        }
    }

    #[test]
    fn a_slowing_ramp_ends_when_its_time_is_over() {
        let ramp = Pacer::Ramp {
            from: rate(30.0),
            to: rate(10.0),
            over: ms(2_000),
        };
        let instants = schedule(&ramp, Extent::Hits(1_000));
        assert_eq!(instants.len(), 40);
        let first_gap = instants[1] - instants[0];
        let last_gap = instants[39] - instants[38];
        assert!(last_gap > first_gap * 2, "{first_gap:?} then {last_gap:?}");
    }

    #[test]
    fn a_flat_ramp_is_constant() {
        let ramp = Pacer::Ramp {
            from: rate(50.0),
            to: rate(50.0),
            over: ms(1_000),
        };
        assert_eq!(
            schedule(&ramp, Extent::Hits(50)),
            schedule(&Pacer::Constant(rate(50.0)), Extent::Hits(50))
        );
    }

    #[test]
    fn poisson_repeats_and_keeps_its_mean() {
        let pacer = Pacer::Poisson {
            rate: rate(200.0),
            seed: 7,
        };
        let instants = schedule(&pacer, Extent::Hits(20_000));
        assert_eq!(instants, schedule(&pacer, Extent::Hits(20_000)));
        assert!(instants.is_sorted());
        let mean_s = instants[19_999].as_secs_f64() / 20_000.0;
        assert!((mean_s * 200.0 - 1.0).abs() < 0.05, "mean gap {mean_s} s");
        assert_eq!(pacer.instant(1_234), Some(instants[1_234]));
        let other = Pacer::Poisson {
            rate: rate(200.0),
            seed: 8,
        };
        assert_ne!(schedule(&other, Extent::Hits(5)), instants[..5]);
    }

    #[test]
    fn extents_end_schedules() {
        let constant = Pacer::Constant(rate(40.0));
        assert_eq!(schedule(&constant, Extent::Lasting(ms(5_000))).len(), 200);
        assert_eq!(
            schedule(&constant, Extent::Hits(3)),
            [ms(0), ms(25), ms(50)]
        );
        assert_eq!(
            schedule(&Pacer::Burst { hits: 4 }, Extent::Hits(9)),
            [ms(0); 4]
        );
        let replay = Pacer::Replay(vec![ms(1), ms(8)]);
        assert_eq!(schedule(&replay, Extent::Lasting(ms(8))), [ms(1)]);
    }

    #[test]
    fn rates_make_sense() {
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::per_second(nonsense), None);
        }
        assert_eq!(rate(2.5).as_per_second(), 2.5);
    }
}
