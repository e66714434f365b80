//! The seeds of lotteries, which nobody but the server knows until bids are closed.
//!
//! A seed is derived from a secret of the server and the vacancy's key, so nothing has to be kept
//! for a vacancy, and whoever opens the same log with the same secret can go on. Each vacancy has a
//! chain of seeds: the promise of a seed is its hash, and the promise of the draw after it is the
//! seed itself. Decision 0014 says why.

use std::time::Duration;

use engine::core::{Actor, Body, Command, Refusal};
use engine::model::{Promise, RequestId, Seed, Vacancy, VacancyId, VacancyKey};
use engine::rules::award::promise;
use engine::{Engine, Unavailable};
use ring::hmac;

use crate::limits::REVEAL_AGAIN;

/// Draws of one vacancy that have a seed. Later ones are ranked without lots.
const DRAWS_MAX: usize = 64;

/// Says which secret is meant, should it ever be used for anything else.
const PURPOSE: &[u8] = b"muster lottery\0";

/// What the seeds of all lotteries are derived from.
pub struct Lots {
    key: hmac::Key,
}

impl Lots {
    /// Seeds from a secret that must be the same for as long as lotteries are not drawn.
    pub fn new(secret: &[u8; 32]) -> Lots {
        Lots {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// What is said of the first seed of a vacancy.
    pub fn promise(&self, key: VacancyKey) -> Promise {
        let first = self.chain(key).last();
        promise(first.expect("a chain has seeds"))
    }

    /// The seed that was promised so.
    pub fn seed(&self, key: VacancyKey, promised: Promise) -> Option<Seed> {
        self.chain(key).find(|seed| promise(*seed) == promised)
    }

    /// The seeds of a vacancy, the one of its last draw first.
    fn chain(&self, key: VacancyKey) -> impl Iterator<Item = Seed> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(PURPOSE);
        context.update(&key.0.to_be_bytes());
        let tag = context.sign();
        let last: [u8; 32] = tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes");
        let next = |seed: &Seed| Some(Seed(promise(*seed).0));
        std::iter::successors(Some(Seed(last)), next).take(DRAWS_MAX)
    }
}

/// Reveals the seed that `row` waits for, until it is on record. Must be called inside a runtime.
pub(crate) fn reveal(engine: &Engine, lots: &Lots, id: VacancyId, row: &Vacancy) {
    let key = row.posting.key;
    let Some(promised) = row.promised() else {
        return;
    };
    let Some(seed) = lots.seed(key, promised) else {
        let vacancy = id.0;
        tracing::warn!(vacancy, "a lottery waits for a seed of another secret");
        return;
    };
    let (request, by) = (request(promised), Actor::Operator);
    let body = Body::Reveal { vacancy: id, seed };
    let command = Command { request, by, body };
    let engine = engine.clone();
    tokio::spawn(async move {
        loop {
            // A full line passes, and so does a full disk; an engine that has ended is opened
            // again, and asked for its draws.
            let pause = match engine.submit(command.clone()).await {
                Ok(Err(refused)) => match refused.refusal {
                    Refusal::Busy { retry_after_ms } => {
                        Duration::from_millis(retry_after_ms.into())
                    }
                    _ => return,
                },
                Err(Unavailable::DiskFull) => REVEAL_AGAIN,
                Ok(Ok(_)) | Err(Unavailable::Closed | Unavailable::Failed) => return,
            };
            tokio::time::sleep(pause).await;
        }
    });
}

/// The request that reveals what was promised so: always the same.
fn request(promised: Promise) -> RequestId {
    let first = promised.0.first_chunk();
    RequestId(u128::from_be_bytes(*first.expect("a promise has 32 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_keeps_the_promise_before_it_and_is_the_promise_of_the_next() {
        let (lots, key) = (Lots::new(&[7; 32]), VacancyKey(1));
        let mut promised = lots.promise(key);
        for _ in 0..DRAWS_MAX {
            let seed = lots
                .seed(key, promised)
                .expect("there is one for each draw");
            assert_eq!(promise(seed), promised);
            promised = Promise(seed.0);
        }
        assert_eq!(lots.seed(key, promised), None, "no more draws have seeds");
    }

    #[test]
    fn another_secret_or_vacancy_has_other_seeds() {
        let (lots, key) = (Lots::new(&[7; 32]), VacancyKey(1));
        let promised = lots.promise(key);
        assert_eq!(promised, Lots::new(&[7; 32]).promise(key));
        assert_eq!(lots.seed(VacancyKey(2), promised), None);
        assert_eq!(Lots::new(&[8; 32]).seed(key, promised), None);
    }
}
