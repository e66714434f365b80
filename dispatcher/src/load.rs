//! How far behind the server is, and who is asked to come back later because of it.
//!
//! What is asked waits for the hub, and what is pushed waits for the shards. Both lines are bounded
//! by length, which says little of time: a push to ten thousand is as long as one to a single
//! officer. So whoever asks is told that the server is busy, before they stand in line, once what is
//! served now has waited for too long. New work is refused first, for the pushes that it would add:
//! accepts of what was pushed already go on at their usual pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use protocol::Ask;

use crate::limits::{
    ANSWERS_BEHIND_MAX, BUSY_RETRY_MAX, BUSY_RETRY_MIN, BUSY_RETURNS_PER_SECOND, PUSHES_BEHIND_MAX,
};
use crate::shard::Way;

/// What a server that is behind goes by.
#[derive(Debug)]
pub(crate) struct Load {
    /// When what the hub is serving came in, in microseconds; [`RESTING`] while it waits.
    hub_since_us: AtomicI64,
    shards: Vec<Arc<Way>>,
    /// When whoever was refused last was asked to come back, in microseconds.
    last_return_us: AtomicI64,
}

const RESTING: i64 = i64::MAX;

impl Load {
    /// The load of a hub that rests and of these shards.
    pub(crate) fn new(shards: Vec<Arc<Way>>) -> Load {
        Load {
            hub_since_us: AtomicI64::new(RESTING),
            shards,
            last_return_us: AtomicI64::new(0),
        }
    }

    /// The hub turns to something that came in then.
    pub(crate) fn hub_serves(&self, since_us: i64) {
        self.hub_since_us.store(since_us, Ordering::Relaxed);
    }

    /// The hub is done with it.
    pub(crate) fn hub_rests(&self) {
        self.hub_serves(RESTING);
    }

    /// If `ask` is to be refused at `now_us`, after how many milliseconds to come back.
    pub(crate) fn refuses(&self, ask: &Ask, now_us: i64) -> Option<u32> {
        let since_us = self.hub_since_us.load(Ordering::Relaxed);
        let answers_us = now_us.saturating_sub(since_us);
        let (behind_us, most) = match ask {
            // Whoever is to be kept out is kept out now.
            Ask::Denial(_) => return None,
            Ask::Publish(_) | Ask::PublishAll { .. } => {
                let waited = self.shards.iter().map(|shard| shard.waited_us());
                let pushes_us = i64::try_from(waited.max().unwrap_or(0)).unwrap_or(i64::MAX);
                (answers_us.max(pushes_us), PUSHES_BEHIND_MAX)
            }
            _ => (answers_us, ANSWERS_BEHIND_MAX),
        };
        (behind_us > us(most)).then(|| self.retry_after_ms(behind_us, now_us))
    }

    /// When to come back: about half of what is ahead is done then, so that the server does not run
    /// out of work, and not everybody at once.
    fn retry_after_ms(&self, behind_us: i64, now_us: i64) -> u32 {
        let soonest_us = us(BUSY_RETRY_MIN)
            .max(behind_us / 2)
            .min(us(BUSY_RETRY_MAX));
        let latest_us = now_us.saturating_add(us(BUSY_RETRY_MAX));
        let each_us = 1_000_000 / i64::from(BUSY_RETURNS_PER_SECOND);
        let next = |last_us: i64| {
            let next_us = last_us.saturating_add(each_us);
            next_us
                .max(now_us.saturating_add(soonest_us))
                .min(latest_us)
        };
        let last_us =
            self.last_return_us
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                    Some(next(last))
                });
        let (Ok(last_us) | Err(last_us)) = last_us;
        let wait_ms = (next(last_us) - now_us) / 1_000;
        u32::try_from(wait_ms).unwrap_or(u32::MAX)
    }
}

fn us(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use protocol::VacancyKey;

    use super::*;

    #[test]
    fn new_work_is_refused_first_and_then_everything_but_denials() {
        let load = Load::new(Vec::new());
        let vacancy = VacancyKey(1);
        let publish = Ask::PublishAll { vacancies: vec![] };
        let accept = Ask::Accept { vacancy, round: 1 };
        let refused = |now_us| [&publish, &accept].map(|ask| load.refuses(ask, now_us).is_some());
        let (pushes, answers) = (us(PUSHES_BEHIND_MAX), us(ANSWERS_BEHIND_MAX));
        assert_eq!(refused(answers * 9), [false; 2], "it rests");
        load.hub_serves(1_000);
        assert_eq!(refused(0), [false; 2], "a clock that was put back");
        assert_eq!(refused(1_000 + pushes), [false; 2]);
        assert_eq!(refused(1_001 + pushes), [true, false]);
        assert_eq!(refused(1_001 + answers), [true; 2]);
        let denial = Ask::Denial(Box::new(protocol::DenialAsk::List { from: 0 }));
        assert_eq!(load.refuses(&denial, answers * 9), None);
        load.hub_rests();
        assert_eq!(refused(answers * 9), [false; 2]);
    }

    #[test]
    fn those_who_are_refused_come_back_when_there_is_room_and_one_after_the_other() {
        let load = Load::new(Vec::new());
        let again = |behind_us, now_us| i64::from(load.retry_after_ms(behind_us, now_us));
        let now_us = 7_000_000;
        assert_eq!(again(600_000, now_us), 300, "half of what is ahead");
        for others in [1, 2, 3] {
            let after = i64::from(others * 1_000 / BUSY_RETURNS_PER_SECOND);
            assert_eq!(again(600_000, now_us), 300 + after);
        }
        for _ in 0..2 * BUSY_RETURNS_PER_SECOND * 5 {
            again(600_000, now_us);
        }
        let most = us(BUSY_RETRY_MAX) / 1_000;
        assert_eq!(again(600_000, now_us), most, "nobody is told longer");
        let later_us = now_us + us(BUSY_RETRY_MAX);
        let least = us(BUSY_RETRY_MIN) / 1_000;
        assert_eq!(again(1_000, later_us), least);
        assert_eq!(
            again(i64::MAX, now_us + 1),
            most,
            "a clock that was put back"
        );
    }
}
