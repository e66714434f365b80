//! The answers that were given, for as long as a retry of their request must hear them again.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

use super::command::Actor;
use super::event::Record;
use super::state::{Answer, Reply};
use crate::limits::{ANSWER_RETENTION_MS, ANSWERS_MAX};
use crate::model::{OfficerId, RequestId, Timestamp};

/// Answers by request, for as long as retries are honoured.
///
/// The line of what was given, the oldest first, is the record; the table that finds an answer in
/// it is derived, and never iterated over.
#[derive(Archive, Serialize, Deserialize, Clone, Default)]
pub(super) struct Answers {
    given: VecDeque<Given>,
    /// How many were given and are forgotten: the number of the oldest in `given`.
    #[rkyv(with = Skip)]
    forgotten: u64,
    /// Numbers of answers, counted from the first one ever given.
    #[rkyv(with = Skip)]
    by_request: HashTable<u64>,
    #[rkyv(with = Skip)]
    key: u64,
}

#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
struct Given {
    at: Timestamp,
    by: Actor,
    request: RequestId,
    answer: Remembered,
}

/// An answer that was given.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Remembered {
    /// Fingerprint of what was asked.
    pub fingerprint: u64,
    /// What was answered.
    pub reply: Reply,
}

impl Answers {
    /// The answer to `request` of `by`, if it is still remembered.
    pub(super) fn find(&self, by: Actor, request: RequestId) -> Option<&Remembered> {
        let row = |number: u64| self.row(number);
        let same = |number: &u64| {
            let given = row(*number);
            given.request == request && given.by == by
        };
        let number = self.by_request.find(hash(self.key, by, request), same)?;
        Some(&row(*number).answer)
    }

    /// Remembers the answer in `record`, and forgets those past their retention.
    pub(super) fn remember(&mut self, record: &Record) {
        let oldest = Timestamp(record.at.as_micros() - ANSWER_RETENTION_MS as i64 * 1_000);
        while let Some(first) = self.given.front() {
            if first.at >= oldest && self.given.len() < ANSWERS_MAX {
                break;
            }
            self.forget_first();
        }
        if record.by == Actor::Clock {
            return;
        }
        self.given.push_back(Given {
            at: record.at,
            by: record.by,
            request: record.request,
            answer: Remembered {
                fingerprint: record.fingerprint,
                reply: record.reply(),
            },
        });
        self.note(self.forgotten + self.given.len() as u64 - 1);
    }

    /// Officers who heard anything but that a slot is theirs, and whose retries must hear it again.
    pub(super) fn answered_officers(&self) -> impl Iterator<Item = OfficerId> {
        self.given
            .iter()
            .filter_map(|given| match (given.by, &given.answer.reply) {
                (Actor::Officer(officer), Err(_) | Ok(Answer::Bid { .. })) => Some(officer),
                _ => None,
            })
    }

    /// Builds the table anew, under `key`.
    pub(super) fn rekey(&mut self, key: u64) {
        self.key = key;
        self.by_request.clear();
        for number in 0..self.given.len() as u64 {
            self.note(self.forgotten + number);
        }
    }

    fn row(&self, number: u64) -> &Given {
        &self.given[(number - self.forgotten) as usize]
    }

    /// Makes the answer of this number findable.
    fn note(&mut self, number: u64) {
        let (given, forgotten, key) = (&self.given, self.forgotten, self.key);
        let rehash = |number: &u64| {
            let row = &given[(*number - forgotten) as usize];
            hash(key, row.by, row.request)
        };
        self.by_request
            .insert_unique(rehash(&number), number, rehash);
    }

    fn forget_first(&mut self) {
        let Some(first) = self.given.front() else {
            return;
        };
        let (hash, number) = (hash(self.key, first.by, first.request), self.forgotten);
        if let Ok(entry) = self
            .by_request
            .find_entry(hash, |candidate| *candidate == number)
        {
            entry.remove();
        }
        self.given.pop_front();
        self.forgotten += 1;
    }
}

/// Where a request is looked for. The key is secret, and both halves of the id go through a
/// multiplication that folds its upper half back, so that ids cannot be chosen to meet.
fn hash(key: u64, by: Actor, request: RequestId) -> u64 {
    let by = match by {
        Actor::Officer(officer) => u64::from(officer.0),
        Actor::Coordinator(agency) => 1 << 32 | u64::from(agency.0),
        Actor::Operator => 2 << 32,
        Actor::Clock => 3 << 32,
    };
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let (low, high) = (request.0 as u64, (request.0 >> 64) as u64);
    let one = fold(
        low ^ key ^ 0x9e37_79b9_7f4a_7c15,
        by ^ key.rotate_left(32) ^ 0xbf58_476d_1ce4_e5b9,
    );
    fold(
        one ^ 0x94d0_49bb_1331_11eb,
        high ^ key ^ 0xd6e8_feb8_6659_fd93,
    )
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.given).finish()
    }
}

impl PartialEq for Answers {
    fn eq(&self, other: &Answers) -> bool {
        self.given == other.given
    }
}

impl Eq for Answers {}

impl Hash for Answers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.given.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sequence;

    fn record(number: u64, at: Timestamp) -> Record {
        Record {
            sequence: Sequence(number),
            at,
            request: RequestId(u128::from(number) << 64 | 7),
            by: Actor::Officer(OfficerId(number as u32 % 3)),
            fingerprint: number,
            events: Vec::new(),
        }
    }

    fn found(answers: &Answers, number: u64) -> bool {
        let asked = record(number, Timestamp(0));
        let remembered = answers.find(asked.by, asked.request);
        assert!(remembered.is_none_or(|answer| answer.fingerprint == number));
        remembered.is_some()
    }

    #[test]
    fn an_answer_is_remembered_for_its_retention() {
        let mut answers = Answers::default();
        answers.remember(&record(1, Timestamp(0)));
        answers.remember(&record(2, Timestamp(5)));
        let last = ANSWER_RETENTION_MS as i64 * 1_000;
        answers.remember(&record(3, Timestamp(last)));
        assert!(found(&answers, 1), "its time is not over yet");
        answers.remember(&record(4, Timestamp(last + 1)));
        assert!(!found(&answers, 1) && found(&answers, 2) && found(&answers, 4));
    }

    #[test]
    fn the_oldest_give_way_when_there_are_too_many() {
        let mut answers = Answers::default();
        let max = ANSWERS_MAX as u64;
        for number in 0..max {
            answers.remember(&record(number, Timestamp(0)));
        }
        assert!(found(&answers, 0) && found(&answers, max - 1));
        answers.remember(&record(max, Timestamp(0)));
        assert!(!found(&answers, 0) && found(&answers, 1) && found(&answers, max));
    }

    #[test]
    fn the_table_is_found_again_under_another_key_and_from_a_snapshot() {
        let mut answers = Answers::default();
        for number in 0..100 {
            answers.remember(&record(number, Timestamp(0)));
        }
        answers.forget_first();
        answers.rekey(99);
        assert!(!found(&answers, 0) && (1..100).all(|number| found(&answers, number)));
        let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(&answers).expect("to memory");
        let mut restored: Answers =
            rkyv::from_bytes::<Answers, rkyv::rancor::Error>(&bytes).expect("as written");
        restored.rekey(5);
        assert_eq!(restored, answers);
        assert!((1..100).all(|number| found(&restored, number)));
    }
}
