//! Who comes before whom when more would take a slot than there are slots, and the lots that are
//! drawn from a seed.
//!
//! A lottery can be checked by anybody who has the log: the promise of the seed stands in it before
//! the bids, the seed behind them, and [`lot`] needs nothing else that is secret.

use sha2::{Digest, Sha256};

use crate::model::{Criterion, Date, Interval, Promise, Seed, Timestamp, VacancyKey};

/// What an officer brings to a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merit {
    /// Since when the officer has been in service; none if nobody said.
    pub since: Option<Date>,
    /// Hours of work in the period that counts, in microseconds.
    pub worked_us: i64,
    /// When the officer was last awarded a slot by the lead agency; none if never.
    pub last_award: Option<Timestamp>,
    /// The officer's lot; none if none are drawn.
    pub lot: Option<u128>,
}

impl Merit {
    /// A number for `criterion`: the lowest comes first.
    fn by(&self, criterion: Criterion) -> u128 {
        let ordered = |number: i64| u128::from(number.cast_unsigned() ^ (1 << 63));
        match criterion {
            Criterion::Seniority => self.since.map_or(u128::MAX, |since| {
                let year = ordered(i64::from(since.year));
                year << 16 | u128::from(since.month) << 8 | u128::from(since.day)
            }),
            Criterion::FewestHours { .. } => ordered(self.worked_us),
            Criterion::Rotation => self.last_award.map_or(0, |at| 1 + ordered(at.as_micros())),
            Criterion::Lottery { .. } => self.lot.unwrap_or(0),
        }
    }
}

/// The places of `merits`, which stand in the order of arrival: the first of the ranking first.
pub fn rank(ranked_by: &[Criterion], merits: &[Merit]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..merits.len()).collect();
    let key = |place: &usize| -> Vec<u128> {
        let by = |criterion: &Criterion| merits[*place].by(*criterion);
        ranked_by.iter().map(by).collect()
    };
    // A stable sort: among equals, whoever came first is first.
    places.sort_by_cached_key(key);
    places
}

/// The part of `spans` that lies inside `period`, in microseconds.
pub fn worked_us(spans: impl Iterator<Item = Interval>, period: Interval) -> i64 {
    let inside = |span: Interval| {
        let start = span.start.max(period.start);
        let end = span.end.min(period.end);
        (end.as_micros() - start.as_micros()).max(0)
    };
    spans.map(inside).sum()
}

/// The lot of the officer with `badge` in a draw for the vacancy with `key`: the first 16 bytes, the
/// highest first, of the SHA-256 of the seed, the 16 bytes of the key, the highest first, and the
/// badge. The lowest lot comes first.
pub fn lot(seed: Seed, key: VacancyKey, badge: &str) -> u128 {
    let hash = Sha256::new()
        .chain_update(seed.0)
        .chain_update(key.0.to_be_bytes())
        .chain_update(badge)
        .finalize();
    let first = hash.first_chunk().expect("a SHA-256 has 32 bytes");
    u128::from_be_bytes(*first)
}

/// What is said of `seed` before it is revealed.
pub fn promise(seed: Seed) -> Promise {
    Promise(Sha256::digest(seed.0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Merit = Merit {
        since: None,
        worked_us: 0,
        last_award: None,
        lot: None,
    };

    fn since(year: i16, month: u8, day: u8) -> Merit {
        let since = Some(Date { year, month, day });
        Merit { since, ..NOBODY }
    }

    #[test]
    fn the_longest_in_service_comes_first_and_who_has_no_date_last() {
        let merits = [
            NOBODY,
            since(2019, 1, 31),
            since(2019, 2, 1),
            since(1998, 12, 31),
            since(2019, 1, 30),
        ];
        assert_eq!(rank(&[Criterion::Seniority], &merits), [3, 4, 1, 2, 0]);
    }

    #[test]
    fn equals_are_told_apart_by_the_next_criterion_and_at_last_by_arrival() {
        let mut merits = [since(2001, 1, 1); 4];
        merits[0].worked_us = 2;
        merits[1].worked_us = 1;
        merits[2].worked_us = 1;
        merits[1].last_award = Some(Timestamp(-5));
        merits[2].last_award = Some(Timestamp(-6));
        let hours = Criterion::FewestHours { period_ms: 1 };
        let all = [Criterion::Seniority, hours, Criterion::Rotation];
        assert_eq!(rank(&all, &merits), [3, 2, 1, 0]);
        assert_eq!(rank(&all[..2], &merits), [3, 1, 2, 0], "arrival decides");
        assert_eq!(rank(&[], &merits), [0, 1, 2, 3]);
        assert_eq!(rank(&[Criterion::Rotation], &merits), [0, 3, 2, 1]);
    }

    #[test]
    fn who_never_had_an_award_comes_before_whoever_had_one_at_any_time() {
        let awarded = |at| Merit {
            last_award: Some(Timestamp(at)),
            ..NOBODY
        };
        let merits = [awarded(1), awarded(-1), awarded(i64::MIN), NOBODY];
        assert_eq!(rank(&[Criterion::Rotation], &merits), [3, 2, 1, 0]);
    }

    #[test]
    fn only_what_lies_inside_the_period_counts_as_worked() {
        let span = |start, end| Interval {
            start: Timestamp(start),
            end: Timestamp(end),
        };
        let spans = [span(0, 10), span(12, 15), span(18, 30), span(40, 50)];
        assert_eq!(worked_us(spans.into_iter(), span(5, 20)), 5 + 3 + 2);
        assert_eq!(worked_us(spans.into_iter(), span(10, 12)), 0);
    }

    #[test]
    fn lots_and_promises_are_those_that_anybody_computes() {
        // printf '\0%.0s' $(seq 32) | sha256sum
        let seed = Seed([0; 32]);
        let promised = promise(seed).to_string();
        let known = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(promised, known);
        // (printf '\0%.0s' $(seq 47); printf '\1TUC-0412') | sha256sum | cut -c -32
        let drawn = lot(seed, VacancyKey(1), "TUC-0412");
        assert_eq!(format!("{drawn:032x}"), "693c5eefc3104fce7ebe8b0af9acaff1");
        assert_ne!(drawn, lot(seed, VacancyKey(1), "TUC-0413"));
        assert_ne!(drawn, lot(seed, VacancyKey(2), "TUC-0412"));
        assert_ne!(drawn, lot(Seed([1; 32]), VacancyKey(1), "TUC-0412"));
    }
}
