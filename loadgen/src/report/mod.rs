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

mod measure;
mod table;

use serde::{Deserialize, Serialize};

pub use measure::measure;
pub(crate) use table::grouped;
pub use table::table;

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// How long things took, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

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

    fn report() -> Report {
        Report {
            seed: 7,
            commit: "none".to_owned(),
            workload: "storm".to_owned(),
            counts: Counts::default(),
            latency_us: Latencies::default(),
            audit: AuditCounts::default(),
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
            Some("integer") if value.is_u64() => return Vec::new(),
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
