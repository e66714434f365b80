//! What a ledger comes to, whoever kept it.

use super::Outcome;
use crate::audit::audit;
use crate::ledger::Ledger;
use crate::report::{Knee, Machine, Report, Span, measure, periods};
use crate::usage::{Generator, Usage};

/// What a judgement needs besides the ledger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(crate) seed: u64,
    pub(crate) schedule: String,
    pub(crate) commit: String,
    pub(crate) workload: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) dropped: u64,
    pub(crate) usage: Usage,
    pub(crate) generator: Generator,
    pub(crate) machine: Machine,
}

/// Judges a ledger, and measures it.
pub(crate) fn judge(ledger: &Ledger, judged: Judged) -> Outcome {
    let found = audit(ledger);
    let measures = measure(ledger, &found, judged.dropped);
    let report = Report {
        seed: judged.seed,
        schedule: judged.schedule,
        commit: judged.commit,
        workload: judged.workload,
        counts: measures.counts,
        latency_us: measures.latency_us,
        audit: measures.audit,
        machine: judged.machine,
        distributions: measures.distributions,
        timeline: measures.timeline,
        broadcasts: measures.broadcasts,
        periods: periods(ledger, &judged.spans),
        usage: judged.usage,
        generator: judged.generator,
        knee: Knee::default(),
    };
    Outcome {
        report,
        breaches: found.breaches().to_vec(),
        kept: None,
    }
}
