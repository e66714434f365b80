//! What was counted while sequences were played.

use std::collections::BTreeMap;

use engine::core::{Answer, Reply};

/// Counts of one sequence, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) asks: u64,
    pub(crate) awards: u64,
    /// How often each refusal was heard.
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) retries: u64,
    pub(crate) restarts: u64,
    pub(crate) ticks: u64,
    pub(crate) at_the_gate: u64,
    pub(crate) flags: u64,
    /// A fingerprint of every line of the run.
    pub(crate) trace: u64,
}

impl Tally {
    /// Counts an answer.
    pub(crate) fn hear(&mut self, heard: &Reply) {
        self.asks += 1;
        self.awards += u64::from(matches!(heard, Ok(Answer::Won(_))));
        if let Err(refused) = heard {
            let words = format!("{:?}", refused.refusal);
            let end = words.find([' ', '(']).unwrap_or(words.len());
            *self.refusals.entry(words[..end].to_owned()).or_default() += 1;
        }
    }

    /// Adds a line to the fingerprint of the run (FNV-1a).
    pub(crate) fn line(&mut self, line: &str) {
        for byte in line.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds the counts of another sequence; a trace belongs to one sequence and is dropped.
    pub(crate) fn add(&mut self, one: Tally) {
        for (refusal, count) in one.refusals {
            *self.refusals.entry(refusal).or_default() += count;
        }
        self.asks += one.asks;
        self.awards += one.awards;
        self.retries += one.retries;
        self.restarts += one.restarts;
        self.ticks += one.ticks;
        self.at_the_gate += one.at_the_gate;
        self.flags += one.flags;
    }
}
