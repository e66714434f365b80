//! The answers that were given, for as long as a retry of their request must hear them again.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

use super::command::Actor;
use super::event::Record;
use super::state::{Answer, Reply};
use crate::limits::{ANSWER_RETENTION_MS, ANSWERS_MAX};
use crate::model::{OfficerId, RequestId, Timestamp};

/// Lists for each answer: at least these, and so many when they are made anew. Most lists then have
/// one answer or none, and a request that is new finds nothing without reading another's answer.
const LISTS_EACH_MIN: usize = 2;
const LISTS_EACH: usize = 2 * LISTS_EACH_MIN;

/// Answers by request, for as long as retries are honoured.
///
/// The line of what was given, the oldest first, is the record. It is read through lists: the newest
/// answer of each list by the hash of its request, and in every answer the one before it in its
/// list. Both are derived. Nothing is ever taken out of a list, because it ends by itself where the
/// line ends: what is forgotten is older than all that is remembered.
#[derive(Archive, Serialize, Deserialize, Clone, Default)]
pub(super) struct Answers {
    given: VecDeque<Given>,
    /// How many were ever given.
    #[rkyv(with = Skip)]
    count: Count,
    /// The newest answer of each list; a power of two.
    #[rkyv(with = Skip)]
    newest: Vec<Count>,
    #[rkyv(with = Skip)]
    key: u64,
}

/// How many answers had been given when one was, which is its name; it wraps.
///
/// Only answers that are remembered are looked at, which are far fewer than there are numbers, so
/// a number that has come round again leads to a wrong answer at worst, which is seen to be one.
type Count = u32;

#[derive(Archive, Serialize, Deserialize, Debug, Clone)]
struct Given {
    at: Timestamp,
    by: Actor,
    request: RequestId,
    answer: Remembered,
    /// The answer before it in its list.
    #[rkyv(with = Skip)]
    before: Count,
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
        let mut number = *self.newest.get(self.list(by, request))?;
        let mut age_before = None;
        loop {
            let age = self.count.wrapping_sub(number).wrapping_sub(1) as usize;
            // A list leads to older answers only. Where it seems not to, it has led out of the line
            // to a number that was given again since.
            if age_before >= Some(age) {
                return None;
            }
            let place = self.given.len().checked_sub(age + 1)?;
            let given = &self.given[place];
            if given.request == request && given.by == by {
                return Some(&given.answer);
            }
            (number, age_before) = (given.before, Some(age));
        }
    }

    /// Reads ahead where the answer to `request` of `by` would be found.
    pub(super) fn touch(&self, by: Actor, request: RequestId) -> usize {
        let newest = self.newest.get(self.list(by, request));
        newest.map_or(0, |number| *number as usize)
    }

    /// Remembers the answer in `record`, and forgets those past their retention.
    pub(super) fn remember(&mut self, record: &Record) {
        let oldest = Timestamp(record.at.as_micros() - ANSWER_RETENTION_MS as i64 * 1_000);
        while let Some(first) = self.given.front() {
            if first.at >= oldest && self.given.len() < ANSWERS_MAX {
                break;
            }
            self.given.pop_front();
        }
        if record.by == Actor::Clock {
            return;
        }
        if self.given.len() * LISTS_EACH_MIN >= self.newest.len() {
            self.relist();
        }
        let list = self.list(record.by, record.request);
        self.given.push_back(Given {
            at: record.at,
            by: record.by,
            request: record.request,
            answer: Remembered {
                fingerprint: record.fingerprint,
                reply: record.reply(),
            },
            before: std::mem::replace(&mut self.newest[list], self.count),
        });
        self.count = self.count.wrapping_add(1);
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

    /// Makes all lists anew, under `key`.
    pub(super) fn rekey(&mut self, key: u64) {
        self.key = key;
        self.relist();
    }

    /// Makes all lists anew, and enough of them for a while.
    fn relist(&mut self) {
        let lists = (self.given.len() + 1) * LISTS_EACH;
        self.newest = vec![0; lists.next_power_of_two()];
        self.count = 0;
        for place in 0..self.given.len() {
            let Given { by, request, .. } = self.given[place];
            let list = self.list(by, request);
            self.given[place].before = std::mem::replace(&mut self.newest[list], self.count);
            self.count += 1;
        }
    }

    /// The list that the answer to `request` of `by` is in.
    fn list(&self, by: Actor, request: RequestId) -> usize {
        // Their number is a power of two. Without any, the place is outside all the same.
        let mask = self.newest.len().wrapping_sub(1);
        hash(self.key, by, request) as usize & mask
    }
}

impl Given {
    /// What of it is on record.
    fn told(&self) -> (Timestamp, Actor, RequestId, &Remembered) {
        (self.at, self.by, self.request, &self.answer)
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
        let told = self.given.iter().map(Given::told);
        f.debug_list().entries(told).finish()
    }
}

impl PartialEq for Answers {
    fn eq(&self, other: &Answers) -> bool {
        self.given
            .iter()
            .map(Given::told)
            .eq(other.given.iter().map(Given::told))
    }
}

impl Eq for Answers {}

impl Hash for Answers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.given.len().hash(state);
        self.given.iter().for_each(|given| given.told().hash(state));
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
            events: Vec::new().into(),
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
    fn nothing_is_mistaken_for_another_when_numbers_come_round_again() {
        let mut answers = Answers::default();
        // Lists are made anew when the third, the ninth and the thirty-third come.
        for number in 0..33 {
            answers.remember(&record(number, Timestamp(0)));
        }
        // The last numbers before zero; the lists lead to answers of before.
        answers.count = Count::MAX - 10;
        answers.given.clear();
        for number in 33..63 {
            answers.remember(&record(number, Timestamp(0)));
        }
        assert!(answers.count < 30, "it has come round");
        assert!((0..33).all(|number| !found(&answers, number)));
        assert!((33..63).all(|number| found(&answers, number)));
    }

    #[test]
    fn the_table_is_found_again_under_another_key_and_from_a_snapshot() {
        let mut answers = Answers::default();
        for number in 0..100 {
            answers.remember(&record(number, Timestamp(0)));
        }
        answers.given.pop_front();
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
