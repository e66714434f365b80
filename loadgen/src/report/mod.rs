//! What a run comes to: counts, latencies and the audit, in one stable shape.
//!
//! Two kinds of latency are told apart everywhere:
//!
//! - *response time* counts from the instant at which something was **meant** to happen by the
//!   plan or by the officer's reaction, so a generator or server that falls behind is not
//!   forgiven the delay;
//! - *service time* counts from the instant at which the request was really handed to the
//!   session.
//!
//! The committed `report.schema.json` describes the JSON form; fields are only ever added.

mod distribution;
mod html;
mod knee;
mod machine;
mod measure;
mod race;
mod table;
mod timeline;

use serde::{Deserialize, Serialize};

use crate::usage::{Generator, Usage};

pub use distribution::{Bucket, Distribution};
pub use html::html;
pub use knee::Knee;
pub use machine::Machine;
pub use measure::{Measures, measure};
pub use table::table;
pub(crate) use table::{grouped, millis};
pub use timeline::{Period, Span, Step, Timeline, periods};

/// What a run comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The root seed of the run.
    pub seed: u64,
    /// The commit that was measured, as the caller names it.
    pub commit: String,
    /// The workload and its parameters, as a person would ask for it again.
    pub workload: String,
    /// How much of everything there was.
    pub counts: Counts,
    /// How long things took, in microseconds.
    pub latency_us: Latencies,
    /// How many breaches of each promise the ledger shows.
    pub audit: AuditCounts,
    /// What it ran on.
    #[serde(default)]
    pub machine: Machine,
    /// Names everything that was planned, when, and how everybody would behave: two runs with one
    /// seed have the same.
    #[serde(default)]
    pub schedule: String,
    /// The latencies in full; none is listed that was not measured.
    #[serde(default)]
    pub distributions: Vec<Distribution>,
    /// How it went from moment to moment.
    #[serde(default)]
    pub timeline: Timeline,
    /// How each first offering spread, by publication; the first thousands of them.
    #[serde(default)]
    pub broadcasts: Vec<Broadcast>,
    /// The periods that the workload tells apart, such as the rates of a ramp.
    #[serde(default)]
    pub periods: Vec<Period>,
    /// Where capacity ends, if it was looked for.
    #[serde(default)]
    pub knee: Knee,
    /// What a process used meanwhile, if one was looked at.
    #[serde(default)]
    pub usage: Usage,
    /// What the load generator itself used, where the server was another process.
    #[serde(default)]
    pub generator: Generator,
}

/// How one first offering spread over the officers who heard it as news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broadcast {
    /// The intended publication, in microseconds since the plan began.
    pub at_us: u64,
    /// The first push, in microseconds since the intended publication.
    pub first_us: u64,
    /// The last push, in microseconds since the intended publication.
    pub last_us: u64,
    /// How many officers heard it.
    pub recipients: u64,
}

/// How much of everything there was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Officers of the plan.
    pub officers: u64,
    /// Officers whose session came up at least once.
    pub sessions: u64,
    /// Vacancies whose publication was acknowledged.
    pub vacancies: u64,
    /// Offers that officers heard as they were made, or missed and heard on resuming.
    pub offers_pushed: u64,
    /// Accepts that officers sent.
    pub accepts: u64,
    /// Slots awarded, as officers were told.
    pub awards: u64,
    /// Back-up tiers opened.
    pub escalations: u64,
    /// Slots given back by officers, acknowledged.
    pub releases: u64,
    /// Vacancies cancelled, acknowledged.
    pub cancels: u64,
    /// Sessions that came back after a break.
    pub reconnects: u64,
    /// Connections that officers cut on purpose.
    pub connections_cut: u64,
    /// Requests that were told to come back later.
    pub busy: u64,
    /// Publications sent more than 10 ms after their intended instant.
    pub late: u64,
    /// Planned publications and incidents that never happened.
    pub dropped: u64,
    /// Officers' requests sent more than 10 ms after their intended instant.
    #[serde(default)]
    pub late_asks: u64,
    /// Accepts that were meant and never sent, because the officer still waited for as many
    /// answers as one officer waits for.
    #[serde(default)]
    pub accepts_withheld: u64,
    /// Officers' requests that were answered with a loss.
    #[serde(default)]
    pub lost: u64,
    /// Requests that were refused, losses left out.
    #[serde(default)]
    pub refused: u64,
}

/// How long things took, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latencies {
    /// Per vacancy: intended publication to the last push of its first offering, over all
    /// officers but those who had cut their own connection and heard it on resuming.
    pub publish_to_last_push: Percentiles,
    /// Per vacancy: intended publication to the first push of its first offering.
    pub publish_to_first_push: Percentiles,
    /// Per publication: intended instant to the durable answer (response time).
    pub publish_to_answer: Percentiles,
    /// Per accept: intended instant (offer heard plus reaction) to the answer (response time).
    pub accept_to_answer: Percentiles,
    /// Per accept: handing the request to the session to the answer (service time).
    pub accept_service: Percentiles,
    /// Per accept whose officer cut the connection meanwhile: intended instant to the answer,
    /// the officer's own outage included.
    pub interrupted_accept_to_answer: Percentiles,
    /// Per publication: handing the request to the session to the durable answer (service time).
    #[serde(default)]
    pub publish_service: Percentiles,
    /// Per race for a vacancy's round: the first accept's intended instant to the first winner's
    /// answer. Accepts of officers who may not have the slot are not in the race.
    #[serde(default)]
    pub race_to_winner: Percentiles,
    /// Per race: the first accept's intended instant to the last answer among the losers who
    /// meant to accept before the first winner was told.
    #[serde(default)]
    pub race_to_last_loser: Percentiles,
    /// Per break of an officer's session: the break to the end of the sync that mended it.
    #[serde(default)]
    pub outage: Percentiles,
}

