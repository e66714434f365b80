//! The durable history, as `muster log dump --json` prints it.
//!
//! The engine's own types are not used: what judges the engine must not share its code. Of each
//! record the place, the request and what happened to which slot are read from what is printed;
//! everything else is kept as a fingerprint, to see whether a record was ever rewritten.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufRead;

use protocol::{RequestId, VacancyKey};

/// What a log held, from its first record on.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The records, by sequence, from 1.
    records: Vec<Durable>,
    /// Where a request stands; more than one place is a breach.
    requests: HashMap<RequestId, Vec<u64>>,
}

/// One durable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// The request that caused it.
    pub request: RequestId,
    /// What happened, in order.
    pub events: Vec<Fact>,
    /// Of everything that was printed, but for where it stands on the disk.
    pub fingerprint: u64,
}

/// Something that happened, as far as the judgement needs it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Fact {
    /// A vacancy was published.
    Published {
        /// Which.
        vacancy: VacancyKey,
    },
    /// A tier of it was opened.
    TierOpened {
        /// Which vacancy.
        vacancy: VacancyKey,
    },
    /// It was offered to officers who became eligible since.
    OfferedLater {
        /// Which vacancy.
        vacancy: VacancyKey,
    },
    /// A slot was awarded.
    Awarded {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The slot.
        slot: u16,
        /// The officer.
        badge: String,
    },
    /// A slot was given back or taken back.
    Vacated {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The slot.
        slot: u16,
        /// Who held it.
        badge: String,
        /// The round that began.
        round: u32,
    },
    /// An officer declined.
    Declined {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The officer.
        badge: String,
    },
    /// A vacancy was cancelled.
    Cancelled {
        /// Which.
        vacancy: VacancyKey,
    },
    /// A vacancy's start passed.
    Expired {
        /// Which.
        vacancy: VacancyKey,
    },
    /// A holder asked again and heard that the slot is theirs.
    Confirmed,
    /// A refusal that a retry must hear again.
    Refused,
    /// Something that no answer of this workload rests on.
    #[serde(other)]
    Other,
}

/// Why what `muster log dump --json` printed is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// It could not be read.
    #[error("the dump of the log broke off ({0}): run it again")]
    Read(#[from] std::io::Error),
    /// A line is not of the expected form.
    #[error(
        "line {line} of the log's dump is not understood ({because}): use a `muster` and a \
         `loadgen` of the same build"
    )]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        because: String,
    },
    /// A record is missing in between.
    #[error("the log's dump has record {found} where record {expected} belongs")]
    Gap {
        /// The sequence that was due.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
}

#[derive(serde::Deserialize)]
struct Line {
    sequence: u64,
    at: String,
    by: String,
    request: RequestId,
    events: Vec<serde_json::Value>,
}

impl Durable {
    /// Whether it changed anything, beyond remembering an answer.
    pub fn changes(&self) -> bool {
        let mut events = self.events.iter();
        events.any(|event| !matches!(event, Fact::Refused | Fact::Confirmed))
    }
}

