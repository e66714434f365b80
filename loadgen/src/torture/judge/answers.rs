//! Whether every answer rests on a durable record, and every refusal on durable facts.

use protocol::{RefusalCode, RequestId};

use super::replay::Outline;
use super::{BreachKind, Evidence, Findings, at};
use crate::ledger::{
    Actor, Answer, DeskAsk, DeskAskWhat, OfficerAsk, OfficerAskWhat, OfficerBook, VacancyNo,
};
use crate::torture::history::{Durable, Fact};

/// Judges every final answer, and requests that caused more than one record.
pub(super) fn judge(evidence: &Evidence<'_>, outline: &Outline, findings: &mut Findings) {
    for (request, places) in evidence.history.doubled() {
        findings.add(BreachKind::ForgottenRequest, || {
            let told: Vec<String> = places.iter().map(|place| evidence.tell(*place)).collect();
            format!("{request} was carried out twice: {}.", told.join("; "))
        });
    }
    for (book, place) in evidence.officers.iter().zip(0u32..) {
        for (number, ask) in book.asks.iter().enumerate() {
            let Some(answer) = ask.answer else { continue };
            let id = evidence.ids.id(Actor::Officer(place), number);
            count(answer, findings);
            of_officer(evidence, outline, (book, ask, id), answer, findings);
        }
    }
    for (desk, place) in evidence.desks.iter().zip(0u32..) {
        for (number, ask) in desk.asks.iter().enumerate() {
            let Some(answer) = ask.answer else { continue };
            let id = evidence.ids.id(Actor::Desk(place), number);
            count(answer, findings);
            of_desk(evidence, outline, (&desk.name, ask, id), answer, findings);
        }
    }
}

fn count(answer: Answer, findings: &mut Findings) {
    let counts = &mut findings.counts;
    counts.answers += 1;
    match answer {
        Answer::Won { .. } => counts.wins += 1,
        Answer::Lost(_) | Answer::Refused(_) => counts.refusals += 1,
        Answer::Done { .. } | Answer::Told => {}
    }
}

fn of_officer(
    evidence: &Evidence<'_>,
    outline: &Outline,
    (book, ask, id): (&OfficerBook, &OfficerAsk, RequestId),
    answer: Answer,
    findings: &mut Findings,
) {
    let badge = &book.badge;
    let key = evidence.key(ask.vacancy);
    let tell = || {
        format!(
            "{badge} asked ({id}) to {:?} round {} of {key} at {} and heard {answer:?} at {}",
            ask.what,
            ask.round,
            at(ask.sent_us),
            at(ask.answered_us),
        )
    };
    match answer {
        Answer::Won { slot, sequence, .. } => {
            let award = Fact::Awarded {
                vacancy: key,
                slot,
                badge: badge.clone(),
            };
            if !says(evidence, sequence, &award) {
                findings.add(BreachKind::LostWin, || {
                    format!("{}, but {}.", tell(), evidence.tell(sequence))
                });
            } else if !caused(evidence, id, sequence) {
                findings.add(BreachKind::ForgottenRequest, || {
                    format!(
                        "{}, but {}, and the log holds no word of that request.",
                        tell(),
                        evidence.tell(sequence)
                    )
                });
            }
        }
        Answer::Done { sequence } => {
            let is_done = |fact: &Fact| match (ask.what, fact) {
                (
                    OfficerAskWhat::Release,
                    Fact::Vacated {
                        vacancy, badge: of, ..
                    },
                )
                | (OfficerAskWhat::Decline, Fact::Declined { vacancy, badge: of }) => {
                    *vacancy == key && of == badge
                }
                _ => false,
            };
            if !done(evidence, id, sequence, is_done) {
                findings.add(BreachKind::LostAcknowledgement, || {
                    format!("{}, but {}.", tell(), evidence.tell(sequence))
                });
            }
        }
        Answer::Lost(code) | Answer::Refused(code) => {
            refused(evidence, id, findings, &tell);
            if !explains_officer(evidence, outline, badge, ask, code) {
                findings.add(BreachKind::UnjustifiedRefusal, || {
                    format!(
                        "{}, but nothing in the log of {} records explains it: {}.",
                        tell(),
                        evidence.history.last(),
                        outline.tell(ask.vacancy, badge)
                    )
                });
            }
        }
        Answer::Told => {}
    }
}

