//! Whether every push tells of something that is durable.

use protocol::Withdrawal;

use super::{BreachKind, Evidence, Findings, at};
use crate::ledger::{Heard, HeardWhat, SeenWhat};
use crate::torture::history::Fact;

/// Judges what officers and desks were pushed. What a whole-state sync states is judged with the
/// state itself.
pub(super) fn judge(evidence: &Evidence<'_>, findings: &mut Findings) {
    for book in evidence.officers {
        let mut stating = false;
        for heard in &book.heard {
            match heard.what {
                HeardWhat::Up { resumed } => stating = !resumed,
                HeardWhat::Synced => stating = false,
                HeardWhat::Gone
                | HeardWhat::Dropped
                | HeardWhat::Down
                | HeardWhat::StoppedReading
                | HeardWhat::Busy => {}
                HeardWhat::Offered { .. }
                | HeardWhat::Withdrawn(_)
                | HeardWhat::Overlapped
                | HeardWhat::Assigned { .. }
                | HeardWhat::Unassigned(_) => {
                    if !stating {
                        of_officer(evidence, &book.badge, heard, findings);
                    }
                }
            }
        }
    }
    for desk in evidence.desks {
        for seen in &desk.seen {
            findings.counts.pushes += 1;
            let key = evidence.key(seen.vacancy);
            let is_said = |fact: &Fact| match (&seen.what, fact) {
                (SeenWhat::TierOpened { .. }, Fact::TierOpened { vacancy })
                | (SeenWhat::Cancelled, Fact::Cancelled { vacancy })
                | (SeenWhat::Expired, Fact::Expired { vacancy }) => *vacancy == key,
                (
                    SeenWhat::Awarded { slot, badge },
                    Fact::Awarded {
                        vacancy,
                        slot: given,
                        badge: to,
                    },
                ) => *vacancy == key && slot == given && badge == to,
                (
                    SeenWhat::Reoffered { round, .. },
                    Fact::Vacated {
                        vacancy,
                        round: begun,
                        ..
                    },
                ) => *vacancy == key && round == begun,
                _ => false,
            };
            if !is_durable(evidence, seen.sequence, is_said) {
                findings.add(BreachKind::UndonePush, || {
                    format!(
                        "the desk of {} saw at {} that sequence {} did {:?} to {key}, but {}.",
                        desk.name,
                        at(seen.at_us),
                        seen.sequence,
                        seen.what,
                        evidence.tell(seen.sequence)
                    )
                });
            }
        }
    }
}

fn of_officer(evidence: &Evidence<'_>, badge: &str, heard: &Heard, findings: &mut Findings) {
    findings.counts.pushes += 1;
    let key = evidence.key(heard.vacancy);
    let is_said = |fact: &Fact| match (heard.what, fact) {
        // A tier that opens later shows the round that has been reached by then.
        (
            HeardWhat::Offered { .. },
            Fact::TierOpened { vacancy } | Fact::OfferedLater { vacancy },
        )
        | (HeardWhat::Withdrawn(Withdrawal::Filled), Fact::Awarded { vacancy, .. })
        | (HeardWhat::Withdrawn(Withdrawal::Cancelled), Fact::Cancelled { vacancy })
        | (HeardWhat::Withdrawn(Withdrawal::Expired), Fact::Expired { vacancy })
        | (HeardWhat::Unassigned(_), Fact::Cancelled { vacancy }) => *vacancy == key,
        (
            HeardWhat::Offered { round, .. },
            Fact::Vacated {
                vacancy,
                round: begun,
                ..
            },
        ) => *vacancy == key && round == *begun,
        (
            HeardWhat::Assigned { slot, awarded },
            Fact::Awarded {
                vacancy,
                slot: given,
                badge: to,
            },
        ) => *vacancy == key && slot == *given && to == badge && awarded == heard.sequence,
        // What the officer was given is another vacancy, with which this one overlaps.
        (
            HeardWhat::Overlapped,
            Fact::Awarded {
                vacancy, badge: to, ..
            },
        ) => to == badge && *vacancy != key,
        (
            HeardWhat::Unassigned(_),
            Fact::Vacated {
                vacancy, badge: of, ..
            },
        ) => *vacancy == key && of == badge,
        _ => false,
    };
    if !is_durable(evidence, heard.sequence, is_said) {
        findings.add(BreachKind::UndonePush, || {
            format!(
                "{badge} was told at {} that sequence {} did {:?} to {key}, but {}.",
                at(heard.at_us),
                heard.sequence,
                heard.what,
                evidence.tell(heard.sequence)
            )
        });
    }
}

fn is_durable(evidence: &Evidence<'_>, sequence: u64, is_said: impl Fn(&Fact) -> bool) -> bool {
    let record = evidence.history.record(sequence);
    record.is_some_and(|record| record.events.iter().any(is_said))
}