impl History {
    /// Reads a dump, one record a line.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn read(mut dump: impl BufRead) -> Result<History, HistoryError> {
        let mut history = History::default();
        let mut text = String::new();
        for number in 1.. {
            text.clear();
            if dump.read_line(&mut text)? == 0 {
                break;
            }
            let not_understood = |because| HistoryError::Line {
                line: number,
                because,
            };
            let line: Line =
                serde_json::from_str(&text).map_err(|error| not_understood(error.to_string()))?;
            let expected = history.last() + 1;
            if line.sequence != expected {
                let found = line.sequence;
                return Err(HistoryError::Gap { expected, found });
            }
            let mut hasher = DefaultHasher::new();
            (&line.at, &line.by, line.request.0).hash(&mut hasher);
            let mut events = Vec::with_capacity(line.events.len());
            for event in line.events {
                event.to_string().hash(&mut hasher);
                let fact = serde_json::from_value(event);
                events.push(fact.map_err(|error| not_understood(error.to_string()))?);
            }
            history.push(Durable {
                request: line.request,
                events,
                fingerprint: hasher.finish(),
            });
        }
        Ok(history)
    }

    /// Adds a record at the end.
    pub fn push(&mut self, record: Durable) {
        let request = record.request;
        self.records.push(record);
        // Deadlines that fall due are nobody's request.
        if request != RequestId(0) {
            let sequence = self.last();
            self.requests.entry(request).or_default().push(sequence);
        }
    }

    /// The sequence of the last record; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.records.len() as u64
    }

    /// The record of this sequence.
    pub fn record(&self, sequence: u64) -> Option<&Durable> {
        let place = usize::try_from(sequence.checked_sub(1)?).ok()?;
        self.records.get(place)
    }

    /// The records, the first one first.
    pub fn records(&self) -> impl Iterator<Item = (u64, &Durable)> {
        (1..).zip(&self.records)
    }

    /// Where the records of a request stand.
    pub fn of_request(&self, request: RequestId) -> &[u64] {
        self.requests.get(&request).map_or(&[], Vec::as_slice)
    }

    /// Requests that were carried out more than once, with the records that did so. An answer
    /// that was written down twice is not of them: it changes nothing.
    pub fn doubled(&self) -> impl Iterator<Item = (RequestId, Vec<u64>)> {
        let carried_out = |places: &Vec<u64>| -> Vec<u64> {
            let places = places.iter().copied();
            places
                .filter(|place| self.record(*place).is_some_and(Durable::changes))
                .collect()
        };
        let all = self.requests.iter();
        all.map(move |(request, places)| (*request, carried_out(places)))
            .filter(|(_, places)| places.len() > 1)
    }

    /// Forgets every record behind `last`, as a log that loses data does.
    #[cfg(test)]
    pub(super) fn truncate(&mut self, last: usize) {
        let records = self.records.drain(..).take(last).collect::<Vec<_>>();
        self.requests.clear();
        for record in records {
            self.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VACANCY: &str = "vac_01935b2a000070008000000000000003";
    const OFFICER: &str = r#"{"event":"officer-added","badge":"GIL-07","agency":"gilbert"}"#;

    fn line(sequence: u64, request: u128, events: &[String]) -> String {
        let events = events.join(",");
        let request = RequestId(request);
        format!(
            "{{\"sequence\":{sequence},\"at\":\"now\",\"by\":\"operator\",\"request\":\"{request}\",\
             \"durable\":true,\"segment\":1,\"offset\":0,\"bytes\":9,\"events\":[{events}]}}\n"
        )
    }

    fn event(name: &str, more: &str) -> String {
        format!("{{\"event\":\"{name}\",\"vacancy\":\"{VACANCY}\"{more}}}")
    }

    #[test]
    fn a_dump_is_read_as_facts() {
        let of_slot = ",\"slot\":1,\"badge\":\"GIL-07\"";
        let text = [
            line(1, 1, &[OFFICER.to_owned()]),
            line(
                2,
                2,
                &[event("published", ""), event("tier-opened", ",\"tier\":0")],
            ),
            line(3, 3, &[event("awarded", of_slot)]),
            line(
                4,
                0,
                &[event(
                    "vacated",
                    &format!("{of_slot},\"round\":2,\"to\":[]"),
                )],
            ),
            line(
                5,
                4,
                &[event("cancelled", ",\"reason\":\"closed\",\"holders\":[]")],
            ),
            line(6, 5, &[event("confirmed", ",\"award\":3")]),
            line(
                7,
                6,
                &["{\"event\":\"refused\",\"code\":\"filled\"}".to_owned()],
            ),
        ]
        .concat();
        let history = History::read(text.as_bytes()).unwrap();
        let vacancy: VacancyKey = VACANCY.parse().unwrap();
        let badge = "GIL-07".to_owned();
        let facts: Vec<Fact> = history
            .records()
            .flat_map(|(_, record)| record.events.clone())
            .collect();
        let (slot, round) = (1, 2);
        let expected = [
            Fact::Other,
            Fact::Published { vacancy },
            Fact::TierOpened { vacancy },
            Fact::Awarded {
                vacancy,
                slot,
                badge: badge.clone(),
            },
            Fact::Vacated {
                vacancy,
                slot,
                badge,
                round,
            },
            Fact::Cancelled { vacancy },
            Fact::Confirmed,
            Fact::Refused,
        ];
        assert_eq!(facts, expected);
        assert_eq!(history.last(), 7);
        assert_eq!(history.of_request(RequestId(3)), &[3]);
        assert_eq!(history.of_request(RequestId(0)), &[] as &[u64]);
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_not_a_gap_in_the_judgement() {
        let lacking = line(1, 1, &[event("awarded", ",\"slot\":0")]);
        let error = History::read(lacking.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("missing field `badge`"),
            "{error}"
        );
        assert!(error.to_string().contains("of the same build"), "{error}");
        let officer = || [OFFICER.to_owned()];
        let gap = [line(1, 1, &officer()), line(3, 3, &officer())].concat();
        let error = History::read(gap.as_bytes()).unwrap_err();
        let expected = HistoryError::Gap {
            expected: 2,
            found: 3,
        };
        assert_eq!(error.to_string(), expected.to_string());
    }

    #[test]
    fn a_record_is_told_from_another_by_its_fingerprint() {
        let read = |text: String| History::read(text.as_bytes()).unwrap().records[0].fingerprint;
        let one = read(line(1, 1, &[OFFICER.to_owned()]));
        assert_eq!(one, read(line(1, 1, &[OFFICER.to_owned()])));
        assert_ne!(one, read(line(1, 2, &[OFFICER.to_owned()])));
        assert_ne!(one, read(line(1, 1, &[OFFICER.replace("07", "08")])));
    }

    #[test]
    fn a_request_that_was_carried_out_twice_is_found_and_a_repeated_refusal_is_not() {
        let refused = || ["{\"event\":\"refused\"}".to_owned()];
        let done = || [event("published", "")];
        let text = [
            line(1, 5, &done()),
            line(2, 5, &done()),
            line(3, 6, &refused()),
            line(4, 6, &refused()),
        ]
        .concat();
        let history = History::read(text.as_bytes()).unwrap();
        let doubled: Vec<_> = history.doubled().collect();
        assert_eq!(doubled, [(RequestId(5), vec![1, 2])]);
    }
}