impl Latencies {
    /// Every latency with its name, which is that of its field.
    pub fn named(&self) -> [(&'static str, Percentiles); LATENCIES] {
        let mut copy = *self;
        copy.named_mut().map(|(name, field)| (name, *field))
    }

    pub(crate) fn named_mut(&mut self) -> [(&'static str, &mut Percentiles); LATENCIES] {
        [
            ("publish_to_last_push", &mut self.publish_to_last_push),
            ("publish_to_first_push", &mut self.publish_to_first_push),
            ("publish_to_answer", &mut self.publish_to_answer),
            ("publish_service", &mut self.publish_service),
            ("accept_to_answer", &mut self.accept_to_answer),
            ("accept_service", &mut self.accept_service),
            (
                "interrupted_accept_to_answer",
                &mut self.interrupted_accept_to_answer,
            ),
            ("race_to_winner", &mut self.race_to_winner),
            ("race_to_last_loser", &mut self.race_to_last_loser),
            ("outage", &mut self.outage),
        ]
    }
}

/// How many latencies a report has.
pub const LATENCIES: usize = 10;

/// Percentiles in microseconds, to three digits; zeros where nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Half were at most this.
    pub p50: u64,
    /// 90 % were at most this.
    pub p90: u64,
    /// 99 % were at most this.
    pub p99: u64,
    /// 99.9 % were at most this.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

/// How many breaches of each promise the ledger shows; see [`crate::audit`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCounts {
    /// Two officers held one slot at the same time.
    pub double_fills: u64,
    /// One officer held two assignments that overlap.
    pub overlapping_assignments: u64,
    /// Requests without an answer, with two, or with one that the board belies.
    pub lost_answers: u64,
    /// Offers and awards to somebody who was not eligible or not free.
    pub ineligible_offers: u64,
    /// Pushes that came twice.
    pub repeated_pushes: u64,
    /// Pushes that came after what followed them.
    pub out_of_order_pushes: u64,
    /// Offers that the board counts and nobody heard.
    pub missing_pushes: u64,
}

impl AuditCounts {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        *self == AuditCounts::default()
    }
}

/// The JSON schema of [`Report`], as committed.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::usage::Sample;

    fn report() -> Report {
        Report {
            seed: 7,
            commit: "none".to_owned(),
            workload: "storm".to_owned(),
            distributions: vec![Distribution {
                name: "outage".to_owned(),
                buckets: vec![Bucket::default()],
            }],
            timeline: Timeline {
                step_us: 1,
                steps: vec![Step::default()],
            },
            broadcasts: vec![Broadcast::default()],
            periods: vec![Period::default()],
            knee: Knee {
                probes: vec![Period::default()],
                ..Knee::default()
            },
            usage: Usage {
                samples: vec![Sample::default()],
                ..Usage::default()
            },
            ..Report::default()
        }
    }

    /// The places at which `value` and the schema disagree, in either direction.
    fn disagreements(schema: &Value, root: &Value, value: &Value, path: &str) -> Vec<String> {
        let schema = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        };
        match schema["type"].as_str() {
            Some("object") => {}
            Some("integer") if value.is_u64() || value.is_i64() => return Vec::new(),
            Some("array") => {
                let items = value.as_array().unwrap().iter();
                assert!(items.len() > 0, "{path}: an empty list shows nothing");
                let of_item = |item| disagreements(&schema["items"], root, item, path);
                return items.flat_map(of_item).collect();
            }
            Some("string") if value.is_string() => return Vec::new(),
            other => return vec![format!("{path}: {other:?} does not describe {value}")],
        }
        let (described, given) = (&schema["properties"], value.as_object().unwrap());
        let mut found = Vec::new();
        if schema["additionalProperties"] != Value::Bool(false) {
            found.push(format!("{path}: the schema allows anything more"));
        }
        for name in described.as_object().unwrap().keys() {
            if !given.contains_key(name) {
                found.push(format!("{path}/{name}: described and not given"));
            }
            let required = schema["required"].as_array().unwrap();
            if !required.contains(&Value::String(name.clone())) {
                found.push(format!("{path}/{name}: described and not required"));
            }
        }
        for (name, value) in given {
            match described.get(name) {
                Some(schema) => {
                    let path = format!("{path}/{name}");
                    found.extend(disagreements(schema, root, value, &path));
                }
                None => found.push(format!("{path}/{name}: given and not described")),
            }
        }
        found
    }

    #[test]
    fn a_report_has_exactly_the_keys_of_the_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let value = serde_json::to_value(report()).unwrap();
        assert_eq!(
            disagreements(&schema, &schema, &value, ""),
            Vec::<String>::new()
        );
        let mut more = value.clone();
        more["counts"]["surprise"] = 1.into();
        more["audit"]
            .as_object_mut()
            .unwrap()
            .remove("double_fills");
        assert_eq!(disagreements(&schema, &schema, &more, "").len(), 2);
    }

    #[test]
    fn a_report_survives_its_json() {
        let text = serde_json::to_string(&report()).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report());
        let surprise = text.replacen("\"seed\"", "\"sead\"", 1);
        assert!(serde_json::from_str::<Report>(&surprise).is_err());
    }

    #[test]
    fn one_breach_is_not_clean() {
        let mut audit = AuditCounts::default();
        assert!(audit.is_clean());
        audit.missing_pushes = 1;
        assert!(!audit.is_clean());
    }
}
