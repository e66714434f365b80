//! The durable history, as `muster log dump --json` prints it.
//!
//! The engine's own types are not used: what judges the engine must not share its code. Of each
//! record the place, the request and what happened to which slot are read from the printed text;
//! everything else is kept as a fingerprint, to see whether a record was ever rewritten.

use std::collections::{BTreeMap, HashMap};
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
    /// Vacancies by the engine's numbers.
    vacancies: BTreeMap<u32, VacancyKey>,
    /// Badges by the engine's numbers.
    badges: BTreeMap<u32, String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
struct Line<'a> {
    sequence: u64,
    at: &'a str,
    by: String,
    request: RequestId,
    events: Vec<String>,
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
            let mut events = Vec::with_capacity(line.events.len());
            for event in &line.events {
                events.push(history.fact(event).map_err(not_understood)?);
            }
            let mut hasher = DefaultHasher::new();
            (line.at, &line.by, line.request.0, &line.events).hash(&mut hasher);
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

    fn fact(&mut self, text: &str) -> Result<Fact, String> {
        let name = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let fact = match name {
            "OfficerAdded" => {
                let badge = quoted(text, "badge").ok_or_else(|| lacks(text, "badge"))?;
                self.badges.insert(number(text, "id")?, badge.to_owned());
                Fact::Other
            }
            "Published" => {
                let vacancy = VacancyKey(number(text, "key")?);
                self.vacancies.insert(number(text, "id")?, vacancy);
                Fact::Published { vacancy }
            }
            "TierOpened" => Fact::TierOpened {
                vacancy: self.vacancy(text)?,
            },
            "Awarded" => Fact::Awarded {
                vacancy: self.vacancy(text)?,
                slot: number(text, "slot")?,
                badge: self.badge(text)?,
            },
            "Vacated" => Fact::Vacated {
                vacancy: self.vacancy(text)?,
                slot: number(text, "slot")?,
                badge: self.badge(text)?,
                round: number(text, "round")?,
            },
            "Declined" => Fact::Declined {
                vacancy: self.vacancy(text)?,
                badge: self.badge(text)?,
            },
            "Cancelled" => Fact::Cancelled {
                vacancy: self.vacancy(text)?,
            },
            "Expired" => Fact::Expired {
                vacancy: self.vacancy(text)?,
            },
            "Confirmed" => Fact::Confirmed,
            "Refused" => Fact::Refused,
            _ => Fact::Other,
        };
        Ok(fact)
    }

    fn vacancy(&self, text: &str) -> Result<VacancyKey, String> {
        let known = self.vacancies.get(&number(text, "vacancy")?).copied();
        known.ok_or_else(|| format!("`{text}` names a vacancy that was not published before"))
    }

    fn badge(&self, text: &str) -> Result<String, String> {
        let known = self.badges.get(&number(text, "officer")?).cloned();
        known.ok_or_else(|| format!("`{text}` names an officer who was not added before"))
    }
}

/// What stands behind the first `name: ` of an event.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let named = [format!("{{ {name}: "), format!(", {name}: ")];
    let mut places = named
        .iter()
        .filter_map(|name| text.find(name.as_str()).map(|at| at + name.len()))
        .collect::<Vec<_>>();
    places.sort_unstable();
    places.first().map(|&at| &text[at..])
}

/// A number, bare or in its newtype: `3`, `VacancyId(3)`.
fn number<N: std::str::FromStr>(text: &str, name: &str) -> Result<N, String> {
    let behind = field(text, name).ok_or_else(|| lacks(text, name))?;
    let digits = behind.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '(');
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().map_err(|_| lacks(text, name))
}

/// A name in quotes, bare or in its newtype. Names have no quotes in them.
fn quoted<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    field(text, name)?.split('"').nth(1)
}

fn lacks(text: &str, name: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    format!("`{shown}` has no {name} that can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICER: &str = "OfficerAdded { id: OfficerId(7), officer: Officer { badge: \
        Code(\\\"GIL-07\\\"), home: AgencyId(0) } }";
    const PUBLISHED: &str = "Published { id: VacancyId(3), posting: Posting { key: \
        VacancyKey(2170422869034959), lead: AgencyId(4), segments: [] } }";

    fn line(sequence: u64, request: u128, events: &[&str]) -> String {
        let events = events.join("\",\"");
        let request = RequestId(request);
        format!(
            "{{\"sequence\":{sequence},\"segment\":1,\"offset\":0,\"bytes\":9,\"at\":\"now\",\
             \"by\":\"Operator\",\"request\":\"{request}\",\"events\":[\"{events}\"]}}\n"
        )
    }

    #[test]
    fn a_dump_is_read_as_facts() {
        let text = [
            line(1, 1, &[OFFICER]),
            line(
                2,
                2,
                &[PUBLISHED, "TierOpened { vacancy: VacancyId(3), tier: 0 }"],
            ),
            line(
                3,
                3,
                &["Awarded { vacancy: VacancyId(3), slot: 1, officer: OfficerId(7) }"],
            ),
            line(
                4,
                0,
                &[
                    "Vacated { vacancy: VacancyId(3), slot: 1, officer: OfficerId(7), because: \
                   Released, round: 2, recipients: OfficerSet(RoaringBitmap<[1, 2]>) }",
                ],
            ),
            line(
                5,
                4,
                &["Cancelled { vacancy: VacancyId(3), reason: \\\"closed\\\" }"],
            ),
        ]
        .concat();
        let history = History::read(text.as_bytes()).unwrap();
        let vacancy = VacancyKey(2_170_422_869_034_959);
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
        ];
        assert_eq!(facts, expected);
        assert_eq!(
            (history.last(), history.of_request(RequestId(3))),
            (5, &[3][..])
        );
        assert_eq!(history.of_request(RequestId(0)), &[] as &[u64]);
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_not_a_gap_in_the_judgement() {
        let strange = line(1, 1, &["Awarded { vacancy: VacancyId(9), slot: 0 }"]);
        let error = History::read(strange.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("not published before"),
            "{error}"
        );
        let renamed = line(1, 1, &["Published { number: 4 }"]);
        let error = History::read(renamed.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("has no key"), "{error}");
        let gap = [line(1, 1, &[OFFICER]), line(3, 3, &[OFFICER])].concat();
        let error = History::read(gap.as_bytes()).unwrap_err();
        assert!(
            matches!(
                error,
                HistoryError::Gap {
                    expected: 2,
                    found: 3
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_record_is_told_from_another_by_its_fingerprint() {
        let read = |text: String| History::read(text.as_bytes()).unwrap().records[0].fingerprint;
        let one = read(line(1, 1, &[OFFICER]));
        assert_eq!(one, read(line(1, 1, &[OFFICER])));
        assert_ne!(one, read(line(1, 2, &[OFFICER])));
        assert_ne!(one, read(line(1, 1, &[PUBLISHED])));
    }

    #[test]
    fn a_request_that_made_two_records_is_found() {
        let text = [line(1, 5, &[OFFICER]), line(2, 5, &[PUBLISHED])].concat();
        let history = History::read(text.as_bytes()).unwrap();
        let doubled: Vec<_> = history.doubled().collect();
        assert_eq!(doubled, [(RequestId(5), vec![1, 2])]);
    }
}
