//! How far behind the server is, and who is asked to come back later because of it.
//!
//! What is asked waits for the hub, and what is pushed waits for the shards. Both lines are bounded
//! by length, which says little of time: a push to ten thousand is as long as one to a single
//! officer. So whoever asks is told that the server is busy, before they stand in line, once what
//! is served now has waited for too long. New work is refused first, for the pushes that it would add:
//! accepts of what was pushed already go on at their usual pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use protocol::Ask;

use crate::ask::raced;
use crate::limits::{
    ANSWERS_BEHIND_MAX, BUSY_RETRY_MAX, BUSY_RETRY_MIN, BUSY_RETURNS_PER_SECOND, PUSHES_BEHIND_MAX,
};
use crate::shard::Way;

/// What a server that is behind goes by.
#[derive(Debug)]
pub(crate) struct Load {
    /// Answers and everything durable, on their way from the engine through the hub.
    pub(crate) answers: Queue,
    /// What sessions say to the hub.
    pub(crate) heard: Queue,
    shards: Vec<Arc<Way>>,
    returns: Returns,
    /// Of those whose new work was refused, so that they do not put off anybody else.
    returns_of_work: Returns,
}

/// Since when what the hub takes from a line has been there.
#[derive(Debug)]
pub(crate) struct Queue(AtomicI64);

const NOTHING: i64 = i64::MAX;

impl Queue {
    /// The next in line came in then.
    pub(crate) fn serves(&self, since_us: i64) {
        self.0.store(since_us, Ordering::Relaxed);
    }

    /// Nobody is in line.
    pub(crate) fn rests(&self) {
        self.serves(NOTHING);
    }

    fn waited_us(&self, now_us: i64) -> i64 {
        now_us.saturating_sub(self.0.load(Ordering::Relaxed)).max(0)
    }
}

impl Load {
    /// The load of these shards and of a hub that has nothing to do.
    pub(crate) fn new(shards: Vec<Arc<Way>>) -> Load {
        Load {
            answers: Queue(AtomicI64::new(NOTHING)),
            heard: Queue(AtomicI64::new(NOTHING)),
            shards,
            returns: Returns::default(),
            returns_of_work: Returns::default(),
        }
    }

    /// If `ask` is to be refused at `now_us`, after how many milliseconds to come back.
    pub(crate) fn refuses(&self, ask: &Ask, now_us: i64) -> Option<u32> {
        let answers_us = self.answers.waited_us(now_us);
        let (behind_us, most, returns) = match ask {
            // Whoever is to be kept out is kept out now.
            Ask::Denial(_) => return None,
            // Everybody is told.
            Ask::Publish(_)
            | Ask::PublishAll { .. }
            | Ask::Amend(_)
            | Ask::Restaff { .. }
            | Ask::OpenNextTier { .. }
            | Ask::ApproveLastTier { .. } => {
                let waited = self.shards.iter().map(|shard| shard.waited_us());
                let pushes_us = i64::try_from(waited.max().unwrap_or(0)).unwrap_or(i64::MAX);
                let hub_us = answers_us.max(self.heard.waited_us(now_us));
                let behind_us = hub_us.max(pushes_us);
                (behind_us, PUSHES_BEHIND_MAX, &self.returns_of_work)
            }
            ask if raced(ask).is_some() => (answers_us, ANSWERS_BEHIND_MAX, &self.returns),
            _ => {
                let behind_us = answers_us.max(self.heard.waited_us(now_us));
                (behind_us, ANSWERS_BEHIND_MAX, &self.returns)
            }
        };
        (behind_us > us(most)).then(|| returns.next_ms(behind_us, now_us))
    }
}

/// When whoever was refused last was asked to come back, in microseconds.
#[derive(Debug, Default)]
struct Returns(AtomicI64);

impl Returns {
    /// When to come back: about half of what is ahead is done then, so that the server does not run
    /// out of work, and not everybody at once. Where there is no room before the latest time, those
    /// who come later come between the others.
    fn next_ms(&self, behind_us: i64, now_us: i64) -> u32 {
        let soonest_us = us(BUSY_RETRY_MIN)
            .max(behind_us / 2)
            .min(us(BUSY_RETRY_MAX));
        let (soonest_us, latest_us) = (
            now_us.saturating_add(soonest_us),
            now_us.saturating_add(us(BUSY_RETRY_MAX)),
        );
        let each_us = 1_000_000 / i64::from(BUSY_RETURNS_PER_SECOND);
        let next = |last_us: i64| match last_us.saturating_add(each_us) {
            next_us if (soonest_us..=latest_us).contains(&next_us) => next_us,
            _ => soonest_us,
        };
        let last_us = self
            .0
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

    /// Who of a publisher, an officer and a watcher is refused.
    fn refused(load: &Load, now_us: i64) -> [bool; 3] {
        let vacancy = VacancyKey(1);
        let publish = Ask::PublishAll { vacancies: vec![] };
        let accept = Ask::Accept { vacancy, round: 1 };
        [publish, accept, Ask::Board].map(|ask| load.refuses(&ask, now_us).is_some())
    }

    #[test]
    fn new_work_is_refused_first_and_then_everything_but_denials() {
        let load = Load::new(Vec::new());
        let (work, any) = (us(PUSHES_BEHIND_MAX), us(ANSWERS_BEHIND_MAX));
        assert_eq!(refused(&load, any * 9), [false; 3], "nobody is in line");
        load.answers.serves(1_000);
        assert_eq!(refused(&load, 0), [false; 3], "a clock that was put back");
        assert_eq!(refused(&load, 1_000 + work), [false; 3]);
        assert_eq!(refused(&load, 1_001 + work), [true, false, false]);
        assert_eq!(refused(&load, 1_001 + any), [true; 3]);
        let denial = Ask::Denial(Box::new(protocol::DenialAsk::List { from: 0 }));
        assert_eq!(load.refuses(&denial, any * 9), None);
        load.answers.rests();
        assert_eq!(refused(&load, any * 9), [false; 3]);
    }

    #[test]
    fn what_others_ask_of_the_hub_keeps_nobody_from_accepting() {
        let load = Load::new(Vec::new());
        load.heard.serves(0);
        let later = us(ANSWERS_BEHIND_MAX) + 1;
        assert_eq!(refused(&load, later), [true, false, true]);
    }

    #[test]
    fn those_who_are_refused_come_back_when_there_is_room_and_one_after_the_other() {
        let returns = Returns::default();
        let again = |behind_us, now_us| i64::from(returns.next_ms(behind_us, now_us));
        let now_us = 7_000_000;
        assert_eq!(again(600_000, now_us), 300, "half of what is ahead");
        for others in [1, 2, 3] {
            let after = i64::from(others * 1_000 / BUSY_RETURNS_PER_SECOND);
            assert_eq!(again(600_000, now_us), 300 + after);
        }
        let most = us(BUSY_RETRY_MAX) / 1_000;
        let all: Vec<i64> = (0..30_000).map(|_| again(600_000, now_us)).collect();
        assert!(all.iter().all(|wait| (300..=most).contains(wait)));
        let at_once = |wait: i64| all.iter().filter(|other| **other == wait).count();
        assert!(at_once(most) <= 8, "nor do they all come at the end");
        assert!(at_once(300) <= 8);
        let least = us(BUSY_RETRY_MIN) / 1_000;
        assert_eq!(again(1_000, now_us + us(BUSY_RETRY_MAX)), least);
        assert_eq!(again(1_000, 1), least, "a clock that was put back");
        assert_eq!(again(i64::MAX, now_us), most);
    }
}