fn of_desk(
    evidence: &Evidence<'_>,
    outline: &Outline,
    (name, ask, id): (&str, &DeskAsk, RequestId),
    answer: Answer,
    findings: &mut Findings,
) {
    let tell = || {
        format!(
            "the desk of {name} asked ({id}) {} at {} and heard {answer:?} at {}",
            wish(evidence, &ask.what),
            at(ask.sent_us),
            at(ask.answered_us),
        )
    };
    match answer {
        Answer::Done { sequence } => {
            let is_done = |fact: &Fact| match (&ask.what, fact) {
                (DeskAskWhat::Publish(wanted), Fact::Published { vacancy })
                | (DeskAskWhat::Cancel(wanted), Fact::Cancelled { vacancy })
                | (DeskAskWhat::OpenNextTier(wanted), Fact::TierOpened { vacancy }) => {
                    *vacancy == evidence.key(*wanted)
                }
                (
                    DeskAskWhat::Recall {
                        vacancy: wanted,
                        badge: whom,
                    },
                    Fact::Vacated { vacancy, badge, .. },
                ) => *vacancy == evidence.key(*wanted) && badge == whom,
                (DeskAskWhat::Roster(_), _) => true,
                _ => false,
            };
            if !done(evidence, id, sequence, is_done) {
                findings.add(BreachKind::LostAcknowledgement, || {
                    format!("{}, but {}.", tell(), evidence.tell(sequence))
                });
            }
        }
        Answer::Lost(code) | Answer::Refused(code) => {
            refused(evidence, id, findings, &tell);
            if !explains_desk(outline, &ask.what, code) {
                findings.add(BreachKind::UnjustifiedRefusal, || {
                    format!(
                        "{}, but nothing in the log of {} records explains it.",
                        tell(),
                        evidence.history.last()
                    )
                });
            }
        }
        Answer::Won { sequence, .. } => findings.add(BreachKind::LostWin, || {
            format!(
                "{}, and desks win nothing: {}.",
                tell(),
                evidence.tell(sequence)
            )
        }),
        Answer::Told => {}
    }
}

/// Whether the record says exactly this.
fn says(evidence: &Evidence<'_>, sequence: u64, fact: &Fact) -> bool {
    let record = evidence.history.record(sequence);
    record.is_some_and(|record| record.events.contains(fact))
}

/// Whether the award stands under this request, or the request was told of an earlier award.
fn caused(evidence: &Evidence<'_>, id: RequestId, sequence: u64) -> bool {
    let places = evidence.history.of_request(id);
    let confirmed = |place: &u64| says(evidence, *place, &Fact::Confirmed);
    places.contains(&sequence) || places.iter().any(confirmed)
}

/// Whether the record is this request's, and something in it is what was asked for.
fn done(
    evidence: &Evidence<'_>,
    id: RequestId,
    sequence: u64,
    is_done: impl Fn(&Fact) -> bool,
) -> bool {
    let record = evidence.history.record(sequence);
    record.is_some_and(|record| record.request == id && record.events.iter().any(is_done))
}

/// A request that was answered no must not have been carried out.
fn refused(
    evidence: &Evidence<'_>,
    id: RequestId,
    findings: &mut Findings,
    tell: &dyn Fn() -> String,
) {
    let carried_out = |record: &Durable| !record.events.contains(&Fact::Refused);
    for place in evidence.history.of_request(id) {
        if evidence.history.record(*place).is_some_and(carried_out) {
            findings.add(BreachKind::ForgottenRequest, || {
                format!("{}, but {}.", tell(), evidence.tell(*place))
            });
        }
    }
}

