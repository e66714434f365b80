//! The way in, which all shards share: who comes too often, and who is on their way to a session.
//!
//! A newcomer is whoever shakes hands, or has and did not show a good token yet. Newcomers have
//! places of their own, so that they take none of those whose token is known. Whoever stays in one
//! without a token yields it to the next: silent connections then keep nobody out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::session::Rate;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::arrivals::{Admission, Arrivals};
use crate::limits::{NEWCOMER_PATIENCE, NEWCOMERS_UNPROVEN_MAX};

pub(crate) struct Door {
    newcomers_max: usize,
    inside: Mutex<Inside>,
}

struct Inside {
    arrivals: Arrivals,
    /// In the order in which they came.
    newcomers: BTreeMap<u64, Newcomer>,
    next: u64,
}

struct Newcomer {
    since: Instant,
    /// Rung when the place is given to another.
    lost: Arc<Notify>,
}

/// A newcomer's place, given back when it is dropped.
pub(crate) struct Place {
    door: Arc<Door>,
    number: u64,
    lost: Arc<Notify>,
}

impl Door {
    /// With room for so many newcomers, where one address may come so often.
    pub(crate) fn new(connections: Rate, newcomers_max: usize) -> Door {
        Door {
            newcomers_max,
            inside: Mutex::new(Inside {
                arrivals: Arrivals::new(connections),
                newcomers: BTreeMap::new(),
                next: 0,
            }),
        }
    }

    /// Counts a connection from `from` at `now_us`; `is_proven` if that address has answered.
    pub(crate) fn admit(&self, from: IpAddr, is_proven: bool, now_us: i64) -> Admission {
        let mut inside = self.inside();
        let admission = inside.arrivals.admit(from, is_proven, now_us);
        let is_crowded = inside.newcomers.len() >= NEWCOMERS_UNPROVEN_MAX;
        match admission {
            Admission::Welcome if is_crowded && !is_proven => Admission::Prove,
            _ => admission,
        }
    }

    /// A place for one more newcomer: a free one, or that of the first if it has had its time.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut inside = self.inside();
        if inside.newcomers.len() >= self.newcomers_max {
            let first = inside.newcomers.first_entry()?;
            if first.get().since.elapsed() < NEWCOMER_PATIENCE {
                return None;
            }
            first.remove().lost.notify_one();
        }
        let number = inside.next;
        inside.next += 1;
        let lost = Arc::new(Notify::new());
        let newcomer = Newcomer {
            since: Instant::now(),
            lost: Arc::clone(&lost),
        };
        inside.newcomers.insert(number, newcomer);
        drop(inside);
        let door = Arc::clone(self);
        Some(Place { door, number, lost })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until the place is given to another, which may never happen.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.door.inside().newcomers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate {
        burst: 1,
        per_minute: 1,
    };

    #[tokio::test(start_paused = true)]
    async fn who_shows_no_token_in_time_yields_to_the_next() {
        let door = Arc::new(Door::new(RATE, 2));
        let first = door.enter().expect("there is room");
        tokio::time::advance(NEWCOMER_PATIENCE / 2).await;
        let second = door.enter().expect("there is room");
        assert!(door.enter().is_none(), "nobody has had their time");
        tokio::time::advance(NEWCOMER_PATIENCE / 2).await;
        let third = door.enter().expect("the first has had its time");
        assert!(has_lost(&first).await && !has_lost(&second).await);
        assert!(door.enter().is_none(), "the second has not");
        drop(first);
        assert!(door.enter().is_none(), "a place is given back once");
        drop(second);
        assert!(door.enter().is_some() && !has_lost(&third).await);
    }

    #[test]
    fn from_a_threshold_on_whoever_did_not_prove_their_address_has_to() {
        let rate = Rate {
            burst: 9,
            per_minute: 9,
        };
        let door = Arc::new(Door::new(rate, NEWCOMERS_UNPROVEN_MAX));
        let from = IpAddr::from([192, 0, 2, 7]);
        let enough = NEWCOMERS_UNPROVEN_MAX - 1;
        let mut places: Vec<_> = (0..enough).map_while(|_| door.enter()).collect();
        assert_eq!(door.admit(from, false, 0), Admission::Welcome);
        places.extend(door.enter());
        assert_eq!(door.admit(from, false, 0), Admission::Prove);
        assert_eq!(door.admit(from, true, 0), Admission::Welcome);
        places.pop();
        assert_eq!(door.admit(from, false, 0), Admission::Welcome);
    }

    async fn has_lost(place: &Place) -> bool {
        let looked = tokio::time::timeout(Duration::ZERO, place.lost()).await;
        looked.is_ok()
    }
}