/// Whether something in the log explains that an officer was told this.
fn explains_officer(
    evidence: &Evidence<'_>,
    outline: &Outline,
    badge: &str,
    ask: &OfficerAsk,
    code: RefusalCode,
) -> bool {
    let vacancy = ask.vacancy;
    let is_closed = outline.closed_round(vacancy) >= ask.round;
    let lost_it = outline.has_lost(badge, vacancy);
    match (ask.what, code) {
        (_, RefusalCode::Cancelled) => outline.cancelled.contains(&vacancy),
        (OfficerAskWhat::Accept | OfficerAskWhat::Decline, RefusalCode::Filled) => is_closed,
        (OfficerAskWhat::Accept, RefusalCode::NotOffered) => lost_it,
        (OfficerAskWhat::Accept, RefusalCode::Overlaps) => {
            let facts = &evidence.vacancies[vacancy.index()];
            let mut held = outline.held.get(badge).into_iter().flatten();
            held.any(|other| *other != vacancy && evidence.vacancies[other.index()].overlaps(facts))
        }
        (OfficerAskWhat::Accept, RefusalCode::NotEligible) => {
            let facts = &evidence.vacancies[vacancy.index()];
            evidence
                .world
                .judge(badge, facts, facts.start_us())
                .is_err()
        }
        (OfficerAskWhat::Decline, RefusalCode::NotOffered) => {
            let moved_on = outline
                .rounds
                .get(&vacancy)
                .is_some_and(|now| *now > ask.round);
            let mut held = outline.held.get(badge).into_iter().flatten();
            is_closed || moved_on || held.any(|held| *held == vacancy)
        }
        (OfficerAskWhat::Release, RefusalCode::NotHolder) => lost_it,
        _ => false,
    }
}

fn explains_desk(outline: &Outline, what: &DeskAskWhat, code: RefusalCode) -> bool {
    match (what, code) {
        (
            DeskAskWhat::Cancel(vacancy) | DeskAskWhat::Recall { vacancy, .. },
            RefusalCode::Cancelled,
        ) => outline.cancelled.contains(vacancy),
        (DeskAskWhat::Recall { vacancy, badge }, RefusalCode::NotHolder) => {
            outline.has_lost(badge, *vacancy)
        }
        _ => false,
    }
}

impl Outline {
    fn closed_round(&self, vacancy: VacancyNo) -> u32 {
        self.closed_rounds.get(&vacancy).copied().unwrap_or(0)
    }

    fn has_lost(&self, badge: &str, vacancy: VacancyNo) -> bool {
        let ended = self.ended.get(badge);
        ended.is_some_and(|ended| ended.contains(&vacancy))
    }

    fn tell(&self, vacancy: VacancyNo, badge: &str) -> String {
        format!(
            "the latest round is {}, the latest that was filled {}, it was{} cancelled, and \
             {badge} has{} lost a slot of it",
            self.rounds.get(&vacancy).copied().unwrap_or(0),
            self.closed_round(vacancy),
            if self.cancelled.contains(&vacancy) {
                ""
            } else {
                " not"
            },
            if self.has_lost(badge, vacancy) {
                ""
            } else {
                " not"
            },
        )
    }
}

fn wish(evidence: &Evidence<'_>, what: &DeskAskWhat) -> String {
    match what {
        DeskAskWhat::Publish(vacancy) => format!("to publish {}", evidence.key(*vacancy)),
        DeskAskWhat::Cancel(vacancy) => format!("to cancel {}", evidence.key(*vacancy)),
        DeskAskWhat::OpenNextTier(vacancy) => {
            format!("to open the next tier of {}", evidence.key(*vacancy))
        }
        DeskAskWhat::Recall { vacancy, badge } => {
            format!("to recall {badge} from {}", evidence.key(*vacancy))
        }
        DeskAskWhat::Roster(changes) => format!("for {} roster changes", changes.len()),
    }
}
